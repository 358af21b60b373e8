"""What a group of consumers was given: no record is passed over, and none is in two transactions.

Who has subscribed polls as one of a group. A record that stands before one that the group was given
must have been given to one of it, by an operation that had begun by then: members commit what they
were given, and go on behind what is committed. A transaction commits what it polled together with
what it sent, so that of those that succeeded at most one has a record. Plain polls may repeat: who
had a record may have died before it was committed.

What a log may have forgotten by then, nobody need have been given.

A transaction that polled and whose outcome is unknown may have had anything: of what is given after
it began, nothing is said to be passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from splitbrain.checkers.history import INFO, OK, Call
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.streams import micros
from splitbrain.checkers.streams.micros import ASSIGN, POLL, SUBSCRIBE, TXN, Key
from splitbrain.checkers.streams.observing import Observed, committed


def judge_groups(observed: Observed, calls: Sequence[Call]) -> None:
    """Note what a group was given twice, and what it was not given. Linear in the records polled,
    once the offsets of each log are sorted."""
    mine = list(_of_members(calls))
    if mine:
        _repeated(observed, mine)
        _passed_over(observed, mine)


def _of_members(calls: Sequence[Call]) -> Iterator[Call]:
    """Polls and transactions of those who have subscribed."""
    members: set[int | str] = set()
    for call in calls:
        if call.f == SUBSCRIBE and call.outcome == OK:
            members.add(call.process)
        elif call.f == ASSIGN and call.outcome == OK:
            members.discard(call.process)
        elif call.f in (POLL, TXN) and call.process in members:
            yield call


def _offsets(call: Call) -> Iterator[tuple[Key, int]]:
    """Key and offset of each record that an operation was given."""
    for f, key, records in micros.done(call):
        if f == POLL:
            yield from ((key, micros.record(call, found)[0]) for found in records)


def _repeated(observed: Observed, mine: Sequence[Call]) -> None:
    before: dict[tuple[Key, int], Call] = {}
    for call in mine:
        if call.f == TXN and call.outcome == OK:
            for place in _offsets(call):
                first = before.setdefault(place, call)
                if first is not call:
                    key, offset = place
                    said = (
                        f"the transactions of processes {first.process} and {call.process}, both "
                        f"of the group, were given offset {offset} of {shown(key)}, and committed"
                    )
                    observed.find("group-repeat", key, offset, said, first, call)


def _passed_over(observed: Observed, mine: Sequence[Call]) -> None:
    doubtful = min(
        (call.invoked for call in mine if call.outcome == INFO and [POLL] in call.argument),
        default=inf,
    )
    known = {key: committed(log) for key, log in observed.logs.items()}
    given: dict[Key, set[int]] = {}
    judged: dict[Key, int] = {}
    done = [call for call in mine if call.outcome == OK]
    begun = iter(done)
    coming = next(begun, None)
    for call in sorted(done, key=lambda call: call.completed or 0):
        end = call.completed or 0
        if doubtful < end:
            return
        while coming is not None and coming.invoked < end:
            for key, offset in _offsets(coming):
                given.setdefault(key, set()).add(offset)
            coming = next(begun, None)
        furthest: dict[Key, int] = {}
        for key, offset in _offsets(call):
            furthest[key] = max(offset, furthest.get(key, offset))
        for key, far in furthest.items():
            at = judged.get(key, 0)
            while at < len(known[key]) and known[key][at] < far:
                offset = known[key][at]
                start = observed.forgotten.before(key, call.complete_index)
                if offset >= start and offset not in given[key]:
                    value, seen = observed.logs[key].values[offset]
                    said = (
                        f"process {call.process}, of the group, is given offset {far} of "
                        f"{shown(key)}, and nobody of it was given {shown(value)} at {offset}"
                    )
                    observed.find("group-skip", key, offset, said, seen, call)
                at += 1
            judged[key] = at
