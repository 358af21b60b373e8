"""Broadcast: every server delivers every message once, in an order that keeps what it promises.

*Property.* Reliable broadcast, with one of three orders more. By server and position, of what
servers told (`deliveries` has the form of the operations):

====================  ==============================================================================
integrity             a message is delivered once (``duplicated``), and only if somebody sent it
                      (``phantom``)
no second thoughts    what a server delivered at a position stays there, also when it starts again
                      (``unsaid``)
validity, agreement   in the end each server that answers has delivered what was acknowledged
                      (``lost``), and what any other has delivered (``disagreement``)
total order           at each position all servers deliver the same message (``forked``): what they
                      have delivered are prefixes of one sequence
FIFO order            a message is not delivered before one that the same process had sent before it
                      (``fifo-order``)
causal order          nor before one that its sender had sent, or been told of, before it sent it
                      (``causal-order``)
====================  ==============================================================================

*Source.* Hadzilacos and Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and Related
Problems", Cornell TR 94-1425, 1994, section 3; Baldoni, Cimmino and Marchetti, "A Classification of
Total Order Specifications and its Application to Fixed Sequencer-based Implementations", JPDC
66(1), 2006 (strong uniform total order: nothing is left out in between); Kleppmann, "Designing
Data-Intensive Applications", 2017, chapter 9, "Total Order Broadcast".

*Algorithm.* One pass puts together what each server delivered; one pass over it in order compares,
as bits, the causes of each message with what came before it. O(messages × answers) at worst for
what is told repeatedly, and a word operation for each 64 messages.

*Left out.* When messages are delivered: any time before the end will do. Where nobody asked for the
positions before a message, what must come before it may stand there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.broadcast.deliveries import (
    DRAIN,
    Answer,
    Sent,
    Told,
    may_be_delivered,
    told_by,
)
from splitbrain.checkers.broadcast.recheck import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import event_of, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

TOTAL, FIFO, CAUSAL = "total-order-broadcast", "fifo-broadcast", "causal-broadcast"


def total_order_broadcast() -> Checker:
    """A checker: all servers deliver the same messages in the same order. See the module."""
    return _Broadcast(TOTAL)


def fifo_broadcast() -> Checker:
    """A checker: each sender's messages are delivered in the order in which it sent them."""
    return _Broadcast(FIFO)


