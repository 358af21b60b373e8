"""Clocks that were made to run wrong: how far each host's is off, over time."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Plot, Series, tone_of
from splitbrain.harness.pictures.offsets import clock_offsets
from splitbrain.harness.pictures.picture import Picture, Seen


def _drawn(seen: Seen) -> Plot | None:
    series = [
        Series(host, points, "line", tone_of(number))
        for number, (host, points) in enumerate(clock_offsets(seen).items())
    ]
    return Plot(tuple(series), "clock minus true time, s") if series else None


CLOCKS = Picture(
    "clocks",
    "Clocks",
    "How far each host's wall clock was from true time; a clock that runs right is not drawn.",
    _drawn,
)
