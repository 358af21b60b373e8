"""A gallery of stories: for each a small page and its picture, as files that can be kept.

The pages hold nothing of when and where they were made, so that the same code makes the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from splitbrain.reports.html import render_html
from splitbrain.reports.model import RunView
from splitbrain.reports.run_files import RunError, RunInfo
from splitbrain.reports.spacetime.drawing import draw_spacetime
from splitbrain.reports.spacetime.window import window_of
from splitbrain.systems.stories import Story

LIST = "README.md"
MESSAGES = 22
"""Messages in a picture by itself, which is as wide as they are many."""

_STYLES = ("report.css", "spacetime.css")
_HEAD = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" '
    'viewBox="0 0 {0:.0f} {1:.0f}"><style>{2}</style>'
    '<rect class="ground" width="100%" height="100%"/>{3}</svg>\n'
)


def write_exhibit(story: Story, view: RunView, folder: Path) -> Path:
    """Write the page of a story's smallest run, and its diagram as a picture by itself.

    Raises:
        RunError: the folder can't be written.
    """
    told = view.telling
    made = RunInfo(
        virtual_seconds=told.info.virtual_seconds,
        regime=told.info.regime,
        claims=told.info.claims,
        words=told.info.words,
    )
    shown = replace(told, info=made, repeat=f"splitbrain show {story.name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = folder / f"{story.name}.html"
        page.write_text(render_html(shown, beside=False), encoding="utf-8", newline="\n")
        picture = diagram(shown)
        if picture:
            (folder / f"{story.name}.svg").write_text(picture, encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunError(f"{folder}: can't be written: {error.strerror}") from None
    return page


def diagram(view: RunView) -> str:
    """The space-time diagram as an SVG file that has its colours in it, light and dark; empty if
    there is none."""
    window = window_of(view, MESSAGES)
    if window is None:
        return ""
    names, _, picture = str(draw_spacetime(view, window)).partition("</svg>")
    sizes = [_size(names), _size(picture)]
    parts = Markup("{}</svg>{}").format(
        Markup(names), Markup(picture.replace("<svg ", f'<svg x="{sizes[0][0]:.0f}" ', 1))
    )
    assets = files("splitbrain.reports").joinpath("assets")
    style = "".join((assets / name).read_text(encoding="utf-8") for name in _STYLES)
    style += ".ground { fill: var(--ground); }"
    width = sizes[0][0] + sizes[1][0]
    return str(_HEAD.format(width, max(sizes[0][1], sizes[1][1]), Markup(style), parts))


def _size(svg: str) -> tuple[float, float]:
    """Width and height that a drawing of ours asks for."""
    head = svg[: svg.index(">")]
    width, height = (
        float(head.partition(f' {name}="')[2].partition('"')[0]) for name in ("width", "height")
    )
    return width, height


def _shown_by(story: Story) -> str:
    kind = "planted bug" if isinstance(story.shown, str) else "sketch"
    return f"{kind} {story.subject}"


def write_list(stories: Sequence[Story], folder: Path) -> Path:
    """Write the list of the stories that the folder has.

    Raises:
        RunError: the folder can't be written.
    """
    lines = [
        "# The book as runs",
        "",
        "Anomalies of *Designing Data-Intensive Applications*, each told by a run that has it and",
        "was made small; `splitbrain show NAME` tells it anew. The pages open from disk.",
        "`splitbrain show --gallery docs/gallery` writes all of this.",
        "",
    ]
    for story in stories:
        if not (folder / f"{story.name}.html").exists():
            continue
        lines += [
            f"## [{story.name}]({story.name}.html)",
            "",
            f"{story.told} ({story.chapter}; {_shown_by(story)})",
            "",
        ]
        if (folder / f"{story.name}.svg").exists():
            lines += [f"![messages of {story.name}]({story.name}.svg)", ""]
    page = folder / LIST
    try:
        page.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunError(f"{page}: can't be written: {error.strerror}") from None
    return page
