"""Each message has its effect once, in the order of its key, or is told to be dead.

*Property.* ``send`` ``[key, number, is_poison]`` -> ``[key, number, is_poison, sequence]``: the
how many-th message of its key it is; numbers are all different, and poison is what nobody can
process. A read, ``processed``, gives ``{"processed": [[key, number], ...], "dead": [...]}``, in the
order in which they were; all that had been acknowledged is in it. Servers announce ``buffered``
``{"messages": n, "bound": b}``: how many messages waited, and how many may.

==================  ================================================================================
lost                a message that was acknowledged before the read is neither processed nor dead
repeated            a message was processed more than once, or is dead, too
out-of-order        a key's messages were processed in another order than they were sent
buried              a message that can be processed is dead
poison-processed    one that cannot was processed
unsent              a message that nobody had sent by then, or that was refused
taken-back          what an earlier read has processed or dead is not there any more, or what was
                    processed of a key is not what comes first of it
unbounded           more messages waited than may
==================  ================================================================================

A message of unknown outcome may be there or not.

*Source.* DDIA chapter 11, "Messaging Systems" and "Acknowledgments and redelivery" (figure 11-2).

*Algorithm.* One pass over each read, and over each two. O(reads² * messages).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.recheck.deliveries_of_messages import verify_deliveries
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

SEND, READ, BUFFERED = "send", "processed", "buffered"
NAME = "deliveries"

Found = tuple[str, str, tuple[Call, ...]]


def deliveries() -> Checker:
    """A checker: messages have their effects once, in order. See the module."""
    return _Deliveries()


@dataclass(frozen=True, slots=True)
class _Read:
    """What a read gave: keys and numbers."""

    call: Call
    processed: list[tuple[Any, Any]]
    dead: list[tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class _Deliveries:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a message or a read is none, or two messages have one number.
        """
        calls = history.calls()
        sent = _messages(calls)
        reads = [_read(call) for call in calls if call.f == READ and call.outcome == OK]
        told: dict[str, Anomaly] = {}
        for read in reads:
            for kind, said, blamed in (*_problems(read, sent), *_taken_back(read, reads)):
                events = tuple(each.complete_index or each.invoke_index for each in blamed)
                said = f"process {read.call.process} is told that {said}"
                told.setdefault(said, Anomaly(kind, said, events))
        for anomaly in _buffers(history):
            told.setdefault(anomaly.message, anomaly)
        most = max((len(read.processed) for read in reads), default=0)
        dead = max((len(read.dead) for read in reads), default=0)
        coverage = {"messages": len(sent), "reads": len(reads), "processed": most, "dead": dead}
        vain = None if most else "no read has anything processed, so nothing was exercised"
        holds = f"{most} messages had their effects in order, and {dead} are dead letters"
        return verdict_of(self.name, told.values(), coverage, holds=holds, vain=vain)


def _messages(calls: list[Call]) -> dict[Any, Call]:
    sent: dict[Any, Call] = {}
    for call in calls:
        if call.f != SEND:
            continue
        match call.argument, call.result if call.outcome == OK else [None, None, None, 0]:
            case [str(), number, bool()], [_, _, _, int()]:
                if sent.setdefault(number, call) is not call:
                    raise ModelError(call.invoke_index, f"message {number} was sent before")
            case _:
                raise ModelError(
                    call.invoke_index,
                    f"{SEND} {shown(call.argument)} gave {shown(call.result)}: give [key, number, "
                    "is_poison] and these and a sequence",
                )
    return sent


def _read(call: Call) -> _Read:
    try:
        parts = [[(key, number) for key, number in call.result[n]] for n in ("processed", "dead")]
    except (TypeError, ValueError, KeyError):
        said = f"{READ} gave {shown(call.result)}: give processed and dead, [key, number] each"
        raise ModelError(call.invoke_index, said) from None
    return _Read(call, *parts)


def _problems(read: _Read, sent: Mapping[Any, Call]) -> Iterator[Found]:
    counts = Counter([*read.processed, *read.dead])
    for (key, number), count in counts.items():
        call = sent.get(number)
        named = f"message {shown(number)} of {shown(key)}"
        late = call is not None and call.invoked > (read.call.completed or 0)
        if call is None or late or call.outcome == FAIL or call.argument[0] != key:
            yield "unsent", f"{named} is there, which nobody had sent", (read.call,)
        elif count > 1:
            yield "repeated", f"{named} is there {count} times", (call, read.call)
    for key, number in dict.fromkeys(read.processed):
        if number in sent and sent[number].argument[2]:
            yield "poison-processed", f"message {number} of {key} was", (sent[number], read.call)
    for key, number in dict.fromkeys(read.dead):
        if number in sent and not sent[number].argument[2]:
            yield "buried", f"message {number} of {key} is dead", (sent[number], read.call)
    there = {number for _, number in counts}
    for number, call in sent.items():
        acknowledged = call.outcome == OK and (call.completed or 0) < read.call.invoked
        if acknowledged and number not in there:
            said = f"message {number} of {call.argument[0]}, acknowledged before, is nowhere"
            yield "lost", said, (call, read.call)
    yield from _orders(read, sent)


def _taken_back(read: _Read, reads: list[_Read]) -> Iterator[Found]:
    """Against each read that had ended before this one was invoked; the first that differs."""
    keys, dead = _by_key(read.processed), set(read.dead)
    for other in reads:
        if (other.call.completed or 0) < read.call.invoked:
            for key, before in _by_key(other.processed).items():
                if keys.get(key, [])[: len(before)] != before:
                    said = f"{shown(keys.get(key, [])[: len(before)])} of {shown(key)} were"
                    said = f"{said} processed first, and {shown(before)} were before"
                    yield "taken-back", said, (other.call, read.call)
                    return
            gone = [row for row in other.dead if row not in dead]
            if gone:
                said = f"message {shown(gone[0][1])} of {shown(gone[0][0])} is not dead any more"
                yield "taken-back", said, (other.call, read.call)
                return


def _by_key(rows: list[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, number in rows:
        found.setdefault(key, []).append(number)
    return found


def _orders(read: _Read, sent: Mapping[Any, Call]) -> Iterator[Found]:
    """Neighbours of a key, of known sequence, that were processed in the wrong order."""
    last: dict[Any, Call] = {}
    for key, number in dict.fromkeys(read.processed):
        call = sent.get(number)
        if call is None or call.outcome != OK:
            continue
        before = last.get(key)
        if before is not None and before.result[3] > call.result[3]:
            said = f"message {number} of {key} was processed after {before.argument[1]}, which was"
            yield "out-of-order", f"{said} sent later", (before, call, read.call)
        else:
            last[key] = call


def _buffers(history: History) -> Iterator[Anomaly]:
    for event in history.events(BUFFERED):
        match event.value:
            case {"messages": int() as messages, "bound": int() as bound}:
                if messages > bound:
                    said = f"{messages} messages waited at {event.process}, which may hold {bound}"
                    yield Anomaly("unbounded", said, (event.index,))
                    return
            case _:
                said = f"{BUFFERED} with {shown(event.value)}: give messages and bound"
                raise ModelError(event.index, said)


ENTRY = CheckerEntry(
    NAME,
    deliveries,
    "messages have their effects once, in the order of each key",
    verify=verify_deliveries,
)
