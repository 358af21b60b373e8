"""One pass over a history: what is known of each key's log, and what can't be as it was seen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from splitbrain.checkers.history import FAIL, OK, Call
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams import micros
from splitbrain.checkers.streams.forgotten import Forgotten, Start, too_early, went_back
from splitbrain.checkers.streams.micros import ASSIGN, DRAIN, POLL, SEND, SUBSCRIBE, TXN, Key


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly before it is told.

    Attributes:
        kind: its name.
        key: the log concerned; None for cycles.
        subject: which value or offset, or which operation; with the two above it says which
            anomaly this is.
        calls: the operations that show it.
        said: a sentence.
        events: the announcements that show it.
    """

    kind: str
    key: Key | None
    subject: Any
    calls: tuple[Call, ...]
    said: str
    events: tuple[int, ...] = ()


@dataclass(slots=True)
class Log:
    """What is known of the log of one key.

    Attributes:
        sent: by value, the operation that was to send it.
        values: by offset, the value that was first seen there, and by whom.
        offsets: by value, the offset where it was first seen, and by whom.
        polled: values that some poll or drain returned.
        sound: by offset, the value there and when its send began, once it was returned and nothing
            was wrong with it: nearly all that is returned is returned again, by others.
        furthest: the highest offset given to one that reads from the beginning, and who that is.
    """

    sent: dict[Any, Call] = field(default_factory=dict)
    values: dict[int, tuple[Any, Call]] = field(default_factory=dict)
    offsets: dict[Any, tuple[int, Call]] = field(default_factory=dict)
    polled: set[Any] = field(default_factory=set)
    sound: dict[int, tuple[Any, int]] = field(default_factory=dict)
    furthest: tuple[int, Call] | None = None


_NOWHERE: Mapping[Key, int] = {}
_NEVER = None, inf


@dataclass(frozen=True, slots=True)
class _Gap:
    """A step of a reader by more than one: a skip, if anything is known to stand between."""

    kind: str
    key: Key
    before: int
    after: int
    call: Call


