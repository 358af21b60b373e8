"""Watches: every change is told once, in order, however often the watcher starts again.

A store numbers its changes with *revisions*. A watcher asks for what came after the revision that
it knows, is given events up to another, and goes on from there, with the same server or with
another. Old events are thrown away (compaction); who asks for them is told so, takes a snapshot of
the state, and goes on from its revision (etcd's watch; ZooKeeper's is weaker).

    put       [key, value] -> [key, value, revision]
    watch     after -> {"after": a, "upto": b, "events": [[revision, key, value], ...]}
                    or {"after": a, "compacted": c}       events up to c are gone
    drain     the same, from the oldest event that is kept, in the end
    snapshot  -> {"revision": r, "state": {key: value}}

*Property.* Ordered: revisions grow within an answer (``disordered``), and a put that was over
before another began has the smaller one (``reordered``). Unique: no answer has an event at or
before the revision that it goes on from, or twice (``repeated``); a put is one event (``doubled``),
and a revision one (``conflicting``). Complete: between ``after`` and ``upto`` nothing is missing
that anybody was told of (``skipped``), and in the end no acknowledged put is (``lost``).
Resumable: a snapshot is what the events up to its revision make, so that who goes on from it has
missed nothing (``torn-snapshot``). No event is of a put that nobody asked for, or that failed
(``phantom``).

*Source.* etcd's API guarantees (ordered, unique, reliable, atomic, resumable, bookmarkable); its
robustness tests, `tests/robustness/validate/watch.go`.

*Algorithm.* One pass collects by revision what anybody was told; another compares each answer with
that part of it that it covers. O(n log n + what the answers cover).

*Left out.* Snapshots are not compared where revisions contradict each other. How late a watcher is
told. Values must differ, so that an event names its put.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.collections.recheck.watches import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict

NAME = "watch"
_SHOWN = 20

Event = tuple[str, Any]
"""What happened: a key, and its value from then on."""


def watched() -> Watches:
    """The checker of watches."""
    return Watches()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a watcher was told: events with revisions from after `after` to `upto`, in order."""

    call: Call
    after: int
    upto: int
    events: tuple[tuple[int, Event], ...]


