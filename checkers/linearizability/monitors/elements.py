"""Histories of containers into which every element is put at most once, by element.

Queue, stack and priority queue differ in which element is taken; what their monitors start from is
the same. Of each element there are two intervals: of its insertion and of its removal. They are
*narrowed*, since an insertion takes effect before the removal does: it must do so before the
removal completes, and the removal cannot take effect before the insertion was invoked. Then

* if the narrowed insertion completes before the narrowed removal is invoked, the element is
  certainly inside in between: it *stays*;
* otherwise both can take effect at one instant, one right after the other: it *passes*.

What is left out, and why no verdict depends on it:

* **Failed operations** did not happen.
* **Indeterminate insertions of elements that nobody took.** Leaving the element out of a
  linearization leaves all other removals, and those that met an empty container, as they are.
* **Indeterminate removals, if every acknowledged element has an acknowledged removal.** Then they
  took nothing, or elements whose insertion is indeterminate too, and both can be left out. If some
  acknowledged element was not seen to leave, an indeterminate removal may have taken it, and the
  monitors do not apply.

Times are ranks of events, from 0; *gap* g is the time between the events of rank g and g + 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import (
    FOREVER,
    NONLINEARIZABLE,
    Obstacle,
    anomaly,
)
from splitbrain.checkers.linearizability.wording import ended, named
from splitbrain.checkers.models import Model
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly

Ranks = npt.NDArray[np.int64]

NEVER_INSERTED, TAKEN_TWICE = "unexpected", "duplicated"
_LISTED = 4


@dataclass(slots=True)
class Elements:
    """A container's operations by element; see the module.

    Attributes:
        model: the container's model.
        inserted: the insertion of each element, in order of invocation.
        removed: its removal, or None.
        empty: removals that met an empty container.
        twice: a removal of an element that another had removed, with that other one.
        unexpected: a removal of an element that nobody inserted.
    """

    model: Model
    inserted: list[Call] = field(default_factory=list)
    removed: list[Call | None] = field(default_factory=list)
    empty: list[Call] = field(default_factory=list)
    twice: tuple[Call, Call] | None = None
    unexpected: Call | None = None


@dataclass(frozen=True, slots=True)
class Spans:
    """The narrowed intervals of elements as ranks, in parallel arrays.

    Attributes:
        put_call: invocation of the insertion.
        put_return: its completion.
        take_call: invocation of the removal; ``horizon`` if there is none.
        take_return: its completion; ``horizon`` if there is none.
        empty_call: invocations of removals that met an empty container.
        empty_return: their completions.
        horizon: number of events.
    """

    put_call: Ranks
    put_return: Ranks
    take_call: Ranks
    take_return: Ranks
    empty_call: Ranks
    empty_return: Ranks
    horizon: int

    @property
    def stays(self) -> npt.NDArray[np.bool_]:
        """Elements that are certainly inside from ``put_return`` to ``take_call``."""
        return self.put_return < self.take_call


def elements_of(
    model: Any, calls: Sequence[Call], identity: Callable[[Any], Hashable]
) -> Elements | Obstacle:
    """The calls by element, or what keeps a monitor from applying.

    Args:
        model: has attributes ``insertion`` and ``removal``, the names of the operations.
        calls: in order of invocation.
        identity: equal for values that are the same element.
    """
    insertions: dict[Hashable, Call] = {}
    removals: dict[Hashable, Call] = {}
    unclear: Call | None = None
    found = Elements(model)
    for call in calls:
        if call.outcome == "fail":
            continue
        if call.f == model.insertion:
            earlier = insertions.setdefault(identity(call.argument), call)
            if earlier is not call:
                return Obstacle(
                    call.invoke_index,
                    f"it puts in {shown(call.argument)}, as operation {earlier.invoke_index} does",
                )
        elif call.outcome == "info":
            unclear = unclear or call
        elif call.result is None:
            found.empty.append(call)
        else:
            earlier = removals.setdefault(identity(call.result), call)
            if earlier is not call:
                found.twice = found.twice or (earlier, call)
    for element, call in insertions.items():
        removal = removals.pop(element, None)
        if removal is None and call.outcome == "info":
            continue
        if removal is None and unclear is not None:
            return Obstacle(
                unclear.invoke_index,
                f"nobody knows what it took, and it may have been {shown(call.argument)}, which "
                f"operation {call.invoke_index} put in and no known removal took",
            )
        found.inserted.append(call)
        found.removed.append(removal)
    found.unexpected = next(iter(removals.values()), None)
    return found


def spans_of(elements: Elements) -> Spans:
    """The intervals of elements whose removals all complete after their insertions begin."""
    put_call = np.array([call.invoked for call in elements.inserted], np.int64)
    put_return = np.array([_return(call) for call in elements.inserted], np.int64)
    take_call = np.array([FOREVER if c is None else c.invoked for c in elements.removed], np.int64)
    take_return = np.array([_return(call) for call in elements.removed], np.int64)
    empty_call = np.array([call.invoked for call in elements.empty], np.int64)
    empty_return = np.array([_return(call) for call in elements.empty], np.int64)
    put_return = np.minimum(put_return, take_return)
    take_call = np.maximum(take_call, put_call)
    columns = (put_call, put_return, take_call, take_return, empty_call, empty_return)
    times = np.unique(np.concatenate(columns))
    return Spans(
        put_call=np.searchsorted(times, put_call),
        put_return=np.searchsorted(times, put_return),
        take_call=np.searchsorted(times, take_call),
        take_return=np.searchsorted(times, take_return),
        empty_call=np.searchsorted(times, empty_call),
        empty_return=np.searchsorted(times, empty_return),
        horizon=int(np.searchsorted(times, FOREVER)),
    )


def _return(call: Call | None) -> int:
    return FOREVER if call is None or call.completed is None else call.completed


def flaw_of(elements: Elements, key: Any) -> Anomaly | None:
    """What is wrong with single elements: taken twice, or before anybody put them in."""
    model = elements.model
    if elements.twice is not None:
        first, second = elements.twice
        return anomaly(
            TAKEN_TWICE,
            key,
            f"{named(model, first)} and {named(model, second)} took the same element, which was "
            "put in once at most",
            (first, second),
        )
    if elements.unexpected is not None:
        call = elements.unexpected
        return anomaly(
            NEVER_INSERTED,
            key,
            f"{named(model, call)} took an element that nobody can have put in",
            (call,),
        )
    for put, take in zip(elements.inserted, elements.removed, strict=True):
        if take is not None and take.completed is not None and take.completed < put.invoked:
            return anomaly(
                NEVER_INSERTED,
                key,
                f"{named(model, take)} completed at {ended(take)}, before {named(model, put)} "
                "began",
                (put, take),
            )
    return None


def free_gaps(starts: Ranks, ends: Ranks, horizon: int) -> Ranks:
    """For each gap the first one from it on that none of these intervals covers.

    An interval covers the gaps from its start to the one before its end. Gap ``horizon`` is free.
    """
    change = np.bincount(starts, minlength=horizon + 1) - np.bincount(ends, minlength=horizon + 1)
    free = np.where(np.cumsum(change) == 0, np.arange(horizon + 1), horizon)
    return np.minimum.accumulate(free[::-1])[::-1]


def chain(starts: Ranks, ends: Ranks, left: int, right: int) -> list[int]:
    """As few of these intervals as possible that together cover the gaps from left to right - 1.

    Positions of intervals, each reaching farther than the one before. They must cover the gaps.
    """
    order = np.argsort(starts, kind="stable")
    reach = np.maximum.accumulate(ends[order])
    sorted_starts = starts[order]
    found: list[int] = []
    while left < right:
        before = int(np.searchsorted(sorted_starts, left, side="right"))
        left = int(reach[before - 1])
        found.append(int(order[np.searchsorted(reach, left)]))
    return found


def placed_empties(elements: Elements, spans: Spans, key: Any) -> Ranks | Anomaly:
    """A gap for each removal that met an empty container in which nothing must be inside."""
    staying = np.flatnonzero(spans.stays)
    starts, ends = spans.put_return[staying], spans.take_call[staying]
    gaps = free_gaps(starts, ends, spans.horizon)[spans.empty_call]
    broken = np.flatnonzero(gaps >= spans.empty_return)
    if not len(broken):
        return gaps
    at = int(broken[0])
    covering = chain(starts, ends, int(spans.empty_call[at]), int(spans.empty_return[at]))
    present = [int(staying[i]) for i in covering]
    call = elements.empty[at]
    return anomaly(
        NONLINEARIZABLE,
        key,
        f"{named(elements.model, call)} found nothing, but at every moment of it "
        f"{values_of(elements, present)} was inside",
        (call, *calls_of(elements, present)),
    )


def calls_of(elements: Elements, chosen: Sequence[int]) -> list[Call]:
    """The insertions and removals of these elements."""
    takes = [elements.removed[i] for i in chosen]
    return [elements.inserted[i] for i in chosen] + [call for call in takes if call is not None]


def values_of(elements: Elements, chosen: Sequence[int]) -> str:
    """These elements in words: ``1 or 2``."""
    words = [shown(elements.inserted[i].argument) for i in chosen[:_LISTED]]
    if len(chosen) > _LISTED:
        words.append("another")
    return " or ".join(words)
