"""Zones of groups of operations that must follow each other as wholes, and their order.

See `splitbrain.checkers.linearizability.monitors.register`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from splitbrain.checkers.history import Call


@dataclass(frozen=True, slots=True)
class Zone:
    """The zone of a group.

    Attributes:
        end: the least completion of its operations; -1 for the group that must come first.
        start: the greatest invocation.
        least: the operation that completes first, if any.
        latest: the operation that is invoked last, if any.
    """

    end: int
    start: int
    least: Call | None
    latest: Call | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two zones, by number, each of which must precede the other."""

    first: int
    second: int


def ordered(zones: Sequence[Zone]) -> list[int] | Conflict:
    """The zones, by number, in an order in which none comes before one that must precede it.

    Each is put at a moment of its own: forward ones where they start, backward ones at their
    first moment that is in no forward one. O(n log n).
    """
    forward = [i for i, zone in enumerate(zones) if zone.end <= zone.start]
    forward.sort(key=lambda i: zones[i].end)
    for earlier, later in pairwise(forward):
        if zones[later].end < zones[earlier].start:
            return Conflict(earlier, later)
    starts = [zones[i].end for i in forward]
    moment = [2 * zone.end for zone in zones]
    for i, zone in enumerate(zones):
        if zone.end <= zone.start:
            continue
        at = bisect_right(starts, zone.start) - 1
        moment[i] = 2 * zone.start
        if at >= 0 and zones[forward[at]].start > zone.start:
            if zones[forward[at]].start > zone.end:
                return Conflict(forward[at], i)
            moment[i] = 2 * zones[forward[at]].start + 1
    return sorted(range(len(zones)), key=moment.__getitem__)
