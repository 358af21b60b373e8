"""A run's folder: everything a report or a re-check needs, as files.

    runs/20261122T084100-raft-register-7/
        plan.json       the complete input (`splitbrain.harness.plan`)
        history.jsonl   what was recorded, written line by line while the run goes on
        trace.jsonl     every event of the simulation
        verdict.json    what the checkers said
        run.json        versions, durations, the trace's digest
        shrink.json     for a failure that was shrunk: how much smaller it became
        shrunk/         the folder of the shrunk run, with test_failure.py: the same as a test

``plan.json`` and ``history.jsonl`` exist from the start and lose nothing when the run is killed;
the trace is written as the run goes on, a piece at a time, so that no run is too long for memory.
The others are written at the end, each under a temporary name first, so that none is ever half
there.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from splitbrain.checkers.history.writing import JsonlWriter
from splitbrain.checkers.verdict import worst
from splitbrain.harness.nemesis.claims import regime
from splitbrain.harness.runs.folders import FORMAT, clear_errors, write_json
from splitbrain.harness.runs.phases import Progress
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.workloads.workload import Experiment


def run_in_folder(
    experiment: Experiment,
    folder: Path,
    *,
    progress: Progress | None = None,
) -> Run:
    """Run an experiment and keep everything in `folder`.

    Args:
        experiment: what to run.
        folder: an existing, empty folder.
        progress: told how far the run is.

    Raises:
        InvalidPlan: the plan cannot run (`splitbrain.harness.runs.running.check_plan`).
        StoreError: the disk is full, or the folder cannot be written; what was recorded is kept.
    """
    with clear_errors(folder):
        write_json(folder / "plan.json", experiment.plan.to_json())
        with (
            JsonlWriter(folder / "history.jsonl") as writer,
            (folder / "trace.jsonl").open("wb") as trace,
        ):
            result = run(experiment, sink=writer.append, trace_file=trace, progress=progress)
            result.trace.flush()
        _write_findings(experiment, result, folder)
    return result


def keep_run(experiment: Experiment, result: Run, folder: Path) -> None:
    """Keep a run that was made elsewhere, with its trace in memory, as `run_in_folder` would.

    Raises:
        StoreError: the disk is full, or the folder cannot be written.
    """
    with clear_errors(folder):
        write_json(folder / "plan.json", experiment.plan.to_json())
        with JsonlWriter(folder / "history.jsonl") as writer:
            for operation in result.history:
                writer.append(operation)
        with (folder / "trace.jsonl").open("wb") as trace:
            trace.writelines(result.trace.lines())
        _write_findings(experiment, result, folder)


def _write_findings(experiment: Experiment, result: Run, folder: Path) -> None:
    """What is known once a run has ended."""
    plan = experiment.plan
    write_json(folder / "verdict.json", verdicts_to_json(result))
    write_json(
        folder / "run.json",
        {
            "format": FORMAT,
            "version": version("splitbrain"),
            "python": platform.python_version(),
            "trio": version("trio"),
            "started": result.started,
            "virtual_seconds": result.virtual_seconds,
            "wall_seconds": result.wall_seconds,
            "ground": plan.ground,
            "deterministic": result.deterministic,
            "trace_sha256": result.trace.digest(),
            "regime": regime(plan.faults, plan.nodes, experiment.claims) or "",
            "claims": str(experiment.claims or ""),
            "notes": _notes(experiment, result),
            "words": {f: words.to_json() for f, words in experiment.workload.words.items()},
        },
    )


def verdicts_to_json(result: Run) -> dict[str, Any]:
    """What ``verdict.json`` holds."""
    return {
        "validity": str(worst(result.verdicts)),
        "signature": result.signature,
        "verdicts": [verdict.to_json() for verdict in result.verdicts],
    }


def write_shrink(folder: Path, data: Mapping[str, Any]) -> None:
    """Write ``shrink.json``.

    Raises:
        StoreError: it cannot be written.
    """
    with clear_errors(folder):
        write_json(folder / "shrink.json", data)


def _notes(experiment: Experiment, result: Run) -> list[str]:
    wrong = [
        f"the client's code looks wrong ({count} times): {text}"
        for text, count in sorted(result.client_bugs.items())
    ]
    if result.deterministic:
        return wrong
    ground = result.plan.ground
    unwatched = f"the system's invariants were not watched: the ground {ground} sees no steps"
    return [
        *wrong,
        f"the ground {ground} does not repeat to the byte: a replay is the same plan, not the same "
        "run",
        *([unwatched] if experiment.invariants is not None else []),
    ]
