"""How long nobody got anything done: the longest time of the load in which no operation ended well.

Requests of many clients end all the time while a system works, so this is its longest outage, as
seen by all of them together: an election, say, or a partition that left no majority.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from splitbrain.checkers.history import NEMESIS, OK, Call, History
from splitbrain.checkers.vocabulary import HEAL, LOAD, PHASE

LEAST_S = 0.5
"""What is shorter is not told: operations take their time."""


def outage_parts(history: History, calls: Sequence[Call]) -> list[str]:
    """Part of a sentence; none if the load has no begin and end, or no outage worth telling."""
    events = history.events(PHASE, NEMESIS)
    phases = {event.value: event.time for event in events if isinstance(event.value, str)}
    if not {LOAD, HEAL} <= phases.keys():
        return []
    begin, end = phases[LOAD], phases[HEAL]
    ended = sorted(c.end for c in calls if c.outcome == OK and c.end is not None)
    times = [begin, *(time for time in ended if begin < time < end), end]
    longest = max(later - earlier for earlier, later in pairwise(times)) / 1e9
    return [f"no success for {longest:.1f} s at most"] if longest >= LEAST_S else []
