"""A cycle of transactions drawn as a ring: boxes for transactions, an arrow for each dependency.

The arrows carry the number of their step, whose reason stands beside the picture, and its type in
Adya's terms: ``wr`` (read what the other wrote), ``ww`` (overwrote it), ``rw`` (read what the other
then overwrote), ``rt`` (ended before the other began).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

from markupsafe import Markup

from splitbrain.checkers.verdict import Anomaly, Shape
from splitbrain.reports.model import RunView
from splitbrain.reports.phrases import micro_text
from splitbrain.reports.wording import client_name, safe_text, shortened

STEPS = ("cycle", "cycle of predicates", "commit order")
"""Under which name an anomaly's details have the steps of its cycle."""

MOST = 12
"""Transactions of a ring that is drawn; longer ones are told by their steps alone."""

GLYPH, LINE, PADDING = 6.9, 15.0, 10.0
_WRAPPED = 42
_LINES = 8
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Box:
    """A transaction of the ring: its name, its lines, and where it stands (its middle)."""

    name: str
    lines: tuple[str, ...]
    x: float
    y: float

    @property
    def width(self) -> float:
        """In pixels."""
        return max(len(line) for line in (self.name, *self.lines)) * GLYPH + 2 * PADDING

    @property
    def height(self) -> float:
        """In pixels."""
        return (1 + len(self.lines)) * LINE + 2 * PADDING - 4

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is in it, or nearly."""
        return abs(x - self.x) <= self.width / 2 + 3 and abs(y - self.y) <= self.height / 2 + 3


def steps_in(anomaly: Anomaly) -> list[Mapping[str, Any]]:
    """The steps of an anomaly's cycle as recorded; none unless it has the shape of one."""
    for name in STEPS if anomaly.shape is Shape.CYCLE else ():
        steps = anomaly.details.get(name)
        entries = steps if isinstance(steps, list) else []
        found = [step for step in entries if isinstance(step, Mapping)]
        if found:
            return found
    return []


def draw_cycle(view: RunView, anomaly: Anomaly) -> Markup:
    """The SVG of an anomaly's cycle; empty if it has none that can be drawn."""
    steps = steps_in(anomaly)
    ends = [(step.get("from"), step.get("to")) for step in steps]
    names = list(dict.fromkeys(end for pair in ends for end in pair if isinstance(end, str)))
    if not 2 <= len(names) <= MOST or not all(
        isinstance(a, str) and isinstance(b, str) for a, b in ends
    ):
        return Markup("")
    boxes = _placed(names, [_lines(view, anomaly, steps, name) for name in names])
    by_name = dict(zip(names, boxes, strict=True))
    arrows = [
        _arrow(by_name[step["from"]], by_name[step["to"]], number, str(step.get("type", "")))
        for number, step in enumerate(steps, start=1)
        if step["from"] != step["to"]
    ]
    return _svg(boxes, arrows)


