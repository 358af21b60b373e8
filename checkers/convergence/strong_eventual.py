"""Replicas that have seen the same updates are equal, at any time; and in the end all have all.

*Property.* Strong eventual consistency of a set, a counter and a register. Operations are ``add``
and ``remove`` of an element (which a removal takes away as far as its replica had seen it added; it
may be added again, by one who knows of no removal, too), ``increment`` by a number, ``assign`` of a
value (all different), and ``read``, which gives ``{"seen": {actor: count}, "elements": [...],
"counter": n, "register": value}``: which updates the replica had, and what came of them.

==============  ====================================================================================
diverged        two reads have seen the same and differ
lost            a final read lacks an element of which an addition was acknowledged, and every
                removal ended before that addition began: none can have seen it
resurrected     a final read has an element that was added once, and whose removal was acknowledged
                after that addition began: whoever has not seen it refuses to remove it
unexpected      a read has an element or a value that nobody had begun to write
superseded      a final read's register has a value over which somebody had assigned another, having
                written or read it; or any read's, if that was the same process
miscounted      a final read's counter is no sum of all acknowledged increments and others
==============  ====================================================================================

Final reads are those after the phase event ``final``; if a server was dead for good by then (event
``answers``), it took with it what it alone had, and they are judged as all others are. "And others"
are increments whose outcome is not known: each may have happened or not.

*Source.* Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011,
definition 2 (strong eventual consistency) and section 4 (the set, the counter).

*Algorithm.* Reads are grouped by what they have seen; of the set, each element is looked up; of the
counter, the sums of increments in doubt are listed as a set; of the register, the last assignment
of a process is compared with when it had first read or written the value. Linear in the reads, but
for the final ones: the doubted increments times the different sums, and the processes.

*Left out.* Which of several writers' assignments a read should give if none had seen another's: the
register may have any of them, as long as all that have seen the same give the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.convergence.recheck.strong_eventual import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

NAME = "strong-eventual-consistency"

_PARTS = ("elements", "counter", "register")
_SHOWN = 100


def strong_eventual_consistency() -> Checker:
    """A checker: same updates, same state; in the end all updates. See the module."""
    return _StrongEventual()


@dataclass(frozen=True, slots=True)
class _StrongEventual:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a read is not of the form the module describes.
        """
        calls = history.calls()
        begin = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        reads = [call for call in calls if call.f == "read" and call.outcome == OK]
        for read in reads:
            _check_form(read)
        whole = not any(GONE in e.value.values() for e in history.events(ANSWERS, NEMESIS))
        final = [read for read in reads if begin is not None and read.invoke_index > begin]
        updates = [call for call in calls if call.f != "read" and call.outcome != FAIL]
        groups = Counter(frozen(read.result["seen"]) for read in reads)
        coverage = {
            "updates": len(updates),
            "reads": len(reads),
            "reads that have seen what another has": sum(n for n in groups.values() if n > 1),
            "final reads": len(final),
        }
        anomalies = (
            *_diverged(reads),
            *_unexpected(reads, updates),
            *_wrong(final if whole else (), updates),
            *_superseded(reads, final if whole else (), updates),
        )
        if anomalies:
            kinds = Counter(anomaly.kind for anomaly in anomalies)
            counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            reason = f"{counts}; {anomalies[0].message}"
            return Verdict(self.name, INVALID, reason, anomalies[:_SHOWN], coverage=coverage)
        if not final or not any(call.outcome == OK for call in updates):
            reason = "nothing that was updated was read in the end"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        if max(groups.values()) < 2:
            reason = "no two reads had seen the same updates, so none could be compared"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(groups)} states that {len(reads)} reads have seen, each the same always"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _check_form(read: Call) -> None:
    result = read.result
    fits = isinstance(result, Mapping) and {"seen", *_PARTS} <= result.keys()
    if not fits or not isinstance(result["elements"], list | tuple):
        raise ModelError(
            read.invoke_index,
            f"read gives seen, elements (a list), counter and register, not {shown(result)[:80]}",
        )


def _diverged(reads: Sequence[Call]) -> Iterator[Anomaly]:
    """The first two reads of each state that differ."""
    first: dict[Any, Call] = {}
    told = set()
    for read in reads:
        seen = frozen(read.result["seen"])
        before = first.setdefault(seen, read)
        for part in _PARTS:
            one, other = before.result[part], read.result[part]
            if _plain(one) != _plain(other) and seen not in told:
                told.add(seen)
                said = (
                    f"processes {before.process} and {read.process} have seen the same updates, "
                    f"and read {part} {shown(one)[:60]} and {shown(other)[:60]}"
                )
                yield Anomaly("diverged", said, _events(before, read))


def _plain(part: Any) -> Any:
    """Of elements their order does not matter."""
    return Counter(map(frozen, part)) if isinstance(part, list | tuple) else frozen(part)


