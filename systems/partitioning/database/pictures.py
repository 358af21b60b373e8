"""Which server answered for which range, and when (DDIA chapter 6, figures 6-2 and 6-6)."""

from __future__ import annotations

from math import inf

from splitbrain.checkers.vocabulary import OWNS
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.partitioning.database.keymap import Bounds

_BARS = 40

Owned = tuple[Bounds, int, int | None]
"""A range, and from when until when somebody answered for it; None: to the end of the run."""


def _lanes(seen: Seen) -> Form | None:
    keys = _blamed_keys(seen)
    owned = {server: _owned(seen, server) for server in seen.plan.servers}
    lows = sorted({low for ranges in owned.values() for (low, _), _, _ in ranges})
    lanes = []
    for server, ranges in owned.items():
        others = [each for other in owned if other != server for each in owned[other]]
        shown = [
            _bar(each, lows.index(each[0][0]), others)
            for each in ranges
            if not keys or any(_covers(each[0], key) for key in keys)
        ]
        lanes.append(Lane(server, tuple(shown[-_BARS:])))
    return Lanes(tuple(lanes)) if any(lane.bars for lane in lanes) else None


def _bar(owned: Owned, number: int, others: list[Owned]) -> Bar:
    """Red, if another server answered for some of the range at the same time."""
    (low, high), start, end = owned
    text = f"{low!r} to {'the end' if high is None else repr(high)}"
    if any(_meet(owned, other) for other in others):
        return Bar(start, end, text, "bad", f"{text}: another server, too")
    return Bar(start, end, text, tone_of(number), text)


def _meet(one: Owned, other: Owned) -> bool:
    """Whether two share a key and a moment."""
    ends = [inf if each[2] is None else each[2] for each in (one, other)]
    highs = [each[0][1] for each in (one, other)]
    low = max(one[0][0], other[0][0])
    return max(one[1], other[1]) < min(ends) and all(high is None or low < high for high in highs)


def _owned(seen: Seen, server: str) -> list[Owned]:
    """The ranges that a server answered for: from when, until when, as it announced."""
    found: list[Owned] = []
    since: dict[Bounds, int] = {}
    for event in seen.history.events(f=OWNS, process=server):
        served = {(str(low), high) for low, high in event.value["ranges"]}
        for bounds in [bounds for bounds in since if bounds not in served]:
            found.append((bounds, since.pop(bounds), event.time))
        for bounds in sorted(served, key=str):
            since.setdefault(bounds, event.time)
    found += ((bounds, start, None) for bounds, start in since.items())
    # What was over before it is worth looking is left out.
    return [each for each in found if each[1] <= seen.end and (each[2] or seen.end) >= seen.start]


def _blamed_keys(seen: Seen) -> tuple[str, ...]:
    """The keys that the verdict speaks of."""
    arguments = (seen.calls[position].argument for position in seen.blamed)
    keys = (a[0] for a in arguments if isinstance(a, list | tuple) and a and isinstance(a[0], str))
    return tuple(dict.fromkeys(keys))


def _covers(bounds: Bounds, key: str) -> bool:
    low, high = bounds
    return low <= key and (high is None or key < high)


RANGES = Picture(
    "ranges",
    "Who answered for the blamed keys",
    "Bars are ranges that a server answered for, by what it announced; red where another server "
    "answered for some of it at the same time. A gap is a hand-over.",
    _lanes,
)
