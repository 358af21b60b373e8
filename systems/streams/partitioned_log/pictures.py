"""The partitions of a log over time: who owns each, in which generation, and how far it is."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import (
    Bar,
    Form,
    Lane,
    Lanes,
    Plot,
    Point,
    Series,
    Tone,
    tone_of,
)
from splitbrain.harness.pictures.picture import Picture, Seen


def _owners_drawn(seen: Seen) -> Form | None:
    owned: dict[int, list[tuple[int, int, str]]] = {}
    commits: dict[int, list[Point]] = {}
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        match event:
            case [_, "owner", _, int(partition), int(generation), str(owner)]:
                owned.setdefault(partition, []).append((time, generation, owner))
            case [_, "offset", _, "commit", int(partition), int(upto), str(consumer), taken]:
                if seen.between(time):
                    tone: Tone = "good" if taken is True else "bad"
                    note = f"{consumer} commits up to {upto}" + ("" if taken else ", refused")
                    commits.setdefault(partition, []).append(Point(time, str(upto), tone, note))
    lanes = []
    # A life of the broker begins to count its generations somewhere: told from the first one on.
    first = min((g for some in owned.values() for _, g, _ in some), default=0)
    names = sorted({owner for some in owned.values() for _, _, owner in some})
    for partition, changes in sorted(owned.items()):
        bars = []
        ends = [time for time, _, _ in changes[1:]]
        for number, (time, generation, owner) in enumerate(changes):
            until = ends[number] if number < len(ends) else None
            is_seen = time <= seen.end and (until is None or until >= seen.start)
            if owner and is_seen:
                text = f"{owner} g{generation - first}"
                note = f"{owner} in generation {generation - first}"
                bars.append(Bar(time, until, text, tone_of(names.index(owner)), note))
        points = tuple(commits.get(partition, ()))
        lanes.append(Lane(f"partition {partition}", tuple(bars), points))
    return Lanes(tuple(lanes)) if any(lane.bars for lane in lanes) else None


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
    "A bar is an owner in a generation of the group, a point a commit with the offset up to which "
    "it reaches, red if it was refused. A commit of one who is no owner any more must be refused.",
    _owners_drawn,
)

OFFSETS = Picture(
    "offsets",
    "Offsets of partitions over time",
    "Steps are the ends of the partitions, dots what consumers committed: how far they are behind.",
    _offsets_drawn,
)
