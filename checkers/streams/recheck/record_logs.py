"""Verdicts on partitioned logs checked again: each definition looked up afresh, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, INFO, OK, Call, History
from splitbrain.checkers.streams import micros
from splitbrain.checkers.verdict import INVALID, Verdict

STEPS = 20_000_000
"""Pairs of records that are looked at, at most; larger histories are left unchecked, and said to
be."""

Found = tuple[str, Any, Any]
Seen = tuple[Call, Any, int, Any]
"""An operation, a key, and the offset and value that it shows there."""

Told = tuple[int, Sequence[Any], int, int, int]
"""What a server announced: the event, keys, where their logs start, its epoch, what it keeps."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each finding, and that there is no other.

    Quadratic in the records seen, and cubic in operations for cycles.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
        NoCertificate: the verdict has no findings, of either kind.
    """
    listed = verdict.certificate.get("findings")
    if not isinstance(listed, list):
        raise NoCertificate("the verdict has no list of findings")
    calls = history.calls()
    if len(_seen(calls)) ** 2 + len(calls) ** 2 > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = anomalies(calls, bool(options.get("write_order")), starts(history))
    told = {_found(finding) for finding in listed}
    for kind, key, subject in sorted(told - found, key=str):
        raise CertificateError(f"{kind} of {key}, {subject}: the history doesn't show it")
    for kind, key, subject in sorted(found - told, key=str):
        raise CertificateError(f"the history shows {kind} of {key}, {subject}, which isn't told")
    if (verdict.validity is INVALID) != bool(found):
        raise CertificateError(f"the history shows {len(found)} anomalies")
    return Certified(f"{len(found)} findings are all that the history shows")


def _found(finding: Any) -> Found:
    match finding:
        case [str() as kind, key, subject]:
            return kind, key, tuple(subject) if isinstance(subject, list) else subject
    raise NoCertificate(f"{finding} is no finding")


def starts(history: History) -> list[Told]:
    """What servers announced to be forgotten."""
    return [
        (
            event.index,
            event.value["keys"],
            event.value["start"],
            event.value.get("epoch", 0),
            event.value.get("keeps", 0),
        )
        for event in history.events()
        if event.f == "log-start"
    ]


def anomalies(
    calls: list[Call], write_order: bool = False, told: Sequence[Told] = ()
) -> set[Found]:
    """All anomalies of a history, by the definitions: kind, key, and what tells it from others."""
    seen = _seen(calls)
    return {
        *_places(seen),
        *_unfounded(calls, seen),
        *_lost(calls, seen, told),
        *_order_of_polls(calls, seen, told),
        *_order_of_sends(calls),
        *_groups(calls, seen, told),
        *_of_starts(calls, seen, told),
        *_cycles(calls, seen, write_order),
    }


def _given(call: Call) -> list[tuple[Any, list[micros.Record]]]:
    """What polls, or a drain, returned, by key, in order."""
    given = []
    if call.outcome == OK and call.f == "drain":
        given = micros.polled(call, call.result)
    elif call.outcome == OK and call.f in ("poll", "txn"):
        given = [(key, records) for f, key, records in micros.done(call) if f == "poll"]
    return [(key, [micros.record(call, found) for found in records]) for key, records in given]


def _told(call: Call) -> list[tuple[Any, Any, Any]]:
    """Key, offset and value of each acknowledged send."""
    if call.outcome != OK or call.f not in ("send", "txn"):
        return []
    return [(key, *records[0]) for f, key, records in micros.done(call) if f == "send"]


def _seen(calls: list[Call]) -> list[Seen]:
    """Every place of a value that anybody was told, in order."""
    seen: list[Seen] = []
    for call in calls:
        if call.outcome == OK and call.f in ("send", "poll", "txn"):
            shown = [(key, o, v) for _, key, records in micros.done(call) for o, v in records]
        else:
            shown = [(key, o, v) for key, records in _given(call) for o, v in records]
        seen += [(call, *each) for each in shown if each[1] is not None]
    return seen


def _sends(calls: list[Call]) -> list[tuple[Call, Any, Any]]:
    return [(c, k, v) for c in calls if c.f in ("send", "txn") for k, v in micros.sent(c)]


def _places(seen: list[Seen]) -> Iterator[Found]:
    for _, key, offset, value in seen:
        for _, other_key, other_offset, other_value in seen:
            if key == other_key and offset == other_offset and value != other_value:
                yield "inconsistent-offsets", key, offset
            if key == other_key and value == other_value and offset != other_offset:
                yield "duplicate", key, value


def _unfounded(calls: list[Call], seen: list[Seen]) -> Iterator[Found]:
    sends = _sends(calls)
    for call in calls:
        for key, records in _given(call):
            for _, value in records:
                mine = [c for c, k, v in sends if (k, v) == (key, value)]
                if not mine or mine[0].invoked > (call.completed or 0):
                    yield "unsent", key, value
                elif mine[0].outcome == FAIL:
                    yield "aborted-read", key, value


def _forgotten(told: Sequence[Told], key: Any, offset: int, event: float | None) -> bool:
    """Whether what stands at an offset was announced to go, before an event."""
    return any(
        key in keys and offset < start and at < (inf if event is None else event)
        for at, keys, start, _, _ in told
    )


def _lost(calls: list[Call], seen: list[Seen], told: Sequence[Told]) -> Iterator[Found]:
    for send, key, value in _sends(calls):
        if send.outcome != OK:
            continue
        places = [o for c, k, o, v in seen if (k, v) == (key, value)]
        place = places[0] if places else 0
        for drain in calls:
            if _forgotten(told, key, place, drain.complete_index):
                continue
            if drain.f == "drain" and drain.outcome == OK and drain.invoked > (send.completed or 0):
                for drained, records in _given(drain):
                    if drained == key and value not in [v for _, v in records]:
                        yield "lost-write", key, value
        given = [
            c
            for c in calls
            for k, records in _given(c)
            if k == key
            for _, v in records
            if v == value
        ]
        if given or _forgotten(told, key, place, None):
            continue
        far = [
            offset
            for c in calls
            if c.f != "drain" and _reads_from_the_beginning(c, calls)
            for k, records in _given(c)
            if k == key
            for offset, _ in records
        ]
        if places and any(offset > places[0] for offset in far):
            yield "lost-write", key, value


def _reads_from_the_beginning(call: Call, calls: list[Call]) -> bool:
    """Whether the last that the process said of it, before, is that it is assigned keys."""
    return _said_before(call, calls) == "assign"


def _said_before(call: Call, calls: list[Call]) -> str | None:
    said = [
        c.f
        for c in calls
        if c.process == call.process
        and c.invoked < call.invoked
        and c.f in ("assign", "subscribe")
        and c.outcome == OK
    ]
    return said[-1] if said else None


def _known(calls: list[Call], seen: list[Seen], key: Any, offset: int) -> bool:
    """Whether a record is at an offset; not one of a send that failed."""
    values = [v for _, k, o, v in seen if (k, o) == (key, offset)]
    outcome = [c.outcome for c, k, v in _sends(calls) if values and (k, v) == (key, values[0])]
    return bool(values) and outcome != [FAIL]


def _order_of_polls(calls: list[Call], seen: list[Seen], told: Sequence[Told]) -> Iterator[Found]:
    for call in calls:
        keys = dict.fromkeys(key for key, _ in _given(call))
        for key in keys:
            offsets = [o for k, records in _given(call) if k == key for o, _ in records]
            steps = [("int-", *pair) for pair in pairwise(offsets)]
            before = _position(call, key, calls)
            if offsets and before is not None:
                steps.insert(0, ("", before, offsets[0]))
            for prefix, one, other in steps:
                if other <= one:
                    yield f"{prefix}nonmonotonic-poll", key, call.invoke_index
                between = [
                    offset
                    for offset in range(one + 1, other)
                    if not _forgotten(told, key, offset, call.complete_index)
                ]
                if any(_known(calls, seen, key, offset) for offset in between):
                    yield f"{prefix}poll-skip", key, call.invoke_index


def _position(call: Call, key: Any, calls: list[Call]) -> int | None:
    """The last offset of a key that the process was given since it was assigned keys; -1 if that
    was to be read and it was given nothing of it."""
    if call.f == "drain" or not _reads_from_the_beginning(call, calls):
        return None
    last = None
    for earlier in calls:
        if earlier.process != call.process or earlier.invoked >= call.invoked:
            continue
        if earlier.f in ("assign", "subscribe") and earlier.outcome == OK:
            last = -1 if earlier.f == "assign" and key in (earlier.argument or ()) else None
        elif earlier.f != "drain":
            for k, records in _given(earlier):
                last = records[-1][0] if k == key and records else last
    return last


def _order_of_sends(calls: list[Call]) -> Iterator[Found]:
    for call in calls:
        told = _told(call)
        for at, (key, offset, value) in enumerate(told):
            if offset is None:
                continue
            inner = [o for k, o, _ in told[:at] if k == key and o is not None]
            outer = [
                o
                for c in calls
                if c.process == call.process and c.invoked < call.invoked
                for k, o, _ in _told(c)
                if k == key and o is not None
            ]
            if inner and offset <= inner[-1]:
                yield "int-nonmonotonic-send", key, value
            if not inner and outer and offset <= outer[-1]:
                yield "nonmonotonic-send", key, value


def _groups(calls: list[Call], seen: list[Seen], told: Sequence[Told]) -> Iterator[Found]:
    """What two transactions of subscribers have, and what none of their operations was given."""
    mine = [c for c in calls if c.f in ("poll", "txn") and _is_of_a_group(c, calls)]
    done = [(c, k, o) for c in mine for k, records in _given(c) for o, _ in records]
    for one, key, offset in done:
        for other, other_key, other_offset in done:
            both = one is not other and one.f == other.f == "txn"
            if both and (key, offset) == (other_key, other_offset):
                yield "group-repeat", key, offset
    doubts = [
        c for c in mine if c.outcome == INFO and any(micro == ["poll"] for micro in c.argument)
    ]
    for call, key, far in done:
        end = call.completed or 0
        if any(doubt.invoked < end for doubt in doubts):
            continue
        given = {o for c, k, o in done if k == key and c.invoked < end}
        for offset in {o for _, k, o, _ in seen if k == key and o < far} - given:
            gone = _forgotten(told, key, offset, call.complete_index)
            if not gone and _known(calls, seen, key, offset):
                yield "group-skip", key, offset


def _of_starts(calls: list[Call], seen: list[Seen], told: Sequence[Told]) -> Iterator[Found]:
    for at, keys, start, epoch, _ in told:
        for other, others, far, before, _ in told:
            if (before, other) < (epoch, at) and start < far:
                yield from (("nonmonotonic-log-start", key, at) for key in keys if key in others)
    for send, key, value in _sends(calls):
        places = [o for c, k, o, v in seen if (k, v) == (key, value)]
        for at, keys, start, _, keeps in told:
            later = key in keys and at < send.invoke_index
            if places and later and places[0] < start + keeps:
                yield "early-retention", key, value


def _is_of_a_group(call: Call, calls: list[Call]) -> bool:
    """Whether the last that the process said of it, before, is that it subscribes."""
    return _said_before(call, calls) == "subscribe"


def _cycles(calls: list[Call], seen: list[Seen], write_order: bool) -> Iterator[Found]:
    sends = _sends(calls)
    reads = {
        (sender.invoke_index, call.invoke_index)
        for call in calls
        if call.f != "drain"
        for key, records in _given(call)
        for _, value in records
        for sender, k, v in sends
        if (k, v) == (key, value) and sender is not call
    }
    writes = set()
    for key in {key for _, key, _, _ in seen} if write_order else ():
        first: dict[int, Any] = {}
        for _, k, offset, value in seen:
            if k == key:
                first.setdefault(offset, value)
        order = [
            sender
            for offset in sorted(first)
            for sender, k, v in sends
            if (k, v) == (key, first[offset])
        ]
        writes |= {(a.invoke_index, b.invoke_index) for a, b in pairwise(order) if a is not b}
    for component in _circles(writes):
        yield "G0", None, component
    for component in _circles(reads | writes):
        if any(source in component and target in component for source, target in reads):
            yield "G1c", None, component


def _circles(edges: set[tuple[int, int]]) -> set[tuple[int, ...]]:
    """Sets of operations that reach each other: the transitive closure, by joining to the end."""
    reach = set(edges)
    while True:
        longer = {(a, d) for a, b in reach for c, d in edges if b == c} - reach
        if not longer:
            break
        reach |= longer
    return {
        tuple(sorted({b for a, b in reach if a == node and (b, a) in reach}))
        for node, other in reach
        if node == other
    }
