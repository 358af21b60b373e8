"""Parts of an SVG: texts that fit, bands of faults, an axis of time. What is shown is escaped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup

from splitbrain.reports.faults import FaultBand
from splitbrain.reports.wording import safe_text, shortened

GLYPH = 6.2
"""Width of a character of a label, in pixels; `textLength` holds where a font is wider."""

ROOM = 1000.0
BREAK = 26.0
_LEAST = 14.0
_SHARE = 14
"""Time without an event is cut short where it is more than one part in so many of the picture."""


class Axis:
    """Time from left to right: two moments are apart however near they are, and long stretches in
    which nothing happens are cut short; else it is to scale.

    Attributes:
        start: the first time, ns.
        end: the last.
        moments: the times between which it is to scale.
        breaks: x where time was left out, and how much, ns.
    """

    def __init__(self, times: Iterable[int], room: float = ROOM) -> None:
        """An axis on which these times stand (at least one), in about `room` pixels."""
        moments = sorted(set(times))
        self.start, self.end = moments[0], moments[-1]
        span = max(1, self.end - self.start)
        gaps = [b - a for a, b in pairwise(moments)]
        longest = span // _SHARE
        kept = sum(min(gap, longest) for gap in gaps) or 1
        cut = sum(gap > longest for gap in gaps)
        least = min(_LEAST, room / (2 * len(moments)))
        scale = max(room - cut * BREAK - least * len(gaps), room / 3) / kept
        self.moments, self._x = moments, [0.0]
        self.breaks: list[tuple[float, int]] = []
        for gap in gaps:
            step = least + min(gap, longest) * scale
            if gap > longest:
                self.breaks.append((self._x[-1] + step / 2 + BREAK / 2, gap))
                step += BREAK
            self._x.append(self._x[-1] + step)

    @property
    def width(self) -> float:
        """From the first time to the last, in pixels."""
        return self._x[-1]

    def x(self, time: int) -> float:
        """Where a time stands; outside of the axis, at its end."""
        after = bisect_right(self.moments, time)
        if after == 0:
            return 0.0
        if after == len(self.moments):
            return self._x[-1]
        before, then = self.moments[after - 1], self.moments[after]
        share = (time - before) / (then - before)
        return self._x[after - 1] + share * (self._x[after] - self._x[after - 1])

    def ticks(self, distance: float = 90.0) -> list[tuple[float, int]]:
        """Times to write below the axis, at least so many pixels apart."""
        ticks: list[tuple[float, int]] = []
        for x, time in zip(self._x, self.moments, strict=True):
            if not ticks or x - ticks[-1][0] >= distance:
                ticks.append((x, time))
        return ticks


def fitted(text: str, room: float) -> str:
    """As much of a text as there is room for; nothing rather than a letter or two."""
    most = int(room / GLYPH)
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if most > 3 else ""


def label(kind: str, x: float, y: float, text: str, room: float | None = None) -> Markup:
    """A text of a class; in `room` pixels, however wide the reader's font is. None of no words."""
    if not text:
        return Markup("")
    fit = Markup("")
    if room is not None and len(text) * GLYPH > room - 6:
        fit = Markup(' textLength="{:.0f}" lengthAdjust="spacingAndGlyphs"').format(room)
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}"{}>{}</text>').format(
        kind, x, y, fit, text
    )


def line(kind: str, x: float, y: float, to_x: float, to_y: float) -> Markup:
    """A line of a class."""
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        kind, x, y, to_x, to_y
    )


def tip(text: str) -> Markup:
    """What is told when a part is pointed at."""
    return Markup("<title>{}</title>").format(text) if text else Markup("")


def shown(text: str, limit: int = 60) -> str:
    """A text of a system's, as it may be shown."""
    return safe_text(shortened(str(text), limit))


def head(name: str, told: str, width: float, height: float) -> Markup:
    """The beginning of a picture."""
    told = shown(told, 160)
    return Markup(
        '<svg class="drawn {}" role="img" aria-label="{}" width="{:.0f}" height="{:.0f}" '
        'viewBox="0 0 {:.0f} {:.0f}">'
    ).format(name, told, width, height, width, height)


def bands(
    faults: Sequence[FaultBand], axis: Axis, left: float, top: float, bottom: float
) -> list[Markup]:
    """A band for each fault, and its name above where there is room for it."""
    parts: list[Markup] = []
    free = left
    for fault in faults:
        if fault.start is None or fault.start > axis.end:
            continue
        if fault.end is not None and fault.end < axis.start:
            continue
        x = left + axis.x(fault.start)
        right = left + (axis.width if fault.end is None else axis.x(fault.end))
        name = f"{shown(fault.id, 24)} {shown(fault.kind, 32)}"
        parts.append(
            Markup(
                '<rect class="fault-band" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                "{}</rect>"
            ).format(x, top, max(3.0, right - x), bottom - top, tip(f"{name} {fault.target_text}"))
        )
        room = left + axis.width - x
        if x >= free and (text := fitted(name, room)):
            parts.append(label("fault-name", x + 2, top - 4, text))
            free = x + len(text) * GLYPH + 12
    return parts


def times(axis: Axis, left: float, top: float, bottom: float) -> list[Markup]:
    """Times below a picture, and where time is left out."""
    parts: list[Markup] = []
    digits = 3 if axis.end - axis.start > 50_000_000 else 5
    for x, time in axis.ticks():
        parts.append(line("rule", left + x, bottom, left + x, bottom + 5))
        parts.append(label("when", left + x, bottom + 17, f"{time / 1e9:.{digits}f}"))
    for x, passed in axis.breaks:
        parts.append(
            Markup(
                '<line class="break" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}">{3}</line>'
            ).format(left + x, top, bottom, tip(f"{passed / 1e6:,.0f} ms"))
        )
    return parts
