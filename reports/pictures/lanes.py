"""Lanes over time as an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from splitbrain.harness.pictures.forms import Bar, Lane, Lanes, Link, Point, Series
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.pictures.curves import KEY_ROW, Scale, draw_curves, followed, key_places
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
CURVES = 80.0
"""How high the curves are that stand below lanes."""

BESIDE = 90.0
"""Room for the words of what stands last."""

_WORDS = 40


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
    curves = [each for each in (followed(one, axis) for one in lanes.curves) if each.points]
    below = CURVES + 42 + key_places(curves, axis.width)[-1][1] * KEY_ROW if curves else 0
    parts = [head("lanes", f"{title}: {len(chosen)} lanes", width, bottom + below + 24)]
    parts += bands(faults, axis, left, TOP - 8, bottom + (CURVES + 20 if curves else 0))
    tops = {lane.name: top for lane, top in zip(chosen, places, strict=True)}
    parts += _links(links, axis, left, tops)
    for lane, stacked, top in zip(chosen, rows, places, strict=True):
        parts.append(label("lane", left - 10, top + 13, shown(lane.name, 28)))
        parts.append(line("rule", left, top - GAP / 2, left + axis.width, top - GAP / 2))
        free = [left + axis.width + BESIDE] * (1 + max(stacked, default=0))
        for bar, row in reversed(list(zip(lane.bars, stacked, strict=True))):
            parts.append(_bar(bar, axis, left, top + row * ROW, free[row]))
            free[row] = left + axis.x(bar.start)
        under = top + (1 + max(stacked, default=-1)) * ROW if lane.bars else top
        parts += _points(lane.points, axis, left, under + 7)
    if curves:
        parts += _curves(curves, lanes.unit, axis, left, bottom)
        bottom += CURVES + 20
    parts += times(axis, left, TOP - 8, bottom)
    return Markup("").join([*parts, Markup("</svg>")])


def _curves(
    curves: Sequence[Series], unit: str, axis: Axis, left: float, top: float
) -> Iterator[Markup]:
    """Values over the time of the lanes, below them."""
    scale = Scale([value for each in curves for _, value in each.points], close=True)
    yield label("unit", left, top + 8, shown(unit, 80))
    yield Markup('<g class="plot">')
    yield from draw_curves(curves, axis, scale, left, top + 16 + CURVES, CURVES)
    yield Markup("</g>")


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
    """Diamonds, with their words where no other's are; those of what is bad go first."""
    parts: list[Markup] = []
    places = [left + axis.x(point.time) for point in points]
    edge, taken = left + axis.width + BESIDE - 4, 0.0
    for at, (point, x) in enumerate(zip(points, places, strict=True)):
        others = zip(points[at + 1 :], places[at + 1 :], strict=True)
        limit = next(
            (to for other, to in others if point.tone != "bad" or other.tone == "bad"), edge
        )
        text = "" if x < taken else fitted(shown(point.text, _WORDS), limit - x - 12)
        if text:
            taken = x + 7 + len(text) * GLYPH
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
