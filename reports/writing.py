"""A run's pages, written into its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from splitbrain.checkers.history import History
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.reports.card import FILE as CARD
from splitbrain.reports.card import failure_card
from splitbrain.reports.html import render_html
from splitbrain.reports.junit import FILE as JUNIT
from splitbrain.reports.junit import render_junit
from splitbrain.reports.markdown import render_markdown
from splitbrain.reports.model import RunView, load_run


def write_report(
    run_dir: str | Path,
    commands: Mapping[Path, str] | None = None,
    recorded: History | None = None,
) -> RunView:
    """Write ``report.html`` and ``report.md`` into a run's folder, and into its shrunk run's; and
    ``junit.xml``, and ``failure.json`` for one that failed.

    Args:
        run_dir: the folder.
        commands: what repeats the runs of which folder, where that is not `splitbrain replay`.
        recorded: the history in it, if it is another tool's and was read already.

    Returns:
        The run that the pages show, so that whoever tells it needn't read it again. A page that
        could not be written (the disk is full) is among its problems: the verdict is known all the
        same.

    Raises:
        RunError: the plan or the history is missing or can't be read.
    """
    with collector_paused():
        view = load_run(run_dir, commands, recorded)
        unwritten = _write_all(view)
    return replace(view, problems=(*view.problems, *unwritten))


def _write_all(view: RunView) -> list[str]:
    """Write all pages; what is to be said of those that can't be."""
    unwritten: list[str] = []
    for shown in (view.shrunk, view):
        if shown is not None:
            unwritten += _write(shown.page, render_html(shown))
            unwritten += _write(shown.path / "report.md", render_markdown(shown))
    unwritten += _write(view.path / JUNIT, render_junit(view))
    card = failure_card(view)
    if card is not None:
        text = json.dumps(card, indent=1, ensure_ascii=False, default=repr)
        unwritten += _write(view.path / CARD, text + "\n")
    return unwritten


def _write(path: Path, text: str) -> list[str]:
    """Write a page, whole or not at all; what is to be said if it can't be."""
    try:
        # JSON can hold half a surrogate pair, UTF-8 can't.
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():  # half a page is none
                path.unlink()
        return [
            f"{path.name} can't be written ({error.strerror}): write it again with `splitbrain "
            "report` when there is room"
        ]
    return []
