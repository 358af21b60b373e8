"""The evidence for an anomaly, in the form of its shape.

A verdict carries the operations concerned and details; what a witness shows besides (which reads
saw a lost element, how replicas differ) is read from the history again, so that it can be checked
against the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.verdict import INVALID, Anomaly, Shape, Verdict
from splitbrain.checkers.vocabulary import LEADER, REPLICA_STATE
from splitbrain.reports.evidence.cycle import steps_in
from splitbrain.reports.evidence.replicas import (
    ROW_LIMIT,
    ReplicaWitness,
    identity,
    replica_witness,
)
from splitbrain.reports.faults import Mark
from splitbrain.reports.model import RunView
from splitbrain.reports.wording import (
    VALUE_LIMIT,
    client_name,
    clipped,
    key_text,
    safe_text,
    sentence,
    value_text,
)

WINDOW_LIMIT = 24
CANDIDATE_LIMIT = 20
ELEMENT_LIMIT = 10
STEP_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation that could come next in an order, and why it can't."""

    position: int
    call: Call
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class WindowWitness:
    """Operations that no order explains.

    Attributes:
        key: the register concerned, in words; empty when there is one register.
        window: positions of the operations concerned, by invocation.
        blamed: positions of the anomaly's own operations.
        candidates: what could have come next in the order found so far, each with its obstacle.
        linearized: operations of the longest order found, in words, the last of them last.
        hidden: how many operations of the window are left out.
    """

    key: str
    window: tuple[int, ...]
    blamed: frozenset[int]
    candidates: tuple[Candidate, ...]
    linearized: tuple[str, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class ReadPoint:
    """A read that ended at `time` (ns) and did or didn't contain the element."""

    time: int
    present: bool
    position: int


@dataclass(frozen=True, slots=True)
class ElementLife:
    """What became of one element of a set.

    Attributes:
        element: the element in words.
        add: position of the call that added it; None if nobody did.
        reads: ok reads that began after the add was over, by end.
        last_seen: the last read that contains it; None if none ever did.
        first_missing: the first read without it; None if all have it.
    """

    element: str
    add: int | None
    reads: tuple[ReadPoint, ...]

    @property
    def last_seen(self) -> ReadPoint | None:
        """The last read that contains the element; None if none does."""
        return next((read for read in reversed(self.reads) if read.present), None)

    @property
    def first_missing(self) -> ReadPoint | None:
        """The first read without the element; None if all have it."""
        return next((read for read in self.reads if not read.present), None)


@dataclass(frozen=True, slots=True)
class ElementsWitness:
    """The life of each lost element; `hidden` more are left out."""

    elements: tuple[ElementLife, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class LeaderWitness:
    """Terms in which more than one node announced to lead, with the announcements."""

    terms: tuple[tuple[str, tuple[Mark, ...]], ...]


@dataclass(frozen=True, slots=True)
class EventsWitness:
    """What nodes announced, or broke, where no client's operation is to blame."""

    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class FiguresWitness:
    """Figures that a checker measured; none is a fault of the checker."""

    figures: tuple[tuple[str, str], ...]


Witness = (
    WindowWitness
    | ElementsWitness
    | ReplicaWitness
    | LeaderWitness
    | EventsWitness
    | FiguresWitness
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An anomaly with its witness, why each step of its cycle holds (if it is one), and how many
    more of its verdict's anomalies there are."""

    verdict: Verdict
    anomaly: Anomaly
    message: str
    witness: Witness
    steps: tuple[str, ...]
    others: int


def evidence(view: RunView) -> tuple[Evidence, ...]:
    """For each invalid verdict, its first anomaly with the witness that suits it."""
    return tuple(
        Evidence(
            verdict,
            verdict.anomalies[0],
            sentence(safe_text(clipped(verdict.anomalies[0].message, 400))),
            witness_of(view, verdict.anomalies[0]),
            steps_of(verdict.anomalies[0]),
            len(verdict.anomalies) - 1,
        )
        for verdict in view.verdicts or ()
        if verdict.validity is INVALID
    )


def witness_of(view: RunView, anomaly: Anomaly) -> Witness:
    """The witness of the anomaly's shape; where there is nothing to fill that with, its operations
    as a window, else what nodes announced, else what the checker measured."""
    found: Witness | None = None
    match anomaly.shape:
        case Shape.REPLICAS:
            found = replica_witness(view)
        case Shape.LEADERS:
            found = leader_witness(view.marks)
        case Shape.ELEMENTS:
            found = elements_witness(view, anomaly)
    found = found or window_witness(view, anomaly)
    if not isinstance(found, WindowWitness) or found.window:
        return found
    marks = named_marks(view, anomaly)
    return EventsWitness(marks) if marks else figures_witness(anomaly)


def named_marks(view: RunView, anomaly: Anomaly) -> tuple[Mark, ...]:
    """The announcements that an anomaly names, in their order."""
    named = set(anomaly.operations)
    return tuple(mark for mark in view.marks if mark.index in named)[:ROW_LIMIT]


def figures_witness(anomaly: Anomaly) -> FiguresWitness:
    """The anomaly's details, as names and values."""
    return FiguresWitness(
        tuple(
            (safe_text(clipped(str(name), 40)), value_text(value, 200))
            for name, value in list(anomaly.details.items())[:ROW_LIMIT]
        )
    )


def steps_of(anomaly: Anomaly) -> tuple[str, ...]:
    """Why each step of a cycle of transactions holds, one sentence each."""
    told = [str(step["because"]) for step in steps_in(anomaly) if step.get("because")]
    return tuple(sentence(safe_text(clipped(text, STEP_LIMIT))) for text in told)


def window_witness(view: RunView, anomaly: Anomaly) -> WindowWitness:
    """The window of operations that a linearizability checker gave, or the anomaly's operations."""
    details = anomaly.details
    blamed = view.positions(list(anomaly.operations))
    window = sorted({*view.positions(_indices(details.get("window"))), *blamed})
    shown = _around(window, blamed, WINDOW_LIMIT)
    candidates = []
    for entry in _entries(details.get("candidates"))[:CANDIDATE_LIMIT]:
        for position in view.positions([entry.get("operation", -1)]):
            call = view.calls[position]
            why = safe_text(clipped(str(entry.get("why", "")), 300))
            candidates.append(Candidate(position, call, operation_text(view, position), why))
    last = view.positions(_indices(details.get("last_linearized")))[-5:]
    return WindowWitness(
        key=key_text(details["key"]) if details.get("key") is not None else "",
        window=tuple(shown),
        blamed=frozenset(blamed),
        candidates=tuple(candidates),
        linearized=tuple(operation_text(view, position) for position in last),
        hidden=len(window) - len(shown),
    )


def _around(window: Sequence[int], blamed: Sequence[int], limit: int) -> list[int]:
    """At most `limit` of the window: the blamed ones, then those nearest to the last of them."""
    if len(window) <= limit:
        return list(window)
    kept = list(blamed[-limit:])
    pivot = max(blamed, default=window[-1])
    nearest = sorted(window, key=lambda position: (abs(position - pivot), position))
    kept += [position for position in nearest if position not in kept][: limit - len(kept)]
    return sorted(kept)


def operation_text(view: RunView, position: int, limit: int = VALUE_LIMIT) -> str:
    """Who did what: ``client 2 writes x = 2``; values in about `limit` characters."""
    call = view.calls[position]
    told = view.phrases.action(call, view.number(position), limit)
    return f"{client_name(call.process, view.plan.clients)} {told}"


def _indices(value: Any) -> list[int]:
    return [item for item in value if isinstance(item, int)] if isinstance(value, list) else []


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def elements_witness(view: RunView, anomaly: Anomaly) -> ElementsWitness | None:
    """The lives of the elements that the anomaly names, by its operations or in its details; None
    if it names none.

    Whatever a history calls them: a read says nothing and learns a list, an add says an element.
    """
    key = anomaly.details.get("key")
    named = anomaly.details.get("elements")
    wanted = {identity(value) for value in named} if isinstance(named, list) else set()
    blamed = view.positions(list(anomaly.operations))
    adds = [
        (position, call)
        for position, call in enumerate(view.calls)
        if (element := _unkeyed(call.argument, key)) is not None
        and call.f != REPLICA_STATE
        and (position in blamed or identity(element) in wanted)
    ]
    shown = adds[:ELEMENT_LIMIT]
    elements = [_unkeyed(add.argument, key) for _, add in shown]
    numbers = {element for element in elements if type(element) is int}
    reads = []
    for position, call in enumerate(view.calls):
        items = _unkeyed(call.result, key)
        says_nothing = _unkeyed(call.argument, key) is None
        if says_nothing and call.outcome == "ok" and isinstance(items, list):
            # Most elements are numbers, which reads return by the thousand: only these few matter.
            if set(map(type, items)) <= {int}:
                items = numbers.intersection(items)
            reads.append((position, call, {identity(item) for item in items}))
    reads.sort(key=lambda read: (read[1].end or 0, read[0]))
    lives = []
    for (position, add), element in zip(shown, elements, strict=True):
        known = add.start if add.end is None else add.end
        points = tuple(
            ReadPoint(call.end or call.start, identity(element) in items, read)
            for read, call, items in reads
            if call.start >= known
        )
        lives.append(ElementLife(value_text(element), position, points))
    return ElementsWitness(tuple(lives), len(adds) - len(shown)) if lives else None


def _unkeyed(value: Any, key: Any) -> Any:
    """The value without its key; None if it is of another key."""
    if key is None:
        return value
    return value[1] if isinstance(value, list) and len(value) == 2 and value[0] == key else None


def leader_witness(marks: Sequence[Mark]) -> LeaderWitness | None:
    """Terms that more than one node announced to lead; None if there are none."""
    terms: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.f == LEADER and isinstance(mark.value, Mapping):
            terms.setdefault(value_text(mark.value.get("term"), 20), []).append(mark)
    doubled = tuple(
        (term, tuple(found))
        for term, found in terms.items()
        if len({mark.who for mark in found}) > 1
    )
    return LeaderWitness(doubled) if doubled else None
