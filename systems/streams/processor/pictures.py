"""Watermarks against event time: how far the events of each partition are, and what is closed."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Form, Plot, Series, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen

GROUPS = 4

_EPOCH = 10**9
"""Event times of so many milliseconds are those of a calendar; told from a whole second on, since
an axis starts at 0."""


def _drawn(seen: Seen) -> Form | None:
    taken: dict[int, list[tuple[int, float]]] = {}
    marks: dict[int, list[tuple[int, float]]] = {}
    late: list[tuple[int, float]] = []
    back: list[tuple[int, float]] = []
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "took", _, int(group), int(partition), int(latest), watermark]:
                time = seen.trace.time(at)
                taken.setdefault(partition, []).append((time, latest))
                before = marks.get(group, [(0, latest)])[-1][1]
                if latest < before:
                    late.append((time, latest))
                if isinstance(watermark, int | float):
                    if watermark < before and group in marks:
                        back.append((time, watermark))
                    marks.setdefault(group, []).append((time, watermark))
    if not marks:
        return None
    times = [value for points in (*taken.values(), *marks.values()) for _, value in points]
    base = min(times) // 1000 * 1000 if min(times) > _EPOCH else 0
    series = [
        Series(f"events of partition {partition}", _from(base, points), "dots", tone_of(number))
        for number, (partition, points) in enumerate(sorted(taken.items()))
    ]
    series += [
        Series(
            f"watermark of group {group}", _from(base, points), "steps", tone_of(group + len(taken))
        )
        for group, points in sorted(marks.items())[:GROUPS]
    ]
    for name, points in (("late", late), ("goes back", back)):
        if points:
            series.append(Series(name, _from(base, points), "dots", "bad"))
    since = f" from {base / 1e3:,.0f} s on" if base else ""
    return Plot(tuple(series), f"event time{since}, s")


def _from(base: float, points: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """The points with their values, ms, in seconds from a base."""
    return tuple((time, (value - base) / 1e3) for time, value in points)


WATERMARKS = Picture(
    "watermarks",
    "Watermarks against event time",
    "Dots are events as a worker takes them; a window closes when its group's watermark passes its "
    "end, and what comes below the watermark is late, and red; so is a watermark that goes back, "
    "which must never be.",
    _drawn,
)
