"""A failure that was found and made small once, told again: two runs in place of hundreds.

What is kept of it is the seed that finds it, the smallest plan, and what shrinking and the runs
under other schedules have shown. The runs themselves are made anew each time, so that what is told
is a run of today's code; where that does not fail as it did, nothing is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.checkers.documents import read_document
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.regression import FILE, REGISTERED, failure_test
from splitbrain.harness.runs.folders import clear_errors, write_json, write_text
from splitbrain.harness.runs.running import Run
from splitbrain.harness.runs.store import run_in_folder, write_shrink
from splitbrain.harness.workloads.workload import Experiment


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a failure.

    Attributes:
        seed: the seed that finds it.
        plan: the smallest plan.
        shrink: what ``shrink.json`` says of it.
    """

    seed: int
    plan: Plan
    shrink: Mapping[str, Any]


def read_kept(path: Path) -> Kept | None:
    """What a file keeps; None if there is no file that can be read."""
    try:
        data = msgspec.json.decode(path.read_bytes())
        return Kept(data["seed"], Plan.from_json(data["plan"]), data["shrink"])
    except (OSError, msgspec.DecodeError, InvalidPlan, KeyError, TypeError):
        return None


def keep(folder: Path, path: Path) -> None:
    """Keep the failure in a run's folder, which was made small.

    Raises:
        StoreError: it was not made small, or the file can't be written.
    """
    with clear_errors(folder):
        plan, small, shrink = (
            read_document(folder / name)
            for name in ("plan.json", "shrunk/plan.json", "shrink.json")
        )
        write_json(path, {"seed": plan["seed"], "plan": small, "shrink": shrink})


def retold(experiment: Experiment, kept: Kept, folder: Path) -> Run | None:
    """Run the experiment of the kept seed and the small plan, as `investigate` leaves them.

    Returns:
        The whole run; None if the two do not fail alike, or not at all.

    Raises:
        StoreError: the folder can't be written.
    """
    whole = run_in_folder(experiment, folder)
    small = folder / "shrunk"
    small.mkdir()
    again = run_in_folder(experiment.with_plan(kept.plan), small)
    if not whole.signature or whole.signature != again.signature:
        return None
    write_text(small / FILE, failure_test(again, REGISTERED, small))
    write_shrink(folder, kept.shrink)
    return whole
