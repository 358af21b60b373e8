"""Two runs side by side: where their plans, traces and verdicts part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from splitbrain.harness.runs.recorded_trace import RunTrace
from splitbrain.harness.simulation.trace import brief
from splitbrain.reports.run_files import RunError, read_plan, read_verdicts
from splitbrain.reports.wording import counted, safe_text, shortened

BEFORE = 8
"""Events told before the first in which two traces differ."""


def compared(one: Path, other: Path) -> list[str]:
    """What two runs have differently, as lines of text: of their plans, then the first divergence
    of their traces with what came before it, then their verdicts.

    Raises:
        RunError: one of them can't be read.
    """
    lines = [*_plans(one, other), *_traces(one, other), *_verdicts(one, other)]
    return [safe_text(line) for line in lines]


def _plans(one: Path, other: Path) -> list[str]:
    left, right = read_plan(one).to_json(), read_plan(other).to_json()
    differ = [name for name in left | right if left.get(name) != right.get(name)]
    if not differ:
        return ["plans: the same"]
    told = [f"  {n}: {_value(left.get(n))}  |  {_value(right.get(n))}" for n in differ]
    return ["plans differ:", *told]


def _value(value: Any) -> str:
    return (
        counted(len(value), "entry", "entries")
        if isinstance(value, list)
        else shortened(str(value), 60)
    )


def _traces(one: Path, other: Path) -> list[str]:
    left, right = _events(one), _events(other)
    if not left or not right:
        return ["traces: one of the runs has none"]
    for at, (a, b) in enumerate(zip_longest(left, right)):
        if a != b:
            before = [f"    {_told(event)}" for event in left[max(0, at - BEFORE) : at]]
            return [
                f"traces: {counted(at, 'event')} the same, then they part:",
                *before,
                f"  < {_told(a)}",
                f"  > {_told(b)}",
            ]
    return [f"traces: the same, {counted(len(left), 'event')}"]


def _events(folder: Path) -> Sequence[list[Any]]:
    trace = RunTrace(folder)
    events = trace.events
    if trace.problem:
        raise RunError(f"{folder}: {trace.problem}")
    return events


def _told(event: Sequence[Any] | None) -> str:
    return "(its end)" if event is None else brief(tuple(event))


def _verdicts(one: Path, other: Path) -> list[str]:
    found = []
    for folder in (one, other):
        verdicts = read_verdicts(folder, []) or ()
        found.append({verdict.checker: str(verdict.validity) for verdict in verdicts})
    left, right = found
    differ = [name for name in left | right if left.get(name) != right.get(name)]
    if not differ:
        return ["verdicts: the same"]
    told = [(shortened(n, 60), left.get(n, "none"), right.get(n, "none")) for n in differ]
    return ["verdicts differ:", *(f"  {name}: {a}  |  {b}" for name, a, b in told)]
