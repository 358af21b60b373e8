"""Watermarks against event time: how far the events of each partition are, and what is closed."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Form, Plot, Series, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen

GROUPS = 4


def _drawn(seen: Seen) -> Form | None:
    taken: dict[int, list[tuple[int, float]]] = {}
    marks: dict[int, list[tuple[int, float]]] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "took", _, int(group), int(partition), int(latest), watermark]:
                time = seen.trace.time(at)
                taken.setdefault(partition, []).append((time, latest / 1e3))
                if isinstance(watermark, int | float):
                    marks.setdefault(group, []).append((time, watermark / 1e3))
    if not marks:
        return None
    series = [
        Series(f"events of partition {partition}", tuple(points), "dots", tone_of(number))
        for number, (partition, points) in enumerate(sorted(taken.items()))
    ]
    series += [
        Series(f"watermark of group {group}", tuple(points), "steps", tone_of(group + len(taken)))
        for group, points in sorted(marks.items())[:GROUPS]
    ]
    return Plot(tuple(series), "event time, s")


WATERMARKS = Picture(
    "watermarks",
    "Watermarks against event time",
    "Dots are events as a worker takes them; a window closes when its group's watermark passes its "
    "end, and what comes below the watermark is late. A watermark must never go back.",
    _drawn,
)
