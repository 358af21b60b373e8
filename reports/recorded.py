"""Histories that other tools recorded and `splitbrain check --report` judged: a run without a plan.

What a page needs of a plan is read from the history: clients and nodes.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splitbrain.checkers.history import History
from splitbrain.harness.plan import MOST_CLIENTS, Plan
from splitbrain.harness.runs.folders import CHECKED, read_checked
from splitbrain.reports.run_files import RunError, read_history
from splitbrain.reports.wording import safe_text, shortened

_EVENT_NS = 1_000_000

_GAP = 16
"""How much farther than twice as far as the others the number of a client's process may be."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A history that was not made by a run of ours.

    Attributes:
        file: what it was called.
        model: as what it was judged.
        timed: whether it has times; if not, its events are drawn a millisecond apart.
    """

    file: str
    model: str
    timed: bool

    def check_command(self, folder: Path) -> str:
        """The command that judges it again."""
        history = next(folder.glob("history.jsonl*"), folder / "history.jsonl")
        return f"splitbrain check {shlex.quote(str(history))} --model {shlex.quote(self.model)}"


def is_recorded(folder: Path) -> bool:
    """Whether a folder holds such a history and no plan."""
    return (folder / CHECKED).exists() and not (folder / "plan.json").exists()


def read_recorded(folder: Path, known: History | None) -> tuple[Recorded, Plan, History]:
    """The history of a folder, with what a page needs in a plan's place.

    Args:
        folder: the folder.
        known: its history, if somebody has read it already.

    Raises:
        RunError: a file is missing or can't be read.
    """
    history = read_history(folder) if known is None else known
    try:
        file, model = read_checked(folder)
    except ValueError as error:
        raise RunError(f"{folder / CHECKED}: {error}; check the history again") from None
    timed = len(history) < 2 or not np.array_equal(history.time, np.arange(len(history)))
    if not timed:
        history = history.at_times(history.time * _EVENT_NS)
    named = safe_text(shortened(file, 80))
    plan = Plan(system=named, workload=safe_text(shortened(model, 60)), clients=_clients(history))
    return Recorded(named, safe_text(shortened(model, 60)), timed), plan, history


def _clients(history: History) -> int:
    """How many clients there were: Jepsen numbers the processes of one client that many apart,
    so these are the processes up to the first operation of unknown outcome. A number far beyond the
    others (1000000, for a last read) is a process that somebody added, not one of so many."""
    unknown = np.flatnonzero((history.type == 3) & (history.process >= 0))
    end = int(unknown[0]) if len(unknown) else len(history)
    seen = np.unique(history.process[:end])
    most = 0
    for process in seen[seen >= 0].tolist():
        if most and process > 2 * most + _GAP:
            break
        most = process + 1
    return min(max(most, 1), MOST_CLIENTS)
