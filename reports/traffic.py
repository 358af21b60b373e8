"""What a run in real time cost: messages an operation, latencies, when all saw what was added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from splitbrain.checkers.history import NEMESIS, OK, Call, History
from splitbrain.checkers.vocabulary import TRAFFIC

_KEPT = 0.9
"""A rate of which so much is left has been kept, and so has one that chance makes so low."""


def traffic_parts(history: History, calls: Sequence[Call], rate: float | None = None) -> list[str]:
    """Parts of a sentence, none unless the ground counted messages.

    Messages are those of the load, over all operations invoked in it, whatever became of them;
    latencies are those of the ones that succeeded. What was added to a set is *seen by all* once no
    read begins that lacks it, counted from when it was acknowledged. A `rate`, in operations a
    second, is compared with what came of it: clients that are all busy do not keep it.
    """
    events = history.events(TRAFFIC, NEMESIS)
    if not events or not isinstance(events[0].value, Mapping):
        return []
    event = events[0]
    load = [call for call in calls if call.invoke_index < event.index]
    if not load:
        return []
    parts = [
        f"{count / len(load):.1f} messages an operation {where}"
        for where, count in event.value.items()
        if isinstance(count, int) and count
    ]
    if rate is not None:
        parts += _rate_parts(len(load), event.time / 1e9, rate)
    done = sorted(call.end - call.start for call in load if call.outcome == OK and call.end)
    if done:
        parts.append(f"latency {_spread(done)}")
    seen = _seen_by_all(calls)
    return parts + ([f"added elements seen by all after {_spread(seen)}"] if seen else [])


def _rate_parts(came: int, seconds: float, rate: float) -> list[str]:
    """What is said of a rate that was not kept: arrivals are a Poisson process."""
    expected = rate * seconds
    if came >= min(_KEPT * expected, expected - 3 * sqrt(expected)):
        return []
    return [f"{came / seconds:,.0f} operations a second where {rate:,g} were asked for"]


def _spread(durations: Sequence[int]) -> str:
    """Median and greatest of some durations in nanoseconds, which are in order."""
    return f"{_told(durations[len(durations) // 2])} in the median, at most {_told(durations[-1])}"


def _told(nanoseconds: int) -> str:
    seconds = nanoseconds / 1e9
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _seen_by_all(calls: Sequence[Call]) -> list[int]:
    """Of each acknowledged element that some read has: how long until no read lacked it."""
    reads = [c for c in calls if c.f == "read" and c.outcome == OK and isinstance(c.result, list)]
    adds = {c.argument: c for c in calls if c.f == "add" and type(c.argument) is int}
    if not adds or not reads:
        return []
    lacking = dict.fromkeys(adds, 0)
    known: set[int] = set()
    for read in reads:
        there = {value for value in read.result if type(value) is int}
        known |= there
        for value in adds.keys() - there:
            lacking[value] = max(lacking[value], read.start)
    return sorted(
        max(0, lacking[value] - add.end)
        for value, add in adds.items()
        if value in known and add.outcome == OK and add.end is not None
    )
