"""Why one transaction depends on another in an rw-register history, as data and as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from splitbrain.checkers.isolation.cycles import Cycle, Step
from splitbrain.checkers.isolation.kernels.codes import NONE, WRITE
from splitbrain.checkers.isolation.lists.evidence import anomaly_of_cycle, ends, time_evidence
from splitbrain.checkers.isolation.registers.inference import RegisterHistory
from splitbrain.checkers.isolation.registers.versions import (
    FOLLOWED,
    INCREASING,
    INITIAL,
    NUMBERED,
    REAL_TIME,
    SESSION,
    VersionOrder,
)
from splitbrain.checkers.isolation.transactions import shown_key
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly

REASONS = {
    INITIAL: "initial",
    FOLLOWED: "writes follow reads",
    SESSION: "sequential keys",
    REAL_TIME: "linearizable keys",
    INCREASING: "increasing values",
    NUMBERED: "version numbers",
}
"""What evidence calls the reason for an order of versions."""

_RESTS_ON = {"": FOLLOWED, "process": SESSION, "realtime": REAL_TIME, "per-key": REAL_TIME}
"""By what a step rests on, the reason for an order of versions that is certain."""


def cycle_anomaly(history: RegisterHistory, cycle: Cycle) -> Anomaly:
    """A cycle as an anomaly, with the evidence for each of its steps."""
    steps = [explain(history, step) for step in cycle.steps]
    return anomaly_of_cycle(history.transactions, cycle, steps)


def explain(history: RegisterHistory, step: Step) -> dict[str, Any]:
    """The evidence for a step: what it quotes, and ``because``, a sentence."""
    t = history.transactions
    if step.kind in ("process", "realtime", "per-key"):
        return time_evidence(t, step)
    found = {"ww": _write, "wr": _read, "rw": _anti}[step.kind](history, step)
    return {**ends(t, step), **found}


def value_of(history: RegisterHistory, version: int) -> Any:
    """The value of a version."""
    t = history.transactions
    if version >= t.element_count:
        version = int(history.start[version - t.element_count])
    return None if version == NONE else t.values[version]


def key_of(history: RegisterHistory, version: int) -> Any:
    """The name of a version's key."""
    t = history.transactions
    count = t.element_count
    return t.keys[int(t.key_of[version]) if version < count else version - count]


def ordered(history: RegisterHistory, order: VersionOrder, at: int) -> str:
    """Why one version comes before another."""
    t = history.transactions
    lower, upper = int(order.lower[at]), int(order.upper[at])
    before, after = (shown(value_of(history, version)) for version in (lower, upper))
    first, second = t.name(int(order.first[at])), t.name(int(order.second[at]))
    key = shown_key(key_of(history, lower))
    reason = int(order.reason[at])
    if reason == FOLLOWED:
        return f"{first} read {key} = {before} and then wrote {after}"
    if reason == INCREASING:
        return f"{first} wrote {key} = {before} and {second} {after}, and values increase"
    if reason == NUMBERED:
        return (
            f"the version of {first}'s {key} = {before} is said to be no later than that of {after}"
        )
    if reason == SESSION:
        process = int(t.process[order.first[at]])
        return f"process {process} met {key} = {before} in {first} and then {after} in {second}"
    return f"{first} met {key} = {before} and completed before {second} was invoked and met {after}"


def _external(history: RegisterHistory, transaction: int) -> Iterator[tuple[int, int]]:
    """External reads of a transaction: micro-operations and versions."""
    t = history.transactions
    begin, end = np.searchsorted(
        history.external, [t.offsets[transaction], t.offsets[transaction + 1]]
    )
    operations = history.external[begin:end]
    yield from zip(operations.tolist(), history.version_of(operations).tolist(), strict=True)


def _finals(history: RegisterHistory, transaction: int) -> list[int]:
    """Elements that a transaction leaves in its keys."""
    t = history.transactions
    operations = range(int(t.offsets[transaction]), int(t.offsets[transaction + 1]))
    written = [int(t.element[m]) for m in operations if t.kind[m] == WRITE]
    return [element for element in written if history.final[element]]


