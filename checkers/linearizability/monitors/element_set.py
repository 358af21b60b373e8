"""The monitor of sets that are never listed, each element added and removed at most once.

Without reads of everything, elements are independent, and the history is linearizable exactly when
each element's part is (Herlihy and Wing 1990, theorem 1). Of one element there are an addition, a
removal and lookups, and it is inside from the one to the other, or, if the removal comes first,
from the addition on. In either case it is best to have it inside for as short a time as its lookups
allow: from the earliest completion among the addition and the lookups that found it to the latest
invocation among the removal and these. A lookup that did not find it must not lie within.

Linear, after sorting. Lee and Mathur, "Efficient decrease-and-conquer linearizability monitoring",
OOPSLA 2025, have sets with answers to additions and removals, which models here don't have.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import (
    FOREVER,
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
    """One element's operations: lookups that found it are `present`, others `absent`."""

    add: Call | None = None
    remove: Call | None = None
    present: list[Call] = field(default_factory=list)
    absent: list[Call] = field(default_factory=list)


_Placed = tuple[float, int, int]  # moment, rank among those at it, operation


def _prepare(model: Set, calls: Sequence[Call]) -> tuple[Set, dict[Hashable, _Element]] | Obstacle:
    elements: dict[Hashable, _Element] = {}
    for call in calls:
        if call.outcome == "fail":
            continue
        if call.f == "read":
            if call.outcome == "ok":
                return Obstacle(call.invoke_index, "it lists all elements")
            continue
        element = elements.setdefault(frozen(call.argument), _Element())
        if call.f == "contains":
            if call.outcome == "ok":
                (element.present if call.result else element.absent).append(call)
            continue
        earlier = element.add if call.f == "add" else element.remove
        if earlier is not None:
            return Obstacle(
                call.invoke_index,
                f"it {call.f}s {shown(call.argument)}, as operation {earlier.invoke_index} does",
            )
        if call.f == "add":
            element.add = call
        else:
            element.remove = call
    return model, elements


def _decide(task: tuple[Set, dict[Hashable, _Element]], key: Any) -> Judgment:
    model, elements = task
    placed: list[_Placed] = []
    for element in elements.values():
        found = _placed(element)
        if found is None:
            return _broken(model, key, element)
        placed += found
    return [index for _, _, index in sorted(placed)]


def _placed(element: _Element) -> list[_Placed] | None:
    """A moment for each operation of one element, or None if there are none."""
    add, remove = element.add, element.remove
    if add is None or (add.outcome == "info" and not element.present):
        if element.present:
            return None
        idle = [*element.absent]
        if remove is not None and remove.outcome == "ok":
            idle.append(remove)
        return [(call.invoked, 0, call.invoke_index) for call in idle]
    if remove is None:
        return _inside(element, add, FOREVER)
    optional = remove.outcome == "info"
    found = _inside(element, add, FOREVER) if optional else None
    return found or _inside_until(element, add, remove) or _removed_first(element, add, remove)


def _end(call: Call) -> int:
    return FOREVER if call.completed is None else call.completed


def _inside(element: _Element, add: Call, until: float) -> list[_Placed] | None:
    """Moments when the element is added as late as it may be, and inside until a moment."""
    begin = min(map(_end, (add, *element.present))) - 0.5
    if begin < add.invoked:
        return None
    placed = [(begin, 1, add.invoke_index)]
    for call in element.present:
        moment = max(call.invoked, begin)
        if moment > until:
            return None
        placed.append((moment, 2, call.invoke_index))
    for call in element.absent:
        if call.invoked < begin:
            placed.append((call.invoked, 0, call.invoke_index))
        elif _end(call) > until:
            placed.append((max(call.invoked, until), 4, call.invoke_index))
        else:
            return None
    return placed


def _inside_until(element: _Element, add: Call, remove: Call) -> list[_Placed] | None:
    """Moments when the element is added and then removed, inside as shortly as it may be."""
    until = max(call.invoked for call in (remove, add, *element.present)) + 0.5
    if until > _end(remove):
        return None
    begin = min(map(_end, (add, *element.present))) - 0.5
    if begin >= until:  # both at one moment, which every lookup that found it covers
        moment = until
        placed = [(moment, 1, add.invoke_index), (moment, 3, remove.invoke_index)]
        placed += [(moment, 2, call.invoke_index) for call in element.present]
        for call in element.absent:
            if call.invoked < moment:
                placed.append((call.invoked, 0, call.invoke_index))
            else:
                placed.append((call.invoked, 4, call.invoke_index))
        return placed
    inside = _inside(element, add, until)
    return None if inside is None else [*inside, (until, 3, remove.invoke_index)]


def _removed_first(element: _Element, add: Call, remove: Call) -> list[_Placed] | None:
    """Moments when the removal, which removes nothing, comes before the addition."""
    begin = min(map(_end, (add, *element.present))) - 0.5
    if begin < remove.invoked:
        return None
    inside = _inside(element, add, FOREVER)
    return None if inside is None else [*inside, (remove.invoked, 0, remove.invoke_index)]


def _broken(model: Set, key: Any, element: _Element) -> Anomaly:
    if element.add is None:
        sentence = f"{named(model, element.present[0])}, but nobody can have added it"
        return anomaly("unexpected", key, sentence, element.present[:1])
    involved = [*element.present, *element.absent]
    involved += [call for call in (element.add, element.remove) if call is not None]
    value = shown(element.add.argument)
    number = len(element.present) + len(element.absent)
    sentence = (
        f"no moment for {named(model, element.add)}"
        + ("" if element.remove is None else f" and {named(model, element.remove)}")
        + f" fits the {number} lookups of {value}"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, involved)


ELEMENT_SET = Monitor(
    name="element-set",
    algorithm="element by element, each inside as shortly as it may be, linear after sorting",
    preconditions="no ok read of all elements, and every element added at most once and removed at "
    "most once",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of `splitbrain.checkers.models.a_set` without reads of everything."""