@dataclass(slots=True)
class Told:
    """All that anybody was told.

    Attributes:
        puts: by event, the put that asked for it.
        acknowledged: puts that succeeded, with their revisions.
        answers: what watchers were told.
        snapshots: reads of the state, with their revisions.
        changes: by revision, the event, and the operation that told it first.
    """

    puts: dict[Event, Call] = field(default_factory=dict)
    acknowledged: list[tuple[int, Call]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    snapshots: list[tuple[int, Mapping[str, Any], Call]] = field(default_factory=list)
    changes: dict[int, tuple[Event, Call]] = field(default_factory=dict)


class Watches:
    """See the module."""

    name = NAME

    def check(self, history: History) -> Verdict:
        """Judge all puts, watches and snapshots of a history.

        Raises:
            splitbrain.checkers.models.ModelError: an operation does not have the form above, or two
                puts write the same.
        """
        told = _collected(history)
        anomalies = list(_conflicts(told))
        torn = [] if {a.kind for a in anomalies} - {"phantom"} else list(_torn(told))
        anomalies += [*_misordered_puts(told), *_of_answers(told), *_lost(told), *torn]
        delivered = sum(len(answer.events) for answer in told.answers)
        coverage = {
            "puts": len(told.puts),
            "acknowledged puts": len(told.acknowledged),
            "answers": len(told.answers),
            "events delivered": delivered,
            "snapshots": len(told.snapshots),
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        if anomalies:
            reason = f"{len(anomalies)} findings; {anomalies[0].message}"
            kept = tuple(anomalies[:_SHOWN])
            return Verdict(self.name, INVALID, reason, kept, certificate, coverage)
        if not delivered or not told.acknowledged:
            reason = "no watcher was told of an acknowledged put: nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{delivered} events were delivered in {len(told.answers)} answers, each once"
        return Verdict(self.name, VALID, reason, certificate=certificate, coverage=coverage)


def _collected(history: History) -> Told:
    told = Told()
    for call in history.calls():
        if call.f == "put":
            event = _event(call.argument, call.invoke_index)
            if event in told.puts:
                raise ModelError(call.invoke_index, f"put {shown(event)}: it was put before")
            told.puts[event] = call
    for call in history.calls():
        if call.outcome != OK:
            continue
        match call.f, call.result:
            case "put", [key, value, int(revision)]:
                told.acknowledged.append((revision, call))
                told.changes.setdefault(revision, ((key, value), call))
            case (("watch" | "drain"), {"after": int(), "compacted": int()}):
                pass
            case (("watch" | "drain"), {"after": int(after), "upto": int(upto), "events": events}):
                told.answers.append(Answer(call, after, upto, _events(events, call)))
            case "snapshot", {"revision": int(revision), "state": Mapping() as state}:
                told.snapshots.append((revision, state, call))
            case (("put" | "watch" | "drain" | "snapshot"), result):
                raise ModelError(_end(call), f"{shown(result)} is no result of {call.f}")
    for answer in told.answers:
        for revision, event in answer.events:
            told.changes.setdefault(revision, (event, answer.call))
    return told


def _conflicts(told: Told) -> Iterator[Anomaly]:
    """Revisions that are several events, and events that have several revisions or no put."""
    seen = [(revision, (c.result[0], c.result[1]), c) for revision, c in told.acknowledged]
    seen += [(r, event, answer.call) for answer in told.answers for r, event in answer.events]
    revisions: dict[Event, tuple[int, Call]] = {}
    reported: set[Any] = set()
    for revision, event, call in seen:
        first, teller = told.changes[revision]
        if first != event and ("revision", revision, event) not in reported:
            reported.add(("revision", revision, event))
            said = f"revision {revision} is {shown(first)} to one and {shown(event)} to another"
            yield _found("conflicting", said, teller, call)
        put = told.puts.get(event)
        if event not in reported and (put is None or _begin(put) > _end(call)):
            reported.add(event)
            yield _found("phantom", f"event {shown(event)} is of no put made by then", call)
        elif event not in reported and put is not None and put.outcome == FAIL:
            reported.add(event)
            yield _found("phantom", f"event {shown(event)} is of a put that failed", put, call)
        before, known = revisions.setdefault(event, (revision, call))
        if before != revision and ("event", event, revision) not in reported:
            reported.add(("event", event, revision))
            said = f"{shown(event)} has revision {before} to one and {revision} to another"
            yield _found("doubled", said, known, call)


def _misordered_puts(told: Told) -> Iterator[Anomaly]:
    """Puts that were over before another began, and have a later revision."""
    by_end = sorted(told.acknowledged, key=lambda put: _end(put[1]))
    position, greatest = 0, None
    for revision, put in sorted(told.acknowledged, key=lambda put: _begin(put[1])):
        while position < len(by_end) and _end(by_end[position][1]) < _begin(put):
            if greatest is None or by_end[position][0] > greatest[0]:
                greatest = by_end[position]
            position += 1
        if greatest is not None and greatest[0] > revision:
            said = f"a put has revision {revision}, and one over before it began {greatest[0]}"
            yield _found("reordered", said, greatest[1], put)


def _of_answers(told: Told) -> Iterator[Anomaly]:
    known = sorted(told.changes)
    for answer in told.answers:
        call, last = answer.call, answer.after
        given: set[int] = set()
        for revision, event in answer.events:
            if revision in given or revision <= answer.after:
                said = f"{shown(event)} at revision {revision} was told already"
                yield _found("repeated", f"{said}: the watch goes on from {answer.after}", call)
            elif revision < last or revision > answer.upto:
                said = f"revision {revision} comes after {last}, in an answer up to {answer.upto}"
                yield _found("disordered", said, call)
            given.add(revision)
            last = max(last, revision)
        covered = known[bisect_right(known, answer.after) : bisect_right(known, answer.upto)]
        for revision in covered:
            if revision not in given:
                event, teller = told.changes[revision]
                said = f"a watch from {answer.after} to {answer.upto} has no revision {revision}"
                yield _found("skipped", f"{said}, which is {shown(event)}", teller, call)
                break


def _lost(told: Told) -> Iterator[Anomaly]:
    """Acknowledged puts that the last reads of all events should have, and end before."""
    for answer in told.answers:
        if answer.call.f != "drain":
            continue
        for revision, put in told.acknowledged:
            if revision > answer.upto and _end(put) < _begin(answer.call):
                said = f"in the end there are events up to {answer.upto}, and not {revision}"
                yield _found("lost", f"{said}, which was acknowledged", put, answer.call)
                break


def _torn(told: Told) -> Iterator[Anomaly]:
    """Snapshots that differ from what the known events up to their revision make.

    A key whose last known event is told must have that value; no event after it is unknown to all,
    or its value would be of a put that nobody was told of, and that is no contradiction.
    """
    order = sorted(told.changes)
    by_value = {event: revision for revision, (event, _) in told.changes.items()}
    for revision, state, call in told.snapshots:
        latest: dict[str, tuple[int, Any]] = {}
        for at in order[: bisect_right(order, revision)]:
            (key, value), _ = told.changes[at]
            latest[key] = at, value
        for key, value in sorted(state.items()):
            of = by_value.get((key, value))
            if of is not None and (of > revision or of < latest[key][0]):
                said = f"a snapshot at {revision} has {shown(value)} of {key}, which is of {of}"
                yield _found("torn-snapshot", said, call)
        for key in sorted(latest.keys() - state.keys()):
            said = f"a snapshot at {revision} has no {key}, which was put at {latest[key][0]}"
            yield _found("torn-snapshot", said, call)


def _event(value: Any, index: int) -> Event:
    match value:
        case [str(key), int() | str() | float() as content]:
            return key, content
    raise ModelError(index, f"{shown(value)} is no event: give [key, value]")


def _events(events: Any, call: Call) -> tuple[tuple[int, Event], ...]:
    found = []
    for event in events:
        match event:
            case [int(revision), key, value]:
                found.append((revision, _event([key, value], _end(call))))
            case _:
                raise ModelError(_end(call), f"{shown(event)} is no [revision, key, value]")
    return tuple(found)


def _begin(call: Call) -> int:
    return call.invoke_index


def _end(call: Call) -> int:
    assert call.complete_index is not None
    return call.complete_index


def _found(kind: str, message: str, *calls: Call) -> Anomaly:
    return Anomaly(kind, message, tuple(dict.fromkeys(_end(call) for call in calls)))


ENTRY = CheckerEntry(NAME, watched, "every change is told once, in order", verify=verify)
