"""Compiling the kernels of all checkers ahead, rather than in the middle of a first check.

Kernels are compiled for what they are called with, so they are called: histories of small runs of
our own systems, right and wrong ones, are written to files, read and judged as large ones are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from splitbrain.checkers import kernels
from splitbrain.checkers.history.writing import JsonlWriter
from splitbrain.harness import checking
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry

SEEDS = range(2)

Step = tuple[str, Any, str]
"""An operation's function and value, and what became of it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A kind of history: the model that judges it, and the system and workload that it comes
    from."""

    model: str
    system: str
    workload: str
    bug: str | None = None


SAMPLES = (
    Sample("cas-register", "raft", "register"),
    Sample("cas-register", "leader-follower-summary", "register"),
    Sample("kv", "raft", "kv"),
    Sample("counter", "two-phase-locking", "counter"),
    Sample("mutex", "two-phase-locking", "lock"),
    Sample("list-append", "two-phase-locking", "list-append"),
    Sample("list-append", "transactions-summary", "list-append"),
    Sample("rw-register", "two-phase-locking", "rw-register"),
    Sample("rw-register", "transactions-summary", "rw-register"),
)
"""Of each model that has kernels, a history that is right, and for most one that is not."""

IN_AND_OUT = {
    "queue": ("enqueue", "dequeue"),
    "stack": ("push", "pop"),
    "priority-queue": ("insert", "delete-min"),
}
"""Models that no workload of ours has: what puts an element in, and what takes one out."""

TRANSACTIONS = (
    [["append", 1, 1], ["r", 1, [1]]],
    [["r", 1, [1]], ["append", 2, 1]],
    [["append", 1, 2], ["r", 2, [1]]],
)
"""Their keys are numbers, which are read by code of their own."""


def warm() -> Iterator[tuple[str, float]]:
    """Have every kernel compiled; numba keeps the code beside the sources, for other processes.

    Yields:
        For each kind of history that was judged, its model and the seconds that compiling took.
    """
    before = os.environ.get(kernels.SWITCH)
    os.environ[kernels.SWITCH] = "compiled"
    try:
        with TemporaryDirectory() as folder:
            for sample in SAMPLES:
                files = [recorded(sample, seed, Path(folder)) for seed in SEEDS]
                yield sample.model, _judged(sample.model, files)
            for model, steps in _written():
                yield model, _judged(model, [_recording(model, steps, Path(folder))])
    finally:
        if before is None:
            del os.environ[kernels.SWITCH]
        else:
            os.environ[kernels.SWITCH] = before


def _judged(model: str, files: list[Path]) -> float:
    begun = kernels.compiling_seconds()
    judge = checking.checker(model, verify=False)
    for file in files:
        judge.check(checking.read(file, model))
    return kernels.compiling_seconds() - begun


def recorded(sample: Sample, seed: int, folder: Path) -> Path:
    """The history of a small run, in a file."""
    plan = Plan(sample.system, sample.workload, seed=seed, time_limit=4.0, rate=60.0)
    plan = draw(plan.with_(nodes=registry.SYSTEMS.named(sample.system).nodes), "kill,partition")
    result = run(registry.experiment(plan), tracing=False)
    file = folder / f"{sample.system}-{sample.workload}-{seed}.jsonl"
    with JsonlWriter(file) as writer:
        for event in result.history:
            writer.append(event)
    return file


def _written() -> Iterator[tuple[str, list[Step]]]:
    """Histories of one client that runs of ours don't have, by model."""
    for model, (put, take) in IN_AND_OUT.items():
        elements = list(range(10))
        out = elements[::-1] if model == "stack" else elements
        yield model, [*((put, e, "ok") for e in elements), *((take, e, "ok") for e in out)]
    yield "list-append", [("txn", micros, "ok") for micros in TRANSACTIONS]
    yield "cas-register", [("write", 1, "ok"), ("write", 2, "info"), ("read", 2, "ok")]


def _recording(model: str, steps: list[Step], folder: Path) -> Path:
    lines = []
    for process, (f, value, outcome) in enumerate(steps):
        asked = None if f == "read" else value
        lines.append({"process": process, "type": "invoke", "f": f, "value": asked})
        lines.append({"process": process, "type": outcome, "f": f, "value": value})
    file = folder / f"written-{model}.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, lines)) + b"\n")
    return file
