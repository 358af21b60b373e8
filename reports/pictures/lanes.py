"""Lanes over time as an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from splitbrain.harness.pictures.forms import Bar, Lane, Lanes, Link, Point
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.pictures.marking import (
    GLYPH,
    Axis,
    bands,
    fitted,
    head,
    label,
    line,
    shown,
    times,
    tip,
)
from splitbrain.reports.wording import seconds

LANE_LIMIT = 40
BAR_LIMIT = 160
ROW = 19.0
GAP = 14.0
TOP = 24.0
WIDTH = 1080.0
BESIDE = 90.0
"""Room for the words of what stands last."""

_WORDS = 34


def draw_lanes(lanes: Lanes, faults: Sequence[FaultBand], title: str) -> Markup:
    """The SVG; empty if nothing happens in any lane."""
    chosen = [_limited(lane) for lane in lanes.lanes[:LANE_LIMIT]]
    moments = [time for lane in chosen for time in _moments(lane)]
    names = {lane.name for lane in chosen}
    links = [link for link in lanes.links if {link.source, link.target} <= names][:BAR_LIMIT]
    moments += [time for link in links for time in (link.sent, link.arrived)]
    if not moments:
        return Markup("")
    left = max(len(shown(lane.name, 28)) for lane in chosen) * 7.0 + 18
    axis = Axis(moments, WIDTH - left - BESIDE)
    rows = [_stacked(lane, axis) for lane in chosen]
    places, y = [], TOP
    for lane, stacked in zip(chosen, rows, strict=True):
        places.append(y)
        y += (1 + max(stacked, default=0)) * ROW + (13 if lane.points else 0) + GAP
    bottom, width = y, left + axis.width + BESIDE
    parts = [head("lanes", f"{title}: {len(chosen)} lanes", width, bottom + 24)]
    parts += bands(faults, axis, left, TOP - 8, bottom)
    for lane, stacked, top in zip(chosen, rows, places, strict=True):
        parts.append(label("lane", left - 10, top + 13, shown(lane.name, 28)))
        parts.append(line("rule", left, top - GAP / 2, left + axis.width, top - GAP / 2))
        free = [left + axis.width + BESIDE] * (1 + max(stacked, default=0))
        for bar, row in reversed(list(zip(lane.bars, stacked, strict=True))):
            parts.append(_bar(bar, axis, left, top + row * ROW, free[row]))
            free[row] = left + axis.x(bar.start)
        below = top + (1 + max(stacked, default=-1)) * ROW if lane.bars else top
        parts += _points(lane.points, axis, left, below + 7)
    tops = {lane.name: top for lane, top in zip(chosen, places, strict=True)}
    parts += _links(links, axis, left, tops)
    parts += times(axis, left, TOP - 8, bottom)
    return Markup("").join([*parts, Markup("</svg>")])


def _limited(lane: Lane) -> Lane:
    """A lane with the latest of its things, if it has too many."""
    bars = tuple(sorted(lane.bars, key=lambda bar: bar.start))[-BAR_LIMIT:]
    points = tuple(sorted(lane.points, key=lambda point: point.time))[-BAR_LIMIT:]
    return Lane(lane.name, bars, points)


def _moments(lane: Lane) -> Iterator[int]:
    for bar in lane.bars:
        yield bar.start
        if bar.end is not None:
            yield bar.end
    for point in lane.points:
        yield point.time


def _stacked(lane: Lane, axis: Axis) -> list[int]:
    """For each bar the row in its lane: the first that is free where it begins."""
    free: list[float] = []
    rows = []
    for bar in lane.bars:
        start = axis.x(bar.start)
        end = axis.width if bar.end is None else axis.x(bar.end)
        row = next((row for row, at in enumerate(free) if at <= start), len(free))
        free[row : row + 1] = [max(end, start + 3)]
        rows.append(row)
    return rows


def _bar(bar: Bar, axis: Axis, left: float, y: float, limit: float) -> Markup:
    """A bar with its words: in it if they fit, else beside it as far as the next one."""
    start = left + axis.x(bar.start)
    end = left + axis.width if bar.end is None else left + axis.x(bar.end)
    width = max(3.0, end - start)
    until = "never ended" if bar.end is None else f"to {seconds(bar.end)}"
    note = shown(bar.note or bar.text, 300)
    open_end = " open" if bar.end is None else ""
    text = shown(bar.text, _WORDS)
    words = label("what", start + 4, y + 12, fitted(text, width - 6))
    if len(text) * GLYPH > width - 6 and limit - end > width:
        words = label("beside", end + 4, y + 12, fitted(text, limit - end - 8))
    return Markup(
        '<g class="thing {}{}">{}<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
        'rx="3"/>{}</g>'
    ).format(
        bar.tone,
        open_end,
        tip(f"{note}; from {seconds(bar.start)} {until}"),
        *(start, y, width, ROW - 3),
        words,
    )


def _points(points: Sequence[Point], axis: Axis, left: float, y: float) -> list[Markup]:
    """Diamonds, with their words where no other's are."""
    parts: list[Markup] = []
    places = [left + axis.x(point.time) for point in points]
    limits = [*places[1:], left + axis.width + BESIDE - 4]
    for point, x, limit in zip(points, places, limits, strict=False):
        text = fitted(shown(point.text, _WORDS), limit - x - 12)
        parts.append(
            Markup('<g class="thing {}">{}<path d="M{:.1f} {:.1f}l4 -5l4 5l-4 5z"/>{}</g>').format(
                point.tone,
                tip(f"{shown(point.note or point.text, 300)}; at {seconds(point.time)}"),
                *(x - 4, y),
                label("beside", x + 7, y + 4, text) if text else "",
            )
        )
    return parts


def _links(links: Sequence[Link], axis: Axis, left: float, tops: dict[str, float]) -> list[Markup]:
    parts: list[Markup] = []
    for link in links:
        x, to_x = left + axis.x(link.sent), left + axis.x(link.arrived)
        y, to_y = tops[link.source] + 8, tops[link.target] + 8
        if link.lost:
            to_x, to_y = x + (to_x - x + 8) * 0.6, y + (to_y - y) * 0.6
        end = (
            Markup('<path class="cross" d="M{:.1f} {:.1f}l8 8m0 -8l-8 8"/>').format(
                to_x - 4, to_y - 4
            )
            if link.lost
            else Markup('<circle r="2.5" cx="{:.1f}" cy="{:.1f}"/>').format(to_x, to_y)
        )
        parts.append(
            Markup('<g class="link{}">{}<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>{}</g>').format(
                " lost" if link.lost else "",
                tip(shown(link.text, 200)),
                *(x, y, to_x, to_y),
                end,
            )
        )
    return parts
