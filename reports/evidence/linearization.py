"""The picture of a failed ordering: what was ordered, in which order, and why nothing can follow.

A checker that looks for an order (linearizability, sequential consistency) says, of a history that
has none, which operations its longest one ends with, and why each candidate can't be the next. Here
that is laid over the window of operations: the order as a path from bar to bar, and for each
operation a note on what had happened when it was its turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbrain.checkers.history.columns import FAIL_CODE, INFO_CODE
from splitbrain.checkers.verdict import Anomaly
from splitbrain.reports.evidence.witness import WindowWitness, operation_text
from splitbrain.reports.model import RunView
from splitbrain.reports.wording import clipped, safe_text

SCENE_LIMIT = 48
AROUND = 12
"""Operations shown beside those concerned: what else went on at the time, on the same key."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the picture shows.

    Attributes:
        window: positions of the operations drawn, by invocation.
        order: positions of those of the longest order found that are drawn, in that order.
        notes: for a position what to say of it.
    """

    window: tuple[int, ...]
    order: tuple[int, ...]
    notes: Mapping[int, str]


def scene_of(view: RunView, anomaly: Anomaly, witness: WindowWitness) -> Scene:
    """The picture of an anomaly, with what went on around it."""
    details = anomaly.details
    listed = details.get("last_linearized")
    tail = view.positions(_numbers(listed)) if isinstance(listed, list) else []
    waiting = [candidate.position for candidate in witness.candidates]
    # Those concerned always; of the order as much as there is room for, from its end.
    concerned = dict.fromkeys([*witness.window, *waiting])
    room = max(0, SCENE_LIMIT - len(concerned))
    extra = [position for position in reversed(tail) if position not in concerned][:room]
    concerned.update(dict.fromkeys(extra))
    room = min(AROUND, SCENE_LIMIT - len(concerned))
    concerned.update(dict.fromkeys(_around(view, list(concerned), details.get("key"), room)))
    order = tuple(position for position in tail if position in concerned)
    total = details.get("linearized")
    before = (total if type(total) is int and total >= len(tail) else len(tail)) - len(tail)
    notes = _order_notes(view, tail, before)
    found = details.get("state")
    state = found if isinstance(found, str) else ""
    for candidate in witness.candidates:
        if candidate.position not in notes:
            held = f" The order found leaves {clipped(state, 80)}." if state else ""
            notes[candidate.position] = safe_text(f"Can't be next: {candidate.why}.{held}")
    return Scene(tuple(sorted(concerned)), order, notes)


def _numbers(values: list[Any]) -> list[int]:
    return [value for value in values if type(value) is int]


def _around(view: RunView, concerned: Sequence[int], key: Any, room: int) -> list[int]:
    """Other operations on the key that overlap the time of those concerned, nearest first."""
    if not concerned or room <= 0:
        return []
    first = min(view.calls[position].invoked for position in concerned)
    ends = [view.calls[position].completed for position in concerned]
    last = max((end for end in ends if end is not None), default=first)
    middle = max(concerned)
    taken = dict.fromkeys(concerned)
    paired = view.history.client_calls
    until = int(np.searchsorted(paired.invoked, last, side="right"))
    outcome, over = paired.outcome[:until], paired.partner[:until]
    under_way = (outcome != FAIL_CODE) & ((outcome == INFO_CODE) | (over >= first))
    found = [
        position
        for position in np.flatnonzero(under_way).tolist()
        if position not in taken and (key is None or _of_key(view.calls[position].argument, key))
    ]
    return sorted(found, key=lambda position: (abs(position - middle), position))[:room]


def _of_key(argument: Any, key: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 2 and bool(argument[0] == key)


def _order_notes(view: RunView, tail: Sequence[int], before: int) -> dict[int, str]:
    """For each operation of the order its place in it, and the order up to it."""
    notes: dict[int, str] = {}
    texts = [operation_text(view, position) for position in tail]
    for place, position in enumerate(tail):
        told = texts[max(0, place - 3) : place + 1]
        hidden = before + place + 1 - len(told)
        earlier = f"{hidden:,} earlier, then " if hidden else ""
        left = view.phrases.leaves(view.calls[position])
        notes[position] = safe_text(
            f"Number {before + place + 1:,} of the longest order found: {earlier}"
            f"{'; '.join(told)}.{f' Leaves {left}.' if left else ''}"
        )
    return notes
