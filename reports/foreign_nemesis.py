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
    return FaultBand(
        id=f"fault {number}",
        kind=f"nemesis.{band.kind}",
        targets=targets[:32],
        start=band.start,
        end=band.end,
        index=band.index,
    )


def _nodes(value: Any) -> list[str]:
    """Names of nodes in what a nemesis says it did: the keys of a mapping, or a list of names."""
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    if isinstance(value, list):
        return [name for item in value for name in _nodes(item)]
    named = isinstance(value, str) and value and value[0] != ":" and " " not in value
    return [value] if named else []
