"""The monitor of sets to which every element is added once, and from which none is removed.

What a read or a lookup gives depends only on which additions precede it. So a history is
linearizable exactly when real time has no cycle with these constraints:

* the addition of e precedes every read that lists e and every lookup that finds it;
* every read that doesn't list e, and every lookup that doesn't find it, precedes its addition.

Reads must then be ordered by inclusion, which makes *levels*: lookups that don't find an element
that is new at the level, additions of the new elements, reads of exactly the elements so far, and
(at any later time) lookups that find them. Each operation happens as early as it may with all that
must precede it; since real time is an interval order, a cycle exists only if one of them completes
before that. Linear in the total size of the reads, after sorting."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import (
    NONLINEARIZABLE,
    Judgment,
    Monitor,
    Obstacle,
    anomaly,
)
from splitbrain.checkers.linearizability.wording import named
from splitbrain.checkers.models import Set
from splitbrain.checkers.models.model import frozen, shown
from splitbrain.checkers.verdict import Anomaly


@dataclass(slots=True)
class _Element:
    """What concerns one element: its addition, lookups that found it, and those that didn't."""

    add: Call | None = None
    present: list[Call] = field(default_factory=list)
    absent: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class _Task:
    """A set's operations.

    Attributes:
        model: the set.
        elements: what concerns each element.
        reads: ok reads with what they list.
    """

    model: Set
    elements: dict[Hashable, _Element] = field(default_factory=dict)
    reads: list[tuple[Call, frozenset[Hashable]]] = field(default_factory=list)


def _prepare(model: Set, calls: Sequence[Call]) -> _Task | Obstacle:
    task = _Task(model)
    for call in calls:
        if call.outcome == "fail":
            continue
        if call.f == "remove":
            return Obstacle(call.invoke_index, f"it removes {shown(call.argument)}")
        if call.f == "read":
            if call.outcome == "ok":
                task.reads.append((call, frozenset(map(frozen, call.result))))
            continue
        element = task.elements.setdefault(frozen(call.argument), _Element())
        if call.f == "add":
            if element.add is not None:
                return Obstacle(
                    call.invoke_index,
                    f"it adds {shown(call.argument)}, as operation {element.add.invoke_index} does",
                )
            element.add = call
        elif call.outcome == "ok":
            (element.present if call.result else element.absent).append(call)
    return task


def _decide(task: _Task, key: Any) -> Judgment:
    reads = sorted(task.reads, key=lambda read: len(read[1]))
    levels: list[_Level] = []
    listed: frozenset[Hashable] = frozenset()
    for call, elements in reads:
        if not listed <= elements:
            return _crossing(task, key, levels[-1].reads[0], call, listed - elements)
        if not levels or listed != elements:
            levels.append(_Level(_in_order(elements - listed), [], elements))
        levels[-1].reads.append(call)
        listed = elements
    for level in levels:
        for value in level.elements:
            found = task.elements.get(value)
            if found is None or found.add is None:
                return _unexpected(task, key, level.reads[0], value)
    unread = [value for value in task.elements if value not in listed]
    for value in unread:
        found = task.elements[value]
        if found.present and found.add is None:
            return _unexpected(task, key, found.present[0], value)
    levels.append(_Level([value for value in unread if _happened(task.elements[value])], [], None))
    return _scheduled(task, key, levels)


@dataclass(frozen=True, slots=True)
class _Level:
    """What reads of one size add to those before.

    Attributes:
        elements: those that reads of this level list and smaller ones don't; at the last level
            those that no read lists.
        reads: the reads.
        listed: all that they list; None at the last level.
    """

    elements: list[Hashable]
    reads: list[Call]
    listed: frozenset[Hashable] | None


def _happened(element: _Element) -> bool:
    """Whether an element that no read lists was certainly added."""
    if element.add is None:
        return False
    return element.add.outcome == "ok" or bool(element.present)


