"""Values over time as an SVG, with the bands of faults behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from splitbrain.harness.pictures.forms import Plot
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.pictures.curves import KEY_ROW, Scale, draw_curves, key_places
from splitbrain.reports.pictures.marking import Axis, bands, head, label, shown

HEIGHT = 150.0
LEFT, TOP = 64.0, 38.0
WIDTH = 1000.0


class _Even(Axis):
    """Time to scale throughout: a rate would lie on an axis with breaks."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__((start, max(end, start + 1)), WIDTH)
        self.breaks = []
        self.moments, self._x = [start, max(end, start + 1)], [0.0, WIDTH]

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
    scale = Scale(values, logarithmic=plot.logarithmic)
    bottom = TOP + HEIGHT
    width = LEFT + WIDTH + 12
    below = 44 + key_places(series, axis.width)[-1][1] * KEY_ROW
    parts = [head("plot", f"{title}, {plot.unit}, over time", width, bottom + below)]
    parts += bands(faults, axis, LEFT, TOP, bottom)
    parts.append(label("unit", LEFT, 12, shown(plot.unit, 80)))
    for x, time in axis.ticks():
        parts.append(label("when", LEFT + x, bottom + 16, f"{time / 1e9:g} s"))
    parts += draw_curves(series, axis, scale, LEFT, bottom, HEIGHT)
    return Markup("").join([*parts, Markup("</svg>")])