def _unexpected(reads: Sequence[Call], updates: Sequence[Call]) -> Iterator[Anomaly]:
    begun: dict[tuple[str, Any], int] = {}
    for call in updates:
        begun.setdefault((call.f, frozen(call.argument)), call.invoked)
    told = set()
    for read in reads:
        register = read.result["register"]
        values = [("assign", register)] if register is not None else []
        for f, value in (*(("add", each) for each in read.result["elements"]), *values):
            place, end = (f, frozen(value)), read.completed or 0
            if begun.get(place, end) >= end and place not in told:
                told.add(place)
                said = f"process {read.process} reads {shown(value)}, of which there was no {f}"
                yield Anomaly("unexpected", said, _events(read))


def _wrong(final: Sequence[Call], updates: Sequence[Call]) -> Iterator[Anomaly]:
    """What is wrong with the final reads by what was acknowledged; of each kind, what it is of is
    told once."""
    removals: dict[Any, list[Call]] = {}
    for call in updates:
        if call.f == "remove":
            removals.setdefault(frozen(call.argument), []).append(call)
    additions: dict[Any, list[Call]] = {}
    for call in updates:
        if call.f == "add":
            additions.setdefault(frozen(call.argument), []).append(call)
    told = set()
    for read in final:
        held = set(map(frozen, read.result["elements"]))
        for call in updates:
            element = frozen(call.argument)
            if element in told or not _before(call, read):
                continue
            if call.f == "add" and element not in held:
                if any(_may_have_seen(removal, call) for removal in removals.get(element, ())):
                    continue
                told.add(element)
                said = f"{shown(call.argument)} was added, nobody removed it since, and it is gone"
                yield Anomaly("lost", said, _events(call, read))
            elif call.f == "remove" and element in held:
                of_it = additions.get(element, ())
                if len(of_it) != 1 or not _may_have_seen(call, of_it[0]):
                    continue
                told.add(element)
                said = f"{shown(call.argument)} was removed, and is there in the end"
                yield Anomaly("resurrected", said, _events(call, read))
    yield from _miscounted(final, updates)


def _superseded(
    reads: Sequence[Call], final: Sequence[Call], updates: Sequence[Call]
) -> Iterator[Anomaly]:
    """The register has what somebody had replaced who knew it, having written or read it: by the
    end whoever that was, before it by what the same process reads later; told once."""
    assigned = [call for call in updates if call.f == "assign"]
    knew: dict[tuple[int, Any], Call] = {}  # by process and value: its write, or its first read
    for call in sorted((*assigned, *reads), key=lambda call: call.invoked):
        value = call.argument if call.f == "assign" else call.result["register"]
        knew.setdefault((call.process, frozen(value)), call)
    done: dict[int, list[Call]] = {}
    for call in assigned:
        if call.outcome == OK:
            done.setdefault(call.process, []).append(call)
    last = {read.invoke_index for read in final}
    for read in reads:
        value = frozen(read.result["register"])
        for process in done if read.invoke_index in last else [read.process]:
            before = bisect_left(done.get(process, []), read.invoked, key=_completed)
            later = done[process][before - 1] if before else None
            known = knew.get((process, value))
            if later is None or known is None or frozen(later.argument) == value:
                continue
            if known.invoked < later.invoked:
                said = (
                    f"process {process} {'read' if known.f == 'read' else 'assigned'} "
                    f"{shown(value)} and then assigned {shown(later.argument)}, and process "
                    f"{read.process} reads the former later"
                )
                yield Anomaly("superseded", said, _events(known, later, read))
                return


def _completed(call: Call) -> int:
    return call.completed or 0


def _miscounted(final: Sequence[Call], updates: Sequence[Call]) -> Iterator[Anomaly]:
    for read in final:
        sums = {0}
        for call in updates:
            if call.f == "increment" and call.invoked < (read.completed or 0):
                added = {total + call.argument for total in sums}
                sums = added if _before(call, read) else sums | added
        if read.result["counter"] not in sums:
            said = (
                f"process {read.process} reads {shown(read.result['counter'])}, and the increments "
                f"make {min(sums)} at least and {max(sums)} at most"
                if len(sums) > 1
                else f"process {read.process} reads {shown(read.result['counter'])}, and the "
                f"increments make {min(sums)}"
            )
            yield Anomaly("miscounted", said, _events(read))
            return


def _may_have_seen(removal: Call, addition: Call) -> bool:
    """Whether a removal can have been done where the addition was known."""
    return removal.outcome != OK or (removal.completed or 0) > addition.invoked


def _before(call: Call, read: Call) -> bool:
    """Whether it was acknowledged before the read began."""
    return call.outcome == OK and (call.completed or 0) < read.invoked


def _events(*calls: Call) -> tuple[int, ...]:
    """Where they completed, or else began."""
    return tuple(
        sorted(c.invoke_index if c.complete_index is None else c.complete_index for c in calls)
    )


ENTRY = CheckerEntry(
    NAME,
    strong_eventual_consistency,
    "what has seen the same updates is equal at any time",
    verify=verify,
)
"""By name."""
