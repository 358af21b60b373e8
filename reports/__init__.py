"""A finished run, shown: in a terminal, as Markdown, as one self-contained HTML page.

view = load_run("runs/demo")      # everything computed once, from the folder's files alone
print(render_terminal(view))
write_report("runs/demo")         # writes report.html and report.md beside them
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.reports.html import render_html
    from splitbrain.reports.markdown import render_markdown
    from splitbrain.reports.model import RunView, load_run
    from splitbrain.reports.run_files import RunError
    from splitbrain.reports.terminal import render_terminal
    from splitbrain.reports.verdict_table import render_verdicts
    from splitbrain.reports.writing import write_report

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

__getattr__ = lazily(
    __name__,
    {
        f"{__name__}.{module}": names
        for module, names in {
            "html": ("render_html",),
            "markdown": ("render_markdown",),
            "model": ("RunView", "load_run"),
            "run_files": ("RunError",),
            "terminal": ("render_terminal",),
            "verdict_table": ("render_verdicts",),
            "writing": ("write_report",),
        }.items()
    },
)
