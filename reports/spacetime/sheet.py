"""What all of a space-time diagram is drawn on: where hosts and moments are, and what is taken."""

from __future__ import annotations

from markupsafe import Markup

from splitbrain.reports.model import RunView
from splitbrain.reports.packing import fault_rows
from splitbrain.reports.spacetime.places import places_of
from splitbrain.reports.spacetime.window import Window, host_name
from splitbrain.reports.wording import safe_text, shortened

ROW = 66.0
STRIP = 16.0
HEAD = 22.0
GLYPH = 6.2
"""Width of a character of the labels, in pixels; `textLength` holds where a font is wider."""


class Sheet:
    """The places of one drawing, in pixels."""

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
        """Where an event at a position in the trace stands."""
        return self.left + self.places.at(position)

    def when(self, time: int) -> float:
        """Where a time (ns) stands."""
        return self.left + self.places.of(time)

    def y(self, host: str) -> float:
        """The middle of a host's lane."""
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


def text_at(kind: str, x: float, y: float, text: str, room: float | None = None) -> Markup:
    """A text; in `room` pixels, however wide the reader's font is."""
    fit = Markup("")
    if room is not None and len(text) * GLYPH > room - 6:
        fit = Markup(' textLength="{:.0f}" lengthAdjust="spacingAndGlyphs"').format(room)
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}"{}>{}</text>').format(
        kind, x, y, fit, text
    )
