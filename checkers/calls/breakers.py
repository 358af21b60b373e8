"""Circuit breakers keep to their state machine, and let one call through to see.

*Property.* Of each breaker (a node's life and an endpoint)::

    closed --failures--> open --time--> half-open --success--> closed
                           ^                |
                           +----failure-----+

It begins closed, takes no other step, and while it is half-open one call is let through, the probe,
until that is known to have succeeded or failed.

=================  ===============================================================================
breaker-step       it takes another step, or probes when it is not half-open
second-probe       it lets a call through while it waits for the probe
stuck-open         it keeps a call from being made when its time is over, by its host's monotonic
                   clock
closed-rejects     it keeps a call from being made while it is closed
blamed-for-others  it opens, though no call to its own endpoint has failed since its last step
opened-early       it opens, closed until then, though fewer calls to its endpoint have failed since
                   its last step, within its window, than it says that it takes
=================  ===============================================================================

*Source.* Nygard, "Release It!", second edition, 2018, section 5.2. Announced at each step:
``breaker`` with ``{"endpoint": name, "state": state}``; for each call that is let through while
half-open ``probe`` with ``{"endpoint": name}``, for each that is not let through ``rejected`` with
the same. They may have ``at``, the seconds of the host's monotonic clock, and who opens says its
``open_for``: without these nothing is said of times. For each call that failed, ``failed-call``
with ``{"endpoint": name}``, before the step that it leads to: of a life without any it is not said
whom its breakers go by. If these have ``at`` as well, and who opens says how many ``failures``
within which ``window`` in seconds it takes, they are counted; calls that failed may be more than
the breaker went by, so no breaker is said to open too late.

*Algorithm.* Follow the announcements. Linear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.calls.announced import field_of, lives
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

BREAKER, PROBE, REJECTED, FAILED = "breaker", "probe", "rejected", "failed-call"
CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"

STEPS = {(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED), (HALF_OPEN, OPEN)}


def breaker_states() -> Checker:
    """A checker: breakers keep to their state machine. See the module."""
    return _Breakers()


TOLERANCE_S = 1e-6
"""Two clock readings that stand for one moment may differ by so much."""

_NAMED = 20
"""How many failed calls an anomaly names at most, the last ones."""


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
        for node, events in lives(history, BREAKER, PROBE, REJECTED, FAILED):
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
    tells = next((event for event in events if event.f == FAILED), None)
    breakers: dict[str, _Breaker] = {}
    found: list[Anomaly] = []
    for event in events:
        endpoint = field_of(event, "endpoint", str)
        breaker = breakers.setdefault(endpoint, _Breaker(node, endpoint, tells))
        coverage["steps"] += event.f == BREAKER
        coverage["probes"] += event.f == PROBE
        found += breaker.followed(event)
    return found


@dataclass(slots=True)
class _Breaker:
    """One breaker in one life.

    Attributes:
        tells: a call that failed, if these are announced in this life.
        changed: its last step.
        probing: the probe that is under way, as far as is known.
        failed: the calls to the endpoint that have failed since then.
    """

    node: Any
    endpoint: str
    tells: Operation | None
    state: str = CLOSED
    changed: Operation | None = None
    probing: Operation | None = None
    failed: list[Operation] = field(default_factory=list)

    @property
    def steps(self) -> tuple[int, ...]:
        """Where its last step is, if it took one."""
        return () if self.changed is None else (self.changed.index,)

    def followed(self, event: Operation) -> Iterator[Anomaly]:
        """What is wrong with an announcement, which then has happened."""
        at = f"at {event.time / 1e9:.3f} s"
        if event.f == FAILED:
            self.failed.append(event)
        elif event.f == BREAKER:
            yield from self._stepped(event, field_of(event, "state", str), at)
        elif event.f == REJECTED:
            yield from self._rejected(event, at)
        else:
            yield from self._probed(event, at)

    def _stepped(self, event: Operation, after: str, at: str) -> Iterator[Anomaly]:
        whose = f"the breaker of {self.node} for {self.endpoint}"
        if (self.state, after) not in STEPS:
            said = f"{whose} went from {self.state} to {after} {at}"
            yield Anomaly("breaker-step", said, (*self.steps, event.index))
        elif self.tells is not None and after == OPEN and not self.failed:
            said = f"{whose} opened {at}, and no call to {self.endpoint} had failed"
            named = sorted({self.tells.index, *self.steps, event.index})
            yield Anomaly("blamed-for-others", said, tuple(named))
        elif self.state == CLOSED and (few := _too_few(event, self.failed)) is not None:
            said = f"{whose} opened {at}, after {few}"
            indexes = tuple(each.index for each in self.failed[-_NAMED:])
            yield Anomaly("opened-early", said, (*self.steps, *indexes, event.index))
        self.state, self.changed, self.probing, self.failed = after, event, None, []

    def _rejected(self, event: Operation, at: str) -> Iterator[Anomaly]:
        who = f"{self.node} does not call {self.endpoint} {at}"
        if self.state == CLOSED:
            said = f"{who}, whose breaker is closed"
            yield Anomaly("closed-rejects", said, (*self.steps, event.index))
        elif self.state == OPEN and self.changed is not None and _is_over(self.changed, event):
            said = f"{who}, when its breaker's time is over"
            yield Anomaly("stuck-open", said, (self.changed.index, event.index))

    def _probed(self, event: Operation, at: str) -> Iterator[Anomaly]:
        if self.state != HALF_OPEN:
            said = f"{self.node} probed {self.endpoint} {at} while its breaker was {self.state}"
            yield Anomaly("breaker-step", said, (*self.steps, event.index))
        elif self.probing is not None:
            said = f"{self.node} let a second call through to {self.endpoint} {at}"
            said = f"{said}, with a probe under way"
            yield Anomaly("second-probe", said, (*self.steps, self.probing.index, event.index))
        self.probing = self.probing or event


def _too_few(opened: Operation, failed: list[Operation]) -> str | None:
    """How many calls had failed when a breaker opened, if that are fewer than it says it takes."""
    at, failures, window = (opened.value.get(name) for name in ("at", "failures", "window"))
    times = [call.value.get("at") for call in failed]
    if not all(isinstance(each, int | float) for each in (at, failures, window, *times)):
        return None
    counted = sum(time >= at - window - TOLERANCE_S for time in times)
    if not failed or counted >= failures:
        return None
    return f"{counted} of the {failures:g} failures within {window:g} s that it takes"


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
