"""Kinds of cycles, as data: which dependencies make which anomaly.

Kinds, from worst to mildest (Adya 1999, chapter 4; Kingsbury and Alvaro, VLDB 2020; "nonadjacent"
as in Cerone and Gotsman, "Analysing Snapshot Isolation", PODC 2016):

    G0             only ww
    G1c            ww and wr, at least one wr
    G-single       exactly one rw
    G-nonadjacent  several rw, no two in a row
    G2-item        several rw, two of them in a row

With at least one rw of a predicate read, these three are G-single-predicate,
G-nonadjacent-predicate and G2. Each kind also with ``-process`` (at least one process edge) and
``-realtime`` (at least one real-time edge, perhaps process edges), or with ``-per-key`` (real time
counts between two that touch the same key). A dependency that rests on time
counts as an edge of that kind; and as it rests on there being no G-single of that suffix either, a
cycle of such without an rw is a G-single.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from splitbrain.checkers.isolation.kernels.codes import (
    ANTI,
    INFERRED,
    PER_KEY,
    PROCESS,
    REALTIME,
    RW,
    RW_PREDICATE,
    TIME,
    WR,
    WW,
)

SUFFIXES = {"": 0, "-process": PROCESS, "-per-key": PER_KEY, "-realtime": PROCESS | REALTIME}
"""What each suffix adds to the edges of a kind. The last bit is the one that the suffix needs."""

WEAKER = {
    "": ("",),
    "-process": ("", "-process"),
    "-per-key": ("", "-per-key"),
    "-realtime": tuple(SUFFIXES),
}
"""By suffix, those of kinds that rule out all that a kind with it does."""


class Anti(Enum):
    """How many anti-dependencies a cycle has."""

    NONE = "none"
    ONE = "exactly one"
    APART = "several, no two in a row"
    ANY = "one or more"


@dataclass(frozen=True, slots=True)
class Specification:
    """What makes a cycle one of a kind.

    Attributes:
        name: the anomaly.
        plain: kinds of dependencies that may be on it, besides those of time and
            anti-dependencies.
        anti: how many anti-dependencies it has.
        of: kinds of anti-dependencies that may be on it.
        closing: kinds of which one at least is on it.
        implied_by: kinds that a component has that make this one no news there.
    """

    name: str
    plain: int
    anti: Anti
    of: int
    closing: int
    implied_by: tuple[str, ...]


_NO_RW = ("G0", "G1c", "G-single")
_APART = (*_NO_RW, "G-nonadjacent")

_DEPENDS = WW | WR | INFERRED

SPECIFICATIONS = (
    Specification("G0", WW, Anti.NONE, 0, WW | TIME, ("G0",)),
    Specification("G1c", WW | WR, Anti.NONE, 0, WR, ("G1c",)),
    Specification("G-single", _DEPENDS, Anti.ONE, RW, RW, ("G-single",)),
    Specification("G-single", _DEPENDS, Anti.NONE, 0, INFERRED, _NO_RW),
    Specification("G-nonadjacent", _DEPENDS, Anti.APART, RW, RW, _APART),
    Specification("G2-item", _DEPENDS, Anti.ANY, RW, RW, (*_APART, "G2-item")),
    Specification(
        "G-single-predicate", WW | WR, Anti.ONE, RW_PREDICATE, RW_PREDICATE,
        ("G-single", "G-single-predicate"),
    ),
    Specification(
        "G-nonadjacent-predicate", WW | WR, Anti.APART, ANTI, RW_PREDICATE,
        (*_APART, "G-single-predicate", "G-nonadjacent-predicate"),
    ),
    Specification(
        "G2", WW | WR, Anti.ANY, ANTI, RW_PREDICATE,
        (*_APART, "G2-item", "G-single-predicate", "G-nonadjacent-predicate", "G2"),
    ),
)  # fmt: skip
"""The kinds of cycles, from worst to mildest; those over items before those with predicates.

What implies a kind rules out every model that the kind does.
"""
