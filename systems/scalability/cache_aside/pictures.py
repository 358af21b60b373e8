"""A picture of caches beside a database: which version of the blamed key each of them had."""

from __future__ import annotations

from splitbrain.checkers.caching.filling import FILLED, INVALIDATED, LOADING
from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.history import Operation
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen

_BARS = 40


def _versions(seen: Seen) -> Form | None:
    told = [e for e in seen.history if e.f in (FILLED, INVALIDATED, LOADING, STARTED)]
    key = _key(seen, told)
    mine = [e for e in told if e.f == STARTED or e.value.get("key") == key]
    caches = sorted({str(e.process) for e in mine if e.f in (FILLED, LOADING)})
    lanes = tuple(
        _lane(f"{key} at {cache}", [e for e in mine if e.process == cache], seen)
        for cache in caches
    )
    return Lanes(lanes) if any(lane.bars for lane in lanes) else None


def _key(seen: Seen, told: list[Operation]) -> str | None:
    """The key that the verdict speaks of; of announcements alone, theirs."""
    blamed = (seen.calls[position].argument for position in seen.blamed)
    keys = [a[0] if isinstance(a, list | tuple) and a else a for a in blamed]
    keys += [
        event.value.get("key")
        for event in told
        if seen.anomaly is not None and event.index in seen.anomaly.operations
    ]
    keys += [event.value.get("key") for event in told]
    return next((key for key in keys if isinstance(key, str)), None)


def _lane(name: str, events: list[Operation], seen: Seen) -> Lane:
    held: tuple[int, int] | None = None  # from when, which version
    bars = []
    for event in events:
        if event.f == LOADING:
            continue
        if held is not None:
            bars.append(_bar(*held, event.time))
        held = (event.time, event.value["version"]) if event.f == FILLED else None
    if held is not None:
        bars.append(_bar(*held, None))
    shown = [bar for bar in bars if bar.start <= seen.end and (bar.end or seen.end) >= seen.start]
    points = [
        Point(event.time, "asks", "faint")
        if event.f == LOADING
        else Point(event.time, f"v{event.value['version']} is there", "doubt")
        for event in events
        if event.f in (LOADING, INVALIDATED) and seen.between(event.time)
    ]
    return Lane(name, tuple(shown[-_BARS:]), tuple(points[-_BARS:]))


def _bar(start: int, version: int, end: int | None) -> Bar:
    return Bar(start, end, f"v{version}", tone_of(version), f"version {version}")


VERSIONS = Picture(
    "cached-versions",
    "Which version of the key each cache had",
    "A bar is an entry, from when it is filled until it is replaced or invalidated (or its time is "
    "over, which is not drawn); a point is a question to the database, or that the cache hears of "
    "a version. A version that comes after a greater one is a stale set; questions side by side "
    "are a herd.",
    _versions,
)
