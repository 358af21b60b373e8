"""Which write a read may have read from, by the intervals of one register's operations alone.

A write that completed before another was invoked certainly happened before it; a failed one never
happened; an indeterminate one may take effect at any later time, so nothing is certain to follow
it. The initial value counts as written before everything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.history import Call
from splitbrain.checkers.models import ModelError, Register
from splitbrain.checkers.models.model import frozen, shown

FOREVER = 1 << 60
"""The completion of what never completes."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a read may have read from.

    Attributes:
        write: a write; None for the initial value.
        end: position of its completion: -1 for the initial value, `FOREVER` if indeterminate.
    """

    write: Call | None
    end: int


@dataclass(slots=True)
class _Starts:
    """Writes by invocation; of each prefix the one that completes last."""

    positions: list[int] = field(default_factory=list)
    last: list[Call] = field(default_factory=list)

    def add(self, call: Call) -> None:
        """Writes are added in order of invocation."""
        last = self.last[-1] if self.last and end_of(self.last[-1]) > end_of(call) else call
        self.positions.append(call.invoked)
        self.last.append(last)

    def begun_before(self, position: int) -> Call | None:
        """Of the writes invoked before a position the one that completes last."""
        number = bisect_left(self.positions, position)
        return self.last[number - 1] if number else None


class Writes:
    """The writes of one register."""

    def __init__(self, model: Register, calls: Sequence[Call]) -> None:
        """Index the writes among these calls, given in order of invocation.

        Raises:
            ModelError: an operation is neither a read nor a write.
        """
        self.model = model
        self.all = [call for call in calls if call.f == "write" and call.outcome != "fail"]
        self._by_value: dict[Hashable, _Starts] = {}
        self._any = _Starts()
        for call in calls:
            if call.f not in ("read", "write"):
                raise ModelError(
                    call.invoke_index,
                    f"this consistency is defined for reads and writes, not for {shown(call.f)}",
                )
        for call in self.all:
            self._by_value.setdefault(frozen(call.argument), _Starts()).add(call)
            self._any.add(call)
        completed = sorted((call for call in self.all if call.completed is not None), key=end_of)
        self._ends = [end_of(call) for call in completed]
        self._latest: list[Call] = []  # of the first completed ones the one invoked last
        for call in completed:
            before = self._latest[-1] if self._latest else call
            self._latest.append(before if before.invoked > call.invoked else call)

    def source(self, read: Call) -> Source | None:
        """The write of the read's value that certainly-later writes are fewest to.

        None if no write of that value began before the read completed, and it isn't initial.
        """
        value = frozen(read.result)
        starts = self._by_value.get(value)
        found = starts.begun_before(end_of(read)) if starts else None
        if found is not None:
            return Source(found, end_of(found))
        return Source(None, -1) if value == self.model.initial else None

    def latest_completed_by(self, position: int) -> Call | None:
        """Of the writes that completed before a position the one that was invoked last."""
        number = bisect_left(self._ends, position)
        return self._latest[number - 1] if number else None

    def overlapping(self, read: Call) -> Call | None:
        """A write that overlaps the read, if any."""
        found = self._any.begun_before(end_of(read))
        return found if found is not None and end_of(found) > read.invoked else None


def end_of(call: Call) -> int:
    """The position of a call's completion."""
    return FOREVER if call.completed is None else call.completed
