"""What a picture can be: lanes over time, a grid, a plot, a ring.

A form is data: names, times and words. The report draws it, so that a picture needs no markup,
nothing in it can be any, and all pictures look alike: the same tones, the same bands of faults.
Times are nanoseconds of the run, as in its history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "faint", "good", "bad", "doubt", "lead", "a", "b", "c", "d", "e", "f"]
"""How a thing looks: what it means, or (``a`` to ``f``) only that it is another than its
neighbour."""

SERIES: tuple[Tone, ...] = ("a", "b", "c", "d", "e", "f")


def tone_of(number: int) -> Tone:
    """A tone for the number of a kind: terms of leaders, say."""
    return SERIES[number % len(SERIES)]


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasts.

    Attributes:
        start: from when.
        end: until when; None if it never ended.
        text: in a word or two.
        tone: how it looks.
        note: all of it, told when it is pointed at.
    """

    start: int
    end: int | None
    text: str
    tone: Tone = "plain"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Something that happens at one moment; as `Bar`."""

    time: int
    text: str
    tone: Tone = "plain"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """What happens in one place: bars that overlap stand below each other."""

    name: str
    bars: tuple[Bar, ...] = ()
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A message from one lane to another; a `lost` one ends in a cross."""

    source: str
    sent: int
    target: str
    arrived: int
    text: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time: a ``line``, ``steps`` from each value to the next, or ``dots``."""

    name: str
    points: tuple[tuple[int, float], ...]
    form: Literal["line", "steps", "dots"] = "line"
    tone: Tone = "a"


@dataclass(frozen=True, slots=True)
class Lanes:
    """Places over time, from left to right; time in which nothing happens is cut short.

    Attributes:
        lanes: the places.
        links: what passes between them.
        curves: values over the same time, below; ``line`` is straight between two points.
        unit: of these values.
    """

    lanes: tuple[Lane, ...]
    links: tuple[Link, ...] = ()
    curves: tuple[Series, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid; an empty one has no text and is plain."""

    text: str = ""
    tone: Tone = "plain"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a grid; one without cells is a heading for those that follow."""

    name: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells under columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Series over time, with one axis of values; `logarithmic` where they span magnitudes."""

    series: tuple[Series, ...]
    unit: str
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring of keys (0 to 1) before and after a change, or as two tell it.

    Attributes:
        before: where each arc ends, as a share of the ring, and who owns it; ordered.
        after: the same after the change.
        keys: some keys: where on the ring, and their names.
        names: what the two are called.
        note: a sentence about the change.
    """

    before: tuple[tuple[float, str], ...]
    after: tuple[tuple[float, str], ...]
    keys: tuple[tuple[float, str], ...] = ()
    names: tuple[str, str] = ("before", "after")
    note: str = ""


Form = Lanes | Grid | Plot | Ring
