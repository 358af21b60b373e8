"""Replicas side by side: in what their final states differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.vocabulary import REPLICA_STATE
from splitbrain.reports.model import RunView
from splitbrain.reports.wording import clipped, safe_text, value_text

ROW_LIMIT = 16


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """One key or element: what each replica holds of it, and whether that is not what most hold."""

    key: str
    cells: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class ReplicaWitness:
    """Final replica states side by side, without `same` rows that agree and `hidden` others."""

    nodes: tuple[str, ...]
    rows: tuple[ReplicaRow, ...]
    same: int
    hidden: int


def identity(value: Any) -> str:
    """A value's canonical form: what makes two recorded values the same."""
    if type(value) is int:
        return str(value)  # most elements are numbers, and reads return them by the ten thousand
    return json.dumps(value, sort_keys=True, default=repr)


def replica_witness(view: RunView) -> ReplicaWitness | None:
    """The last recorded state of each replica, side by side; None with fewer than two."""
    states: dict[str, Any] = {}
    if REPLICA_STATE not in view.history.functions:
        return None
    for call in view.calls:
        value = call.result
        if call.f != REPLICA_STATE or call.outcome != "ok":
            continue
        if isinstance(value, list) and len(value) == 2:
            states[str(value[0])] = value[1]
    if len(states) < 2:
        return None
    nodes = sorted(states)
    same, rows = _compare("", [states[node] for node in nodes], depth=0)
    return ReplicaWitness(
        nodes=tuple(map(safe_text, nodes)),
        rows=tuple(rows[:ROW_LIMIT]),
        same=same,
        hidden=max(0, len(rows) - ROW_LIMIT),
    )


_ABSENT, _PRESENT = object(), object()
_MEMBERSHIP = {id(_ABSENT): "(absent)", id(_PRESENT): "present"}


def _compare(name: str, values: Sequence[Any], depth: int) -> tuple[int, list[ReplicaRow]]:
    """How many parts of these values are equal, and a row for each part that differs.

    Mappings are taken apart by key and lists by element, two levels deep. A difference that this
    would hide (the order of a list) is shown as a whole.
    """
    identities = [_MEMBERSHIP.get(id(value)) or identity(value) for value in values]
    if len(set(identities)) == 1:
        return 1, []
    present = [value for value in values if value is not _ABSENT]
    same = 0
    rows: list[ReplicaRow] = []
    if depth < 2:
        for part, held in _parts(present, values):
            equal, differing = _compare(f"{name}: {part}" if name else part, held, depth + 1)
            same, rows = same + equal, rows + differing
    if rows:
        return same, rows
    usual = max(identities, key=identities.count)
    cells = tuple(
        (_MEMBERSHIP.get(id(value)) or value_text(value, 200), identity != usual)
        for value, identity in zip(values, identities, strict=True)
    )
    return same, [ReplicaRow(name or "state", cells)]


def _parts(present: Sequence[Any], values: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """The parts of values that are all mappings or all lists (or absent), by name."""
    if all(isinstance(value, Mapping) for value in present):
        names = dict.fromkeys(str(key) for value in present for key in value)
        return [
            (safe_text(clipped(part, 80)), [_held(value, part) for value in values])
            for part in sorted(names)
        ]
    if all(isinstance(value, list) for value in present):
        found = {identity(item): item for value in present for item in value}
        holds = [
            {identity(item) for item in value} if isinstance(value, list) else None
            for value in values
        ]
        return [
            (value_text(item), [_PRESENT if each and part in each else _ABSENT for each in holds])
            for part, item in found.items()
        ]
    return []


def _held(value: Any, key: str) -> Any:
    return value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT
