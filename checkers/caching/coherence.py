"""What a cache gives was current a bounded time ago.

*Property.* Operations ``write [key, value]``, whose values are all different, and ``read [key,
null]``, which gives ``[key, value]``, or a value of null for a key that was never written.

==========  ========================================================================================
stale       a read gives a value that was certainly replaced more than `bound` seconds before it was
            invoked: another write of the key began after the value's write had ended, and was
            acknowledged then
unwritten   a read gives a value that nobody had begun to write when it ended
==========  ========================================================================================

Null stands for the state before all writes. What an unfinished write may have replaced is not held
against anybody, so a history that breaks the bound may pass, and one that is found does break it.

*Source.* Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1; DDIA chapter 5,
"Problems with Replication Lag" (a staleness that is bounded).

*Algorithm.* For each key, acknowledged writes by time of acknowledgement, each with the latest
invocation among those before it: one that began after the value's write had ended is found by
bisection. O(n log n).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "cache-coherent"


def cache_coherent(bound: float = 1.0) -> Checker:
    """A checker: reads give what was current at most `bound` seconds before. See the module.

    Raises:
        ValueError: the bound is negative.
    """
    if bound < 0:
        raise ValueError(f"bound is {bound}: give seconds, 0 or more")
    return _Coherent(bound)


@dataclass(slots=True)
class Writes:
    """The writes of a key.

    Attributes:
        by_value: all writes.
        acknowledged: those that were, by time of acknowledgement.
        latest: for each of these, the one that was invoked last of it and those before it.
        ends: their times of acknowledgement, in nanoseconds.
    """

    by_value: dict[Any, Call] = field(default_factory=dict)
    acknowledged: list[Call] = field(default_factory=list)
    latest: list[Call] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def seal(self) -> None:
        """All writes are known."""
        self.acknowledged.sort(key=lambda call: call.end or 0)
        self.ends = [call.end or 0 for call in self.acknowledged]
        self.latest = list(accumulate(self.acknowledged, _later))

    def replaced_by(self, write: Call | None, before: int) -> Call | None:
        """A write that certainly came after another one and was acknowledged before a time (ns)."""
        count = bisect_left(self.ends, before)
        if not count or (write is not None and write.completed is None):
            return None
        last = self.latest[count - 1]
        after = -1 if write is None or write.completed is None else write.completed
        return last if last.invoked > after else None


def _later(one: Call, two: Call) -> Call:
    return one if one.invoked >= two.invoked else two


@dataclass(frozen=True, slots=True)
class _Coherent:
    bound: float
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is no read or write of a key, or a value is written twice.
        """
        keys, reads = taken(history)
        anomalies = [found for read in reads for found in self._judged(keys, read)]
        replaced = sum(len(key.acknowledged) > 1 for key in keys.values())
        coverage = {"reads": len(reads), "keys written more than once": replaced}
        holds = f"{len(reads)} reads give what was current {self.bound:g} s before, or later"
        vain = None
        if not reads or not replaced:
            vain = "no key was written twice and read, so nothing was exercised"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)

    def _judged(self, keys: dict[Any, Writes], read: Call) -> Iterator[Anomaly]:
        key, value = read.result
        writes = keys.get(frozen(key), Writes())
        write = writes.by_value.get(frozen(value))
        assert read.completed is not None
        who = f"process {read.process} reads {key} = {shown(value)}"
        if value is not None and (write is None or write.invoked > read.completed):
            said = f"{who}, which nobody had written"
            yield Anomaly("unwritten", said, indices(read))
            return
        since = read.start - round(self.bound * 1e9)
        replaced = writes.replaced_by(write, since)
        if replaced is not None:
            assert replaced.end is not None
            age = (read.start - replaced.end) / 1e9
            said = f"{who}, {age:.3f} s after {shown(replaced.argument[1])} was acknowledged"
            yield Anomaly("stale", said, indices(*([write] if write else []), replaced, read))


def taken(history: History) -> tuple[dict[Any, Writes], list[Call]]:
    """The writes of each key, and the reads that succeeded.

    Raises:
        ModelError: an operation is no read or write of a key, or a value is written twice.
    """
    keys: dict[Any, Writes] = {}
    reads = []
    for call in history.calls():
        match call.f, call.argument:
            case "write", [key, value] if value is not None:
                writes = keys.setdefault(frozen(key), Writes())
                if frozen(value) in writes.by_value:
                    said = f"{shown(value)} is written twice; values must be all different"
                    raise ModelError(call.invoke_index, said)
                writes.by_value[frozen(value)] = call
                if call.outcome == OK:
                    writes.acknowledged.append(call)
            case "read", [_, _]:
                if call.outcome == OK:
                    if not isinstance(call.result, list | tuple) or len(call.result) != 2:
                        raise ModelError(call.invoke_index, f"read gave {shown(call.result)}")
                    reads.append(call)
            case _:
                said = f"{call.f} {shown(call.argument)} is no read or write of a key"
                raise ModelError(call.invoke_index, said)
    for writes in keys.values():
        writes.seal()
    return keys, reads


def indices(*calls: Call) -> tuple[int, ...]:
    """Where operations are in their history."""
    found = (index for call in calls for index in (call.invoke_index, call.complete_index))
    return tuple(index for index in found if index is not None)


ENTRY = CheckerEntry(NAME, cache_coherent, "what a cache gives was current a bounded time ago")
"""Reads keep a bound of staleness, ``bound`` in seconds."""
