"""The runs of a folder, each as a row: what it was, and what came of it.

Only the small files of a run are read, so that a folder of thousands is listed in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from splitbrain.checkers.invariants.coverage import exercised
from splitbrain.checkers.verdict import INVALID, UNKNOWN, Verdict, worst
from splitbrain.harness.plan import Plan
from splitbrain.reports.run_files import RunError, read_info, read_plan, read_shrink, read_verdicts
from splitbrain.reports.wording import clipped, safe_text, shortened

NOT_JUDGED = "not judged"
EXERCISED = exercised().name


@dataclass(frozen=True, slots=True)
class Entry:
    """One run.

    Attributes:
        name: its folder's name.
        system, workload, bug: what was run; names in words.
        kinds: kinds of its faults, sorted.
        seed: of its plan.
        judgement: ``valid``, ``invalid``, ``unknown`` or ``not judged``.
        signature: what failures are grouped by; empty unless it is invalid.
        said: the verdict that decided, in a sentence.
        started: when, as recorded; empty if nobody knows.
        shrunk: operations and faults of its smallest plan; None if it was not shrunk.
        page: whether it has a report.
        vacuous: whether it is undecided because it exercised nothing.
    """

    name: str
    system: str
    workload: str
    bug: str
    kinds: tuple[str, ...]
    seed: int
    judgement: str
    signature: str
    said: str
    started: str
    shrunk: tuple[int, int] | None
    page: bool
    vacuous: bool = False

    @property
    def date(self) -> str:
        """The day on which it was started, ``2026-11-27``; empty if nobody knows."""
        return self.started[:10] if _moment(self.started) else ""

    @property
    def target(self) -> str:
        """What hunts call what was run: the system, with its planted bug."""
        return f"{self.system} with {self.bug}" if self.bug else self.system

    @property
    def group(self) -> tuple[str, str, str]:
        """What it is a failure of: system, planted bug and signature."""
        return self.system, self.bug, self.signature


def entries_of(runs: Path) -> tuple[list[Entry], list[str]]:
    """The runs in a folder, the latest first, and what can't be shown, in a sentence each.

    Raises:
        RunError: there is no such folder.
    """
    try:
        folders = sorted(path for path in runs.iterdir() if path.is_dir())
    except OSError as error:
        raise RunError(f"{runs}: {error.strerror}: give the folder that holds runs") from None
    found: list[Entry] = []
    problems: list[str] = []
    for folder in folders:
        if not (folder / "plan.json").exists():
            continue  # no run of ours, or a history of another tool
        try:
            found.append(_entry(folder))
        except RunError as error:
            problems.append(safe_text(clipped(str(error), 200)))
    found.sort(key=lambda entry: (_moment(entry.started), entry.name), reverse=True)
    return found, problems


def _moment(started: str) -> float:
    """A recorded time as a number that sorts; 0 for what is none."""
    try:
        return datetime.fromisoformat(started).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _entry(folder: Path) -> Entry:
    plan: Plan = read_plan(folder)
    system, workload = plan.told
    ignored: list[str] = []
    verdicts = read_verdicts(folder, ignored)
    info = read_info(folder, ignored)
    shrink = read_shrink(folder, ignored)
    deciding = _deciding(verdicts or ())
    sizes = None
    if shrink is not None and shrink.operations and shrink.faults:
        sizes = shrink.operations[1], shrink.faults[1]
    return Entry(
        name=folder.name,
        system=_short(system),
        workload=_short(workload),
        bug=_short(plan.bug or ""),
        kinds=tuple(sorted({_short(fault.kind) for fault in plan.faults})),
        seed=plan.seed,
        judgement=NOT_JUDGED if deciding is None else str(deciding.validity),
        signature="" if deciding is None else safe_text(shortened(deciding.signature, 120)),
        said="" if deciding is None else _said(deciding),
        started=shortened(info.started.replace("T", " ", 1).removesuffix("+00:00"), 40),
        shrunk=sizes,
        page=(folder / "report.html").is_file(),
        vacuous=deciding is not None
        and deciding.validity is UNKNOWN
        and deciding.checker == EXERCISED,
    )


def _short(name: str) -> str:
    return safe_text(shortened(name, 60))


def _deciding(verdicts: Iterable[Verdict]) -> Verdict | None:
    given = tuple(verdicts)
    if not given:
        return None
    validity = worst(given)
    return next(verdict for verdict in given if verdict.validity is validity)


def _said(verdict: Verdict) -> str:
    told = verdict.reason
    if verdict.validity is INVALID:
        told = verdict.anomalies[0].message or told
    return safe_text(clipped(told, 200))
