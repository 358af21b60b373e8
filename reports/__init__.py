"""A finished run, shown: in a terminal, as Markdown, as one self-contained HTML page.

view = load_run("runs/demo")      # everything computed once, from the folder's files alone
print(render_terminal(view))
write_report("runs/demo")         # writes report.html and report.md beside them
"""

from __future__ import annotations

from pathlib import Path

from splitbrain.reports.html import render_html
from splitbrain.reports.markdown import render_markdown
from splitbrain.reports.model import RunView, load_run
from splitbrain.reports.run_files import RunError
from splitbrain.reports.terminal import render_terminal, render_verdicts

__all__ = [
    "RunError",
    "RunView",
    "load_run",
    "render_html",
    "render_markdown",
    "render_terminal",
    "render_verdicts",
    "write_report",
]


def write_report(run_dir: str | Path) -> Path:
    """Write ``report.html`` and ``report.md`` into a run's folder.

    Returns:
        The path of the HTML page.

    Raises:
        RunError: the plan or the history is missing or can't be read.
        OSError: the folder can't be written to.
    """
    folder = Path(run_dir)
    view = load_run(folder)
    page = folder / "report.html"
    _write(page, render_html(view))
    _write(folder / "report.md", render_markdown(view))
    return page


def _write(path: Path, text: str) -> None:
    # JSON can hold half a surrogate pair, UTF-8 can't.
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
