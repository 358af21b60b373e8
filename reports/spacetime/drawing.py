"""A space-time diagram as a static SVG.

Lanes are hosts and time goes right. A strip on a server's lane is what it was (leaders gold), a bar
on a client's lane an operation, an arrow a message; one that ends in a cross was lost, and says to
which fault. Each message knows which others happened before it, so that a script can light them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from markupsafe import Markup

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.runs.recorded_trace import Message, Role
from splitbrain.reports.model import RunView
from splitbrain.reports.packing import fault_rows
from splitbrain.reports.spacetime.places import STEP, places_of
from splitbrain.reports.spacetime.window import Window, brief, host_name
from splitbrain.reports.wording import safe_text, shortened

ROW = 66.0
STRIP = 16.0
HEAD = 22.0
GLYPH = 6.2
"""Width of a character of the labels, in pixels; `textLength` holds where a font is wider."""

_TICK_LIMIT = 60
_AGAIN = 480.0
_ALONG = (0.5, 0.36, 0.64, 0.24, 0.76, 0.14, 0.86)
"""Where on an arrow its label may stand; the first place that is free is taken."""


class _Picture:
    """The parts of one drawing."""

    def __init__(self, view: RunView, window: Window) -> None:
        self.view, self.window, self.places = view, window, places_of(window)
        self.names = [safe_text(shortened(host_name(view, h), 24)) for h in window.hosts]
        self.left = 6.0
        self.faults = [
            fault
            for fault in view.faults
            if fault.start is not None
            and fault.start <= window.end
            and (fault.end is None or fault.end >= window.start)
        ][:12]
        self.rows = fault_rows(self.faults, view.end)
        self.top = HEAD + 15 * (1 + max(self.rows, default=-1)) + STRIP
        self.width = self.left + self.places.width + 12
        self.bottom = self.top + ROW * (len(self.names) - 1) + STRIP + 6
        self.taken: list[tuple[float, float, float, float]] = []

    def x(self, position: int) -> float:
        return self.left + self.places.at(position)

    def when(self, time: int) -> float:
        return self.left + self.places.of(time)

    def y(self, host: str) -> float:
        return self.top + ROW * self.window.hosts.index(host)

    def free(self, x: float, y: float, width: float, height: float = 11.0) -> bool:
        """Whether a text finds room; if so it is taken."""
        if x < self.left or x + width > self.width:
            return False
        across = (y - self.top + STRIP / 2 + 4) % ROW
        if across < STRIP + 5 or across + height > ROW:
            return False  # on a lane
        for left, top, right, bottom in self.taken:
            if x < right and x + width > left and y < bottom and y + height > top:
                return False
        self.taken.append((x, y, x + width, y + height))
        return True


def draw_spacetime(view: RunView, window: Window) -> Markup:
    """The SVG of a window of a run."""
    picture = _Picture(view, window)
    behind = [_head(picture), *_faults(picture), *_rules(picture)]
    lanes = [part for host in window.hosts for part in _strip(picture, host)]
    lanes += _operations(picture)
    lanes += _ticks(picture)
    lanes += _steps(picture)
    arrows, words = [], []
    for number, (message, past) in enumerate(zip(window.messages, _pasts(window), strict=True)):
        arrow, ends = _message(picture, message, past)
        arrows.append(arrow)
        words.append(_label(picture, message, number, *ends))
    # Arrows pass behind what lanes say, and words stand before all arrows.
    parts = [*behind, *_axis(picture), *arrows, *lanes, *words, Markup("</svg>")]
    return _names(picture) + Markup("").join(parts)


def _names(picture: _Picture) -> Markup:
    """The lanes' names: a drawing of their own, which stays where it is while the other scrolls."""
    width = 8.0 * max(map(len, picture.names)) + 22
    texts = [
        _text("lane", width - 8, picture.y(host) + 4, name)
        for name, host in zip(picture.names, picture.window.hosts, strict=True)
    ]
    head = Markup('<svg class="spacetime names" aria-hidden="true" width="{:.0f}" height="{:.0f}">')
    return head.format(width, picture.bottom + 26) + Markup("").join([*texts, Markup("</svg>")])


