"""Circuit breakers keep to their state machine, and let one call through to see.

*Property.* Of each breaker (a node's life and an endpoint)::

    closed --failures--> open --time--> half-open --success--> closed
                           ^                |
                           +----failure-----+

It begins closed, takes no other step, and while it is half-open one call is let through, the probe,
until that is known to have succeeded or failed. Once its time is over it keeps no call from being
made (else: *stuck-open*): that time is measured by the monotonic clock of its host.

*Source.* Nygard, "Release It!", second edition, 2018, section 5.2. Announced at each step:
``breaker`` with ``{"endpoint": name, "state": state}``; for each call that is let through while
half-open ``probe`` with ``{"endpoint": name}``, for each that is not let through ``rejected`` with
the same. They may have ``at``, the seconds of the host's monotonic clock, and who opens says its
``open_for``: without these nothing is said of times.

*Algorithm.* Follow the announcements. Linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.calls.announced import field_of, lives
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

BREAKER, PROBE, REJECTED = "breaker", "probe", "rejected"
CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"

STEPS = {(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED), (HALF_OPEN, OPEN)}


def breaker_states() -> Checker:
    """A checker: breakers keep to their state machine. See the module."""
    return _Breakers()


TOLERANCE_S = 1e-6
"""Two clock readings that stand for one moment may differ by so much."""


@dataclass(frozen=True, slots=True)
class _Breakers:
    name: str = "breaker-states"
    needs_events: str = BREAKER

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        coverage = {"steps": 0, "probes": 0}
        anomalies: list[Anomaly] = []
        for node, events in lives(history, BREAKER, PROBE, REJECTED):
            anomalies += _followed(node, events, coverage)
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:100]), coverage=coverage)
        if not coverage["steps"]:
            reason = "no breaker took a step, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{coverage['steps']} steps of breakers, {coverage['probes']} probes"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _followed(node: Any, events: list[Operation], coverage: dict[str, int]) -> list[Anomaly]:
    states: dict[str, str] = {}
    probing: dict[str, Operation] = {}
    opened: dict[str, Operation] = {}
    found = []
    for event in events:
        endpoint = field_of(event, "endpoint", str)
        state = states.get(endpoint, CLOSED)
        at = f"at {event.time / 1e9:.3f} s"
        if event.f == BREAKER:
            coverage["steps"] += 1
            states[endpoint] = after = field_of(event, "state", str)
            probing.pop(endpoint, None)
            opened[endpoint] = event
            if (state, after) not in STEPS:
                said = f"the breaker of {node} for {endpoint} went from {state} to {after} {at}"
                found.append(Anomaly("breaker-step", said, (event.index,)))
            continue
        if event.f == REJECTED:
            if state == OPEN and _is_over(opened[endpoint], event):
                said = f"{node} does not call {endpoint} {at}, when its breaker's time is over"
                found.append(Anomaly("stuck-open", said, (opened[endpoint].index, event.index)))
            continue
        coverage["probes"] += 1
        if state != HALF_OPEN:
            said = f"{node} probed {endpoint} {at} while its breaker was {state}"
            found.append(Anomaly("breaker-step", said, (event.index,)))
        elif endpoint in probing:
            said = f"{node} let a second call through to {endpoint} {at}, with a probe under way"
            found.append(Anomaly("second-probe", said, (probing[endpoint].index, event.index)))
        probing.setdefault(endpoint, event)
    return found


def _is_over(opened: Operation, rejected: Operation) -> bool:
    """Whether a breaker's time was over when it rejected a call, by its host's clock."""
    times = (opened.value.get("at"), opened.value.get("open_for"), rejected.value.get("at"))
    if not all(isinstance(time, int | float) for time in times):
        return False
    at, open_for, now = times
    return bool(now > at + open_for + TOLERANCE_S)


ENTRY = CheckerEntry(
    "breaker-states",
    breaker_states,
    "breakers keep to their state machine, and let one probe through",
)
