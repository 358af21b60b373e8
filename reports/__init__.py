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


def write_report(run_dir: str | Path) -> RunView:
    """Write ``report.html`` and ``report.md`` into a run's folder, and into its shrunk run's.

    Returns:
        The run that the pages show, so that whoever tells it needn't read it again.

    Raises:
        RunError: the plan or the history is missing or can't be read.
        OSError: the folder can't be written to.
    """
    view = load_run(run_dir)
    for shown in (view.shrunk, view):
        if shown is not None:
            _write(shown.page, render_html(shown))
            _write(shown.path / "report.md", render_markdown(shown))
    return view


def _write(path: Path, text: str) -> None:
    # JSON can hold half a surrogate pair, UTF-8 can't.
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
