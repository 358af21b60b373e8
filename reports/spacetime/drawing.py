"""A space-time diagram as a static SVG.

Lanes are hosts and time goes right. A strip on a server's lane is what it was (leaders gold), a bar
on a client's lane an operation, an arrow a message; one that ends in a cross was lost, and says to
which fault. Each message knows which others happened before it, so that a script can light them.
"""

from __future__ import annotations

from markupsafe import Markup

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.runs.recorded_trace import Role
from splitbrain.reports.model import RunView
from splitbrain.reports.spacetime.arrows import arrows_and_words
from splitbrain.reports.spacetime.sheet import GLYPH, HEAD, STRIP, Sheet, text_at
from splitbrain.reports.spacetime.window import Window, host_name
from splitbrain.reports.wording import safe_text, shortened

_TICK_LIMIT = 60
_AGAIN = 480.0


def draw_spacetime(view: RunView, window: Window) -> Markup:
    """The SVG of a window of a run."""
    sheet = Sheet(view, window)
    behind = [_head(sheet), *_faults(sheet), *_rules(sheet)]
    lanes = [part for host in window.hosts for part in _strip(sheet, host)]
    lanes += _operations(sheet)
    lanes += _ticks(sheet)
    lanes += _steps(sheet)
    arrows, words = arrows_and_words(sheet)
    # Arrows pass behind what lanes say, and words stand before all arrows.
    parts = [*behind, *_axis(sheet), *arrows, *lanes, *words, Markup("</svg>")]
    return _names(sheet) + Markup("").join(parts)


def _names(sheet: Sheet) -> Markup:
    """The lanes' names: a drawing of their own, which stays where it is while the other scrolls."""
    width = 8.0 * max(map(len, sheet.names)) + 22
    texts = [
        text_at("lane", width - 8, sheet.y(host) + 4, name)
        for name, host in zip(sheet.names, sheet.window.hosts, strict=True)
    ]
    head = Markup('<svg class="spacetime names" aria-hidden="true" width="{:.0f}" height="{:.0f}">')
    return head.format(width, sheet.bottom + 26) + Markup("").join([*texts, Markup("</svg>")])


def _head(sheet: Sheet) -> Markup:
    return Markup(
        '<svg class="spacetime" role="group" tabindex="0" aria-label="{}" width="{:.0f}" '
        'height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}"><defs>{}</defs>'
    ).format(
        f"space-time diagram of {len(sheet.window.messages)} messages between "
        f"{len(sheet.names)} hosts",
        *(sheet.width, sheet.bottom + 26) * 2,
        Markup("").join(
            Markup(
                '<marker id="tip-{0}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
                'markerHeight="7" orient="auto"><path class="tip {0}" d="M0 0L8 4L0 8z"/></marker>'
            ).format(kind)
            for kind in ("client", "server")
        ),
    )


def _fitted(text: str, room: float) -> str:
    """As much of a text as there is room for; nothing rather than a letter or two."""
    most = int(room / GLYPH)
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if most > 3 else ""


def _faults(sheet: Sheet) -> list[Markup]:
    """A band for each fault, darker on the lanes of who was struck, and its name above, as far as
    the next one's in its row."""
    rect = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    top, height = sheet.top - STRIP, sheet.bottom - sheet.top + STRIP
    parts = []
    limits = [sheet.width] * (1 + max(sheet.rows, default=0))
    for fault, row in reversed(list(zip(sheet.faults, sheet.rows, strict=True))):
        left = max(sheet.left, sheet.when(fault.start or 0))
        right = sheet.width if fault.end is None else sheet.when(fault.end)
        width = max(3.0, right - left)
        parts.append(rect.format("fault-band", left, top, width, height))
        parts += [
            rect.format("fault-lane", left, sheet.y(host) - STRIP, width, 2 * STRIP)
            for host in sheet.window.hosts
            if host in fault.targets
        ]
        name = safe_text(f"{shortened(fault.id, 24)} {shortened(fault.kind, 32)}")
        label = _fitted(f"{name} {fault.target_text}", limits[row] - left - 8)
        if label:
            parts.append(text_at("fault-name", left + 3, HEAD + 15 * row + 10, label))
        limits[row] = left
    return parts


def _rules(sheet: Sheet) -> list[Markup]:
    line = Markup('<line class="rule" x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return [
        line.format(sheet.left, sheet.width - 8, y=sheet.y(host)) for host in sheet.window.hosts
    ]