def _head(picture: _Picture) -> Markup:
    return Markup(
        '<svg class="spacetime" role="group" tabindex="0" aria-label="{}" width="{:.0f}" '
        'height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}"><defs>{}</defs>'
    ).format(
        f"space-time diagram of {len(picture.window.messages)} messages between "
        f"{len(picture.names)} hosts",
        *(picture.width, picture.bottom + 26) * 2,
        Markup("").join(
            Markup(
                '<marker id="tip-{0}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
                'markerHeight="7" orient="auto"><path class="tip {0}" d="M0 0L8 4L0 8z"/></marker>'
            ).format(kind)
            for kind in ("client", "server")
        ),
    )


def _text(kind: str, x: float, y: float, text: str, room: float | None = None) -> Markup:
    """A text; in `room` pixels, however wide the reader's font is."""
    fit = Markup("")
    if room is not None and len(text) * GLYPH > room - 6:
        fit = Markup(' textLength="{:.0f}" lengthAdjust="spacingAndGlyphs"').format(room)
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}"{}>{}</text>').format(
        kind, x, y, fit, text
    )


def _fitted(text: str, room: float) -> str:
    """As much of a text as there is room for; nothing rather than a letter or two."""
    most = int(room / GLYPH)
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if most > 3 else ""


def _faults(picture: _Picture) -> list[Markup]:
    """A band for each fault, darker on the lanes of who was struck, and its name above, as far as
    the next one's in its row."""
    rect = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    top, height = picture.top - STRIP, picture.bottom - picture.top + STRIP
    parts = []
    limits = [picture.width] * (1 + max(picture.rows, default=0))
    for fault, row in reversed(list(zip(picture.faults, picture.rows, strict=True))):
        left = max(picture.left, picture.when(fault.start or 0))
        right = picture.width if fault.end is None else picture.when(fault.end)
        width = max(3.0, right - left)
        parts.append(rect.format("fault-band", left, top, width, height))
        parts += [
            rect.format("fault-lane", left, picture.y(host) - STRIP, width, 2 * STRIP)
            for host in picture.window.hosts
            if host in fault.targets
        ]
        name = safe_text(f"{shortened(fault.id, 24)} {shortened(fault.kind, 32)}")
        label = _fitted(f"{name} {fault.target_text}", limits[row] - left - 8)
        if label:
            parts.append(_text("fault-name", left + 3, HEAD + 15 * row + 10, label))
        limits[row] = left
    return parts


def _rules(picture: _Picture) -> list[Markup]:
    line = Markup('<line class="rule" x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return [
        line.format(picture.left, picture.width - 8, y=picture.y(host))
        for host in picture.window.hosts
    ]


def _strip(picture: _Picture, host: str) -> list[Markup]:
    """What a server was over time; no strip while it was down, or where nothing is known of it."""
    if host in picture.view.plan.client_hosts:
        return []
    trace = picture.window.trace
    first, last = picture.places.positions[0], picture.places.positions[-1]
    now = trace.role_at(host, first)
    inside = [r for r in trace.roles.get(host, ()) if first < r.at <= last]
    roles = [Role(first, now.name, now.term) if now else Role(first, "up", ""), *inside]
    ends = [*(picture.x(r.at) for r in inside), picture.width - 8]
    parts = []
    for number, (role, end) in enumerate(zip(roles, ends, strict=True)):
        start = picture.left if number == 0 else picture.x(role.at)
        if not role.name or end - start < 1:
            continue
        kind = {LEADER: "leads", "candidate": "runs"}.get(role.name, "follows")
        label = safe_text(shortened(role.name, 16))
        label += f" · term {safe_text(shortened(role.term, 12))}" if role.term else ""
        y = picture.y(host) - STRIP / 2
        parts.append(
            Markup(
                '<g class="role {}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                'height="{:.1f}" rx="3"/>{}</g>'
            ).format(
                kind,
                f"{host_name(picture.view, host)}: {label}",
                *(start, y, end - start, STRIP),
                "" if role.name == "up" else _along(start, end, y + 12, label),
            )
        )
    return parts


