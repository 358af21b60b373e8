"""What a history says of broadcasts: who sent what, knowing what, and what each server delivered.

    broadcast   message -> message                  all messages differ
    deliveries  after -> {"server": name, "after": i, "messages": [...]}     of any server
    drain       the same with i = 0: all that a server delivers, in the end

The messages are those that the server delivered from position `i` on, counted from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown

BROADCAST, DELIVERIES, DRAIN = "broadcast", "deliveries", "drain"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, and what its sender had sent and been told before, as bits by `Told.bit`.

    Attributes:
        call: its broadcast.
        own: the messages that the same process had sent before, and was told that it had.
        heard: the messages that the same process was told that some server had delivered.
    """

    call: Call
    own: int
    heard: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server told: the messages that it delivered from position `after` on."""

    call: Call
    server: str
    after: int
    messages: tuple[Any, ...]


@dataclass(slots=True)
class Told:
    """All broadcasts and answers of a history, in order.

    Attributes:
        sent: the messages in the order in which their broadcasts began; the bit of each is its
            place.
        answers: what servers told, in the order in which they did.
    """

    sent: list[Sent] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, message: Any) -> int | None:
        """Which of `sent` a message is; None if nobody sent it."""
        return self._numbers.get(frozen(message))

    def bits(self, messages: tuple[Any, ...]) -> int:
        """Those of the messages that somebody sent, as bits."""
        found = 0
        for message in messages:
            number = self.number(message)
            if number is not None:
                found |= 1 << number
        return found

    def in_bits(self, bits: int) -> Iterator[Sent]:
        """The messages of a set, in order."""
        while bits:
            least = bits & -bits
            yield self.sent[least.bit_length() - 1]
            bits ^= least

    def add(self, sent: Sent) -> None:
        """Another message.

        Raises:
            ModelError: it was sent before.
        """
        message = frozen(sent.call.argument)
        if message in self._numbers:
            said = f"{shown(sent.call.argument)} was broadcast before; messages must differ"
            raise ModelError(sent.call.invoke_index, said)
        self._numbers[message] = len(self.sent)
        self.sent.append(sent)


@dataclass(slots=True)
class _Process:
    own: int = 0
    heard: int = 0


def told_by(history: History) -> Told:
    """Read the broadcasts and answers of a history.

    Raises:
        ModelError: an operation is not of the form the module describes.
    """
    told, processes = Told(), dict[Any, _Process]()
    for index, call in _moments(history):
        process = processes.setdefault(call.process, _Process())
        if call.f == BROADCAST and index == call.invoke_index:
            told.add(Sent(call, process.own, process.heard))
        elif call.outcome != OK:
            continue
        elif call.f == BROADCAST:
            process.own |= told.bits((call.argument,))
        else:
            told.answers.append(_answer(call))
            process.heard |= told.bits(told.answers[-1].messages)
    return told


def _moments(history: History) -> list[tuple[int, Call]]:
    """Beginnings of broadcasts and ends of all operations, in the order of the history."""
    calls = [call for call in history.calls() if call.f in (BROADCAST, DELIVERIES, DRAIN)]
    moments = [(call.invoke_index, call) for call in calls if call.f == BROADCAST]
    moments += [(c.complete_index, c) for c in calls if c.complete_index is not None]
    return sorted(moments, key=lambda moment: moment[0])


def _answer(call: Call) -> Answer:
    match call.result:
        case {"server": str(server), "after": int(after), "messages": [*messages]} if after >= 0:
            return Answer(call, server, after, tuple(messages))
    assert call.complete_index is not None
    form = '{"server": name, "after": position, "messages": [...]}'
    raise ModelError(call.complete_index, f"{call.f} gives {form}, not {shown(call.result)[:80]}")


def may_be_delivered(sent: Sent, by: Call) -> bool:
    """Whether a message may be in an answer: it had begun by then, and did not certainly fail."""
    end = by.complete_index
    return sent.call.outcome != FAIL and end is not None and sent.call.invoke_index < end