def causal_broadcast() -> Checker:
    """A checker: no message is delivered before one that it may have been caused by."""
    return _Broadcast(CAUSAL)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What a server delivered at a position, and the first answer that told so."""

    message: Any
    answer: Answer


_Log = dict[int, _Delivery]
"""By position, what a server delivered."""


@dataclass(frozen=True, slots=True)
class _Broadcast:
    name: str

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is not of the form that `deliveries` describes.
        """
        told = told_by(history)
        logs: dict[str, _Log] = {}
        anomalies = [*_integrity(told, logs), *_in_the_end(told)]
        compared = 0
        if self.name == TOTAL:
            compared = sum(_shared(logs))
            anomalies += _forked(logs)
        else:
            for log in logs.values():
                found, ordered = _disordered(told, log, self.name)
                anomalies += found
                compared += ordered
        coverage = {
            "messages": len(told.sent),
            "answers": len(told.answers),
            "servers that told": len(logs),
            "deliveries whose order is compared": compared,
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        nothing = "no two deliveries had an order to keep: nothing was exercised"
        vain = None if compared else nothing
        holds = f"{compared} deliveries of {len(logs)} servers are in order"
        return verdict_of(
            self.name, anomalies, coverage, holds=holds, vain=vain, certificate=certificate
        )


def _integrity(told: Told, logs: dict[str, _Log]) -> Iterator[Anomaly]:
    """Puts together what each server delivered, and finds what no server may."""
    places: dict[str, dict[Any, int]] = {}
    for answer in told.answers:
        log, of = logs.setdefault(answer.server, {}), places.setdefault(answer.server, {})
        for position, message in enumerate(answer.messages, answer.after):
            before = log.get(position)
            if before is not None:
                if frozen(before.message) != frozen(message):
                    said = (
                        f"{answer.server} delivered {shown(message)} at position {position}, and "
                        f"{shown(before.message)} by what it told before"
                    )
                    yield _found("unsaid", said, before.answer.call, answer.call)
                continue
            log[position] = _Delivery(message, answer)
            first = of.setdefault(frozen(message), position)
            if first != position:
                said = f"{answer.server} delivered {shown(message)} at {first} and at {position}"
                yield _found("duplicated", said, log[first].answer.call, answer.call)
            number = told.number(message)
            if number is None or not may_be_delivered(told.sent[number], answer.call):
                said = f"{answer.server} delivered {shown(message)}, which nobody had sent"
                yield _found("phantom", said, answer.call)


def _in_the_end(told: Told) -> Iterator[Anomaly]:
    """What is missing from what servers told in the end."""
    last = {answer.server: answer for answer in told.answers if answer.call.f == DRAIN}
    everything = {server: told.bits(answer.messages) for server, answer in last.items()}
    for server, answer in last.items():
        begin = answer.call.invoke_index
        missing = [
            sent
            for sent in told.in_bits(~everything[server] & ((1 << len(told.sent)) - 1))
            if sent.call.outcome == OK and event_of(sent.call) < begin
        ]
        for sent in missing[:1]:
            said = f"{server} never delivered {_name(sent)}, which was acknowledged"
            yield _found("lost", said, sent.call, answer.call)
        lacked = {sent.call.invoke_index for sent in missing}
        for other, messages in everything.items():
            more = told.in_bits(messages & ~everything[server])
            for sent in [s for s in more if s.call.invoke_index not in lacked][:1]:
                said = f"{server} never delivered {_name(sent)}, which {other} delivered"
                yield _found("disagreement", said, last[other].call, answer.call)


def _shared(logs: dict[str, _Log]) -> Iterator[int]:
    """Of each position, how many servers told of it beyond the first."""
    counts = Counter(position for log in logs.values() for position in log)
    return (count - 1 for count in counts.values())


def _forked(logs: dict[str, _Log]) -> Iterator[Anomaly]:
    """The first position at which a server delivered something else than the others before it."""
    first: dict[int, tuple[str, _Delivery]] = {}
    for server, log in logs.items():
        forked = False
        for position in sorted(log):
            delivery = log[position]
            other, known = first.setdefault(position, (server, delivery))
            if frozen(known.message) != frozen(delivery.message) and not forked:
                forked = True
                said = (
                    f"at position {position} {other} delivered {shown(known.message)}, and "
                    f"{server} {shown(delivery.message)}"
                )
                yield _found("forked", said, known.answer.call, delivery.answer.call)


_CAUSES: dict[str, tuple[str, Callable[[Sent], int]]] = {
    FIFO: ("fifo-order", lambda sent: sent.own),
    CAUSAL: ("causal-order", lambda sent: sent.own | sent.heard),
}
"""By order, the kind of its anomalies and what must be delivered before a message."""


def _disordered(told: Told, log: _Log, order: str) -> tuple[list[Anomaly], int]:
    """Messages that a server delivered before one of their causes, and how many had any."""
    kind, causes_of = _CAUSES[order]
    found, compared, before, whole = [], 0, 0, True
    everything = told.bits(tuple(delivery.message for delivery in log.values()))
    for count, position in enumerate(sorted(log)):
        delivery = log[position]
        whole = whole and position == count
        number = told.number(delivery.message)
        if number is None or before & 1 << number:
            continue  # nobody's, or here before: told elsewhere
        effect = told.sent[number]
        causes = causes_of(effect)
        compared += causes != 0
        # What nobody asked about may be where nobody asked: then only what comes later is wrong.
        missing = causes & ~before & (-1 if whole else everything)
        for cause in list(told.in_bits(missing))[:1]:
            said = (
                f"{delivery.answer.server} delivered {_name(effect)} at position {position}, and "
                f"not before that {_name(cause)}, which {_why(effect, cause)}"
            )
            found.append(_found(kind, said, cause.call, effect.call, delivery.answer.call))
        before |= 1 << number
    return found, compared


def _why(effect: Sent, cause: Sent) -> str:
    process = effect.call.process
    if cause.call.process == process:
        return f"process {process} had sent before"
    return f"process {process} knew when it sent that"


def _name(sent: Sent) -> str:
    return shown(sent.call.argument)


def _found(kind: str, said: str, *calls: Call) -> Anomaly:
    return Anomaly(kind, said, tuple(dict.fromkeys(event_of(call) for call in calls)))


def _entry(name: str, make: Callable[[], Checker], description: str) -> CheckerEntry:
    return CheckerEntry(name, make, description, verify=verify)


TOTAL_ENTRY = _entry(TOTAL, total_order_broadcast, "all servers deliver one sequence of messages")
FIFO_ENTRY = _entry(FIFO, fifo_broadcast, "each sender's messages are delivered in its order")
CAUSAL_ENTRY = _entry(CAUSAL, causal_broadcast, "no message is delivered before its causes")
