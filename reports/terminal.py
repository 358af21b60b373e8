"""A run in a terminal: the claim that broke, the story, what matters, how to repeat it.

Plain ASCII and no color, so that it reads the same in a log; a caller may style the words
``valid``, ``INVALID`` and ``unknown``.
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
WRAPPED = 80


def render_terminal(view: RunView) -> str:
    """The run as lines of plain ASCII, without a final newline."""
    told = view.telling
    blocks = [
        _headline(view),
        _paragraph(told.statement),
        "\n".join(f"  {line}" for line in told.crash),
        _story(told),
        _spacetime(told),
        _printed(told),
        _necessary(view),
        _commands(view),
        _verdict_table(told),
        _exercised(told),
        "" if told is view else _whole(view),
        "\n".join(_paragraph(f"note: {note}") for note in (*view.problems, *view.info.notes)),
    ]
    return ascii_text("\n\n".join(block for block in blocks if block))


def _paragraph(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _headline(view: RunView) -> str:
    told = view.telling
    claim = shortened(told.deciding.checker) if told.deciding else ""
    first = "  ".join(part for part in (view.judgement, claim, shrink_summary(view)) if part)
    return f"{first}\n  {told.name}"


def _story(view: RunView) -> str:
    """The story of a run that isn't valid; a valid one has none to tell.

    That of a shrunk run is told without leaving anything out, in as many lines as it needs.
    """
    if view.judgement == "valid":
        return ""
    lines = []
    for line in tell(view, STORY_LIMIT):
        text = ascii_text(line.text)
        whole = textwrap.wrap(text, WRAPPED) if view.small else []
        lines.append((line, whole or [shortened(text, TEXT_LIMIT)]))
    width = max((len(text[0]) for line, text in lines if line.kind == OPERATION), default=0)
    return "\n".join(_story_line(line, text, min(width, 64)) for line, text in lines)


def _story_line(line: StoryLine, wrapped: Sequence[str], width: int) -> str:
    text, *rest = wrapped
    if line.kind == ELISION:
        return f"{'':13}{text}"
    note = f"  <- {shortened(ascii_text(line.note), 40)}" if line.note else ""
    mark = "*" if line.marked else " "
    first = f"{mark}{line.clock:>10}  {text:{width}}  {line.outcome:4}{note}".rstrip()
    return "\n".join([first, *(f"{'':15}{more}" for more in rest)])


def _spacetime(view: RunView) -> str:
    """The messages that led to a failure; a run that isn't invalid has none to tell."""
    if view.judgement != "INVALID":
        return ""
    return "\n".join(f"  {ascii_text(line)}".rstrip() for line in lines_of(view))


def _printed(view: RunView) -> str:
    """What nodes printed last before a failure."""
    if view.judgement != "INVALID":
        return ""
    lines, hidden = printed_by(view, PRINTED_LIMIT)
    head = [f"  {counted(hidden, 'earlier line')} printed, in trace.jsonl"] if hidden else []
    told = [f"  {seconds(e.time)}  {e.node} prints: {shortened(e.text, 70)}" for e in lines]
    return "\n".join([*head, *map(ascii_text, told)])


def _necessary(view: RunView) -> str:
    often = often_text(view)
    lines = [f"  how often: {often}"] if often else []
    for n in view.shrink.necessary if view.shrink else ():
        fault = f"{shortened(n.fault, 40)} {shortened(n.kind)}"
        lines.append(f"  {n.told}: {fault} ({n.figures})")
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in lines)


def _commands(view: RunView) -> str:
    whole = view.replay_command(f"{view.path}/plan.json")
    if view.shrunk is None:
        lines = [f"  {'check' if view.recorded else 'replay'}:  {whole}"]
    else:
        small = view.shrunk.replay_command(f"{view.shrunk.path}/plan.json")
        lines = [f"  replay:  {small}", f"  whole run, before it was shrunk:  {whole}"]
    if (view.path / "report.html").exists():
        lines.append(f"  report:  {view.path}/report.html")
    return "\n".join(lines)


def _verdict_table(view: RunView) -> str:
    return textwrap.indent(render_verdicts(view.verdicts), "  ") if view.verdicts else ""


def _whole(view: RunView) -> str:
    """The run before it was made smaller, in a few lines."""
    told = f"the whole run, {view.name}: {view.statement} {exercised_text(view)}"
    return _paragraph(told)


def _exercised(view: RunView) -> str:
    lines = [_paragraph(f"exercised: {exercised_text(view)}")]
    if view.judgement == "valid" and view.coverage.functions:
        rows = [
            (row.f, f"{row.ok:,}", f"{row.fail:,}", f"{row.info:,}")
            for row in view.coverage.functions
        ]
        align = ("left", "right", "right", "right")
        table = table_of(rows, ("operation", "ok", "fail", "info"), colalign=align)
        lines.append(textwrap.indent(table, "  "))
    settings = settings_text(view)
    lines += [_paragraph(f"settings: {settings}")] if settings else []
    regime = regime_text(view)
    lines += [_paragraph(f"regime: {regime}")] if regime else []
    lines += [_paragraph(f"warning: {warning}") for warning in view.coverage.warnings]
    return "\n".join(lines)
