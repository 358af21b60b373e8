"""A run as Markdown for a pull request or a CI summary: at most 60 lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from splitbrain.reports.model import (
    RunView,
    exercised_text,
    often_text,
    regime_text,
    settings_text,
    shrink_summary,
)
from splitbrain.reports.story import ELISION, StoryLine, tell
from splitbrain.reports.wording import clipped, safe_text, shortened

LINE_LIMIT = 60
STORY_LIMIT = 20
ROW_LIMIT = 12

_NUMBERED = "|".join(rf"(?<=^\d{{{digits}}})[.)](?=\s|$)" for digits in range(1, 10))
"""What makes an item of a list of a number of as many digits as CommonMark takes."""

_SPECIAL = re.compile(
    r"""[\\`*_{}\[\]~$<>&|#]
    | @
    | (?<=[ps]):(?=//)              # http:, https:, ftp:, also in capitals
    | (?<=www)\.
    | ^[-+=] | NUMBERED
    """.replace("NUMBERED", _NUMBERED),
    re.IGNORECASE | re.VERBOSE,
)

# A backslash is not enough before all of these: GitHub splits a table at ``\|`` inside code.
_ENTITIES = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    "|": "&#124;",
    "@": "&#64;",
    "#": "&#35;",
    ":": "&#58;",
    ".": "&#46;",
    ")": "&#41;",
    "=": "&#61;",
}
_LINKED = re.compile(r"(&#64;|&#35;)(?=\w)")
"""GitHub makes links of addresses, people and issues after it has read entities: a space of no
width stops it."""


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: no markup, HTML, link or mention comes of it."""
    words = " ".join(text.split())
    told = _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\\" + found[0]), words)
    return _LINKED.sub(r"\1&#8203;", told)


def render_markdown(view: RunView) -> str:
    """The run as Markdown, ending with a newline."""
    told = view.telling
    blocks = [
        [f"## {escaped(view.judgement)}: {escaped(told.name)}"],
        [escaped(told.statement)],
        _fenced(told.crash),
        _shrunk(view),
        _story(told),
        _necessary(view),
        _fenced([f"$ {told.repeat}"]),
        _verdicts(told),
        [f"Exercised: {escaped(exercised_text(told))}."],
        _settings(told),
        _regime(told),
        _warnings(told),
        [] if told is view else _whole(view),
    ]
    lines: list[str] = []
    for block in blocks:
        if block:
            lines += [*block, ""]
    return "\n".join(_cut(lines[:-1])) + "\n"


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= LINE_LIMIT:
        return lines
    return [*lines[: LINE_LIMIT - 2], "", "The rest is in report.html."]


def _shrunk(view: RunView) -> list[str]:
    summary = shrink_summary(view)
    return [f"The run was {escaped(summary)}; this is its story:"] if summary else []


def _story(view: RunView) -> list[str]:
    if view.judgement == "valid":
        return []
    return _fenced([_story_line(line) for line in tell(view, STORY_LIMIT)])


def _story_line(line: StoryLine) -> str:
    if line.kind == ELISION:
        return f"{'':13}{line.text}"
    note = f"  <- {shortened(line.note, 40)}" if line.note else ""
    outcome = f"  {line.outcome}" if line.outcome else ""
    return f"{'*' if line.marked else ' '}{line.clock:>10}  {line.text}{outcome}{note}"


def _fenced(lines: Sequence[str]) -> list[str]:
    """A code block whose fence is longer than any run of backticks in it."""
    if not lines:
        return []
    longest = max(len(run) for line in lines for run in re.findall("`*", line))
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *lines, fence]


def _necessary(view: RunView) -> list[str]:
    often = often_text(view)
    lines = [f"How often: {escaped(often)}."] if often else []
    if view.shrink is None or not view.shrink.necessary:
        return lines
    rows = [
        (
            escaped(safe_text(n.fault)),
            escaped(safe_text(n.kind)),
            "**yes**" if n.needed else escaped(n.told),
            escaped(n.figures),
        )
        for n in view.shrink.necessary[:ROW_LIMIT]
    ]
    return [*lines, *([""] if lines else []), *_table(rows, ("fault", "kind", "necessary", "why"))]


def _verdicts(view: RunView) -> list[str]:
    rows = [
        (
            escaped(safe_text(shortened(verdict.checker))),
            "**INVALID**" if verdict.validity == "invalid" else str(verdict.validity),
            escaped(safe_text(clipped(verdict.reason, 200))),
        )
        for verdict in (view.verdicts or ())[:ROW_LIMIT]
    ]
    return _table(rows, ("checker", "verdict", "what")) if rows else []


def _table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> list[str]:
    return tabulate(rows, head, "github", disable_numparse=True).splitlines()


def _whole(view: RunView) -> list[str]:
    """The run before it was made smaller, in a few lines."""
    told = f"{escaped(view.statement)} {escaped(exercised_text(view).capitalize())}."
    head = f"The whole run: {escaped(view.name)}."
    return [head, told, "", *_fenced([f"$ {view.repeat}"])]


def _settings(view: RunView) -> list[str]:
    settings = settings_text(view)
    return [f"Settings: {escaped(settings)}."] if settings else []


def _regime(view: RunView) -> list[str]:
    regime = regime_text(view)
    return [f"Regime: {escaped(regime)}."] if regime else []


def _warnings(view: RunView) -> list[str]:
    notes = [*view.coverage.warnings, *view.problems, *view.info.notes]
    return [f"- {escaped(clipped(note, 200))}" for note in notes[:8]]