def _lines(
    view: RunView, anomaly: Anomaly, steps: Sequence[Mapping[str, Any]], name: str
) -> tuple[str, ...]:
    """Who ran a transaction, and those of its micro-operations that the ring's arrows use."""
    positions = [p for p, told in view.transactions.items() if told == name]
    if not positions:
        return ()
    call = view.calls[positions[0]]
    value = call.result if call.outcome == "ok" else call.argument
    keys = [step.get("key") for step in steps if name in (step["from"], step["to"])]
    micros = value if isinstance(value, list) else []
    used = [m for m in micros if not keys or (isinstance(m, list) and m[1:2] and m[1] in keys)]
    told = [micro_text(micro, call.outcome == "ok", 200) for micro in used or micros]
    lines = [line for text in told for line in textwrap.wrap(text, _WRAPPED)]
    more = [f"... {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    who = f"{client_name(call.process, view.plan.clients)}, {call.outcome}"
    return (who, *lines[:_LINES], *more)


def _placed(names: Iterable[str], lines: Iterable[tuple[str, ...]]) -> list[Box]:
    """The boxes on a ring, clockwise from its top; two stand side by side."""
    told = [safe_text(shortened(name, 24)) for name in names]
    boxes = [Box(name, each, 0, 0) for name, each in zip(told, lines, strict=True)]
    wide, high = max(box.width for box in boxes), max(box.height for box in boxes)
    count = len(boxes)
    if count == 2:
        angles, across, down = [pi, 0.0], (wide + 190) / 2, 0.0
    else:
        angles = [2 * pi * number / count - pi / 2 for number in range(count)]
        across = max(wide * 0.9 + 40, count * (wide + 60) / (2 * pi))
        down = max(high * 0.9 + 60, count * (high + 50) / (2 * pi))
    return [
        Box(box.name, box.lines, across * cos(angle), down * sin(angle))
        for box, angle in zip(boxes, angles, strict=True)
    ]


def _arrow(source: Box, target: Box, number: int, kind: str) -> Markup:
    """A dependency: a curve that bends to its left, from border to border, with its label."""
    middle_x, middle_y = (source.x + target.x) / 2, (source.y + target.y) / 2
    bend_x = middle_x + (target.y - source.y) * 0.22
    bend_y = middle_y - (target.x - source.x) * 0.22

    def point(share: float) -> tuple[float, float]:
        a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
        return (
            a * source.x + b * bend_x + c * target.x,
            a * source.y + b * bend_y + c * target.y,
        )

    curve = [point(n / _SAMPLES) for n in range(_SAMPLES + 1)]
    outside = [p for p in curve if not source.holds(*p) and not target.holds(*p)] or curve
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in outside)
    x, y = outside[len(outside) // 2]
    known = kind if kind in ("wr", "ww", "rw", "rt") else "other"
    label = safe_text(f"{number} {shortened(kind, 16)}".rstrip())
    width = len(label) * GLYPH + 12
    return Markup(
        '<g class="edge {0}"><path class="shaft" d="M{1}" marker-end="url(#edge-{0})"/>'
        '<rect x="{2:.1f}" y="{3:.1f}" width="{4:.1f}" height="19" rx="9.5"/>'
        '<text x="{5:.1f}" y="{6:.1f}">{7}</text></g>'
    ).format(known, path, x - width / 2, y - 9.5, width, x, y + 4, label)


def _svg(boxes: Sequence[Box], arrows: Sequence[Markup]) -> Markup:
    left = min(box.x - box.width / 2 for box in boxes) - 40
    right = max(box.x + box.width / 2 for box in boxes) + 40
    top = min(box.y - box.height / 2 for box in boxes) - 12
    bottom = max(box.y + box.height / 2 for box in boxes) + 12
    if len(boxes) == 2:  # whose arrows bend beyond short boxes
        top, bottom = min(top, -70.0), max(bottom, 70.0)
    markers = Markup("").join(
        Markup(
            '<marker id="edge-{0}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto"><path class="tip {0}" d="M0 0L8 4L0 8z"/></marker>'
        ).format(kind)
        for kind in ("wr", "ww", "rw", "rt", "other")
    )
    head = Markup(
        '<svg class="ring" role="img" aria-label="cycle of {} transactions" width="{:.0f}" '
        'height="{:.0f}" viewBox="{:.0f} {:.0f} {:.0f} {:.0f}"><defs>{}</defs>'
    ).format(len(boxes), right - left, bottom - top, left, top, right - left, bottom - top, markers)
    return Markup("").join([head, *arrows, *map(_box, boxes), Markup("</svg>")])


def _box(box: Box) -> Markup:
    x, y = box.x - box.width / 2, box.y - box.height / 2
    texts = [
        Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(
            "name" if number == 0 else "who" if number == 1 else "what",
            x + PADDING,
            y + PADDING + 9 + number * LINE,
            line,
        )
        for number, line in enumerate((box.name, *box.lines))
    ]
    return Markup(
        '<g class="transaction"><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="6"/>'
        "{}</g>"
    ).format(x, y, box.width, box.height, Markup("").join(texts))