def _orders(history: RegisterHistory, step: Step) -> VersionOrder:
    """The order of versions that a step may quote: assumed, or certain by what it rests on."""
    certain = history.certain
    of_kind = certain.part(certain.reason == _RESTS_ON[step.rests_on])
    if step.rests_on:
        return of_kind
    assumed = history.versions
    return VersionOrder.joined(assumed, of_kind) if step.kind == "rw" else assumed


def _rests(step: Step) -> dict[str, Any]:
    """What a step rests on, as data."""
    return {"rests on": step.rests_on} if step.rests_on else {}


def _read(history: RegisterHistory, step: Step) -> Mapping[str, Any]:
    """wr: the target read what the source wrote."""
    t = history.transactions
    for m in range(int(t.offsets[step.target]), int(t.offsets[step.target + 1])):
        element = int(t.element[m])
        if t.kind[m] != WRITE and element != NONE and int(history.writer[element]) == step.source:
            key, value = t.keys[int(t.key[m])], t.values[element]
            because = (
                f"{t.name(step.target)} read {shown_key(key)} = {shown(value)}, "
                f"which {t.name(step.source)} wrote"
            )
            return {"key": key, "value": value, "because": because}
    raise AssertionError(f"no evidence for {step}")


def _write(history: RegisterHistory, step: Step) -> Mapping[str, Any]:
    """ww: a version of the source's is known to come before one of the target's."""
    t = history.transactions
    order = _orders(history, step)
    for upper in _finals(history, step.target):
        for at in np.flatnonzero(order.upper == upper).tolist():
            lower = int(order.lower[at])
            if lower >= t.element_count or int(history.writer[lower]) != step.source:
                continue
            key, value = t.keys[int(t.key_of[upper])], t.values[upper]
            because = (
                f"{t.name(step.target)} wrote {shown_key(key)} = {shown(value)} after "
                f"{t.name(step.source)}'s {shown(t.values[lower])}, because "
                f"{ordered(history, order, at)}"
            )
            quoted = {"key": key, "value": t.values[lower], "next": value, "because": because}
            return {**quoted, **reason_of(history, order, at), **_rests(step)}
    raise AssertionError(f"no evidence for {step}")


def _anti(history: RegisterHistory, step: Step) -> Mapping[str, Any]:
    """rw: the source read a version that is known to come before one of the target's."""
    t = history.transactions
    finals, order = _finals(history, step.target), _orders(history, step)
    for m, version in _external(history, step.source):
        key = int(t.key[m])
        for upper in (element for element in finals if int(t.key_of[element]) == key):
            quoted = {
                "key": t.keys[key],
                "value": value_of(history, version),
                "next": t.values[upper],
            }
            saw = (
                f"{t.name(step.source)} read {shown_key(t.keys[key])} = "
                f"{shown(quoted['value'])} before {t.name(step.target)} wrote "
                f"{shown(t.values[upper])}"
            )
            if version >= t.element_count and history.starts[key] and not step.rests_on:
                assumed = history.assumptions.initial
                why = "keys start as null" if assumed else "nothing ever wrote that"
                because = f"{saw}, because {why}"
                return {**quoted, "because": because, "reason": REASONS[INITIAL]}
            pairs = np.flatnonzero((order.lower == version) & (order.upper == upper))
            if len(pairs):
                at = int(pairs[0])
                because = f"{saw}, because {ordered(history, order, at)}"
                reason = {**reason_of(history, order, at), **_rests(step)}
                return {**quoted, "because": because, **reason}
    raise AssertionError(f"no evidence for {step}")


def reason_of(history: RegisterHistory, order: VersionOrder, at: int) -> dict[str, Any]:
    """Why versions are in an order, as data."""
    t = history.transactions
    return {
        "reason": REASONS[int(order.reason[at])],
        "first operation": int(t.indices[t.invoked[order.first[at]]]),
        "second operation": int(t.indices[t.invoked[order.second[at]]]),
    }
