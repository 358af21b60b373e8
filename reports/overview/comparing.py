"""Two runs side by side: where their plans, traces and verdicts part."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.simulation.trace import brief
from splitbrain.reports.run_files import read_plan, read_verdicts
from splitbrain.reports.wording import counted, safe_text, shortened

NONE = "none"
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


def plan_texts(folder: Path) -> dict[str, str]:
    """The fields of a run's plan in words; faults and operations of which there are many are
    counted, and have a digest that tells others from them.

    Raises:
        RunError: the plan can't be read.
    """
    return {name: _value(value) for name, value in read_plan(folder).to_json().items()}


def _plans(one: Path, other: Path) -> list[str]:
    return _differing("plans", plan_texts(one), plan_texts(other))


def _differing(what: str, left: dict[str, str], right: dict[str, str]) -> list[str]:
    """Which entries of two sides are not the same, and what they are."""
    differ = [name for name in left | right if left.get(name) != right.get(name)]
    if not differ:
        return [f"{what}: the same"]
    told = (f"  {n}: {left.get(n, NONE)}  |  {right.get(n, NONE)}" for n in differ)
    return [f"{what} differ:", *told]


def _value(value: Any) -> str:
    if not isinstance(value, list):
        text = str(value)
        return text if len(text) <= 60 else f"{shortened(text, 60)}, {_digest(value)}"
    return f"{counted(len(value), 'entry', 'entries')}, {_digest(value)}" if value else "none"


def _digest(value: Any) -> str:
    return sha256(repr(value).encode(errors="backslashreplace")).hexdigest()[:8]


def _traces(one: Path, other: Path) -> list[str]:
    """Where the traces part. They are read side by side, however long they are."""
    files = [folder / "trace.jsonl" for folder in (one, other)]
    if any(not file.is_file() or not file.stat().st_size for file in files):
        return ["traces: one of the runs has none"]
    before: deque[bytes] = deque(maxlen=BEFORE)
    at = 0
    with files[0].open("rb") as left, files[1].open("rb") as right:
        for at, (a, b) in enumerate(zip_longest(left, right, fillvalue=b"")):
            if a.rstrip() != b.rstrip():
                return [
                    f"traces: {counted(at, 'event')} the same, then they part:",
                    *(f"    {line_text(line)}" for line in before),
                    f"  < {line_text(a)}",
                    f"  > {line_text(b)}",
                ]
            before.append(a)
    return [f"traces: the same, {counted(at + 1, 'event')}"]


def line_text(line: bytes) -> str:
    """The event of a line of a trace in words; what is said where a trace has ended."""
    if not line.strip():
        return event_text(None)
    try:
        return safe_text(event_text(msgspec.json.decode(line, type=list[Any])))
    except (msgspec.DecodeError, RecursionError, ValueError, TypeError):
        return safe_text(line[:120].decode(errors="backslashreplace"))


def event_text(event: Sequence[Any] | None) -> str:
    """An event in a line; what is said where a trace has ended."""
    return "(its end)" if event is None else brief(tuple(event))


def verdict_words(folder: Path) -> dict[str, str]:
    """What each checker said of a run, in a word."""
    verdicts = read_verdicts(folder, []) or ()
    return {shortened(verdict.checker, 60): str(verdict.validity) for verdict in verdicts}


def _verdicts(one: Path, other: Path) -> list[str]:
    return _differing("verdicts", verdict_words(one), verdict_words(other))
