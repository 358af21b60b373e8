"""Clocks that were made to run wrong: how far each host's is off, over time."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Plot, Series, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen


def _drawn(seen: Seen) -> Plot | None:
    """Offsets from true time: a jump adds to one, a rate other than 1 makes it grow."""
    offsets: dict[str, list[tuple[int, float]]] = {}
    rates: dict[str, tuple[int, float]] = {}
    over = seen.trace.time(len(seen.trace.events) - 1) if seen.trace.events else 0

    def drifted(host: str, time: int) -> float:
        """How far off the clock is at a time, in seconds."""
        points = offsets.setdefault(host, [(0, 0.0)])
        since, rate = rates.get(host, (0, 1.0))
        return points[-1][1] + (rate - 1.0) * (time - max(since, points[-1][0])) / 1e9

    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "clock-jump", str(host), int() | float() as by]:
                time = seen.trace.time(at)
                before = drifted(host, time)
                offsets[host] += [(time, before), (time, before + by)]
            case [_, "clock-rate", str(host), int() | float() as rate]:
                time = seen.trace.time(at)
                offsets.setdefault(host, [(0, 0.0)]).append((time, drifted(host, time)))
                rates[host] = time, float(rate)
    if not offsets:
        return None
    for host in offsets:
        offsets[host].append((over, drifted(host, over)))
    series = [
        Series(host, tuple(points), "line", tone_of(number))
        for number, (host, points) in enumerate(sorted(offsets.items()))
    ]
    return Plot(tuple(series), "clock minus true time, s")


CLOCKS = Picture(
    "clocks",
    "Clocks",
    "How far each host's wall clock was from true time; a clock that runs right is not drawn.",
    _drawn,
)
