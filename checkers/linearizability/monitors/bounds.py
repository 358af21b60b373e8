"""Bounds on what a counter can be, whatever its additions.

A read that gives less than all that certainly preceded it can come to, or more, has no place in any
order: additions that completed before it began are in; those that overlap it, and indeterminate
ones begun before it completed, may be in, the positive ones raising and the negative ones lowering
what can be (Jepsen's ``counter`` checker). That is necessary, not sufficient: reads are looked at
one by one, and a value between the bounds may be the sum of no subset. O(n log n)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import NONLINEARIZABLE, anomaly
from splitbrain.checkers.linearizability.wording import named
from splitbrain.checkers.models import Counter
from splitbrain.checkers.models.counters import ADDITIONS
from splitbrain.checkers.verdict import Anomaly


def counter_bounds(model: Counter, calls: Sequence[Call], key: Any = None) -> Anomaly | None:
    """The first read, by completion, that is out of bounds; None if there is none.

    Args:
        model: the counter.
        calls: one key's, in order of invocation, accepted by `Counter.check`.
        key: the key, for the sentence; None without keys.
    """
    adds = [call for call in calls if call.f in ADDITIONS and call.outcome != "fail"]
    rises = _Sums((call.invoked, max(call.argument, 0)) for call in adds)
    falls = _Sums((call.invoked, min(call.argument, 0)) for call in adds)
    ended = [(call.completed, call.argument) for call in adds if call.completed is not None]
    risen = _Sums((end, max(amount, 0)) for end, amount in ended)
    fallen = _Sums((end, min(amount, 0)) for end, amount in ended)
    reads = [
        (call.completed, call)
        for call in calls
        if call.f == "read" and call.outcome == "ok" and call.completed is not None
    ]
    for completed, read in sorted(reads, key=lambda entry: entry[0]):
        low = model.initial_value + risen.before(read.invoked) + falls.before(completed)
        high = model.initial_value + fallen.before(read.invoked) + rises.before(completed)
        if not low <= read.result <= high:
            can = str(low) if low == high else f"between {low} and {high}"
            sentence = f"{named(model, read)}, but the counter can only have been {can}"
            return anomaly(NONLINEARIZABLE, key, sentence, (read,))
    return None


class _Sums:
    """Sums of amounts by position."""

    def __init__(self, entries: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(entries)
        self._positions = [position for position, _ in ordered]
        self._sums = [0, *accumulate(amount for _, amount in ordered)]

    def before(self, position: int) -> int:
        """The sum of all before a position."""
        return self._sums[bisect_left(self._positions, position)]
