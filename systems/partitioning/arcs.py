"""A consistent-hash ring before and after a node came or went, as a picture: which arcs moved."""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.harness.pictures import forms
from splitbrain.systems.partitioning.hashing import BITS, point
from splitbrain.systems.partitioning.ring import Ring

_WHOLE = 2**BITS


def ring_change(before: Ring, after: Ring, keys: Iterable[str] = ()) -> forms.Ring:
    """The picture of two rings, with some keys on it."""
    places = tuple(sorted((point(key) / _WHOLE, key) for key in keys))
    return forms.Ring(_arcs(before), _arcs(after), places)


def _arcs(ring: Ring) -> tuple[tuple[float, str], ...]:
    """Where each arc ends and whose it is: an arc belongs to the node at its end, clockwise; what
    is behind the last node belongs to the first."""
    arcs: list[tuple[float, str]] = []
    for place, node in (*ring.points, (_WHOLE, ring.points[0][1])):
        if arcs and arcs[-1][1] == node:
            arcs.pop()
        arcs.append((place / _WHOLE, node))
    return tuple(arcs)
