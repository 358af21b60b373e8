"""A system of somebody's own, with pictures: one of each form, full of hostile words, and one that
raises."""

from sample_runs import HOSTILE

from splitbrain.harness.pictures.forms import (
    Bar,
    Cell,
    Grid,
    Lane,
    Lanes,
    Link,
    Plot,
    Point,
    Ring,
    Row,
    Series,
)
from splitbrain.harness.pictures.picture import Picture
from splitbrain.harness.system import System

BAD = [str(value) for value in HOSTILE if value != "\ud800"]


def lanes(seen):
    bars = [Bar(n * 10**6, None, text, "bad", text) for n, text in enumerate(BAD)]
    points = [Point(n * 10**6, text, "good", text) for n, text in enumerate(BAD)]
    lane = Lane(BAD[0], tuple(bars), tuple(points))
    return Lanes((lane, Lane("n2")), (Link(BAD[0], 1, "n2", 2, BAD[1], lost=True),))


def grid(seen):
    return Grid(tuple(BAD), (Row(BAD[0]), Row(BAD[1], tuple(Cell(t, "a", t) for t in BAD))))


def plot(seen):
    return Plot(tuple(Series(text, ((0, 1.0), (5, 2.0))) for text in BAD), BAD[0])


def ring(seen):
    return Ring(((0.5, BAD[0]), (1.0, BAD[1])), ((1.0, BAD[1]),), ((0.2, BAD[2]),))


def broken(seen):
    raise ValueError(BAD[0])


def nothing(seen):
    return None


SYSTEM = System(
    name="mine",
    title="a system of one's own",
    server=object,
    client=object,
    workloads=("register",),
    pictures=tuple(
        Picture(each.__name__, BAD[0], BAD[1], each)
        for each in (lanes, grid, plot, ring, broken, nothing)
    ),
)
