"""Where a history to be judged comes from: a file, standard input, or a run's folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from splitbrain.harness.runs.store import StoreError, read_plan

if TYPE_CHECKING:
    from splitbrain.checkers.history.source import Content
    from splitbrain.checkers.verdict import Checker

STANDARD_INPUT = Path("-")


def history_source(file: Path) -> Path | Content:
    """What to load for a word of the command line.

    Args:
        file: a history's file; a run's folder; or ``-``, whose bytes are read now.

    Raises:
        StoreError: the folder has no history.
        OSError: standard input cannot be read.
    """
    from splitbrain.checkers.files import read_stream
    from splitbrain.checkers.history.source import content_of

    if file == STANDARD_INPUT:
        return content_of(read_stream(sys.stdin.buffer, "standard input"), "standard input")
    if not file.is_dir():
        return file
    for name in ("history.jsonl", "history.jsonl.gz"):
        if (file / name).exists():
            return file / name
    raise StoreError(f"{file}: it has no history.jsonl: give a history, or the folder of a run")


def checkers_of_run(folder: Path) -> tuple[Checker, ...]:
    """What judged the run whose folder this is.

    Raises:
        StoreError: its plan cannot be read, or nobody but its test knows its system.
    """
    from splitbrain.harness.runs.judging import checkers_of
    from splitbrain.systems import registry

    plan = read_plan(folder)
    if plan.system not in registry.SYSTEMS:
        raise StoreError(
            f"{folder}: it is a run of a test's own system, {plan.system}, and only the test knows "
            "what judges it: say --model"
        )
    return checkers_of(registry.experiment(plan))