def _scheduled(task: _Task, key: Any, levels: list[_Level]) -> Judgment:
    """Every operation as early as it may be: at its invocation, or that of what must precede it."""
    placed: list[tuple[int, int, int]] = []  # moment, rank among those at it, operation

    def place(call: Call, rank: int, after: Call | None) -> Call | None:
        """Place an operation after another; the other if that can't be."""
        moment = call.invoked if after is None else max(call.invoked, after.invoked)
        placed.append((moment, rank, call.invoke_index))
        return after if call.completed is not None and call.completed < moment else None

    latest: Call | None = None  # the last invoked of what must precede the level
    constrained: dict[Hashable, None] = {}
    for i, level in enumerate(levels):
        reached = latest
        for value in level.elements:
            constrained[value] = None
            element = task.elements[value]
            assert element.add is not None
            for lookup in element.absent:
                place(lookup, 4 * i, None)
            before = _later(latest, *element.absent)
            late = place(element.add, 4 * i + 1, before)
            if late is not None:
                return _disorder(task, key, element.add, late, value)
            before = _later(before, element.add)
            for lookup in element.present:
                late = place(lookup, 4 * i + 2, before)
                if late is not None:
                    return _disorder(task, key, lookup, late, value)
            reached = _later(reached, before)
        for read in level.reads:
            late = place(read, 4 * i + 3, reached)
            if late is not None:
                return _disorder(task, key, read, late, _link(level, late))
        latest = _later(reached, *level.reads)
    for value, element in task.elements.items():
        if value not in constrained:
            for lookup in element.absent:
                place(lookup, 0, None)
    return [index for _, _, index in sorted(placed)]


def _later(*calls: Call | None) -> Call | None:
    """The one that was invoked last."""
    return max((call for call in calls if call is not None), key=_invoked, default=None)


def _invoked(call: Call) -> int:
    return call.invoked


def _link(level: _Level, late: Call) -> Hashable:
    """An element that a read of this level lists, and whose addition `late` precedes or is."""
    if late.f != "read":
        return frozen(late.argument)
    had = frozenset(map(frozen, late.result))
    assert level.listed is not None
    return next(value for value in _in_order(level.listed - had))


def _in_order(elements: frozenset[Hashable]) -> list[Hashable]:
    return sorted(elements, key=repr)


def _disorder(task: _Task, key: Any, early: Call, late: Call, value: Hashable) -> Anomaly:
    """An operation completed before one began that must precede it, because of this element."""
    add = task.elements[value].add
    assert add is not None
    model = task.model
    sentence = (
        f"{named(model, early)} completed before {named(model, late)} began, but must come after "
        f"it, or they disagree about when {shown(add.argument)} was added"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, (early, late, add))


def _crossing(
    task: _Task, key: Any, one: Call, other: Call, only_in_one: frozenset[Hashable]
) -> Anomaly:
    """Two reads each of which lists an element that the other lacks."""
    had = frozenset(map(frozen, one.result))
    differing = [*_in_order(only_in_one)[:1]]
    differing += _in_order(frozenset(map(frozen, other.result)) - had)[:1]
    adds = [task.elements[v].add for v in differing if v in task.elements]
    values = " nor ".join(
        shown(add.argument) if add is not None else str(value)
        for add, value in zip(adds, differing, strict=False)
    )
    sentence = (
        f"{_brief(task, one)} and {_brief(task, other)} each list an element that the other lacks"
        + (f" (neither {values} is in both)" if values else "")
    )
    return anomaly(
        NONLINEARIZABLE, key, sentence, (one, other, *(add for add in adds if add is not None))
    )


def _brief(task: _Task, call: Call) -> str:
    """A read without the list of what it gave."""
    return f"process {call.process}'s read (operation {call.invoke_index})"


def _unexpected(task: _Task, key: Any, call: Call, value: Hashable) -> Anomaly:
    listed = call.result if call.f == "read" else [call.argument]
    words = next(shown(element) for element in listed if frozen(element) == value)
    sentence = (
        f"process {call.process}'s {call.f} (operation {call.invoke_index}) has {words}, which "
        "nobody can have added"
    )
    return anomaly("unexpected", key, sentence, (call,))


GROW_ONLY_SET = Monitor(
    name="grow-only-set",
    algorithm="levels of reads by inclusion, each operation as early as it may be, linear after "
    "sorting",
    preconditions="every element added at most once and none removed",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of `splitbrain.checkers.models.a_set` without removals."""
