"""Faults, phases and announcements, read from the events that clients didn't write."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from splitbrain.checkers.history import NEMESIS, Operation
from splitbrain.checkers.vocabulary import DIED, INVARIANT, LEADER, PHASE
from splitbrain.harness.plan import Fault
from splitbrain.reports.wording import (
    clipped,
    effect_text,
    listed,
    safe_text,
    shortened,
    value_text,
)


@dataclass(frozen=True, slots=True)
class FaultBand:
    """One fault as it happened.

    Attributes:
        id: the fault's name in the plan.
        kind: its name in the catalogue.
        targets: the nodes it struck, as resolved when it started.
        start: when it started, ns; None if it never did.
        end: when it stopped, ns; None if the run ended first.
        index: history index of its first event; None if it never started.
        effect: what was observed of it.
        observed: whether anything was; None when nobody recorded that, or when the failure needs
            the fault, whose effect then just wasn't counted.
        detail: what else was recorded of it; the later word counts.
        needed: shrinking found that the run passes without it.
    """

    id: str
    kind: str
    targets: tuple[str, ...]
    start: int | None
    end: int | None
    index: int | None
    effect: Mapping[str, Any] = field(default_factory=dict)
    observed: bool | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    needed: bool = False

    @property
    def target_text(self) -> str:
        """The targets in words."""
        return safe_text(listed(self.targets))

    @property
    def steps(self) -> tuple[tuple[int, str], ...]:
        """What a composite fault did and when (ns): its recorded actions, in words."""
        recorded = self.detail.get("steps")
        steps = map(_mapping, recorded if isinstance(recorded, list) else ())
        return tuple(
            (round(step["at"] * 1e9), safe_text(shortened(_step_text(step), 60)))
            for step in steps
            if isinstance(step.get("at"), int | float) and math.isfinite(step["at"] * 1e9)
        )

    @property
    def evidence(self) -> str:
        """What was seen of the fault, in words; says so when nothing was."""
        if self.start is None:
            return "did not start"
        if self.needed and not self.observed:
            return "no effect counted, but without it the run passes"
        if self.observed is None:
            return "effect not recorded"
        words = effect_text(self.effect)
        if self.observed:
            return words or "observed"
        return f"no effect observed ({words})" if words else "no effect observed"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment.

    Attributes:
        time: when, ns.
        index: the event's history index.
        who: the node's name, or ``nemesis``.
        f: what kind of thing: ``leader``, ``died``, ``phase``, ...
        text: the same in words.
        value: as recorded.
    """

    time: int
    index: int
    who: str
    f: str
    text: str
    value: Any = None


def _step_text(step: Mapping[str, Any]) -> str:
    return f"{step.get('action', 'acts')} {step.get('node', '')}".strip()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def fault_bands(
    events: Iterable[Operation],
    planned: Iterable[Fault],
    needed: Collection[str] = (),
) -> tuple[FaultBand, ...]:
    """The faults in order of their start, then those of the plan that never started.

    One of those `needed`, by id, that started is never without effect.
    """
    starts: dict[str, Operation] = {}
    stops: dict[str, Operation] = {}
    for event in events:
        value = _mapping(event.value)
        if event.process != NEMESIS or event.f == PHASE or "phase" not in value:
            continue
        side = stops if value["phase"] == "stop" else starts
        side.setdefault(str(value.get("id", "")), event)
    bands = [_band(name, starts.get(name), stops.get(name)) for name in {**starts, **stops}]
    never = [
        FaultBand(fault.id, fault.kind, (fault.target,), None, None, None, {}, False)
        for fault in planned
        if fault.id not in starts and fault.id not in stops
    ]
    bands = [
        replace(band, needed=True, observed=band.observed or None) if band.id in needed else band
        for band in bands
    ]
    return (*bands, *never)


def _band(name: str, start: Operation | None, stop: Operation | None) -> FaultBand:
    first = start or stop
    assert first is not None
    began = _mapping(start.value) if start else {}
    ended = _mapping(stop.value) if stop else {}
    targets = began.get("targets", ended.get("targets"))
    effect = dict(_mapping(began.get("effect"))) | dict(_mapping(ended.get("effect")))
    told = [value["observed"] for value in (effect, began, ended) if "observed" in value]
    recorded = bool(told) or "effect" in began or "effect" in ended
    return FaultBand(
        id=name,
        kind=first.f,
        targets=tuple(map(str, targets)) if isinstance(targets, list) else (),
        start=first.time,
        end=stop.time if stop else None,
        index=first.index,
        effect=effect,
        observed=(bool(told[-1]) if told else _happened(effect)) if recorded else None,
        detail=dict(_mapping(began.get("detail"))) | dict(_mapping(ended.get("detail"))),
    )


def _happened(effect: Mapping[str, Any]) -> bool:
    return any(bool(value) for value in effect.values())


def phase_marks(events: Iterable[Operation]) -> tuple[Mark, ...]:
    """The run's phases (load, heal, settle, final, done), each at its start."""
    return tuple(
        Mark(event.time, event.index, NEMESIS, PHASE, safe_text(shortened(str(event.value), 24)))
        for event in events
        if event.process == NEMESIS and event.f == PHASE
    )


def announcements(events: Iterable[Operation]) -> tuple[Mark, ...]:
    """What nodes announced: leaderships, deaths, anything else."""
    return tuple(
        Mark(
            event.time,
            event.index,
            str(event.process),
            event.f,
            _announcement_text(event.f, event.value),
            event.value,
        )
        for event in events
        if isinstance(event.process, str) and event.process != NEMESIS
    )


def _announcement_text(f: str, value: Any) -> str:
    details = _mapping(value)
    if f == LEADER and "term" in details:
        return f"leader of term {value_text(details['term'], 20)}"
    if f == DIED and "error" in details:
        return safe_text(f"died: {clipped(str(details['error']), 100)}")
    if f == INVARIANT and "said" in details:
        return safe_text(clipped(f"breaks {details.get(INVARIANT)}: {details['said']}", 200))
    name = safe_text(shortened(f))
    if isinstance(value, Mapping):
        return " ".join([name, _entries_text(value)]).rstrip()
    return f"{name} {value_text(value)}"


def _entries_text(value: Mapping[str, Any]) -> str:
    """What a node announced, in words: ``token 1, to c2``."""
    parts = []
    for name, entry in list(value.items())[:8]:
        words = safe_text(shortened(entry, 40)) if isinstance(entry, str) else value_text(entry, 40)
        parts.append(f"{safe_text(shortened(str(name), 24))} {words}")
    return ", ".join(parts) + (", ..." if len(value) > 8 else "")
