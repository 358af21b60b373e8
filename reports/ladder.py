"""The ladder of isolation levels as a page, with a report of each run that refutes one."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness.isolation.ladder import Again, Ladder, Played, Rung
from splitbrain.harness.runs.folders import StoreError, slug
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports.html import render_html
from splitbrain.reports.model import load_run
from splitbrain.reports.run_files import RunError
from splitbrain.reports.templating import render_page
from splitbrain.reports.wording import clipped, safe_text, sentence

PAGE = "index.html"
_OUTCOMES = {"invalid": "happens", "valid": "prevented", "unknown": "unknown"}


def write_ladder(ladder: Ladder, folder: Path) -> Path:
    """Write the page, and run again, with a trace, what refutes a level or shows an anomaly.

    Returns:
        Where the page is.

    Raises:
        RunError: the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pages = _Pages(folder, f"splitbrain isolation {quote(ladder.system)}")
        rungs = [_rung(rung, ladder, pages) for rung in ladder.rungs]
        scripts = [_script(played, pages) for played in ladder.played]
        text = render_page(
            "isolation.html.j2",
            ("report.css", "index.css"),
            (),
            system=safe_text(ladder.system),
            claimed=ladder.claimed,
            holds=ladder.holds,
            runs=ladder.runs,
            rungs=rungs,
            anomalies=scripts,
        )
        page = folder / PAGE
        page.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RunError(f"{folder}: can't be written: {error.strerror}") from None
    return page


class _Pages:
    """Reports of runs, each written once."""

    def __init__(self, folder: Path, command: str) -> None:
        self._folder, self._command = folder, command
        self._written: dict[str, str] = {}

    def of(self, name: str, level: str, again: Again) -> str:
        """Where the report of a run is, beside the page, judged by a level."""
        place = slug(f"{name} {level}")
        if place not in self._written:
            target = self._folder / place
            try:
                target.mkdir()
            except FileExistsError:
                raise StoreError(
                    f"{target} is there already: give --report a folder of its own"
                ) from None
            run_in_folder(again(level), target)
            view = load_run(target, {target: self._command})
            view.page.write_text(
                render_html(view), encoding="utf-8", errors="backslashreplace", newline="\n"
            )
            self._written[place] = f"{place}/{view.page.name}"
        return self._written[place]


def _rung(rung: Rung, ladder: Ladder, pages: _Pages) -> dict[str, Any]:
    found = rung.refuted_by
    told = {"level": rung.level, "claimed": rung.level == ladder.claimed, "found": found}
    if found is None:
        return told
    # A level may be refuted by what a weaker one forbids: that run is judged by the weaker one.
    level = rung.level if rung.level in found.rules_out else found.rules_out[0]
    return told | {
        "page": pages.of(found.found_by, level, found.again),
        "witness": sentence(safe_text(clipped(found.witness, 300))),
    }


def _script(played: Played, pages: _Pages) -> dict[str, Any]:
    page = ""
    if played.validity is INVALID:
        page = pages.of(f"script {played.script.name}", played.script.rules_out, played.again)
    return {
        "name": played.script.name,
        "outcome": _OUTCOMES[str(played.validity)],
        "told": safe_text(clipped(played.told, 400)),
        "page": page,
    }
