"""What a cache says of itself: what it was filled with, and how often it asked for a key.

*Property.* A cache announces, with ``{"key": k, "version": v}``:

============  ======================================================================================
filled        it has the value of this version now (and, with ``lasts``, for how long:
              `splitbrain.checkers.caching.expiries`)
invalidated   it knows that this version is there, and has nothing older now
============  ======================================================================================

``no-stale-set``: in one life, after either, a key is not filled with an older version
(``stale-set``).

And with ``{"key": k}``: ``loading`` and ``loaded`` around each question to what is behind it.
``single-flight``: of each key one is under way at a time (``herd``).

*Source.* Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1 ("Leases").

*Algorithm.* Follow the announcements. Linear.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.calls.announced import field_of, lives
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

FILLED, INVALIDATED = "filled", "invalidated"
LOADING, LOADED = "loading", "loaded"


def no_stale_set() -> Checker:
    """A checker: no cache goes back to an older version. See the module."""
    return _NoStaleSet()


def single_flight() -> Checker:
    """A checker: no cache asks twice at once. See the module."""
    return _SingleFlight()


@dataclass(frozen=True, slots=True)
class _NoStaleSet:
    name: str = "no-stale-set"
    needs_events: str = FILLED

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        anomalies, fills, known = [], 0, 0
        for node, events in lives(history, FILLED, INVALIDATED):
            newest: dict[str, tuple[int, Operation]] = {}
            for event in events:
                key, version = field_of(event, "key", str), field_of(event, "version", int)
                fills += event.f == FILLED
                known += event.f == INVALIDATED
                before = newest.get(key)
                if before is None or version >= before[0]:
                    newest[key] = version, event
                elif event.f == FILLED:
                    said = f"{node} is filled with version {version} of {key}"
                    said = f"{said} when it knows of version {before[0]}"
                    anomalies.append(Anomaly("stale-set", said, (before[1].index, event.index)))
        coverage = {"fills": fills, "invalidations": known}
        vain = None if fills and known else "nothing was filled and invalidated"
        return verdict_of(self.name, anomalies, coverage, holds=f"{fills} fills", vain=vain)


@dataclass(frozen=True, slots=True)
class _SingleFlight:
    name: str = "single-flight"
    needs_events: str = LOADING

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        anomalies, loads = [], 0
        for node, events in lives(history, LOADING, LOADED):
            under_way: dict[str, list[Operation]] = {}
            for event in events:
                key = field_of(event, "key", str)
                mine = under_way.setdefault(key, [])
                if event.f == LOADED:
                    del mine[:1]
                    continue
                loads += 1
                if mine:
                    said = f"{node} asks for {key}, which it is asking for already"
                    anomalies.append(Anomaly("herd", said, (mine[0].index, event.index)))
                mine.append(event)
        vain = None if loads else "nothing was loaded"
        return verdict_of(self.name, anomalies, {"loads": loads}, holds=f"{loads} loads", vain=vain)


STALE_SET_ENTRY = CheckerEntry(
    "no-stale-set", no_stale_set, "no cache goes back to an older version of a key"
)

SINGLE_FLIGHT_ENTRY = CheckerEntry(
    "single-flight", single_flight, "no cache asks for a key that it is asking for"
)
