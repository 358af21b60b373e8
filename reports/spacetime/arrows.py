"""The messages of a space-time diagram: arrows, crosses where they were lost, and their words."""

from __future__ import annotations

import json
from collections.abc import Sequence

from markupsafe import Markup

from splitbrain.harness.runs.recorded_trace import Message
from splitbrain.reports.spacetime.places import STEP
from splitbrain.reports.spacetime.sheet import GLYPH, STRIP, Sheet
from splitbrain.reports.spacetime.window import Window, brief, host_name
from splitbrain.reports.wording import safe_text, shortened

Place = tuple[float, float]

_ALONG = (0.5, 0.36, 0.64, 0.24, 0.76, 0.14, 0.86)
"""Where on an arrow its label may stand; the first place that is free is taken."""


def arrows_and_words(sheet: Sheet) -> tuple[list[Markup], list[Markup]]:
    """Of each message in the window its arrows, and its words if they find room."""
    arrows, words = [], []
    messages = sheet.window.messages
    for number, (message, past) in enumerate(zip(messages, _pasts(sheet.window), strict=True)):
        arrow, ends = _message(sheet, message, past)
        arrows.append(arrow)
        words.append(_label(sheet, message, number, *ends))
    return arrows, words


def _pasts(window: Window) -> list[list[int]]:
    """For each message the numbers of those shown that were sent before it in Lamport's order."""
    found = []
    for message in window.messages:
        known = window.trace.past([message.received[0] if message.received else message.sent])
        found.append(
            [
                number
                for number, other in enumerate(window.messages)
                if other.sent <= known.get(other.source, -1)
            ]
        )
    return found


def _kind(sheet: Sheet, message: Message) -> str:
    """Whose a message is, and whether one was lost: what it looks like."""
    client = {message.source, message.destination} & set(sheet.view.plan.client_hosts)
    return ("client" if client else "server") + (" lost" if message.dropped is not None else "")


def _message(
    sheet: Sheet, message: Message, past: Sequence[int]
) -> tuple[Markup, tuple[Place, Place]]:
    """A message's arrows, and from where to where the last one goes."""
    kind = _kind(sheet, message)
    down = sheet.y(message.destination) > sheet.y(message.source)
    edge = STRIP / 2 + 1
    x, y = sheet.x(message.sent), sheet.y(message.source) + (edge if down else -edge)
    goal = sheet.y(message.destination) + (-edge if down else edge)
    arrows, place = [], (x, y)
    for copy, position in enumerate(message.received):
        place = (sheet.x(position), goal)
        arrows.append(
            Markup(
                '<path class="arrow{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}" marker-end="{}"/>'
            ).format(" again" if copy else "", x, y, *place, f"url(#tip-{kind.split()[0]})")
        )
    if message.dropped is not None:
        place = (max(x + STEP / 2, sheet.x(message.dropped)), y + (goal - y) * 0.55)
        arrows.append(_cross(x, y, *place))
    if not arrows:  # still under way when the run ended
        place = (x + STEP, y + (goal - y) * 0.5)
        arrows.append(
            Markup('<path class="arrow under-way" d="M{} {}L{} {}"/>').format(x, y, *place)
        )
    group = Markup('<g class="message {}" data-at="{}" data-past="{}"><title>{}</title>{}</g>')
    drawn = group.format(
        kind,
        message.sent,
        ",".join(map(str, past)),
        _told(sheet, message),
        Markup("").join(arrows),
    )
    return drawn, ((x, y), place)


def _cross(x: float, y: float, to_x: float, to_y: float) -> Markup:
    return Markup(
        '<path class="arrow" d="M{0:.1f} {1:.1f}L{2:.1f} {3:.1f}"/>'
        '<path class="cross" d="M{4:.1f} {5:.1f}l9 9m0 -9l-9 9"/>'
    ).format(x, y, to_x, to_y, to_x - 4.5, to_y - 4.5)


def _told(sheet: Sheet, message: Message) -> str:
    """All of a message, as it is told when it is pointed at."""
    trace, view = sheet.window.trace, sheet.view
    ends = [f"received at {trace.time(at) / 1e9:.6f} s" for at in message.received]
    if message.dropped is not None:
        ends.append(f"lost at {trace.time(message.dropped) / 1e9:.6f} s: {message.reason}")
    body = shortened(json.dumps(message.body, ensure_ascii=False, default=repr), 400)
    return safe_text(
        f"{host_name(view, message.source)} to {host_name(view, message.destination)}: {body}; "
        f"sent at {trace.time(message.sent) / 1e9:.6f} s, {', '.join(ends) or 'still under way'}"
    )


def _label(sheet: Sheet, message: Message, number: int, start: Place, end: Place) -> Markup:
    """The message of this number in a few words beside its arrow, where there is room."""
    text = safe_text(brief(message.body))
    if message.dropped is not None:
        text = f"{text} lost: {safe_text(shortened(message.reason, 20))}"
    for share in _ALONG:
        x = start[0] + (end[0] - start[0]) * share + 5
        y = start[1] + (end[1] - start[1]) * share
        if sheet.free(x, y - 8, len(text) * GLYPH):
            said = Markup('<text class="says {}" data-of="{}" x="{:.1f}" y="{:.1f}">{}</text>')
            return said.format(_kind(sheet, message), number, x, y + 2, text)
    return Markup("")
