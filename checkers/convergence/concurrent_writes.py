"""No concurrent write is lost: what nobody who had read it replaced is there.

*Property.* Values of a key stay until somebody who has read them replaces them. Operations are
``read`` of ``[key, null]``, which gives ``[key, values]``; ``write`` of ``[key, [value, over]]``,
which replaces the values ``over`` (read before, none if empty) by a value that no other write of
the key has; ``remove`` of ``[key, over]``. What a read gives is right if there is a set of writes
and removals that happened, such that the read gives the written values that none of the set
replaces. All that were acknowledged before the read began are in the set; of the others any that
had begun before the read ended and did not fail may be. Of what breaks this:

==============  ====================================================================================
lost            an acknowledged value is missing, and nothing that happened can have replaced it
resurrected     a value is there that was replaced or removed
unexpected      a value is there that nobody can have written
duplicated      a value is there twice
==============  ====================================================================================

Final reads (after the phase event ``final``) are judged by all of it: by then, all replicas should
know everything. Earlier ones may be behind, unless ``current`` is asked for, as quorums of reads
and writes that meet promise (w + r > n); what those lack is ``stale``. Where a server was dead for
good in the end (event ``answers``) final reads, too, may be behind, unless ``current``.

*Source.* DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, section
4.4; DDIA chapter 5, "Detecting Concurrent Writes": no value is silently dropped.

*Algorithm.* Whether an operation in doubt happened is told from the greatest set that fits: begin
with all that replace nothing which is there, and take out, while there is any, a write that is not
there and that nothing left replaces. Any set that explains the read is inside of that one, so it
explains the read if anything does. Linear in the operations of the key, for each read judged.

*Left out.* Two reads are judged one by one, so an operation in doubt may have happened for one and
not for another. That is convergence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.convergence.recheck.concurrent_writes import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

NAME = "no-lost-concurrent-write"
READ, WRITE, REMOVE = "read", "write", "remove"


def no_lost_concurrent_write(*, current: bool = False) -> Checker:
    """A checker: what nobody who had read it replaced is there. See the module.

    Args:
        current: whether reads that are not final, too, must show all that was acknowledged before.
    """
    return _NoLostConcurrentWrite(current, f"{NAME}(current)" if current else NAME)


@dataclass(frozen=True, slots=True)
class _Change:
    """A write, or a removal (without a value)."""

    call: Call
    value: Any
    over: frozenset[Any]

    @property
    def is_write(self) -> bool:
        return self.call.f == WRITE

    def ended_before(self, read: Call) -> bool:
        """Whether it was acknowledged before the read began."""
        call = self.call
        return call.outcome == OK and _end(call) < read.invoked


@dataclass(frozen=True, slots=True)
class _NoLostConcurrentWrite:
    current: bool
    name: str

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is not of the form the module describes, or two writes of a key
                have one value.
        """
        calls = history.calls()
        changes = _changes(calls)
        final = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        whole = not any(GONE in e.value.values() for e in history.events(ANSWERS, NEMESIS))
        reads = [call for call in calls if call.f == READ and call.outcome == OK]
        anomalies: list[Anomaly] = []
        exercised = 0
        for read in reads:
            late = final is not None and read.invoke_index > final
            key, values = _pair(read.result, read.invoke_index)
            known = changes.get(frozen(key), [])
            judged = self.current or (late and whole)
            missing = ("lost" if late else "stale") if judged else None
            anomalies += _judged(read, _listed(values, read.invoke_index), known, missing)
            exercised += late and any(change.ended_before(read) for change in known)
        coverage = {
            "writes and removals": sum(map(len, changes.values())),
            "that replace something": sum(bool(c.over) for each in changes.values() for c in each),
            "reads": len(reads),
            "reads of siblings": sum(len(read.result[1]) > 1 for read in reads),
            "final reads of what was acknowledged": exercised,
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        nothing = "no final read is of a key of which anything was acknowledged before"
        vain = None if exercised else nothing
        holds = (
            f"{exercised} final reads show all that nobody replaced"
            if self.current or whole
            else f"{exercised} final reads show nothing that nobody wrote; what the dead alone had "
            "is not judged"
        )
        return verdict_of(
            self.name, anomalies, coverage, holds=holds, vain=vain, certificate=certificate
        )


def _changes(calls: Sequence[Call]) -> dict[Any, list[_Change]]:
    """By key, what clients asked for, without what certainly failed."""
    changes: dict[Any, list[_Change]] = {}
    written: dict[tuple[Any, Any], int] = {}
    for call in calls:
        if call.f not in (WRITE, REMOVE):
            continue
        index = call.invoke_index
        key, argument = _pair(call.argument, index)
        value, over = _pair(argument, index) if call.f == WRITE else (None, argument)
        place = frozen(key), frozen(value)
        if call.f == WRITE and written.setdefault(place, index) != index:
            raise ModelError(
                index,
                f"{shown(value)} was written to {shown(key)} before, at operation "
                f"{written[place]}; values of a key must be all different",
            )
        if call.outcome != FAIL:
            replaced = frozenset(frozen(each) for each in _listed(over, index))
            changes.setdefault(frozen(key), []).append(_Change(call, frozen(value), replaced))
    return changes


def _pair(value: Any, index: int) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ModelError(
            index,
            f"{shown(value)} is no pair: read has [key, values], write [key, [value, over]], "
            "remove [key, over]",
        )
    return value


def _listed(values: Any, index: int) -> Sequence[Any]:
    if not isinstance(values, list | tuple):
        raise ModelError(index, f"{shown(values)} is no list of values")
    return values


def _end(call: Call) -> int:
    """Where an operation that succeeded was completed."""
    assert call.completed is not None
    return call.completed


def _judged(
    read: Call, values: Sequence[Any], known: list[_Change], missing: str | None
) -> Iterator[Anomaly]:
    """What is wrong with one read; `missing` names what lacks, None if the read may be behind."""
    counts = Counter(frozen(value) for value in values)
    begun = [change for change in known if change.call.invoked < _end(read)]
    written = {change.value: change for change in begun if change.is_write}
    says = f"process {read.process} reads"
    for value, times in counts.items():
        if value not in written:
            said = f"{says} {shown(value)}, which nobody can have written"
            yield Anomaly("unexpected", said, _events(read))
        elif times > 1:
            said = f"{says} {shown(value)} {times} times"
            yield Anomaly("duplicated", said, _events(written[value].call, read))
    if missing is None:
        return
    happened = _greatest(read, counts, begun)
    replacing = _replacing(happened)
    for change in begun:
        if change.is_write and change.value in counts:
            if by := replacing.get(change.value):
                said = (
                    f"{says} {shown(change.value)}, which process {by[0].call.process} had read "
                    f"and {'replaced' if by[0].is_write else 'removed'}"
                )
                yield Anomaly("resurrected", said, _events(change.call, by[0].call, read))
        elif change.is_write and change.ended_before(read) and change.value not in replacing:
            said = (
                f"{shown(change.value)} was acknowledged to process {change.call.process}, and "
                f"process {read.process} does not read it later, though nobody replaced it"
            )
            yield Anomaly(missing, said, _events(change.call, read))


def _greatest(read: Call, values: Mapping[Any, int], begun: list[_Change]) -> list[_Change]:
    """What happened: all that certainly did, and the most of the rest that the read allows."""
    sure = [c for c in begun if c.ended_before(read) or (c.is_write and c.value in values)]
    doubted = [
        change
        for change in begun
        if not change.ended_before(read)
        and change.value not in values
        and values.keys().isdisjoint(change.over)
    ]
    happened = {id(change): change for change in (*sure, *doubted)}
    times = Counter(value for change in happened.values() for value in change.over)
    unseen = {change.value: change for change in doubted if change.is_write}
    out = [change for change in unseen.values() if not times[change.value]]
    while out:
        change = out.pop()
        del happened[id(change)]
        for value in change.over:
            times[value] -= 1
            if not times[value] and value in unseen:
                out.append(unseen[value])
    return list(happened.values())


def _replacing(happened: list[_Change]) -> dict[Any, list[_Change]]:
    by: dict[Any, list[_Change]] = {}
    for change in happened:
        for value in change.over:
            by.setdefault(value, []).append(change)
    return by


def _events(*calls: Call) -> tuple[int, ...]:
    found = [i for call in calls for i in (call.invoke_index, call.complete_index)]
    return tuple(sorted(i for i in found[:-2] if i is not None)) + tuple(
        i for i in found[-1:] if i is not None
    )


ENTRY = CheckerEntry(
    NAME,
    no_lost_concurrent_write,
    "what nobody who had read it replaced is there",
    verify=verify,
)
"""By name."""
