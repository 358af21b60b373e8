"""A run in a terminal: the claim that broke, the story, what matters, how to repeat it.

Plain ASCII and no color, so that it reads the same in a log; a caller says how wide it may be, and
may style what it likes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from splitbrain.reports.model import (
    RunView,
    exercised_text,
    often_text,
    regime_text,
    settings_text,
    shrink_summary,
)
from splitbrain.reports.spacetime.printed import printed_by
from splitbrain.reports.spacetime.text import lines_of
from splitbrain.reports.story import ELISION, OPERATION, StoryLine, tell
from splitbrain.reports.verdict_table import ascii_text, render_verdicts, table_of
from splitbrain.reports.wording import counted, seconds, shortened

WIDTH = 100
STORY_LIMIT = 24
PRINTED_LIMIT = 8
TEXT_LIMIT = 92
_BESIDE = 20
"""Columns for the time of a line and its outcome."""

_NOTED = 36
"""Columns for those and a note."""


def render_terminal(view: RunView, width: int = WIDTH) -> str:
    """The run as lines of plain ASCII, without a final newline, in `width` columns.

    What is to be copied (commands, paths) or was recorded in full (a traceback) is not broken.
    """
    told = view.telling
    blocks = [
        _headline(view, width),
        _paragraph(told.statement, width),
        "\n".join(f"  {line}" for line in told.crash),
        _story(told, width),
        _spacetime(told, width),
        _printed(told, width),
        _necessary(view, width),
        _commands(view),
        _verdict_table(told, width),
        _exercised(told, width),
        "" if told is view else _whole(view, width),
        "\n".join(
            _paragraph(f"note: {note}", width) for note in (*view.problems, *view.info.notes)
        ),
    ]
    return ascii_text("\n\n".join(block for block in blocks if block))


def _paragraph(text: str, width: int) -> str:
    return textwrap.fill(ascii_text(text), width, initial_indent="  ", subsequent_indent="  ")


def _headline(view: RunView, width: int) -> str:
    told = view.telling
    claim = shortened(told.deciding.checker) if told.deciding else ""
    first = "  ".join(part for part in (view.judgement, claim, shrink_summary(view)) if part)
    return f"{textwrap.fill(first, width, subsequent_indent='  ')}\n{_paragraph(told.name, width)}"


def _story(view: RunView, width: int) -> str:
    """The story of a run that isn't valid; a valid one has none to tell.

    That of a shrunk run is told without leaving anything out, in as many lines as it needs.
    """
    if view.judgement == "valid":
        return ""
    lines = []
    for line in tell(view, STORY_LIMIT):
        text = ascii_text(line.text)
        text = text if view.small else shortened(text, TEXT_LIMIT)
        lines.append((line, textwrap.wrap(text, width - _BESIDE) or [""]))
    longest = max((len(text[0]) for line, text in lines if line.kind == OPERATION), default=0)
    padded = max(0, min(longest, width - _NOTED))
    return "\n".join(_story_line(line, text, padded, width) for line, text in lines)


def _story_line(line: StoryLine, wrapped: Sequence[str], padded: int, width: int) -> str:
    text, *rest = wrapped
    if line.kind == ELISION:
        return f"{'':13}{text}"
    note = f"  <- {shortened(ascii_text(line.note), 40)}" if line.note else ""
    mark = "*" if line.marked else " "
    first = f"{mark}{line.clock:>10}  {text:{padded}}  {line.outcome:4}"
    if len(first) + len(note) <= width:
        first += note
    else:
        rest.append(note.strip())
    return "\n".join([first.rstrip(), *(f"{'':15}{more}" for more in rest)])


def _spacetime(view: RunView, width: int) -> str:
    """The messages that led to a failure; a run that isn't invalid has none to tell."""
    if view.judgement != "INVALID":
        return ""
    return "\n".join(f"  {line}".rstrip() for line in lines_of(view, width=width - 2))


def _printed(view: RunView, width: int) -> str:
    """What nodes printed last before a failure."""
    if view.judgement != "INVALID":
        return ""
    lines, hidden = printed_by(view, PRINTED_LIMIT)
    head = [f"  {counted(hidden, 'earlier line')} printed, in trace.jsonl"] if hidden else []
    told = [
        f"  {seconds(e.time)}  {e.node} prints: {shortened(e.text, max(20, width - 30))}"
        for e in lines
    ]
    return "\n".join(
        textwrap.fill(ascii_text(line), width, subsequent_indent="    ") for line in (*head, *told)
    )


def _necessary(view: RunView, width: int) -> str:
    often = often_text(view)
    lines = [f"  how often: {often}"] if often else []
    for n in view.shrink.necessary if view.shrink else ():
        fault = f"{shortened(n.fault, 40)} {shortened(n.kind)}"
        lines.append(f"  {n.told}: {fault} ({n.figures})")
    return "\n".join(textwrap.fill(line, width, subsequent_indent="    ") for line in lines)


def _commands(view: RunView) -> str:
    if view.shrunk is None:
        lines = [f"  {'check' if view.recorded else 'replay'}:  {view.repeat}"]
    else:
        lines = [
            f"  replay:  {view.shrunk.repeat}",
            f"  whole run, before it was shrunk:  {view.repeat}",
        ]
    if (view.path / "report.html").exists():
        lines.append(f"  report:  {view.path}/report.html")
    return "\n".join(lines)


def _verdict_table(view: RunView, width: int) -> str:
    table = render_verdicts(view.verdicts, width - 2) if view.verdicts else ""
    return textwrap.indent(table, "  ")


def _whole(view: RunView, width: int) -> str:
    """The run before it was made smaller, in a few lines."""
    told = f"the whole run, {view.name}: {view.statement} {exercised_text(view)}"
    return _paragraph(told, width)


def _exercised(view: RunView, width: int) -> str:
    lines = [_paragraph(f"exercised: {exercised_text(view)}", width)]
    if view.judgement == "valid" and view.coverage.functions:
        rows = [
            (row.f, f"{row.ok:,}", f"{row.fail:,}", f"{row.info:,}")
            for row in view.coverage.functions
        ]
        align = ("left", "right", "right", "right")
        table = table_of(rows, ("operation", "ok", "fail", "info"), colalign=align)
        lines.append(textwrap.indent(table, "  "))
    settings = settings_text(view)
    lines += [_paragraph(f"settings: {settings}", width)] if settings else []
    regime = regime_text(view)
    lines += [_paragraph(f"regime: {regime}", width)] if regime else []
    lines += [_paragraph(f"warning: {warning}", width) for warning in view.coverage.warnings]
    return "\n".join(lines)