class Observed:
    """What a history shows of its logs.

    Attributes:
        logs: by key.
        found: what is wrong at first sight, each anomaly once.
        drains: drains that succeeded.
        polls: how many polls succeeded.
        forgotten: what the logs may have forgotten.
    """

    def __init__(self, calls: Sequence[Call], starts: Sequence[Start] = ()) -> None:
        self.forgotten = Forgotten(starts)
        self.logs: dict[Key, Log] = {}
        self.found: dict[tuple[str, Any, Any], Finding] = {}
        self.drains: list[Call] = []
        self.polls = 0
        self._gaps: list[_Gap] = []
        self._assigned: set[int] = set()
        self._read: dict[int, dict[Key, int]] = {}
        self._written: dict[int, dict[Key, int]] = {}
        for call in calls:
            if call.f in (SEND, TXN):
                self._sends(call)
        for call in calls:
            if call.outcome == OK:
                self._sees(call)
        self._skips()
        if starts:
            self._forgets(starts)

    def find(
        self,
        kind: str,
        key: Key | None,
        subject: Any,
        said: str,
        *calls: Call,
        events: tuple[int, ...] = (),
    ) -> None:
        """Note an anomaly, unless it is known."""
        identity = kind, key, subject
        if identity not in self.found:
            self.found[identity] = Finding(*identity, calls, said, events)

    def _sends(self, call: Call) -> None:
        for key, value in micros.sent(call):
            log = self.logs.setdefault(key, Log())
            if value in log.sent:
                raise ModelError(
                    call.invoke_index,
                    f"{shown(value)} is sent to {shown(key)} twice, before at operation "
                    f"{log.sent[value].invoke_index}; values of a key must be all different",
                )
            log.sent[value] = call

    def _sees(self, call: Call) -> None:
        if call.f in (SEND, POLL, TXN):
            self._polls_and_sends(call)
        elif call.f == DRAIN:
            self.drains.append(call)
            for key, records in micros.polled(call, call.result):
                self._in_order(call, key, self._returned(call, key, records), None)
        elif call.f in (ASSIGN, SUBSCRIBE):
            self._read.pop(call.process, None)
            change = self._assigned.add if call.f == ASSIGN else self._assigned.discard
            change(call.process)
            if call.f == ASSIGN and isinstance(call.argument, list):
                keys = (key for key in call.argument if type(key) in (int, str))
                self._read[call.process] = dict.fromkeys(keys, micros.BEGINNING)

    def _polls_and_sends(self, call: Call) -> None:
        self.polls += call.f == POLL
        assigned = call.process in self._assigned
        before = self._read.get(call.process, _NOWHERE) if assigned else _NOWHERE
        read: dict[Key, int] = {}
        written: dict[Key, int] = {}
        for f, key, records in micros.done(call):
            if f == SEND:
                self._acknowledged(call, key, records[0], written)
            elif records:
                offsets = self._returned(call, key, records)
                if key in read:
                    self._in_order(call, key, [read[key], *offsets], None)
                else:
                    self._in_order(call, key, offsets, before.get(key))
                read[key] = offsets[-1]
                if assigned:
                    self._far(call, key, offsets)
        if assigned and read:
            self._read.setdefault(call.process, {}).update(read)
        if written:
            self._written.setdefault(call.process, {}).update(written)

    def _acknowledged(
        self, call: Call, key: Key, record: list[Any], written: dict[Key, int]
    ) -> None:
        offset, value = record
        log = self.logs.get(key)
        if log is None or log.sent.get(value) is not call:
            raise ModelError(call.invoke_index, f"{shown(value)} was not to be sent here")
        if offset is None:
            return
        self._placed(call, key, log, offset, value)
        internal = written.get(key)
        last = self._written.get(call.process, {}).get(key) if internal is None else internal
        if last is not None and offset <= last:
            kind = "nonmonotonic-send" if internal is None else "int-nonmonotonic-send"
            said = (
                f"process {call.process} sends {shown(value)} to {shown(key)} at offset {offset}, "
                f"and what it had sent before is at {last}"
            )
            self.find(kind, key, value, said, call)
        written[key] = offset

    def _returned(self, call: Call, key: Key, records: list[Any]) -> list[int]:
        """Note records that somebody was given; their offsets."""
        log = self.logs.get(key) or self.logs.setdefault(key, Log())
        sound, completed = log.sound.get, call.completed or 0
        offsets = []
        for found in records:
            try:
                offset, value = found
                known, since = sound(offset, _NEVER)
            except (TypeError, ValueError):
                offset, value = micros.record(call, found)  # which says what is wrong with it
                known, since = _NEVER
            offsets.append(offset)
            if since > completed or known != value:
                self._given(call, key, log, *micros.record(call, found))
        return offsets

    def _given(self, call: Call, key: Key, log: Log, offset: int, value: Any) -> None:
        """Note a record that somebody was given for the first time, or is wrong."""
        self._placed(call, key, log, offset, value)
        log.polled.add(value)
        send = log.sent.get(value)
        if send is None or send.invoked > (call.completed or 0) or send.outcome == FAIL:
            self._unfounded(call, key, value, send)
        elif log.values[offset][0] == value and log.offsets[value][0] == offset:
            log.sound[offset] = value, send.invoked

    def _placed(self, call: Call, key: Key, log: Log, offset: int, value: Any) -> None:
        other, before = log.values.setdefault(offset, (value, call))
        if other != value:
            said = (
                f"{shown(key)} has {shown(other)} at offset {offset} for process {before.process}, "
                f"and {shown(value)} for process {call.process}"
            )
            self.find("inconsistent-offsets", key, offset, said, before, call)
        place, before = log.offsets.setdefault(value, (offset, call))
        if place != offset:
            said = (
                f"{shown(value)}, sent to {shown(key)} once, is at offset {place} for process "
                f"{before.process}, and at {offset} for process {call.process}"
            )
            self.find("duplicate", key, value, said, before, call)

    def _unfounded(self, call: Call, key: Key, value: Any, send: Call | None) -> None:
        seen = f"process {call.process} is given {shown(value)} of {shown(key)}"
        if send is None or (call.completed is not None and send.invoked > call.completed):
            self.find("unsent", key, value, f"{seen}, which nobody had sent", call)
        else:
            said = f"{seen}, though process {send.process} was told that its send failed"
            self.find("aborted-read", key, value, said, send, call)

    def _in_order(self, call: Call, key: Key, offsets: list[int], before: int | None) -> None:
        """Each record stands behind the last; `before` is where the reader was before this one."""
        for number, offset in enumerate(offsets):
            if before is not None and offset != before + 1:
                prefix = "int-" if number else ""
                if offset <= before:
                    said = (
                        f"process {call.process} polls offset {offset} of {shown(key)} after "
                        f"{before}"
                    )
                    self.find(f"{prefix}nonmonotonic-poll", key, call.invoke_index, said, call)
                else:
                    gap = _Gap(f"{prefix}poll-skip", key, before, offset, call)
                    self._gaps.append(gap)
            before = offset

    def _far(self, call: Call, key: Key, offsets: list[int]) -> None:
        log, offset = self.logs[key], max(offsets)
        if log.furthest is None or log.furthest[0] < offset:
            log.furthest = offset, call

    def _skips(self) -> None:
        """Gaps between which a record is known to stand."""
        known = {key: committed(log) for key, log in self.logs.items()}
        for gap in self._gaps:
            offsets = known[gap.key]
            start = self.forgotten.before(gap.key, gap.call.complete_index)
            at = bisect_left(offsets, max(gap.before + 1, start))
            if at < len(offsets) and offsets[at] < gap.after:
                value, seen = self.logs[gap.key].values[offsets[at]]
                after = "from the beginning" if gap.before < 0 else f"after {gap.before}"
                said = (
                    f"process {gap.call.process} polls offset {gap.after} of {shown(gap.key)} "
                    f"{after}, and passes over {shown(value)} at {offsets[at]}"
                )
                self.find(gap.kind, gap.key, gap.call.invoke_index, said, seen, gap.call)

    def _forgets(self, starts: Sequence[Start]) -> None:
        """What is wrong with what was announced to be forgotten."""
        for key, before, after in went_back(starts):
            said = (
                f"{after.server} says that {shown(key)} begins at offset {after.start}, and "
                f"{before.server} had said that it begins at {before.start}"
            )
            events = before.event, after.event
            self.find("nonmonotonic-log-start", key, after.event, said, events=events)
        for key in dict.fromkeys(key for each in starts for key in each.keys):
            log = self.logs.get(key) or Log()
            for value, (offset, _) in log.offsets.items():
                send = log.sent.get(value)
                told = None if send is None else too_early(starts, key, offset, send)
                if send is not None and told is not None:
                    said = (
                        f"{shown(value)}, sent by process {send.process}, is at offset {offset} of "
                        f"{shown(key)}, though {told.server} had said before that what it keeps "
                        f"reaches from {told.start} to {told.start + told.keeps} at least"
                    )
                    self.find("early-retention", key, value, said, send, events=(told.event,))


def committed(log: Log) -> list[int]:
    """Offsets at which a record is known to be, sorted; not those of sends that failed."""

    def counts(value: Any) -> bool:
        send = log.sent.get(value)
        return send is None or send.outcome != FAIL

    return sorted(offset for offset, (value, _) in log.values.items() if counts(value))


def losses(observed: Observed) -> Iterator[tuple[Key, Any, str, tuple[Call, ...]]]:
    """Acknowledged records that are not there: their key, value, a sentence, and who shows it."""
    drained = [(call, dict(micros.polled(call, call.result))) for call in observed.drains]
    drains = sorted(drained, key=lambda drain: drain[0].invoked)
    for key, log in observed.logs.items():
        given = [
            (call, {value for _, value in result[key]}) for call, result in drains if key in result
        ]
        for value, send in log.sent.items():
            end = send.completed
            if send.outcome != OK or end is None:
                continue
            place = log.offsets.get(value)
            lacks = (
                call
                for call, values in given
                if call.invoked > end
                and value not in values
                and not _may_lack(observed, key, place, call.complete_index)
            )
            drain = next(lacks, None)
            if drain is not None:
                said = f"{_told(key, value, send)}, and process {drain.process} drains it in vain"
                yield key, value, said, (send, drain)
            elif (
                value not in log.polled
                and _passed(log, value)
                and not _may_lack(observed, key, place, None)
            ):
                assert log.furthest is not None
                far, reader = log.furthest
                said = (
                    f"{_told(key, value, send)}, and process {reader.process}, which reads from "
                    f"the beginning, is at offset {far} without having seen that"
                )
                yield key, value, said, (send, reader)


def _may_lack(
    observed: Observed, key: Key, place: tuple[int, Call] | None, event: int | None
) -> bool:
    """Whether a record may be forgotten by what was announced before an event; one of which nobody
    knows where it is may be anywhere."""
    return (0 if place is None else place[0]) < observed.forgotten.before(key, event)


def _told(key: Key, value: Any, send: Call) -> str:
    return f"{shown(value)} was acknowledged to process {send.process} as sent to {shown(key)}"


def _passed(log: Log, value: Any) -> bool:
    place = log.offsets.get(value)
    return place is not None and log.furthest is not None and log.furthest[0] > place[0]


def edges(
    logs: Mapping[Key, Log], calls: Iterable[Call], writes: bool
) -> Iterator[tuple[int, int, bool]]:
    """Dependencies between operations, by their invocations: ``(from, to, is_read)``. Those on what
    only polls are left out: nothing depends on that, so it is in no circle.

    Args:
        logs: what is known of each key.
        calls: the operations of the history.
        writes: whether the order of two sends to a key counts, too.
    """
    for call in calls:
        if call.f == TXN and call.outcome == OK:
            given = [(key, records) for f, key, records in micros.done(call) if f == POLL]
            for key, records in given:
                for _, value in records:
                    send = logs[key].sent.get(value)
                    if send is not None and send is not call:
                        yield send.invoked, call.invoked, True
    for log in logs.values() if writes else ():
        before: Call | None = None
        for offset in sorted(log.values):
            send = log.sent.get(log.values[offset][0])
            if before is not None and send is not None and send is not before:
                yield before.invoked, send.invoked, False
            before = send or before
