"""A ring of keys before and after a change as an SVG: arcs that moved are lit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from splitbrain.harness.pictures.forms import Ring, tone_of
from splitbrain.reports.pictures.marking import GLYPH, head, label, shown, tip

RADIUS, THICK = 110.0, 26.0
_SIZE = 340.0

Arcs = Sequence[tuple[float, str]]


def draw_ring(ring: Ring, title: str) -> Markup:
    """The SVG; empty if either ring is."""
    if not ring.before or not ring.after:
        return Markup("")
    owners = sorted({owner for _, owner in (*ring.before, *ring.after)})
    names = [shown(name, 24) for name in ring.names]
    note = shown(ring.note, 120)
    size = 2 * _SIZE + 20, _SIZE + (54 if note else 34)
    parts = [head("ring", f"{title}: {names[0]} and {names[1]}", *size)]
    for number, (name, arcs) in enumerate(zip(names, (ring.before, ring.after), strict=True)):
        middle = _SIZE / 2 + number * (_SIZE + 20), _SIZE / 2
        parts.append(label("column", middle[0], middle[1] + 4, name))
        parts += _arcs(arcs, ring.before, owners, middle)
        for at, key in ring.keys[:16]:
            x, y = _place(middle, at, RADIUS + THICK / 2 + 12)
            parts.append(label("column", x, y + 3, shown(key, 8)))
    x = 12.0
    for owner in owners:
        name = shown(owner, 24)
        parts.append(
            Markup(
                '<rect class="key {}" x="{:.1f}" y="{:.1f}" width="12" height="8" rx="2"/>'
            ).format(tone_of(owners.index(owner)), x, _SIZE + 14)
        )
        parts.append(label("says", x + 17, _SIZE + 22, name))
        x += len(name) * GLYPH + 44
    moved = _moved(ring)
    parts.append(label("says", x, _SIZE + 22, f"{moved:.1%} of the ring has another owner now"))
    if note:
        parts.append(label("says", 12, _SIZE + 42, note))
    return Markup("").join([*parts, Markup("</svg>")])


def _place(middle: tuple[float, float], at: float, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * at - math.pi / 2
    return middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)


def _owner(arcs: Arcs, at: float) -> str:
    """Who owns a place: the arc that ends there or next after it."""
    return next((owner for end, owner in arcs if at <= end), arcs[0][1])


def _moved(ring: Ring) -> float:
    """The share of the ring whose owner changed."""
    ends = sorted({end for end, _ in (*ring.before, *ring.after)} | {1.0})
    share, last = 0.0, 0.0
    for end in ends:
        if _owner(ring.before, end) != _owner(ring.after, end):
            share += end - last
        last = end
    return share


def _arcs(
    arcs: Arcs, before: Arcs, owners: Sequence[str], middle: tuple[float, float]
) -> list[Markup]:
    """The ring, cut wherever an arc of either ends, so that what moved is seen."""
    cuts = sorted({end for end, _ in (*arcs, *before)} | {1.0})
    parts, last = [], 0.0
    for end in cuts:
        owner, was = _owner(arcs, end), _owner(before, end)
        (x, y), (to_x, to_y) = _place(middle, last, RADIUS), _place(middle, end - 1e-6, RADIUS)
        moved = " moved" if owner != was else ""
        note = f"{shown(owner, 24)}{f', was {shown(was, 24)}' if moved else ''}"
        parts.append(
            Markup(
                '<path class="arc {}{}" d="M{:.1f} {:.1f}A{r} {r} 0 {} 1 {:.1f} {:.1f}">{}</path>'
            ).format(
                tone_of(owners.index(owner)),
                moved,
                *(x, y, int(end - last > 0.5), to_x, to_y),
                tip(note),
                r=RADIUS,
            )
        )
        last = end
    return parts
