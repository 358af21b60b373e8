"""Acknowledged adds to a set are never lost.

*Property.* A set that only grows: an element whose add was acknowledged, or that was once read, is
in every read that begins later; a read holds nothing that was not added, and nothing twice.

*Source.* jepsen.checker/set-full. For each element take the moment from which it was *known* (the
completion of its add, or of the first read that has it, whichever is first), and the reads that
begin after it. With "last" meaning last to begin,

* **lost**: the last read without it began after it was known, and after the last read with it;
* **stale**: some read without it began after it was known, but a later one has it. Allowed unless
  the set claims to be linearizable;
* **stable**: read, and not lost; **never read**: neither (no read began after it was known, say).

Beyond Jepsen:

* an element missing from a **final read** that began after it was known is lost, even if other
  reads have it. Final reads look at one replica each when everything is over, so a replica that
  lacks the element then has lost it. They are the reads after the phase event ``final``, and those
  of processes from 1,000,000 up (how recordings of real systems mark them);
* **unexpected**: an element whose adds had all failed, had not begun when the read completed, or
  never were;
* **duplicated**: an element that one read returns more than once.

How long elements took is told beside the verdict (its ``cost``), as quantiles over the elements, in
milliseconds: the *stable latency* of one that stays, from the moment at which it was known to the
beginning of the last read that lacked it, and the *lost latency* of one that was lost, to the
beginning of the last read that had it; 0 if no such read began after it was known.

*Algorithm.* `splitbrain.checkers.collections.elements`; linear in the total size of all reads, plus
absences.

*Left out.* ``linearizable=True`` looks at each element alone, so it is necessary, not sufficient:
two concurrent reads that disagree about the order of two adds pass. Removal of elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.collections.elements import (
    LOST,
    NEVER_READ,
    STABLE,
    STALE,
    Element,
    ElementSet,
    Intrusion,
    analyzed,
)
from splitbrain.checkers.collections.recheck.sets import verify_set
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.models import ModelError, split
from splitbrain.checkers.models.model import event_of, frozen, shown
from splitbrain.checkers.spread import quantiles
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Shape, Verdict
from splitbrain.checkers.vocabulary import FINAL, NOT_OF_DATA, PHASE

UNEXPECTED, DUPLICATED = "unexpected", "duplicated"
FINAL_PROCESS = 1_000_000

_SEVERITY = (LOST, UNEXPECTED, DUPLICATED, STALE)
_SHOWN = 100


def set_full(
    *,
    linearizable: bool = False,
    keyed: bool | None = None,
    final_process: int = FINAL_PROCESS,
) -> Checker:
    """A checker: acknowledged adds are never lost; see the module.

    Args:
        linearizable: whether stale reads are errors too.
        keyed: whether values are ``[key, element]`` and ``[key, elements]``; None finds out.
        final_process: reads of processes from this number up are final reads of one replica each.
    """
    return _SetFull(linearizable, keyed, final_process)


@dataclass(frozen=True, slots=True)
class _SetFull:
    linearizable: bool
    keyed: bool | None
    final_process: int
    name: str = "set-full"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            ModelError: an operation is neither add nor read, or an ok read holds no list.
        """
        calls = [call for call in history.calls() if call.f not in NOT_OF_DATA]
        for call in calls:
            _known_operation(call)
        keyed = _looks_keyed(calls) if self.keyed is None else self.keyed
        is_final = self._final_reads(history)
        sets = [analyzed(part, is_final) for part in split(calls, keyed=keyed)]
        coverage, cost = _coverage(calls, sets), _latencies(sets)
        anomalies = [anomaly for each in sets for anomaly in self._anomalies(each)]
        anomalies.sort(key=lambda anomaly: _SEVERITY.index(anomaly.kind))
        if anomalies:
            reason = "; ".join(_counted(anomaly) for anomaly in anomalies[:4])
            return Verdict(
                self.name, INVALID, reason, tuple(anomalies), coverage=coverage, cost=cost
            )
        return self._without_anomalies(sets, coverage, cost)

    def _final_reads(self, history: History) -> Callable[[Call], bool]:
        """What tells whether a read is a final one."""
        starts = [event.index for event in history.events(f=PHASE) if event.value == FINAL]

        def is_final(read: Call) -> bool:
            in_phase = bool(starts) and read.invoke_index > starts[0]
            return in_phase or read.process >= self.final_process

        return is_final

    def _anomalies(self, found: ElementSet) -> Iterator[Anomaly]:
        for fate in (LOST, STALE) if self.linearizable else (LOST,):
            elements = [e for e in found.elements.values() if e.fate == fate]
            if elements:
                yield _absence(found, elements)
        for kind, intrusions in ((UNEXPECTED, found.unexpected), (DUPLICATED, found.duplicated)):
            if intrusions:
                yield _intrusion(kind, found.key, intrusions)

    def _without_anomalies(
        self, sets: Sequence[ElementSet], coverage: dict[str, int], cost: dict[str, str]
    ) -> Verdict:
        present = [e for s in sets for e in s.elements.values() if e.fate in (STABLE, STALE)]
        acknowledged = [e for e in present if any(add.outcome == "ok" for add in e.adds)]
        if not coverage["operations"]:
            reason = "the history has no operations"
        elif not coverage["ok add"]:
            reason = "no add was acknowledged, so nothing was exercised"
        elif not acknowledged:
            reason = "no read could show an acknowledged element, so nothing was exercised"
        else:
            reason = f"{len(acknowledged)} acknowledged elements were read, and none was lost"
            return Verdict(self.name, VALID, reason, coverage=coverage, cost=cost)
        return Verdict(self.name, UNKNOWN, reason, coverage=coverage)


