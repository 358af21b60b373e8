"""What is put into a queue comes out of it, once.

*Property.* Whatever the order: an element whose enqueue was acknowledged is taken once the queue
was drained (*lost* otherwise); nothing is taken that nobody had tried to enqueue (*unexpected*);
nothing is taken more often than it was enqueued (*duplicated*; allowed of a queue that promises to
deliver at least once).

*Source.* jepsen.checker/total-queue. ``enqueue v``; ``dequeue`` gives an element, null if there was
none; ``drain`` gives a list of all that it took. A queue is drained when a ``drain`` that began
after the element's enqueue had completed succeeds.

More careful than Jepsen's in what counts as lost: a dequeue or drain whose outcome nobody knows may
have taken an element. As many elements may be missing as there are such dequeues, and any number if
there is such a drain; then nothing is said of them (*unknown*).

*Algorithm.* Count each element's enqueues and removals; linear.

*Left out.* The order: for that there is the model ``queue``. Which of several equal elements was
taken.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from splitbrain.checkers.collections.recheck.queues import verify_queue
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, INFO, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, frozen, readable, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import REPLICA_STATE

ENQUEUE, DEQUEUE, DRAIN = "enqueue", "dequeue", "drain"
LOST, UNEXPECTED, DUPLICATED = "lost", "unexpected", "duplicated"

_SHOWN = 100


def total_queue(*, at_least_once: bool = False) -> Checker:
    """A checker: what is enqueued is dequeued, and nothing else is. See the module.

    Args:
        at_least_once: whether the queue may deliver an element more often than it was enqueued.
    """
    return _TotalQueue(at_least_once)


@dataclass(slots=True)
class _Element:
    """What became of equal elements: who enqueued them (unless that failed), and who took them."""

    enqueues: list[Call] = field(default_factory=list)
    removals: list[Call] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _TotalQueue:
    at_least_once: bool
    name: str = "total-queue"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is none of a queue, or an ok drain gives no list.
        """
        calls = [call for call in history.calls() if call.f != REPLICA_STATE]
        elements = _elements(calls)
        missing = _missing(elements, calls)
        doubtful = [c for c in calls if c.f != ENQUEUE and c.outcome == INFO]
        unaccounted = sum(len(enqueues) for _, enqueues in missing)
        excused = any(c.f == DRAIN for c in doubtful) or unaccounted <= len(doubtful)
        coverage = {
            "acknowledged enqueues": sum(c.f == ENQUEUE and c.outcome == OK for c in calls),
            "elements taken": sum(len(e.removals) for e in elements.values()),
            "drains": sum(c.f == DRAIN and c.outcome == OK for c in calls),
            "elements missing": unaccounted,
        }
        anomalies = [] if excused else [_lost(element, calls) for element, calls in missing]
        anomalies += self._strange(elements)
        if anomalies:
            kinds = dict.fromkeys(anomaly.kind for anomaly in anomalies)
            counts = (f"{sum(a.kind == kind for a in anomalies)} {kind}" for kind in kinds)
            reason = f"{', '.join(counts)}; {anomalies[0].message}"
            shown_ones = tuple(anomalies[:_SHOWN])
            return Verdict(self.name, INVALID, reason, shown_ones, coverage=coverage)
        if not coverage["acknowledged enqueues"] or not coverage["elements taken"]:
            reason = "no element was both enqueued and taken, so nothing was exercised"
        elif not coverage["drains"]:
            reason = "the queue was never drained, so nothing is known of what was not taken"
        elif missing:
            reason = (
                f"{unaccounted} acknowledged elements were not taken by anybody who knows; "
                f"{len(doubtful)} removals of unknown outcome may have taken them"
            )
        else:
            taken = coverage["elements taken"]
            reason = f"{taken} elements were taken, and none is missing"
            return Verdict(self.name, VALID, reason, coverage=coverage)
        return Verdict(self.name, UNKNOWN, reason, coverage=coverage)

    def _strange(self, elements: dict[Hashable, _Element]) -> Iterator[Anomaly]:
        """What was taken though nobody had enqueued it, or not so often."""
        for found in elements.values():
            for removal in found.removals:
                earlier = [c for c in found.enqueues if c.invoked < _end(removal)]
                if not earlier:
                    yield _unexpected(found, removal)
            possible = max(1, len(found.enqueues))
            if len(found.removals) > possible and not self.at_least_once:
                yield _duplicated(found)


