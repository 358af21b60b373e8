"""The scoreboard of the zoo: how soon each planted bug was found by its system's name alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from splitbrain.harness.hunting.zoo import Hunted, read_lines, score
from splitbrain.reports.run_files import RunError
from splitbrain.reports.wording import safe_text, shortened

FILE = "zoo.jsonl"


@dataclass(frozen=True, slots=True)
class Bug:
    """What the hunts for one planted bug came to; medians of runs and CPU seconds."""

    bug: str
    system: str
    found: int
    hunts: int
    runs: float
    seconds: float
    alarms: int


def zoo_of(path: Path) -> tuple[str, list[Bug]]:
    """The score in a sentence, and a row for each bug, the hardest first; nothing without a file.

    Raises:
        RunError: the file is not what ``splitbrain zoo --jsonl`` writes.
    """
    if not path.is_file():
        return "", []
    try:
        hunted = read_lines(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: it is not what zoo --jsonl writes: {error}") from None
    if not hunted:
        return "", []
    by_bug: dict[str, list[Hunted]] = {}
    for one in hunted:
        by_bug.setdefault(one.bug, []).append(one)
    rows = [
        Bug(
            safe_text(shortened(bug, 40)),
            safe_text(shortened(hunts[0].system, 40)),
            sum(hunt.found for hunt in hunts),
            len(hunts),
            median(hunt.runs for hunt in hunts),
            median(hunt.seconds for hunt in hunts),
            sum(hunt.alarms for hunt in hunts),
        )
        for bug, hunts in by_bug.items()
    ]
    rows.sort(key=lambda row: (row.found / row.hunts, -row.seconds, row.bug))
    return str(score(hunted)), rows
