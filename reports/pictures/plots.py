"""Values over time as an SVG, with the bands of faults behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from splitbrain.checkers.history.columns import Int64
from splitbrain.harness.pictures.forms import Plot, Series
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.pictures.marking import GLYPH, Axis, bands, head, label, line, shown

DOTS, STEPS = 1_200, 600
HEIGHT = 150.0
LEFT, TOP = 64.0, 38.0
WIDTH = 1000.0


class _Even(Axis):
    """Time to scale throughout: a rate would lie on an axis with breaks."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__((start, max(end, start + 1)), WIDTH)
        self.breaks = []
        self._times, self._x = [start, max(end, start + 1)], [0.0, WIDTH]

    def ticks(self, distance: float = 90.0) -> list[tuple[float, int]]:
        least = (self.end - self.start) / (WIDTH / distance)
        power = 10 ** math.floor(math.log10(max(1.0, least)))
        step = next(int(k * power) for k in (1, 2, 5, 10) if k * power >= least)
        first = -(-self.start // step) * step
        return [(self.x(time), time) for time in range(first, self.end + 1, step)]


def draw_plot(
    plot: Plot, faults: Sequence[FaultBand], title: str, span: tuple[int, int] | None = None
) -> Markup:
    """The SVG; empty if no series has a point. `span`: from when to when, if not as the points."""
    series = [each for each in plot.series if each.points][:12]
    if not series:
        return Markup("")
    values = [value for each in series for _, value in each.points]
    moments = [time for each in series for time, _ in each.points]
    axis = _Even(*(span or (min(moments), max(moments))))
    scale = _Scale(values, plot.logarithmic)
    bottom = TOP + HEIGHT
    width = LEFT + WIDTH + 12
    parts = [head("plot", f"{title}, {plot.unit}, over time", width, bottom + 44)]
    parts += bands(faults, axis, LEFT, TOP, bottom)
    for value, text in scale.ticks():
        y = bottom - scale.share(value) * HEIGHT
        parts.append(line("rule", LEFT, y, LEFT + WIDTH, y))
        parts.append(label("value", LEFT - 8, y + 4, text))
    parts.append(label("unit", LEFT, 12, shown(plot.unit, 80)))
    for x, time in axis.ticks():
        parts.append(label("when", LEFT + x, bottom + 16, f"{time / 1e9:g} s"))
    x = LEFT
    for each in series:
        parts += _series(each, axis, scale, bottom)
        name = shown(each.name, 40)
        parts.append(
            Markup(
                '<rect class="key {}" x="{:.1f}" y="{:.1f}" width="12" height="8" rx="2"/>'
            ).format(each.tone, x, bottom + 27)
        )
        parts.append(label("says", x + 17, bottom + 35, name))
        x += len(name) * GLYPH + 44
    return Markup("").join([*parts, Markup("</svg>")])


class _Scale:
    """Values from below to above."""

    def __init__(self, values: Sequence[float], logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        if logarithmic:
            self.low = float(math.floor(math.log10(max(1e-12, min(values)))))
            highest = math.ceil(math.log10(max(1e-12, *values, 1e-12)))
            self.high = max(self.low + 1.0, float(highest))
            return
        self.low, self.high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
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


def _series(series: Series, axis: Axis, scale: _Scale, bottom: float) -> list[Markup]:
    points = [
        (LEFT + axis.x(time), bottom - scale.share(value) * HEIGHT)
        for time, value in _thinned(series.points, DOTS if series.form == "dots" else STEPS)
    ]
    if series.form == "dots":
        path = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points)
        return [Markup('<path class="dots {}" d="{}"/>').format(series.tone, path)]
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for x, y in points[1:]:
        steps.append(f"H{x:.1f}V{y:.1f}" if series.form == "steps" else f"L{x:.1f} {y:.1f}")
    if series.form == "steps":
        steps.append(f"H{LEFT + WIDTH:.1f}")
    return [Markup('<path class="curve {}" d="{}"/>').format(series.tone, "".join(steps))]


def _thinned(points: Sequence[tuple[int, float]], most: int) -> Sequence[tuple[int, float]]:
    """The points, or of too many the greatest of each stretch: what is worst must show."""
    return [points[at] for at in greatest(np.array([value for _, value in points]), most).tolist()]


def greatest(values: npt.NDArray[Any], most: int) -> Int64:
    """Where the values are, or of too many the greatest of each stretch."""
    size = -(-len(values) // most) or 1
    begins = range(0, len(values), size)
    found = [begin + int(np.argmax(values[begin : begin + size])) for begin in begins]
    return np.array(found, dtype=np.int64)
