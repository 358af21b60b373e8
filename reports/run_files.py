"""The files of a run's folder, read with tolerance.

A run that was killed leaves a history and no verdict; a full disk leaves half a file. Only
``plan.json`` and the history are needed to show a run: whatever else is missing or damaged becomes
a sentence on the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splitbrain.checkers.files import read_file
from splitbrain.checkers.history import History, HistoryError, load
from splitbrain.checkers.history.repeated_keys import repeated_key
from splitbrain.checkers.verdict import Verdict
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.runs.folders import StoreError
from splitbrain.harness.shrinking.chances import LIKELIER, NECESSARY, NOT_SHOWN
from splitbrain.harness.workloads.parts.words import Words, words_from_json
from splitbrain.reports.wording import safe_text


class RunError(StoreError):
    """A folder that can't be shown as a run; the message says which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What ``run.json`` says of how the run was made; every field can be missing.

    Attributes:
        version: of splitbrain.
        python: version of Python.
        trio: version of trio.
        started: wall-clock time at the start, ISO 8601.
        virtual_seconds: how long the run was, in its own time.
        wall_seconds: how long it took, in ours.
        trace_sha256: digest of the trace; equal for equal runs.
        regime: ``survivable`` when the system claims to tolerate the run's faults, else ``beyond``.
        claims: what the system claims to tolerate, in words.
        notes: anything else to be told, one sentence each.
        words: how its operations are told, by f.
    """

    version: str = ""
    python: str = ""
    trio: str = ""
    started: str = ""
    virtual_seconds: float | None = None
    wall_seconds: float | None = None
    trace_sha256: str = ""
    regime: str = ""
    claims: str = ""
    notes: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Necessity:
    """What a fault of the shrunk plan has to do with its failure.

    Attributes:
        fault: its id.
        kind: its kind.
        finding: ``necessary``, ``likelier`` or ``not shown``.
        present: how many of how many schedules fail with it.
        absent: and how many without it; of none, if that was not tried.
    """

    fault: str
    kind: str
    finding: str
    present: tuple[int, int]
    absent: tuple[int, int]

    @property
    def needed(self) -> bool:
        """Whether no schedule failed without it, and the figures show that this is no chance."""
        return self.finding == NECESSARY

    @property
    def told(self) -> str:
        """The finding in words."""
        return _FINDINGS.get(self.finding, NOT_SHOWN)

    @property
    def figures(self) -> str:
        """The figures in words."""
        (failed, of), (without, of_without) = self.present, self.absent
        if not of_without:
            return f"fails in {failed} of {of} schedules with it, too few to be missed without"
        return f"fails in {failed} of {of} schedules with it, in {without} of {of_without} without"


_FINDINGS = {NECESSARY: NECESSARY, LIKELIER: "makes it likelier", NOT_SHOWN: NOT_SHOWN}


@dataclass(frozen=True, slots=True)
class Certain:
    """From which event on the small run fails whatever comes.

    Attributes:
        time: when, ns; None if from the start.
        event: what happened then, in words.
        before: how many of how many continuations failed from the event before on.
        after: and from this one on.
    """

    time: int | None
    event: str
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def figures(self) -> str:
        """The figures in words."""
        told = f"{self.after[0]} of {self.after[1]} continuations fail"
        return told if self.time is None else f"{told}, {self.before[0]} of {self.before[1]} before"


@dataclass(frozen=True, slots=True)
class Shrink:
    """What ``shrink.json`` says: sizes as (before, after), how many runs it took, how many of how
    many schedules fail."""

    operations: tuple[int, int] | None
    faults: tuple[int, int] | None
    clients: tuple[int, int] | None
    nodes: tuple[int, int] | None
    runs: int | None
    often: tuple[int, int] | None
    necessary: tuple[Necessity, ...]
    certain: Certain | None


def read_plan(folder: Path) -> Plan:
    """The folder's plan.

    Raises:
        RunError: there is none, or it can't be read.
    """
    path = folder / "plan.json"
    try:
        return Plan.from_json(_read_json(path))
    except (RunError, InvalidPlan) as error:
        problem = str(error) if isinstance(error, RunError) else f"{path}: {error}"
        raise RunError(problem) from None
    except UnicodeEncodeError:
        raise RunError(f"{path}: a name is no text: it has half of a surrogate pair") from None


def read_history(folder: Path) -> History:
    """The folder's history, plain or gzipped.

    Raises:
        RunError: there is none, or it is not a history.
    """
    names = ("history.jsonl", "history.jsonl.gz")
    path = next((folder / name for name in names if (folder / name).exists()), None)
    if path is None:
        raise RunError(f"{folder}: no history.jsonl; give the folder of a run")
    try:
        return load(path)
    except (HistoryError, OSError) as error:
        raise RunError(str(error)) from None


def read_verdicts(folder: Path, problems: list[str]) -> tuple[Verdict, ...] | None:
    """The verdicts in ``verdict.json``; None, and a problem noted, when there are none to read."""
    data = _read_optional(folder / "verdict.json", problems)
    if data is None:
        return None
    try:
        return tuple(Verdict.from_json(entry) for entry in data["verdicts"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problems.append(f"verdict.json does not hold verdicts ({_reason(error)}); check it again")
        return None


def read_info(folder: Path, problems: list[str]) -> RunInfo:
    """What ``run.json`` says, as far as it says it."""
    data = _read_optional(folder / "run.json", problems)
    if data is None:
        return RunInfo()
    if not isinstance(data, dict):
        problems.append("run.json is not a JSON object; it is ignored")
        return RunInfo()
    notes = data.get("notes")
    return RunInfo(
        **{name: safe_text(str(data.get(name) or "")) for name in _TEXT_FIELDS},
        virtual_seconds=_number(data.get("virtual_seconds")),
        wall_seconds=_number(data.get("wall_seconds")),
        notes=tuple(safe_text(str(note)) for note in notes) if isinstance(notes, list) else (),
        words=words_from_json(data.get("words")),
    )


_TEXT_FIELDS = (*("version", "python", "trio", "started", "trace_sha256", "regime", "claims"),)


def read_shrink(folder: Path, problems: list[str]) -> Shrink | None:
    """What ``shrink.json`` says, or None when the run was not shrunk."""
    data = _read_optional(folder / "shrink.json", problems)
    if data is None:
        return None
    try:
        necessary = tuple(
            Necessity(
                str(entry["fault"]),
                str(entry["kind"]),
                str(entry["finding"]),
                _counts(entry["with"]),
                _counts(entry["without"]),
            )
            for entry in data.get("necessary", ())
        )
        pairs = {
            name: _pair(data.get(name))
            for name in ("operations", "faults", "clients", "nodes", "often")
        }
        certain = _certain(data.get("certain"))
        runs = data.get("runs")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        problems.append(f"shrink.json can't be read ({_reason(error)}); it is ignored")
        return None
    return Shrink(
        **pairs,
        runs=runs if isinstance(runs, int) else None,
        necessary=necessary,
        certain=certain,
    )


def _certain(data: Any) -> Certain | None:
    if data is None:
        return None
    time = _number(data["time"])
    return Certain(
        None if time is None else round(time * 1e9),
        str(data["event"]),
        _counts(data["before"]),
        _counts(data["after"]),
    )


def _pair(data: Any) -> tuple[int, int] | None:
    return None if data is None else _counts(data)


def _counts(data: Any) -> tuple[int, int]:
    failed, of = data
    return int(failed), int(of)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Infinities, and integers too long for a float, are no times.
    return float(value) if abs(value) <= sys.float_info.max else None


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no field {error.args[0]!r}"
    return str(error)


def _read_json(path: Path) -> Any:
    try:
        text = read_file(path).decode()
    except FileNotFoundError:
        raise RunError(f"{path}: no such file; give the folder of a run") from None
    except OSError as error:
        raise RunError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RunError(f"{path}: can't be read: {error}") from None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON: {error}; repeat the run to write it again") from None
    problem = repeated_key(text)
    if problem is not None:
        raise RunError(f"{path}: {problem}")
    return data


def _read_optional(path: Path, problems: list[str]) -> Any:
    """The file's JSON; None if there is no such file, or it is damaged and so noted."""
    if not path.exists():
        return None
    try:
        return _read_json(path)
    except RunError as error:
        problems.append(str(error).removeprefix(f"{path.parent}/"))
        return None


def folder_files(folder: Path) -> Mapping[str, int]:
    """Names and sizes in bytes of the run's own files that are there, in a fixed order."""
    names = (
        *(
            "plan.json",
            "checked.json",
            "history.jsonl",
            "history.jsonl.gz",
            "verdict.json",
            "run.json",
        ),
        *("trace.jsonl", "trace.jsonl.gz", "shrink.json", "shrunk/plan.json"),
        *("shrunk/history.jsonl", "shrunk/report.html"),
    )
    return {name: (folder / name).stat().st_size for name in names if (folder / name).is_file()}
