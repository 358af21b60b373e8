"""Entries of a cache end at different times, so that its database is not asked for all at once.

*Property.* A cache announces ``filled`` with ``{"lasts": seconds}``: how long the entry may be used
(null: it doesn't end by time). Entries last differently long: where at least `LEAST` of them are
known, over all caches, and they are the same to one part in a hundred, there is no jitter
(``together``): what was filled in one moment, after a restart or when a page was first asked for,
ends in one moment, and again after that.

*Source.* Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1 (thundering
herds); Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015 (the same of timers).

*Algorithm.* The least and the greatest; and for the explanation the most that were filled in one
moment, by a window over the sorted times. O(n log n).

*Left out.* Entries that are spread too little are not told from those that are spread well. Of
fewer than `LEAST` entries nothing is said (unknown).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.caching.filling import FILLED
from splitbrain.checkers.calls.announced import field_of
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "expiry-spread"

LASTS = "lasts"

LEAST = 8
"""So many entries are compared, at least: if how long they last is spread over a tenth or more of
it, all are the same by chance in one history of a million."""

SAME = 0.01
"""As a share of how long an entry lasts: what differs by less is the same."""

_SHOWN = 20


def expiry_spread() -> Checker:
    """A checker: entries of a cache last differently long. See the module."""
    return _Spread()


@dataclass(frozen=True, slots=True)
class _Spread:
    name: str = NAME
    needs_events: str = FILLED
    needs_coverage: str = "entries compared"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement says how long an entry lasts, and that is no number.
        """
        ending = [e for e in history.events(f=FILLED) if _says(e)]
        lasts = [field_of(event, LASTS, float) for event in ending]
        compared = len(ending) if len(ending) >= LEAST else 0
        anomalies = []
        if compared and max(lasts) - min(lasts) <= SAME * max(lasts):
            most = _most_at_once([event.time for event in ending], SAME * max(lasts) * 1e9)
            said = f"all {compared} entries last {max(lasts):.3g} s: of {most} that were filled in"
            said = f"{said} one moment the database is asked in one moment again"
            shown = tuple(event.index for event in ending[:_SHOWN])
            anomalies.append(Anomaly("together", said, shown))
        coverage = {"entries that end": len(ending), self.needs_coverage: compared}
        holds = f"{compared} entries last differently long"
        vain = None if compared else f"fewer than {LEAST} entries are known to end"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


def _says(event: Operation) -> bool:
    value = event.value
    return isinstance(value, dict) and value.get(LASTS) is not None


def _most_at_once(times: Sequence[int], width: float) -> int:
    """The most of some times (ns) that are within a width."""
    ordered, first, most = sorted(times), 0, 0
    for last, time in enumerate(ordered):
        while time - ordered[first] > width:
            first += 1
        most = max(most, last - first + 1)
    return most


ENTRY = CheckerEntry(NAME, expiry_spread, "entries of a cache last differently long")
