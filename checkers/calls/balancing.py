"""Where a load balancer sends requests: not to the dead, not to who fails, not to the busiest.

*Property.* A balancer announces ``sent`` with ``{"to": backend, "number": n, "open": {backend:
requests under way, ...}}``, of those that it could have sent it to, and later ``answered`` with
``{"from": backend, "number": n, "ok": whether}`` (a timeout is not). A backend that restarts
announces ``dropped`` with ``{"number": n}`` for each request that it was working on.

================  ==================================================================================
request-to-dead   a request goes to a server that a fault took down more than `within` seconds ago
black-hole        a request goes to a backend within `rest` seconds of `failures` answers in a row
                  that were none, though there was another to send it to
overloaded        a request goes to the one backend that has more under way than any other
miscounted        it says of a backend another number under way than it has sent to it, in its
                  present life, and heard no end of
dropped           a backend that was restarted drops a request that its balancer still waits for
================  ==================================================================================

The first two are ``no-request-to-dead``, then there are ``balance``, ``requests-counted`` and
``drained``.

*Source.* DDIA chapter 1, "Approaches for Coping with Load"; Mitzenmacher, "The Power of Two Choices
in Randomized Load Balancing", IEEE TPDS 2001: of two that are drawn the less loaded is taken, so
the one that is busiest of all never is.

Where no request is sent while a backend is dead or failing so, nothing tells whether it is spared:
``no-request-to-dead`` is unknown.

*Algorithm.* Follow the announcements and the nemesis. Linear, but for overlapping faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.calls.announced import STARTED, field_of, lives
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

SENT, ANSWERED, DROPPED = "sent", "answered", "dropped"

_NAMED = 20

FATAL = ("process.kill", "process.power_loss", "member.dead")
"""Faults that keep a server down until they end."""


def no_request_to_dead(within: float = 1.0, failures: int = 5, rest: float = 0.5) -> Checker:
    """A checker: who is dead, or fails all the time, gets no requests. See the module.

    Args:
        within: how soon a death must be noticed, in seconds.
        failures: how many failures in a row make a backend one to be left alone.
        rest: for how long, in seconds.
    """
    return _NoRequestToDead(within, failures, rest)


def balance() -> Checker:
    """A checker: the busiest backend gets no more. See the module."""
    return _Balance()


def requests_counted() -> Checker:
    """A checker: the balancer knows how much is under way. See the module."""
    return _Counted()


def drained() -> Checker:
    """A checker: a restart drops no request. See the module."""
    return _Drained()


_Holes = dict[str, list[Operation]]
"""The last failures of backends that answer with nothing else."""


@dataclass(frozen=True, slots=True)
class _NoRequestToDead:
    within: float
    failures: int
    rest: float
    name: str = "no-request-to-dead"
    needs_events: str = SENT
    needs_coverage: str = "requests sent beside the dead or failing"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        sent = [event for event in history if event.f == SENT]
        backends = {backend for event in sent for backend in _named_by(event)}
        deaths = [death for death in _deaths(history) if death.server in backends]
        beside = {event.index: self._dead(event, deaths) for event in sent}
        anomalies = [_to_dead(event, beside[event.index]) for event in sent]
        failing = list(self._failing(history))
        anomalies += [_black_hole(event, holes) for event, holes in failing]
        tried = {at for at, dead in beside.items() if dead} | {event.index for event, _ in failing}
        coverage = {
            "requests sent": len(sent),
            "deaths of servers": len(deaths),
            self.needs_coverage: len(tried),
        }
        holds = f"{len(sent)} requests went to backends that seemed alive, {len(tried)} of them"
        holds = f"{holds} while another was dead or failing"
        vain = None if tried else "no request was sent while a backend was dead or only failing"
        found = [anomaly for anomaly in anomalies if anomaly is not None]
        return verdict_of(self.name, found, coverage, holds=holds, vain=vain)

    def _dead(self, event: Operation, deaths: list[_Death]) -> list[_Death]:
        """The deaths that a balancer should know of when it sends a request."""
        within = round(self.within * 1e9)
        return [d for d in deaths if d.start.time + within < event.time < d.end]

    def _failing(self, history: History) -> Iterator[tuple[Operation, _Holes]]:
        """Requests that are sent while backends only fail, each with these and their failures."""
        streaks: _Holes = {}
        for event in history:
            if event.f == STARTED and event.process != NEMESIS:
                streaks.clear()  # a balancer that starts knows nothing
            elif event.f == ANSWERED:
                source, ok = field_of(event, "from", str), event.value.get("ok")
                streaks[source] = [] if ok else [*streaks.get(source, ()), event][-self.failures :]
            elif event.f == SENT and len(field_of(event, "open", dict)) >= 2:
                holes = {
                    backend: answers
                    for backend, answers in streaks.items()
                    if len(answers) == self.failures
                    and (event.time - answers[-1].time) / 1e9 < self.rest
                }
                if holes:
                    yield event, holes


def _named_by(event: Operation) -> Iterator[str]:
    """The backends that a request was or could have been sent to."""
    yield field_of(event, "to", str)
    yield from field_of(event, "open", dict)


def _to_dead(event: Operation, dead: list[_Death]) -> Anomaly | None:
    to = event.value["to"]
    for death in dead:
        if death.server == to:
            ago = (event.time - death.start.time) / 1e9
            said = f"{event.process} sends a request to {to}, which died {ago:.3f} s ago"
            return Anomaly("request-to-dead", said, (death.start.index, event.index))
    return None


def _black_hole(event: Operation, holes: _Holes) -> Anomaly | None:
    to = event.value["to"]
    if to not in holes:
        return None
    ago = (event.time - holes[to][-1].time) / 1e9
    said = f"{event.process} sends a request to {to}, {ago:.3f} s after the last of"
    said = f"{said} {len(holes[to])} failures in a row"
    return Anomaly("black-hole", said, tuple(each.index for each in (*holes[to], event)))


@dataclass(frozen=True, slots=True)
class _Death:
    """When a fault took a server down, and when it ended at the soonest (ns)."""

    server: str
    start: Operation
    end: float


def _deaths(history: History) -> list[_Death]:
    found = []
    open_faults: dict[Any, Operation] = {}
    for event in history:
        if event.process != NEMESIS or event.f not in FATAL or not isinstance(event.value, Mapping):
            continue
        fault, phase = event.value.get("id"), event.value.get("phase")
        if phase == "start":
            open_faults[fault] = event
        elif fault in open_faults:
            start = open_faults.pop(fault)
            found += [_Death(s, start, event.time) for s in start.value.get("targets", ())]
    for start in open_faults.values():
        found += [_Death(s, start, float("inf")) for s in start.value.get("targets", ())]
    return found


def _counts(event: Operation) -> dict[str, int]:
    """How many requests each backend has under way, as a balancer says.

    Raises:
        ModelError: it does not say that.
    """
    counts = field_of(event, "open", dict)
    if not all(isinstance(count, int) for count in counts.values()):
        raise ModelError(
            event.index, f"{event.process} announces open {shown(counts)}: give counts"
        )
    return counts


@dataclass(frozen=True, slots=True)
class _Balance:
    name: str = "balance"
    needs_events: str = SENT

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        choices, anomalies = 0, []
        for event in history:
            if event.f != SENT:
                continue
            to, counts = field_of(event, "to", str), _counts(event)
            others = [count for backend, count in counts.items() if backend != to]
            choices += bool(others)
            if others and counts.get(to, 0) > max(others):
                said = f"{event.process} sends a request to {to}, which has {counts[to]} under way"
                said = f"{said}; the next has {max(others)}"
                anomalies.append(Anomaly("overloaded", said, (event.index,)))
        vain = None if choices else "there was never a choice"
        coverage = {"requests with a choice": choices}
        return verdict_of(self.name, anomalies, coverage, holds=f"{choices} choices", vain=vain)


@dataclass(frozen=True, slots=True)
class _Counted:
    name: str = "requests-counted"
    needs_events: str = SENT

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        sent, answers, anomalies = 0, 0, []
        for node, events in lives(history, SENT, ANSWERED):
            under_way: dict[int, Operation] = {}
            ended: list[int] = []
            for event in events:
                number = field_of(event, "number", int)
                if event.f == ANSWERED:
                    begun = under_way.pop(number, None)
                    answers += begun is not None
                    ended += [] if begun is None else [begun.index, event.index]
                    continue
                counted = Counter(each.value["to"] for each in under_way.values())
                wrong = {
                    backend: (count, counted[backend])
                    for backend, count in _counts(event).items()
                    if count != counted[backend]
                }
                if wrong:
                    backend, (count, right) = next(iter(wrong.items()))
                    said = f"{node} says that {backend} has {count} requests under way"
                    known = [each.index for each in under_way.values()]
                    named = (*sorted((*ended[-_NAMED:], *known[-_NAMED:])), event.index)
                    anomalies.append(Anomaly("miscounted", f"{said}; it has {right}", named))
                sent += 1
                field_of(event, "to", str)
                under_way[number] = event
        coverage = {"requests sent": sent, "answers": answers}
        vain = None if answers else "no request was answered"
        return verdict_of(self.name, anomalies, coverage, holds=f"{sent} counts", vain=vain)


@dataclass(frozen=True, slots=True)
class _Drained:
    name: str = "drained"
    needs_events: str = DROPPED

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement lacks what it needs.
        """
        waiting: dict[int, Operation] = {}
        anomalies, drops = [], 0
        for event in history:
            if event.f == STARTED and event.process != NEMESIS:
                waiting.clear()  # whoever waited is gone
            elif event.f == SENT:
                waiting[field_of(event, "number", int)] = event
            elif event.f == ANSWERED:
                waiting.pop(field_of(event, "number", int), None)
            elif event.f == DROPPED:
                drops += 1
                sent = waiting.get(field_of(event, "number", int))
                if sent is not None:
                    said = f"{event.process} restarts and drops a request that {sent.process}"
                    said = f"{said} waits for"
                    anomalies.append(Anomaly("dropped", said, (sent.index, event.index)))
        holds = f"{drops} requests were dropped that nobody waited for"
        vain = None if drops else "no backend dropped anything, so nothing was exercised"
        return verdict_of(self.name, anomalies, {"drops": drops}, holds=holds, vain=vain)


DEAD_ENTRY = CheckerEntry(
    "no-request-to-dead", no_request_to_dead, "no request to a backend that is dead or only fails"
)

BALANCE_ENTRY = CheckerEntry("balance", balance, "no request to the backend that is busiest of all")

COUNTED_ENTRY = CheckerEntry(
    "requests-counted", requests_counted, "a balancer knows how much each backend has under way"
)

DRAINED_ENTRY = CheckerEntry("drained", drained, "a backend that restarts drops no request")
