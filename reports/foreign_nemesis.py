"""Faults as other tools record them: events of the nemesis, made bands and marks.

Jepsen's nemeses log an event when they are asked and another when they have acted, both ``info``:
``start-partition`` ... ``stop-partition``, ``kill`` ... ``start``, ``pause`` ... ``resume``,
``bump-clock`` ... ``reset-clock``. A fault lasts from the first event to the last of its end. What
nobody knows is a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import NEMESIS, Operation
from splitbrain.reports.faults import FaultBand, Mark
from splitbrain.reports.wording import safe_text, shortened, value_text

_ENDS = {
    "start": ("kill", "fault"),
    "restart": ("kill",),
    "resume": ("pause",),
    "cont": ("pause", "stop"),
    "heal": ("partition", "partition-random", "fault"),
    "stop": ("fault",),
    "reset-clock": ("clock",),
    "clock-reset": ("clock",),
    "reset": ("clock", "fault"),
    "recover": ("kill", "fault"),
}
"""What an event ends, of what is going on."""

_BEGINS = {
    "start": "fault",
    "kill": "kill",
    "pause": "pause",
    "partition": "partition",
    "bump-clock": "clock",
    "strobe-clock": "clock",
    "clock-skew": "clock",
    "clock-bump": "clock",
    "clock-strobe": "clock",
    "skew": "clock",
    "scramble-clock": "clock",
    "slow": "slow",
}


def foreign_faults(events: Iterable[Operation]) -> tuple[tuple[FaultBand, ...], tuple[Mark, ...]]:
    """The faults that events of the nemesis tell, in order of their start; and what they tell
    besides, as marks."""
    bands: list[_Going] = []
    marks: list[Mark] = []
    asked, touched = "", None
    for event in (event for event in events if event.process == NEMESIS):
        if event.f == asked:  # the second event of the same, which says what was done
            if touched is not None:
                touched.values.append(event.value)
            asked = ""
            continue
        asked, touched = event.f, None
        ended = [band for band in bands if band.end is None and band.kind in _ended(event.f)]
        kind = _begun(event.f)
        for band in ended:
            band.end = event.time
        if not ended and kind is not None:
            touched = _begin(bands, kind, event)
        elif not ended and not _ended(event.f):
            text = f"{safe_text(shortened(event.f, 40))} {value_text(event.value, 60)}"
            marks.append(Mark(event.time, event.index, NEMESIS, event.f, text, event.value))
    return tuple(_band(number, band) for number, band in enumerate(bands, 1)), tuple(marks)


@dataclass(slots=True)
class _Going:
    """A fault, while the events are read."""

    kind: str
    index: int
    start: int
    end: int | None = None
    values: list[Any] = field(default_factory=list)


def _ended(name: str) -> tuple[str, ...]:
    """The kinds of faults that an event ends."""
    for prefix in ("stop-", "end-", "heal-"):
        if name.startswith(prefix):
            return (name.removeprefix(prefix),)
    for suffix in ("-stop", "-end"):
        if name.endswith(suffix):
            return (name.removesuffix(suffix),)
    return _ENDS.get(name, ())


def _begun(name: str) -> str | None:
    """The kind of fault that an event begins; None if it doesn't."""
    if name.startswith("start-"):
        return name.removeprefix("start-")
    if name.endswith("-start"):
        return name.removesuffix("-start")
    return _BEGINS.get(name)


def _begin(bands: list[_Going], kind: str, event: Operation) -> _Going:
    """A new fault, or the one of its kind that goes on."""
    going = [band for band in bands if band.end is None and band.kind == kind]
    band = going[-1] if going else _Going(kind, event.index, event.time)
    if not going:
        bands.append(band)
    band.values.append(event.value)
    return band


def _band(number: int, band: _Going) -> FaultBand:
    targets = tuple(dict.fromkeys(name for value in band.values for name in _nodes(value)))
    told = next((words for value in reversed(band.values) if (words := _told(value))), "")
    return FaultBand(
        id=f"fault {number}",
        kind=f"nemesis.{band.kind}",
        targets=targets[:32],
        start=band.start,
        end=band.end,
        index=band.index,
        detail={"told": told} if told else {},
    )


_OF_NODES = ("n", "node", "nodes", "to", "from", "isolate", "halves", "target", "targets")
"""Entries of a value that say which nodes, where its own names are none."""


def _nodes(value: Any) -> list[str]:
    """Names of nodes in what a nemesis says it did: the keys of a mapping, or a list of names or
    numbers."""
    if isinstance(value, Mapping):
        if any(_is_node(key) for key in value):
            return [str(key) for key in value]
        return [name for key in _OF_NODES for name in _nodes(value.get(key))]
    if isinstance(value, list):
        return [name for item in value for name in _nodes(item)]
    if type(value) is int:
        return [f"node {value}"]
    return [value] if _is_node(value) else []


def _is_node(value: Any) -> bool:
    """Whether a node is called so: a word with a digit in it, as ``n1`` or an address."""
    return isinstance(value, str) and any(c.isdigit() for c in value) and " " not in value


def _told(value: Any) -> str:
    """What a nemesis says it did, in words: parts of a partition, or whom in which way."""
    if isinstance(value, list) and value and all(isinstance(part, list) for part in value):
        return " | ".join(", ".join(_nodes(part)) for part in value)
    if isinstance(value, Mapping) and _nodes(value) and not any(map(_is_node, value)):
        parts = [
            f"{name} {_told(entry) or ', '.join(_nodes(entry))}"
            if name in _OF_NODES
            else f"{name} {value_text(entry, 20)}"
            for name, entry in value.items()
        ]
        return ", ".join(parts)
    return ""