def _elements(calls: list[Call]) -> dict[Hashable, _Element]:
    elements: dict[Hashable, _Element] = {}
    for call in calls:
        if call.f == ENQUEUE:
            readable(call.argument, call.invoke_index)
            if call.outcome != FAIL:
                elements.setdefault(frozen(call.argument), _Element()).enqueues.append(call)
        elif call.f == DEQUEUE:
            if call.outcome == OK and call.result is not None:
                readable(call.result, event_of(call))
                elements.setdefault(frozen(call.result), _Element()).removals.append(call)
        elif call.f == DRAIN:
            for element in _drained(call):
                elements.setdefault(frozen(element), _Element()).removals.append(call)
        else:
            raise ModelError(
                call.invoke_index,
                f"{call.f} is no operation of a queue: there are {ENQUEUE}, {DEQUEUE} and {DRAIN}",
            )
    return elements


def _drained(call: Call) -> list[object]:
    if call.outcome != OK:
        return []
    readable(call.result, event_of(call))
    if not isinstance(call.result, list | tuple):
        raise ModelError(
            event_of(call), f"a drain gives a list of elements, not {shown(call.result)}"
        )
    return list(call.result)


def _missing(
    elements: dict[Hashable, _Element], calls: list[Call]
) -> list[tuple[Hashable, list[Call]]]:
    """Elements that were acknowledged before a drain and taken by none, with those enqueues."""
    last = max((c.invoked for c in calls if c.f == DRAIN and c.outcome == OK), default=-1)
    missing = []
    for element, found in elements.items():
        due = [c for c in found.enqueues if c.outcome == OK and _end(c) < last]
        short = len(due) - len(found.removals)
        if short > 0:
            missing.append((element, due[-short:]))
    return missing


def _end(call: Call) -> int:
    """Where the call completed, in the history's order."""
    assert call.completed is not None, "an ok call has completed"
    return call.completed


def _lost(element: Hashable, enqueues: list[Call]) -> Anomaly:
    value = shown(enqueues[0].argument)
    return Anomaly(
        LOST,
        f"{value} was enqueued by process {enqueues[0].process}, and nobody ever took it, "
        "though the queue was drained afterwards",
        tuple(i for c in enqueues for i in _indices(c)),
        {"elements": [enqueues[0].argument]},
    )


def _unexpected(found: _Element, removal: Call) -> Anomaly:
    value = shown(removal.result)
    later = " before anybody tried to enqueue it" if found.enqueues else ""
    why = later or ", which nobody enqueued"
    what = f"process {removal.process} took {value}" if removal.f == DEQUEUE else "a drain took an"
    text = f"{what}{why}" if removal.f == DEQUEUE else f"{what} element{why}"
    return Anomaly(UNEXPECTED, text, _indices(removal))


def _duplicated(found: _Element) -> Anomaly:
    removal = found.removals[0]
    number, times = len(found.removals), len(found.enqueues)
    value = shown(found.enqueues[0].argument if found.enqueues else removal.result)
    return Anomaly(
        DUPLICATED,
        f"{value} was enqueued {times} time{'' if times == 1 else 's'} and taken {number} times",
        tuple(i for c in (*found.enqueues, *found.removals) for i in _indices(c)),
    )


def _indices(call: Call) -> tuple[int, ...]:
    return tuple(i for i in (call.invoke_index, call.complete_index) if i is not None)


ENTRY = CheckerEntry(
    "total-queue",
    total_queue,
    "what is put into a queue comes out of it, once",
    verify=verify_queue,
)