def _known_operation(call: Call) -> None:
    if call.f not in ("add", "read"):
        raise ModelError(
            call.invoke_index,
            f"a set knows add and read, not {shown(call.f)}; choose another checker or record "
            "only operations of this one",
        )


def _looks_keyed(calls: Sequence[Call]) -> bool:
    """Whether adds are ``[key, element]`` and ok reads ``[key, elements]``."""
    reads = [call.result for call in calls if call.f == "read" and call.outcome == "ok"]
    return (
        any(call.f == "add" for call in calls)
        and all(_is_pair(call.argument) for call in calls)
        and all(_is_pair(result) and isinstance(result[1], (list, tuple)) for result in reads)
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2


def _absence(found: ElementSet, elements: Sequence[Element]) -> Anomaly:
    """One anomaly for all elements of a fate; its sentence is about the first of them."""
    first = elements[0]
    assert first.known_by is not None
    lacking = found.telling(first)[0]
    operations = {event_of(first.known_by), lacking.invoke_index, event_of(lacking)}
    operations.update(add.invoke_index for add in first.adds[:1])
    missing: dict[int, int] = {}
    for element in elements:
        for number in element.missing:
            missing[number] = missing.get(number, 0) + 1
    reads = [
        {
            "operation": event_of(found.reads[number]),
            "process": found.reads[number].process,
            "missing": missing[number],
        }
        for number in sorted(missing)
    ]
    details = {
        "key": found.key,
        "count": len(elements),
        "elements": [element.value for element in elements[:_SHOWN]],
        "missing_by_read": reads[:_SHOWN],
    }
    message = _absence_message(found, first) + _more(len(elements))
    return Anomaly(first.fate, message, tuple(sorted(operations)), details, Shape.ELEMENTS)


def _absence_message(found: ElementSet, element: Element) -> str:
    """The sentence about one lost or stale element."""
    known_by, lacking = element.known_by, found.telling(element)[0]
    assert known_by is not None
    how = "acknowledged" if known_by.f == "add" else f"read by process {known_by.process}"
    which = f"write of element {_named(element.value, found.key)}, {how} at {_at(known_by.end)},"
    read = f"process {lacking.process}, at {_at(lacking.start)}"
    if element.fate == STALE:
        return f"{which} is missing from a later read by {read}, though one after that has it"
    since = known_by.end or 0
    if element.reads:
        last_with = found.reads[element.reads[-1]]
        if lacking.invoked < last_with.invoked:
            return f"{which} is missing from the final read by {read}, though others have it"
        since = max(last_with.start, since)
    return f"{which} is missing from every read that began after {_at(since)} (first: {read})"


def _intrusion(kind: str, key: Any, found: Sequence[Intrusion]) -> Anomaly:
    """One anomaly for all elements that reads should not have, or not so often."""
    first, read = found[0], found[0].read
    count = len({frozen(each.value) for each in found})
    comma = "," if kind == UNEXPECTED else ""
    return Anomaly(
        kind,
        f"the read of process {read.process} that completed at {_at(read.end)} has element "
        f"{_named(first.value, key)}{comma} {first.why}{_more(count)}",
        (read.invoke_index, event_of(read)),
        {
            "key": key,
            "count": count,
            "elements": [
                {"element": each.value, "read": event_of(each.read), "why": each.why}
                for each in found[:_SHOWN]
            ],
        },
    )


def _named(value: Any, key: Any) -> str:
    return shown(value) if key is None else f"{shown(value)} of key {shown(key)}"


def _more(count: int) -> str:
    if count == 1:
        return ""
    return f"; {count - 1} more element{'s' if count > 2 else ''} like it"


def _counted(anomaly: Anomaly) -> str:
    count = anomaly.details["count"]
    return f"{count} element{'s' if count > 1 else ''} {anomaly.kind}: {anomaly.message}"


def _coverage(calls: Sequence[Call], sets: Sequence[ElementSet]) -> dict[str, int]:
    coverage = {"operations": len(calls)}
    for f in ("add", "read"):
        for outcome in ("ok", "fail", "info"):
            number = sum(call.f == f and call.outcome == outcome for call in calls)
            coverage[f"{outcome} {f}"] = number
    elements = [element for each in sets for element in each.elements.values()]
    coverage["elements"] = len(elements)
    for fate in (STABLE, STALE, LOST, NEVER_READ):
        coverage[fate] = sum(element.fate == fate for element in elements)
    return coverage


def _latencies(sets: Sequence[ElementSet]) -> dict[str, str]:
    """How long elements took to be there for good, and to be lost; of kinds that there were."""
    found: dict[str, list[float]] = {}
    for each in sets:
        for element in each.elements.values():
            if element.known_by is None or element.fate == NEVER_READ:
                continue
            lost = element.fate == LOST
            reads = element.reads if lost else element.missing
            last = each.reads[reads[-1]].start if reads else 0
            name = "lost latencies" if lost else "stable latencies"
            found.setdefault(name, []).append(max(0, last - (element.known_by.end or 0)) / 1e6)
    return {f"{name} (ms)": quantiles(found[name]) for name in sorted(found)}


def _at(ns: int | None) -> str:
    return f"{(ns or 0) / 1e9:.3f} s"


ENTRY = CheckerEntry(
    "set-full",
    set_full,
    "every acknowledged element of a set stays",
    frozenset({"keyed"}),
    verify=verify_set,
    shape=Shape.ELEMENTS,
)
