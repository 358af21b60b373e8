"""The folders of runs, found, made and read; `splitbrain.harness.runs.store` says what is in one.

Nothing here runs anything, so that who judges a file need not load the simulation.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.checkers.documents import DocumentError, read_document
from splitbrain.checkers.history import History, HistoryWriteError
from splitbrain.checkers.history.writing import write_jsonl
from splitbrain.checkers.verdict import Verdict, worst
from splitbrain.harness.hosttime import timestamp
from splitbrain.harness.plan import InvalidPlan, Plan

FORMAT = 1


class StoreError(Exception):
    """A run's folder cannot be written or read; the message says which file and why."""


def new_folder(runs: Path, plan: Plan) -> Path:
    """Create the folder of a new run, named after the moment and the plan.

    Raises:
        StoreError: it cannot be created.
    """
    moment = re.sub(r"[-:]|\+.*", "", timestamp())
    system, workload = plan.told
    if system != plan.system:  # a whole command
        system = plan.ground
    system = system if plan.bug is None else f"{system}-{plan.bug.lower()}"
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{moment}-{system}-{workload}-{plan.seed}")
    for attempt in range(1, 1000):
        folder = runs / (name if attempt == 1 else f"{name}-{attempt}")
        with clear_errors(folder):
            _make_runs(runs)
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    raise StoreError(f"{runs} has a thousand runs named {name}: remove some")


def slug(text: str, most: int = 120) -> str:
    """A text as part of a folder's name: letters, digits, dots and dashes.

    What is longer is cut, and told apart from others that begin like it.
    """
    name = re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.") or "unnamed"
    if len(name) <= most:
        return name
    return f"{name[: most - 9]}-{sha256(text.encode()).hexdigest()[:8]}"


def emptied_folder(runs: Path, name: str) -> Path:
    """The folder of this name, empty: what an earlier run left there goes.

    Raises:
        StoreError: it cannot be made, or what stands there is not a run's.
    """
    folder = runs / name
    with clear_errors(folder):
        _make_runs(runs)
        if folder.exists():
            if any(folder.iterdir()) and not (folder / "plan.json").exists():
                raise StoreError(f"{folder} holds something that is no run: move it away")
            shutil.rmtree(folder)
        folder.mkdir()
    return folder


def _make_runs(runs: Path) -> None:
    """The folder of all runs; a new one keeps itself out of version control."""
    if not runs.is_dir():
        runs.mkdir(parents=True, exist_ok=True)
        (runs / ".gitignore").write_text("*\n", encoding="utf-8")


def write_text(file: Path, text: str) -> None:
    """Write a file of text into a run's folder.

    Raises:
        StoreError: it cannot be written.
    """
    with clear_errors(file.parent):
        file.write_text(text, encoding="utf-8", errors="backslashreplace")


def read_plan(path: Path) -> Plan:
    """The plan of a run's folder, or in a file.

    Raises:
        StoreError: there is no such file, or it is no JSON document.
        InvalidPlan: it is no plan.
    """
    file = path / "plan.json" if path.is_dir() else path
    try:
        data = read_document(file)
    except OSError as error:
        raise StoreError(
            f"{file}: {error.strerror}: give a run's folder or its plan.json"
        ) from None
    except DocumentError as error:
        raise StoreError(f"{file}: {error}: give a run's folder or its plan.json") from None
    try:
        return Plan.from_json(data)
    except InvalidPlan as error:
        raise InvalidPlan(f"{file}: {error}") from None


CHECKED = "checked.json"
"""What the folder of a history that was recorded elsewhere has in the place of a plan."""


def keep_checked(
    folder: Path, history: History, verdicts: Sequence[Verdict], *, file: str, model: str
) -> None:
    """Keep a history that was recorded elsewhere, with what it was judged to be, as a folder that
    a report can be made of.

    Args:
        folder: where; it is made if it isn't there.
        history: what was judged.
        verdicts: what was found.
        file: where the history came from, in words.
        model: as what it was judged.

    Raises:
        StoreError: it cannot be written, or the folder is a run's.
    """
    with clear_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / CHECKED).exists():
            raise StoreError(f"{folder} holds something else: give an empty folder for the report")
        write_json(folder / CHECKED, {"format": FORMAT, "file": file, "model": model})
        write_jsonl(history, folder / "history.jsonl")
        found = [verdict.to_json() for verdict in verdicts]
        write_json(folder / "verdict.json", {"validity": str(worst(verdicts)), "verdicts": found})


def read_checked(folder: Path) -> tuple[str, str]:
    """Where a folder's history came from, and as what it was judged.

    Raises:
        ValueError: it does not say.
    """
    try:
        data = read_document(folder / CHECKED)
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    if not isinstance(data, dict) or not all(
        isinstance(data.get(name), str) for name in ("file", "model")
    ):
        raise ValueError("it must have the texts file and model")
    return data["file"], data["model"]


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a JSON document, whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(data), indent=1)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(text + b"\n")
    os.replace(temporary, path)


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """Errors of the machine, met while a run's folder is written, as a `StoreError`."""
    try:
        yield
    except HistoryWriteError as error:
        raise StoreError(str(error)) from None
    except OSError as error:
        kept = "; what was recorded is kept" if (folder / "history.jsonl").exists() else ""
        advice = (
            "free some space" if error.errno == errno.ENOSPC else "use --runs for another folder"
        )
        raise StoreError(
            f"{error.filename or folder}: {error.strerror or error}: {advice}{kept}"
        ) from None


def recorded_digest(path: Path) -> str | None:
    """The digest of the trace that a run's folder recorded; None if it recorded none.

    Raises:
        StoreError: its ``run.json`` is no JSON object.
    """
    return _recorded(path, "run.json", "trace_sha256")


def recorded_signature(path: Path) -> str | None:
    """What a run's folder recorded as its failure; empty if it did not fail, None if it says
    nothing.

    Raises:
        StoreError: its ``verdict.json`` is no JSON object.
    """
    return _recorded(path, "verdict.json", "signature")


def _recorded(path: Path, name: str, field: str) -> str | None:
    file = path / name if path.is_dir() else path.with_name(name)
    try:
        data = read_document(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from None
    except DocumentError as error:
        raise StoreError(f"{file}: {error}: the run's folder is damaged") from None
    found = data.get(field) if isinstance(data, dict) else None
    return found if isinstance(found, str) else None
