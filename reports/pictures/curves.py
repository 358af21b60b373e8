"""Curves over time: a scale of values, the lines, and the key that names them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from splitbrain.checkers.history.columns import Int64
from splitbrain.harness.pictures.forms import Series
from splitbrain.reports.pictures.marking import GLYPH, Axis, label, line, shown

DOTS, STEPS = 1_200, 600
KEY_ROW = 16.0


class Scale:
    """Values from below to above: from 0, or if need be from near the least of them."""

    def __init__(
        self, values: Sequence[float], *, logarithmic: bool = False, close: bool = False
    ) -> None:
        self.logarithmic = logarithmic
        if logarithmic:
            self.low = float(math.floor(math.log10(max(1e-12, min(values)))))
            highest = math.ceil(math.log10(max(1e-12, *values, 1e-12)))
            self.high = max(self.low + 1.0, float(highest))
            return
        self.low, self.high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
        if close and 0 < max(values) - min(values) < min(values) / 2:
            self.low = min(values)
        if self.low == self.high:
            self.high = self.low + 1.0

    def share(self, value: float) -> float:
        """How far up a value is, from 0 to 1."""
        if self.logarithmic:
            value = math.log10(max(1e-12, value))
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def ticks(self) -> list[tuple[float, str]]:
        """Values to write beside the plot, with their words."""
        if self.logarithmic:
            step = max(1, -(-int(self.high - self.low) // 6))
            powers = range(int(self.low), int(self.high) + 1, step)
            return [(10.0**power, f"{10.0**power:g}") for power in powers]
        least = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(least))
        step = next(k * power for k in (1, 2, 5, 10) if k * power >= least)
        first = math.ceil(self.low / step)
        found = [number * step for number in range(first, int(self.high / step) + 1)]
        return [(value, f"{value:,.10g}") for value in found]


def draw_curves(
    series: Sequence[Series], axis: Axis, scale: Scale, left: float, bottom: float, height: float
) -> list[Markup]:
    """The curves on their scale, and below them what each is."""
    parts: list[Markup] = []
    for value, text in scale.ticks():
        y = bottom - scale.share(value) * height
        parts.append(line("rule", left, y, left + axis.width, y))
        parts.append(label("value", left - 8, y + 4, text))
    for each, (x, row) in zip(series, key_places(series, axis.width), strict=True):
        points = [
            (left + axis.x(time), bottom - scale.share(value) * height)
            for time, value in _thinned(each.points, DOTS if each.form == "dots" else STEPS)
        ]
        parts.append(_path(each, points, left + axis.width))
        y = bottom + 27 + row * KEY_ROW
        parts.append(
            Markup(
                '<rect class="key {}" x="{:.1f}" y="{:.1f}" width="12" height="8" rx="2"/>'
            ).format(each.tone, left + x, y)
        )
        parts.append(label("says", left + x + 17, y + 8, shown(each.name, 40)))
    return parts


def key_places(series: Sequence[Series], width: float) -> list[tuple[float, int]]:
    """Where the key of each curve stands: how far to the right, and in which row."""
    places: list[tuple[float, int]] = []
    x, row = 0.0, 0
    for each in series:
        room = len(shown(each.name, 40)) * GLYPH + 44
        if x and x + room > width:
            x, row = 0.0, row + 1
        places.append((x, row))
        x += room
    return places


def _path(series: Series, points: Sequence[tuple[float, float]], end: float) -> Markup:
    if series.form == "dots":
        path = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points)
        return Markup('<path class="dots {}" d="{}"/>').format(series.tone, path)
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for x, y in points[1:]:
        steps.append(f"H{x:.1f}V{y:.1f}" if series.form == "steps" else f"L{x:.1f} {y:.1f}")
    if series.form == "steps":
        steps.append(f"H{end:.1f}")
    return Markup('<path class="curve {}" d="{}"/>').format(series.tone, "".join(steps))


def followed(series: Series, axis: Axis) -> Series:
    """A series as far as an axis goes that has breaks: a straight line has a point wherever the
    axis may bend."""
    inside = [point for point in series.points if axis.start <= point[0] <= axis.end]
    if series.form == "dots" or not series.points:
        return Series(series.name, tuple(inside), series.form, series.tone)
    times, values = zip(*series.points, strict=True)
    own = {time for time, _ in inside}
    if series.form == "line":
        bends = [time for time in axis.moments if time not in own]
        made = np.interp(bends, times, values).tolist()
        points = sorted([*inside, *zip(bends, made, strict=True)], key=lambda point: point[0])
    else:
        before = [value for time, value in series.points if time < axis.start]
        points = [*((axis.start, value) for value in before[-1:]), *inside]
    return Series(series.name, tuple(points), series.form, series.tone)


def _thinned(points: Sequence[tuple[int, float]], most: int) -> Sequence[tuple[int, float]]:
    """The points, or of too many the greatest of each stretch: what is worst must show."""
    return [points[at] for at in greatest(np.array([value for _, value in points]), most).tolist()]


def greatest(values: npt.NDArray[Any], most: int) -> Int64:
    """Where the values are, or of too many the greatest of each stretch."""
    size = -(-len(values) // most) or 1
    begins = range(0, len(values), size)
    found = [begin + int(np.argmax(values[begin : begin + size])) for begin in begins]
    return np.array(found, dtype=np.int64)