def _along(start: float, end: float, y: float, text: str) -> Markup:
    """A text again and again, so that one is in sight wherever the picture is scrolled to."""
    count = max(1, int((end - start) // _AGAIN))
    texts = (
        _text("what", start + 5 + n * _AGAIN, y, _fitted(text, end - start - 8))
        for n in range(count)
    )
    return Markup("").join(texts)


def _operations(picture: _Picture) -> list[Markup]:
    """Clients' operations as bars on their lanes."""
    view, parts = picture.view, []
    for position in picture.window.calls:
        call = view.calls[position]
        host = f"c{call.process % view.plan.clients + 1}"
        if host not in picture.window.hosts:
            continue
        completion = view.completion(call)
        start = picture.when(max(call.start, picture.window.start))
        end = picture.width - 8 if completion is None else picture.when(completion.time)
        end = max(end, start + 6)
        text = f"{shortened(call.f, 20)} {view.phrases.label(call, view.number(position), 30)}"
        text = safe_text(text)
        label, room = _fitted(text, end - start - 8), len(text) * GLYPH * 1.2
        y = picture.y(host) - STRIP / 2 - 2
        above = label != text and picture.free(start, y - 13, room)
        parts.append(
            Markup(
                '<g class="bar {}{}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                'height="{:.1f}" rx="4"/>{}</g>'
            ).format(
                call.outcome,
                " blamed" if position in view.marked else "",
                f"#{call.invoke_index} {text}",
                *(start, y, end - start, STRIP + 4),
                _text("above", start, y - 4, text) if above else _along(start, end, y + 14, text),
            )
        )
    return parts


def _ticks(picture: _Picture) -> list[Markup]:
    """Syncs of disks, as ticks through the lanes."""
    window, parts = picture.window, []
    first, last = picture.places.positions[0], picture.places.positions[-1]
    for event in window.trace.events[first:last]:
        if event[1] != "fsync" or len(event) < 3 or event[2] not in window.hosts:
            continue
        x, y = picture.when(round(event[0] * 1e9)), picture.y(event[2])
        file = f" {event[3]}" if len(event) > 3 else ""
        parts.append(
            Markup('<path class="sync" d="M{:.1f} {:.1f}v{:.1f}"><title>{}</title></path>').format(
                *(x, y - STRIP / 2 - 3, STRIP + 6),
                f"{event[0]:.6f} s: {safe_text(shortened(f'{event[2]} syncs{file}', 80))}",
            )
        )
    return parts[-_TICK_LIMIT:]


def _steps(picture: _Picture) -> list[Markup]:
    """What composite faults did, as flags above the lanes of the nodes that they struck."""
    parts = []
    for fault in picture.faults:
        for time, text in fault.steps:
            struck = text.rsplit(" ", 1)[-1]
            if not picture.window.start <= time <= picture.window.end:
                continue
            if struck not in picture.window.hosts:
                continue
            x, y = picture.when(time), picture.y(struck) - STRIP / 2 - 3
            parts.append(
                Markup('<path class="flag-mark" d="M{:.1f} {:.1f}v-10l7 4l-7 4"/>').format(x, y)
            )
            if picture.free(x + 9, y - 12, len(text) * GLYPH):
                parts.append(_text("fault-name", x + 9, y - 4, text))
    return parts


def _axis(picture: _Picture) -> list[Markup]:
    """Times below the places, as far as there is room, and where time is left out."""
    parts, free = [], 0.0
    for at, time in zip(picture.places.x, picture.places.times, strict=True):
        x, text = picture.left + at, f"{time / 1e9:.4f}"
        if x < free:
            continue
        free = x + len(text) * GLYPH + 14
        parts.append(_text("when", x, picture.bottom + 18, text))
        parts.append(
            Markup(
                '<line class="rule" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>'
            ).format(x, picture.bottom, picture.bottom + 6)
        )
    for at, passed in picture.places.breaks:
        x = picture.left + at
        parts.append(
            Markup(
                '<line class="break" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}">'
                "<title>{3}</title></line>"
            ).format(x, picture.top - STRIP, picture.bottom, f"{passed / 1e6:,.0f} ms without")
        )
    return parts


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


Place = tuple[float, float]


def _kind(picture: _Picture, message: Message) -> str:
    """Whose a message is, and whether one was lost: what it looks like."""
    client = {message.source, message.destination} & set(picture.view.plan.client_hosts)
    return ("client" if client else "server") + (" lost" if message.dropped is not None else "")


def _message(
    picture: _Picture, message: Message, past: Sequence[int]
) -> tuple[Markup, tuple[Place, Place]]:
    """A message's arrows, and from where to where the last one goes."""
    kind = _kind(picture, message)
    down = picture.y(message.destination) > picture.y(message.source)
    edge = STRIP / 2 + 1
    x, y = picture.x(message.sent), picture.y(message.source) + (edge if down else -edge)
    goal = picture.y(message.destination) + (-edge if down else edge)
    arrows, place = [], (x, y)
    for copy, position in enumerate(message.received):
        place = (picture.x(position), goal)
        arrows.append(
            Markup(
                '<path class="arrow{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}" marker-end="{}"/>'
            ).format(" again" if copy else "", x, y, *place, f"url(#tip-{kind.split()[0]})")
        )
    if message.dropped is not None:
        place = (max(x + STEP / 2, picture.x(message.dropped)), y + (goal - y) * 0.55)
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
        _told(picture, message),
        Markup("").join(arrows),
    )
    return drawn, ((x, y), place)


def _cross(x: float, y: float, to_x: float, to_y: float) -> Markup:
    return Markup(
        '<path class="arrow" d="M{0:.1f} {1:.1f}L{2:.1f} {3:.1f}"/>'
        '<path class="cross" d="M{4:.1f} {5:.1f}l9 9m0 -9l-9 9"/>'
    ).format(x, y, to_x, to_y, to_x - 4.5, to_y - 4.5)


def _told(picture: _Picture, message: Message) -> str:
    """All of a message, as it is told when it is pointed at."""
    trace, view = picture.window.trace, picture.view
    ends = [f"received at {trace.time(at) / 1e9:.6f} s" for at in message.received]
    if message.dropped is not None:
        ends.append(f"lost at {trace.time(message.dropped) / 1e9:.6f} s: {message.reason}")
    body = shortened(json.dumps(message.body, ensure_ascii=False, default=repr), 400)
    return safe_text(
        f"{host_name(view, message.source)} to {host_name(view, message.destination)}: {body}; "
        f"sent at {trace.time(message.sent) / 1e9:.6f} s, {', '.join(ends) or 'still under way'}"
    )


def _label(picture: _Picture, message: Message, number: int, start: Place, end: Place) -> Markup:
    """The message of this number in a few words beside its arrow, where there is room."""
    text = safe_text(brief(message.body))
    if message.dropped is not None:
        text = f"{text} lost: {safe_text(shortened(message.reason, 20))}"
    for share in _ALONG:
        x = start[0] + (end[0] - start[0]) * share + 5
        y = start[1] + (end[1] - start[1]) * share
        if picture.free(x, y - 8, len(text) * GLYPH):
            said = Markup('<text class="says {}" data-of="{}" x="{:.1f}" y="{:.1f}">{}</text>')
            return said.format(_kind(picture, message), number, x, y + 2, text)
    return Markup("")
