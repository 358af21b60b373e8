"""What a history of a key-value store wrote and saw, for all checkers of stores.

*History.* ``put`` has ``[key, value]``, ``delete`` ``[key, null]``, ``batch`` a list of such pairs,
which take effect together; ``get`` returns ``[key, value]``, and null for an absent key; ``scan``
returns a list of all pairs. Other operations are no business of these checkers.

*What can be said.* Times are positions in the history. An operation takes effect at one moment from
its invocation to its completion; if its completion says nothing (``info``), at any moment after its
invocation, or never; if it failed, never. A value that was seen is *explained* by the writes that
may have left it: those of this key and value, invoked before the read completed, that did not fail;
and for an absent key, by the time before the first write. A write that was invoked after all these
had completed took effect after them, so whoever sees the value does not see that write: it is
*hidden* from the read. This is exact for one read of one key: if no write that had completed before
the read began is hidden from it, there is an order of all writes that explains the read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, shown

WRITES = ("put", "delete", "batch")
READS = ("get", "scan")


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One key's part of an operation.

    Attributes:
        key: the key.
        value: what it becomes; None if it is deleted.
        call: the operation; None for the time before the first.
        start: position of the invocation.
        end: position of the completion; infinite if it is not known when it takes effect.
        shown: the first read that certainly showed it, where that was looked for.
    """

    key: Any
    value: Any
    call: Call | None
    start: float
    end: float
    shown: Call | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether it certainly happened."""
        return self.call is not None and self.call.outcome == OK


@dataclass(frozen=True, slots=True)
class Read:
    """What a ``get`` or a ``scan`` saw.

    Attributes:
        call: the operation.
        start: position of the invocation.
        end: position of the completion.
        seen: the value of each key; of a scan, of each key that anybody wrote.
    """

    call: Call
    start: float
    end: float
    seen: Mapping[Any, Any]

    @property
    def scan(self) -> bool:
        """Whether it is of all keys at one moment."""
        return self.call.f == "scan"


class Latest:
    """Of some writes of a key, which began last among those that had ended by a position."""

    def __init__(self, writes: Sequence[Write]) -> None:
        by_end = sorted((w for w in writes if w.end < inf), key=lambda write: write.end)
        self._ends = [write.end for write in by_end]
        self._latest: list[Write] = []
        for write in by_end:
            before = self._latest[-1] if self._latest else write
            self._latest.append(write if write.start >= before.start else before)

    def ended_before(self, position: float) -> Write | None:
        """The one that began last; None if none had ended."""
        count = bisect_left(self._ends, position)
        return self._latest[count - 1] if count else None


class Observations:
    """A history's writes by key, and its reads.

    Raises:
        splitbrain.checkers.models.ModelError: an operation has no such value as it must have.
    """

    def __init__(self, history: History) -> None:
        calls = history.calls()
        self.writes: dict[Any, list[Write]] = {}
        self.batches: list[Call] = []
        for call in calls:
            if call.f in WRITES and call.outcome != FAIL:
                self._add(call)
        self.reads = [self._read(call) for call in calls if call.f in READS and call.outcome == OK]
        self._by_value: dict[tuple[Any, Any], list[Write]] = {}
        for key, writes in self.writes.items():
            self._by_value[key, None] = [Write(key, None, None, -1.0, -1.0)]
            for write in writes:
                self._by_value.setdefault((key, write.value), []).append(write)

    def _add(self, call: Call) -> None:
        end = inf if call.completed is None or call.outcome != OK else float(call.completed)
        # Of two writes of one key in a batch the last one counts.
        parts = dict(pairs(call, call.argument))
        if call.f == "batch":
            self.batches.append(call)
        for key, value in parts.items():
            write = Write(key, value, call, float(call.invoked), end)
            self.writes.setdefault(key, []).append(write)

    def _read(self, call: Call) -> Read:
        seen = dict(pairs(call, call.result))
        if call.f == "scan":
            seen = {**dict.fromkeys(self.writes), **seen}
        assert call.completed is not None
        return Read(call, float(call.invoked), float(call.completed), seen)

    def explanations(self, read: Read, key: Any) -> list[Write]:
        """The writes that may have left what the read saw of a key."""
        if key not in self.writes and read.seen[key] is None:
            return [Write(key, None, None, -1.0, -1.0)]
        found = self._by_value.get((key, read.seen[key]), [])
        return [write for write in found if write.start < read.end]

    def acknowledged(self, *, deletes: bool | None = None) -> dict[Any, Latest]:
        """By key, the writes that certainly happened; only deletes or only others, if asked for."""
        return {
            key: Latest(
                [
                    write
                    for write in writes
                    if write.acknowledged and deletes in (None, write.value is None)
                ]
            )
            for key, writes in self.writes.items()
        }

    def shown(self) -> dict[Any, Latest]:
        """By key, the puts that some read certainly showed, as they alone explain what it saw: by
        the end of that read, if no sooner, they had taken effect."""
        first: dict[int, Write] = {}
        for read in sorted(self.reads, key=lambda read: read.end):
            for key in read.seen:
                explained = self.explanations(read, key)
                if len(explained) == 1 and (write := explained[0]).call is not None:
                    end = min(write.end, read.end)
                    first.setdefault(id(write), replace(write, end=end, shown=read.call))
        return {
            key: Latest([first[id(write)] for write in writes if id(write) in first])
            for key, writes in self.writes.items()
        }

    def coverage(self) -> dict[str, int]:
        """What there is to judge."""
        acknowledged = sum(w.acknowledged for each in self.writes.values() for w in each)
        return {"acknowledged writes": acknowledged, "reads": len(self.reads)}


def pairs(call: Call, value: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of key and value of an operation.

    Raises:
        splitbrain.checkers.models.ModelError: there are none.
    """
    several = call.f in ("batch", "scan")
    found = value if several else [value]
    if not isinstance(found, (list, tuple)):
        raise ModelError(event_of(call), f"{call.f} has a list of [key, value], not {shown(value)}")
    for pair in found:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or _nested(pair):
            raise ModelError(event_of(call), f"{call.f} has [key, value], not {shown(pair)}")
        yield pair[0], pair[1]


def _nested(pair: Sequence[Any]) -> bool:
    return any(isinstance(part, (list, tuple, dict)) for part in pair)


def at(call: Call) -> str:
    """When an operation completed, for people."""
    time = call.start if call.end is None else call.end
    return f"{time / 1e9:.3f} s"


def told(write: Write) -> str:
    """A write, for people."""
    what = f"delete of {write.key}" if write.value is None else f"write of {write.key} = "
    return what if write.value is None else what + shown(write.value)
