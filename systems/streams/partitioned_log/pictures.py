"""The partitions of a log over time: who owns each, in which generation, and how far it is."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Form, Plot, Series, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.streams.ownership import TOLD, owners_drawn


def _owners_drawn(seen: Seen) -> Form | None:
    return owners_drawn(seen, "partition", grows=True)


def _offsets_drawn(seen: Seen) -> Form | None:
    ends: dict[int, list[tuple[int, float]]] = {}
    commits: dict[str, list[tuple[int, float]]] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "offset", _, "end", int(partition), int(end)]:
                ends.setdefault(partition, []).append((seen.trace.time(at), end))
            case [_, "offset", _, "commit", int(), int(upto), str(consumer), True]:
                commits.setdefault(consumer, []).append((seen.trace.time(at), upto))
    if not commits:
        return None
    series = [
        Series(f"end of partition {partition}", tuple(points), "steps", tone_of(partition))
        for partition, points in sorted(ends.items())
    ]
    series += [
        Series(f"committed by {consumer}", tuple(points), "dots", tone_of(number + len(ends)))
        for number, (consumer, points) in enumerate(sorted(commits.items()))
    ]
    return Plot(tuple(series), "offset")


OWNERS = Picture(
    "owners",
    "Partitions, their owners and generations",
    TOLD,
    _owners_drawn,
)

OFFSETS = Picture(
    "offsets",
    "Offsets of partitions over time",
    "Steps are the ends of the partitions, dots what consumers committed: how far they are behind.",
    _offsets_drawn,
)
