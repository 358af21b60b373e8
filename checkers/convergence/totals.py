"""A counter of which replicas may be behind: in the end, every read is the sum of what was added.

*Property.* Operations are ``add`` of a whole number of either sign, and ``read``. A final read (one
after the phase event ``final``) gives the sum of all adds that were acknowledged before it began,
and of any of those whose outcome is unknown or that were under way. An earlier read gives the sum
of some of the adds that had begun before it ended and did not fail, since a replica may lack any.

==============  ====================================================================================
lost            a final read is a sum of some adds, but lacks acknowledged ones
unexpected      a read is no sum of any adds that can have happened
==============  ====================================================================================

Where a server was dead for good in the end (event ``answers``) it took with it what it alone had,
and final reads are judged as earlier ones are.

*Source.* Maelstrom's workloads ``g-counter`` and ``pn-counter`` (doc/workloads.md): the final reads
must be among the sums of acknowledged adds and any subset of indeterminate ones. Earlier reads it
does not judge.

*Algorithm.* All sums of subsets as the bits of one number, which an add shifts: for n adds whose
amounts come to s, O(n · s / 64) for all reads together. More than `MOST_BITS` end in unknown.

*Left out.* Whether a read goes back behind an earlier one: two replicas may be asked. Whether final
reads agree where outcomes are unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.convergence.recheck.totals import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, INVOKE, NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

NAME = "eventual-counter"
ADD, READ = "add", "read"
LOST, UNEXPECTED = "lost", "unexpected"

MOST_BITS = 10**11
"""How many bits may be shifted in all, seconds of work: adds times what their amounts come to."""

_SHOWN = 100


def eventual_counter() -> Checker:
    """A checker: in the end, reads give the sum of what was added. See the module."""
    return _EventualCounter()


class _Sums:
    """The sums of all subsets of some numbers, as they come."""

    def __init__(self, fixed: int = 0) -> None:
        self._bits = 1
        self._least = fixed

    def add(self, amount: int) -> None:
        """Let each sum be with or without one more."""
        self._bits |= self._bits << abs(amount)
        self._least += min(0, amount)

    def __contains__(self, value: int) -> bool:
        return value >= self._least and bool(self._bits >> (value - self._least) & 1)


@dataclass(frozen=True, slots=True)
class _EventualCounter:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an add or a result of a read is no whole number.
        """
        calls = history.calls()
        adds = [call for call in calls if call.f == ADD and call.outcome != FAIL]
        reads = [call for call in calls if call.f == READ and call.outcome == OK]
        amounts = {call.invoke_index: _whole(call, call.argument) for call in adds}
        values = {_end(call): _whole(call, call.result) for call in reads}
        coverage = {"adds": len(adds), "reads": len(reads)}
        if len(adds) * sum(map(abs, amounts.values())) > MOST_BITS:
            reason = "too many adds of too great numbers: their sums cannot be listed"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        final = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        whole = not any(GONE in e.value.values() for e in history.events(ANSWERS, NEMESIS))
        finals = [r for r in reads if whole and final is not None and r.invoke_index > final]
        kinds = dict.fromkeys(_impossible(history, amounts, values), UNEXPECTED)
        for read in finals:
            if _end(read) not in kinds and not _complete(read, values[_end(read)], adds):
                kinds[_end(read)] = LOST
        wrong = [(read, kinds[_end(read)]) for read in reads if _end(read) in kinds]
        exercised = sum(_ended_before(add, read) for add in adds for read in finals[:1])
        coverage["final reads"] = len(finals)
        if wrong:
            counts = ", ".join(f"{n} {kind}" for kind, n in Counter(k for _, k in wrong).items())
            anomalies = tuple(_anomaly(read, kind, adds) for read, kind in wrong[:_SHOWN])
            reason = f"{counts}; {anomalies[0].message}"
            return Verdict(self.name, INVALID, reason, anomalies, coverage=coverage)
        if not exercised:
            reason = "no final read could show what was added, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(finals)} final reads give the sum of what was added"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _whole(call: Call, value: Any) -> int:
    if type(value) is not int:
        raise ModelError(
            call.invoke_index, f"{call.f} of {shown(value)[:80]}: a counter has whole numbers"
        )
    return value


def _end(read: Call) -> int:
    """Where an operation that succeeded was completed."""
    assert read.complete_index is not None
    return read.complete_index


def _impossible(history: History, amounts: dict[int, int], values: dict[int, int]) -> list[int]:
    """The reads that are no sum of any adds begun by then, by where they ended."""
    sums, found = _Sums(), []
    for event in history:
        if event.type == INVOKE and event.index in amounts:
            sums.add(amounts[event.index])
        elif event.index in values and values[event.index] not in sums:
            found.append(event.index)
    return found


def _ended_before(add: Call, read: Call) -> bool:
    return add.outcome == OK and _end(add) < read.invoke_index


def _complete(read: Call, value: int, adds: Sequence[Call]) -> bool:
    """Whether a value is the sum of all adds that a read must show and of any that it may."""
    sums = _Sums(sum(add.argument for add in adds if _ended_before(add, read)))
    for add in adds:
        if add.invoke_index < _end(read) and not _ended_before(add, read):
            sums.add(add.argument)
    return value in sums


def _anomaly(read: Call, kind: str, adds: Sequence[Call]) -> Anomaly:
    acknowledged = sum(add.argument for add in adds if _ended_before(add, read))
    doubted = sum(add.invoke_index < _end(read) and not _ended_before(add, read) for add in adds)
    said = (
        f"process {read.process} reads {read.result}; the adds acknowledged before come to "
        f"{acknowledged}, and {doubted} more may have happened"
    )
    return Anomaly(kind, said, (read.invoke_index, _end(read)))


ENTRY = CheckerEntry(
    NAME, eventual_counter, "in the end, reads give the sum of what was added", verify=verify
)
"""By name."""
