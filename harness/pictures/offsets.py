"""How far each host's wall clock is off, as a trace tells what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitbrain.harness.pictures.picture import Seen

Offsets = tuple[tuple[int, float], ...]
"""Times in ns, and by how many seconds a clock was ahead then; straight lines between them."""


@dataclass(slots=True)
class _Clock:
    """A wall clock: monotonic time, which may run at another rate, and what was added to it.

    Attributes:
        time: until when all is reckoned, ns.
        rate: local seconds that pass in a true one.
        wall_rate: seconds of the wall clock that pass in a local one.
        ahead: of the local time, ahead of the true one, in seconds, jumps included.
        bent: by how much its own rate has put the wall clock ahead.
        points: all of it.
    """

    time: int = 0
    rate: float = 1.0
    wall_rate: float = 1.0
    ahead: float = 0.0
    bent: float = 0.0
    points: list[tuple[int, float]] = field(default_factory=lambda: [(0, 0.0)])

    def reckon(self, time: int) -> None:
        """Until this time nothing else was done to it."""
        passed = (time - self.time) / 1e9
        self.ahead += passed * (self.rate - 1.0)
        self.bent += passed * self.rate * (self.wall_rate - 1.0)
        self.time = time
        self.note()

    def note(self) -> None:
        """Remember how far it is off now."""
        self.points.append((self.time, self.ahead + self.bent))


def clock_offsets(seen: Seen) -> Mapping[str, Offsets]:
    """Of each host whose clock was made to run wrong, the wall clock's offset from true time over
    the whole run."""
    clocks: dict[str, _Clock] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "clock-jump" | "clock-rate" | "wall-rate" as what, str(host), int() | float()]:
                clock = clocks.setdefault(host, _Clock())
                clock.reckon(seen.trace.time(at))
                _changed(clock, what, float(event[3]))
    over = seen.trace.time(len(seen.trace.events) - 1) if seen.trace.events else 0
    for clock in clocks.values():
        clock.reckon(max(over, clock.time))
    return {host: tuple(clocks[host].points) for host in sorted(clocks)}


def _changed(clock: _Clock, what: str, by: float) -> None:
    if what == "clock-jump":
        clock.ahead += by
    elif what == "clock-rate":
        clock.rate = by
    else:  # a rate of 1 sets it right at once
        clock.wall_rate = by
        clock.bent = 0.0 if by == 1 else clock.bent
    clock.note()


def ends_by_its_clock(seen: Seen, host: str, start: int, seconds: float) -> int:
    """When so many seconds have passed by a host's monotonic clock, which may run fast or slow."""
    since, left, rate = start, seconds * 1e9, 1.0
    for at, event in enumerate(seen.trace.events):
        if event[1:3] != ["clock-rate", host] or not isinstance(event[3], int | float):
            continue
        time = seen.trace.time(at)
        if time > since:
            if (time - since) * rate >= left:
                break
            left -= (time - since) * rate
            since = time
        rate = max(float(event[3]), 1e-6)
    return since + round(left / rate)
