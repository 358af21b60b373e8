"""Retries stay within a budget, and are spread: an outage is not made worse by those who meet it.

*Property.* Of each service instance (a node's life) and each endpoint that it calls, by the checker

* ``retry-amplification``: at any moment it has made at most ``burst + share * calls`` retries,
  where a call is tried once without counting (else: *retry-storm*). A token bucket that gets
  `share` of a token with each call and holds at most `burst` keeps this, and so does any policy
  that retries less.
* ``backoff-spread``: the waits before the n-th attempt differ from call to call. Where at least
  `LEAST` of them are known for some n, over all instances, and all are the same, there is no
  jitter: those who failed together come back together (*synchronised*).

*Source.* Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021; Beyer et al.,
"Site Reliability Engineering", chapters 21 and 22 (retry budgets); Brooker, "Exponential Backoff
and Jitter", AWS Architecture Blog, 2015. Nodes announce each attempt, ``call`` with ``{"attempt":
n}`` (the first is number 1) and, if they call several, its ``endpoint``; and each wait, ``retry``
with ``{"attempt": n, "delay": seconds}``, where n is the attempt that is waited for; an instance
begins with ``started``.

*Algorithm.* Count. Linear.

*Left out.* Waits that are spread too little are not told from those that are spread well. Of fewer
than `LEAST` waits nothing is said (unknown).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.calls.announced import field_of, lives
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

CALL, RETRY = "call", "retry"

LEAST = 8
"""So many waits are compared, at least: by chance no two of them are the same."""

_SHOWN = 20


def retry_amplification(*, burst: float = 10.0, share: float = 0.2) -> Checker:
    """A checker: retries stay within a budget. See the module.

    Args:
        burst: retries that an instance may make at once.
        share: retries that each call adds to what it may make.
    """
    return _Amplification(burst, share)


def backoff_spread() -> Checker:
    """A checker: waits before retries are spread. See the module."""
    return _Spread()


@dataclass(frozen=True, slots=True)
class _Amplification:
    burst: float
    share: float
    name: str = "retry-amplification"
    needs_events: str = RETRY

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        attempts = [field_of(event, "attempt", int) for event in history.events(f=CALL)]
        again = sum(attempt > 1 for attempt in attempts)
        coverage = {"calls": len(attempts) - again, "retries": again}
        holds = f"{again} retries of {coverage['calls']} calls, within the budget"
        vain = None if again else "no call was retried, so nothing was exercised"
        return verdict_of(self.name, self._storms(history), coverage, holds=holds, vain=vain)

    def _storms(self, history: History) -> Iterator[Anomaly]:
        for node, events in lives(history, CALL):
            by_endpoint: dict[str, list[Operation]] = {}
            for event in events:
                by_endpoint.setdefault(str(event.value.get("endpoint")), []).append(event)
            for mine in by_endpoint.values():
                found = self._storm(node, mine)
                if found is not None:
                    yield found

    def _storm(self, node: Any, events: list[Operation]) -> Anomaly | None:
        calls = again = 0
        for position, event in enumerate(events, 1):
            if field_of(event, "attempt", int) > 1:
                again += 1
            else:
                calls += 1
            if again > self.burst + self.share * calls:
                said = (
                    f"{node} had made {calls} calls and {again} retries at "
                    f"{event.time / 1e9:.3f} s; its budget is {self.burst:g} and {self.share:g} "
                    "for each call"
                )
                tried = tuple(event.index for event in events[:position])
                return Anomaly("retry-storm", said, tried)
        return None


@dataclass(frozen=True, slots=True)
class _Spread:
    name: str = "backoff-spread"
    needs_events: str = RETRY
    needs_coverage: str = "waits compared"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        waits: dict[int, list[Operation]] = {}
        for event in history.events(f=RETRY):
            waits.setdefault(field_of(event, "attempt", int), []).append(event)
        anomalies = []
        known = compared = 0
        for n, events in sorted(waits.items()):
            delays = {field_of(event, "delay", float) for event in events}
            known += len(events)
            compared += len(events) if len(events) >= LEAST else 0
            if len(events) >= LEAST and len(delays) == 1:
                said = f"all {len(events)} calls waited {min(delays):g} s before attempt {n}"
                anomalies.append(
                    Anomaly("synchronised", said, tuple(e.index for e in events[:_SHOWN]))
                )
        coverage = {"waits": known, self.needs_coverage: compared}
        holds = f"{known} waits, of which {compared} were compared and differ"
        too_few = f"no {LEAST} waits before the same attempt are known, so none were compared"
        vain = None if compared else too_few
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


ENTRY = CheckerEntry("retry-amplification", retry_amplification, "retries stay within a budget")
"""``burst``: retries at once; ``share``: what each call adds to these."""

SPREAD_ENTRY = CheckerEntry("backoff-spread", backoff_spread, "waits before retries are spread")
