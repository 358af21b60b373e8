"""Where the events of a space-time diagram stand: left to right in their order, not to scale.

What matters of a message is what it came before and after, while one picture can span milliseconds
and seconds. So every event gets a place, and a place is wider where much time or many messages are
left out before it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from splitbrain.reports.spacetime.window import Window

STEP = 24.0
BREAK = 34.0
PAUSE = 20_000_000
"""Without an event for so long (ns), time is shown to be broken."""


@dataclass(frozen=True, slots=True)
class Places:
    """Events of a picture, from left to right.

    Attributes:
        positions: of the events in the trace.
        x: of each, in pixels from the plot's left edge.
        times: of each, ns.
        breaks: x where time was left out, and how much, ns.
    """

    positions: tuple[int, ...]
    x: tuple[float, ...]
    times: tuple[int, ...]
    breaks: tuple[tuple[float, int], ...]

    @property
    def width(self) -> float:
        """From the left edge to behind the last place, in pixels."""
        return self.x[-1] + 2 * STEP

    def at(self, position: int) -> float:
        """Where an event stands, or the last one shown up to it."""
        found = bisect_right(self.positions, position) - 1
        return self.x[found] if found >= 0 else 0.0

    def of(self, time: int) -> float:
        """Where a time (ns) stands: between the places of the events around it."""
        after = bisect_right(self.times, time)
        if after == 0:
            return 0.0
        if self.times[after - 1] == time:
            return self.x[after - 1]
        if after == len(self.times):
            return self.x[-1] + STEP
        before, then = self.times[after - 1], self.times[after]
        share = (time - before) / (then - before)
        return self.x[after - 1] + share * (self.x[after] - self.x[after - 1])


def places_of(window: Window) -> Places:
    """The places of a window's events; those of one host at one time share one."""
    trace = window.trace
    shown = set(window.events)
    for message in window.messages:
        shown |= {message.sent, *message.received}
        shown |= set() if message.dropped is None else {message.dropped}
    positions = sorted(shown)
    x: list[float] = []
    times: list[int] = []
    breaks: list[tuple[float, int]] = []
    at = STEP
    for number, position in enumerate(positions):
        time = trace.time(position)
        if number:
            passed = time - times[-1]
            if passed > PAUSE:
                breaks.append((at + BREAK / 2 + STEP / 2, passed))
                at += BREAK
            at += 0 if passed == 0 else STEP
        x.append(at)
        times.append(time)
    return Places(tuple(positions), tuple(x), tuple(times), tuple(breaks))