def _strip(sheet: Sheet, host: str) -> list[Markup]:
    """What a server was over time; no strip while it was down, or where nothing is known of it."""
    if host in sheet.view.plan.client_hosts:
        return []
    trace = sheet.window.trace
    first, last = sheet.places.positions[0], sheet.places.positions[-1]
    now = trace.role_at(host, first)
    inside = [r for r in trace.roles.get(host, ()) if first < r.at <= last]
    roles = [Role(first, now.name, now.term) if now else Role(first, "up", ""), *inside]
    ends = [*(sheet.x(r.at) for r in inside), sheet.width - 8]
    parts = []
    for number, (role, end) in enumerate(zip(roles, ends, strict=True)):
        start = sheet.left if number == 0 else sheet.x(role.at)
        if not role.name or end - start < 1:
            continue
        kind = {LEADER: "leads", "candidate": "runs"}.get(role.name, "follows")
        label = safe_text(shortened(role.name, 16))
        label += f" · term {safe_text(shortened(role.term, 12))}" if role.term else ""
        y = sheet.y(host) - STRIP / 2
        parts.append(
            Markup(
                '<g class="role {}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                'height="{:.1f}" rx="3"/>{}</g>'
            ).format(
                kind,
                f"{host_name(sheet.view, host)}: {label}",
                *(start, y, end - start, STRIP),
                "" if role.name == "up" else _along(start, end, y + 12, label),
            )
        )
    return parts


def _along(start: float, end: float, y: float, text: str) -> Markup:
    """A text again and again, so that one is in sight wherever the picture is scrolled to."""
    count = max(1, int((end - start) // _AGAIN))
    texts = (
        text_at("what", start + 5 + n * _AGAIN, y, _fitted(text, end - start - 8))
        for n in range(count)
    )
    return Markup("").join(texts)


def _operations(sheet: Sheet) -> list[Markup]:
    """Clients' operations as bars on their lanes."""
    view, parts = sheet.view, []
    for position in sheet.window.calls:
        call = view.calls[position]
        host = f"c{call.process % view.plan.clients + 1}"
        if host not in sheet.window.hosts:
            continue
        completion = view.completion(call)
        start = sheet.when(max(call.start, sheet.window.start))
        end = sheet.width - 8 if completion is None else sheet.when(completion.time)
        end = max(end, start + 6)
        text = f"{shortened(call.f, 20)} {view.phrases.label(call, view.number(position), 30)}"
        text = safe_text(text)
        label, room = _fitted(text, end - start - 8), len(text) * GLYPH * 1.2
        y = sheet.y(host) - STRIP / 2 - 2
        above = label != text and sheet.free(start, y - 13, room)
        parts.append(
            Markup(
                '<g class="bar {}{}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                'height="{:.1f}" rx="4"/>{}</g>'
            ).format(
                call.outcome,
                " blamed" if position in view.marked else "",
                f"#{call.invoke_index} {text}",
                *(start, y, end - start, STRIP + 4),
                text_at("above", start, y - 4, text) if above else _along(start, end, y + 14, text),
            )
        )
    return parts


def _ticks(sheet: Sheet) -> list[Markup]:
    """Syncs of disks, as ticks above and below the lanes: not through what these say."""
    window, parts = sheet.window, []
    first, last = sheet.places.positions[0], sheet.places.positions[-1]
    for event in window.trace.events[first:last]:
        if event[1] != "fsync" or len(event) < 3 or event[2] not in window.hosts:
            continue
        x, y = sheet.when(round(event[0] * 1e9)), sheet.y(event[2])
        file = f" {event[3]}" if len(event) > 3 else ""
        parts.append(
            Markup(
                '<path class="sync" d="M{:.1f} {:.1f}v5m0 {:.1f}v5"><title>{}</title></path>'
            ).format(
                *(x, y - STRIP / 2 - 5, STRIP),
                f"{event[0]:.6f} s: {safe_text(shortened(f'{event[2]} syncs{file}', 80))}",
            )
        )
    return parts[-_TICK_LIMIT:]


def _steps(sheet: Sheet) -> list[Markup]:
    """What composite faults did, as flags above the lanes of the nodes that they struck."""
    parts = []
    for fault in sheet.faults:
        for time, text in fault.steps:
            struck = text.rsplit(" ", 1)[-1]
            if not sheet.window.start <= time <= sheet.window.end:
                continue
            if struck not in sheet.window.hosts:
                continue
            x, y = sheet.when(time), sheet.y(struck) - STRIP / 2 - 3
            parts.append(
                Markup('<path class="flag-mark" d="M{:.1f} {:.1f}v-10l7 4l-7 4"/>').format(x, y)
            )
            if sheet.free(x + 9, y - 12, len(text) * GLYPH):
                parts.append(text_at("fault-name", x + 9, y - 4, text))
    return parts


def _axis(sheet: Sheet) -> list[Markup]:
    """Times below the places, as far as there is room, and where time is left out."""
    parts, free = [], 0.0
    for at, time in zip(sheet.places.x, sheet.places.times, strict=True):
        x, text = sheet.left + at, f"{time / 1e9:.4f}"
        if x < free:
            continue
        free = x + len(text) * GLYPH + 14
        parts.append(text_at("when", x, sheet.bottom + 18, text))
        parts.append(
            Markup(
                '<line class="rule" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>'
            ).format(x, sheet.bottom, sheet.bottom + 6)
        )
    for at, passed in sheet.places.breaks:
        x = sheet.left + at
        parts.append(
            Markup(
                '<line class="break" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}">'
                "<title>{3}</title></line>"
            ).format(x, sheet.top - STRIP, sheet.bottom, f"{passed / 1e6:,.0f} ms without")
        )
    return parts
