"""From a plan to everything worth knowing about it: run it, keep it, shrink its failure.

folder/            the run as it was asked for
folder/shrunk/     the smallest plan that fails in the same way, as a run of its own
folder/shrunk/test_failure.py  the same as a test, for whoever can name its experiment
folder/shrink.json how much smaller, how often it fails, which faults are necessary, and from
                   which event on it is certain
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.checkers.invariants.crashes import RUN_STOPPED, unhandled_exceptions
from splitbrain.checkers.verdict import INVALID
from splitbrain.checkers.vocabulary import TRIPWIRE
from splitbrain.harness import shrinking
from splitbrain.harness.regression import FILE, Origin, failure_test
from splitbrain.harness.runs.folders import write_text
from splitbrain.harness.runs.phases import Progress
from splitbrain.harness.runs.running import Run
from splitbrain.harness.runs.store import keep_run, run_in_folder, write_shrink
from splitbrain.harness.shrinking import NotReproduced, Shrunk, shrink
from splitbrain.harness.shrinking.turning_point import MOST_RUNS, Certainty, certainty
from splitbrain.harness.workloads.workload import Experiment

_CHANGED = (
    "the run failed and, done again, came out otherwise: the system depends on something besides "
    "its node (time, randomness, files, memory shared between nodes or runs)"
)


STOPPED = f"{unhandled_exceptions().name}/{RUN_STOPPED}"
"""What a run fails with that a watchdog of the real machine ended."""

REFUSED = f"{unhandled_exceptions().name}/{TRIPWIRE}"
"""What a run fails with whose code did what no simulated code may; the message names the line."""

_NOT_SHRUNK = {
    STOPPED: (
        "the run was not made smaller: a watchdog of real time or memory ended it, and each "
        "smaller run would have to wait for that again"
    ),
    REFUSED: (
        "the run was not made smaller: it fails by what the simulation refuses to the code at the "
        "line that is named"
    ),
}


@dataclass(frozen=True, slots=True)
class Investigation:
    """What came of it.

    Attributes:
        folder: where the run is kept.
        run: the run as asked for.
        shrunk: the smaller failure, if the run failed and was shrunk.
        certain: from which event on it fails whatever comes; None if that is not known.
        problem: why a failure could not be shrunk, in a sentence: it does not fail again.
    """

    folder: Path
    run: Run
    shrunk: Shrunk | None
    problem: str | None = None
    certain: Certainty | None = None

    @property
    def telling_folder(self) -> Path:
        """The folder of the run worth reading first: the shrunk one, if there is one."""
        return self.folder / "shrunk" if self.shrunk else self.folder

    def explained(self) -> dict[str, Any]:
        """What ``shrink.json`` holds: how much smaller the run became, how often it fails, and why;
        empty if it was not shrunk."""
        told = {} if self.certain is None else {"certain": self.certain.to_json()}
        return {} if self.shrunk is None else {**self.shrunk.to_json(), **told}


def investigate(
    experiment: Experiment,
    folder: Path,
    *,
    budget: int = 400,
    time_box: float | None = None,
    progress: Progress | None = None,
    shrink_progress: shrinking.Progress | None = None,
    recorded: Run | None = None,
    origin: Origin | None = None,
) -> Investigation:
    """Run an experiment in a folder; if it fails, shrink it and keep the small run beside it.

    Args:
        experiment: what to run.
        folder: an existing, empty folder.
        budget: how many runs shrinking may take; 0 for not at all.
        time_box: seconds of the real machine's time that it may take; None for as long as it takes.
        progress: told how far the run is.
        shrink_progress: told how far shrinking is.
        recorded: the run that is to be looked into, if there was one, with its trace. On a
            deterministic ground it is repeated; on others, where it may never come again, it is
            kept as it is.
        origin: where the experiment comes from, for a test file of the small run; None if no file
            can name it.

    Raises:
        StoreError: the folder cannot be written.
    """
    if recorded is None or recorded.deterministic:
        result = run_in_folder(experiment, folder, progress=progress)
        if recorded is not None and recorded.signature != result.signature:
            return Investigation(folder, result, None, _CHANGED)
    else:
        result = recorded
        keep_run(experiment, result, folder)
    if result.validity is not INVALID or budget <= 0:
        return Investigation(folder, result, None)
    for verdict in result.verdicts:
        if verdict.signature in _NOT_SHRUNK:
            return Investigation(folder, result, None, _NOT_SHRUNK[verdict.signature])
    try:
        small = shrink(
            experiment, result, budget=budget, time_box=time_box, progress=shrink_progress
        )
    except NotReproduced as error:
        return Investigation(folder, result, None, str(error))
    small_folder = folder / "shrunk"
    small_folder.mkdir()
    keep_run(experiment.with_plan(small.run.plan), small.run, small_folder)
    if origin is not None and small.run.deterministic:
        write_text(small_folder / FILE, failure_test(small.run, origin, small_folder))
    certain = certainty(experiment, small.run, min(budget, MOST_RUNS))
    found = Investigation(folder, result, small, certain=certain)
    write_shrink(folder, found.explained())
    return found
