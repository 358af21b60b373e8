"""Who owns what in which generation of a group of consumers, and what they commit, as a picture.

Who keeps a group traces ``("owner", host, what, generation, owner)`` for each part of a log when a
generation begins, and ``("offset", host, "commit", what, offset, consumer, taken)``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, tone_of
from splitbrain.harness.pictures.picture import Seen

Change = tuple[int, int, str]
"""When it came, generation, owner; nobody is an owner without a name."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What a consumer said to have read.

    Attributes:
        time: when that came, ns.
        upto: the offset before which all of it has been read.
        consumer: who said so.
        taken: whether it counts.
    """

    time: int
    upto: int
    consumer: str
    taken: bool


def owners_drawn(
    seen: Seen, what: str, called: Callable[[str], str] = str, *, grows: bool = False
) -> Form | None:
    """Lanes of what is owned.

    Args:
        seen: the run.
        what: what each part is, in a word.
        called: how consumers are told.
        grows: whether each commit is to go further than all before it.
    """
    owned: dict[int | str, list[Change]] = {}
    commits: dict[int | str, list[Commit]] = {}
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        match event:
            case [_, "owner", _, int() | str() as part, int(generation), str(owner)]:
                owned.setdefault(part, []).append((time, generation, owner))
            case [_, "offset", _, "commit", int() | str() as part, int(upto), str(consumer), taken]:
                made = Commit(time, upto, consumer, taken is True)
                commits.setdefault(part, []).append(made)
    # A life of whoever keeps the group begins to count somewhere: told from the first one on.
    first = min((g for some in owned.values() for _, g, _ in some), default=0)
    names = sorted({owner for some in owned.values() for _, _, owner in some})
    lanes = []
    for part, changes in sorted(owned.items(), key=lambda each: str(each[0])):
        ends: list[int | None] = [*(time for time, _, _ in changes[1:]), None]
        bars = []
        for (time, generation, owner), until in zip(changes, ends, strict=True):
            if owner and time <= seen.end and (until is None or until >= seen.start):
                text = f"{called(owner)} g{generation - first}"
                note = f"{called(owner)} in generation {generation - first}"
                bars.append(Bar(time, until, text, tone_of(names.index(owner)), note))
        points, upto = [], -1
        for commit in commits.get(part, ()):
            again = grows and commit.taken and commit.upto <= upto
            if seen.between(commit.time):
                points.append(_point(commit, changes, called, again=again))
            upto = max(upto, commit.upto) if commit.taken else upto
        lanes.append(Lane(f"{what} {part}", tuple(bars), tuple(points)))
    return Lanes(tuple(lanes)) if any(lane.bars for lane in lanes) else None


def _point(
    commit: Commit, changes: Sequence[Change], called: Callable[[str], str], *, again: bool
) -> Point:
    """A commit; red if it was taken of one who owned nothing then, or was there before."""
    before = bisect_right(changes, commit.time, key=lambda change: change[0])
    owner = changes[before - 1][2] if before else ""
    text, consumer = str(commit.upto), called(commit.consumer)
    note = f"{consumer} commits up to {text}"
    if not commit.taken:
        return Point(commit.time, f"{text} refused", "faint", f"{note}, refused")
    if owner != commit.consumer:
        note += f", though {called(owner) if owner else 'nobody'} is the owner"
        return Point(commit.time, f"{text} by {consumer}", "bad", note)
    if again:
        note += ", though so much was committed before"
        return Point(commit.time, f"{text} again", "bad", note)
    return Point(commit.time, text, "good", note)


TOLD = (
    "A bar is an owner in a generation of the group, a point a commit with the offset up to which "
    "it reaches: red if it was taken of one who was no owner any more, or was there before; pale "
    "if it was refused."
)
