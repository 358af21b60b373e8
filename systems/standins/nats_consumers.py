"""Consumers of JetStream of a stand-in for NATS: who is given which message, and until when it is
to be acknowledged.

Pull consumers give what is asked for; push consumers send to their subject. A message that is not
acknowledged within ``ack_wait`` is given again, up to ``max_deliver`` times. What was acknowledged
lasts as messages do; who was given what is forgotten at a restart, and so given again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

ACK = "$JS.ACK."
"""What subjects of acknowledgements begin with."""

NO_MESSAGES = b"NATS/1.0 404 No Messages\r\n\r\n"
TIMED_OUT = b"NATS/1.0 408 Request Timeout\r\n\r\n"

_NANO = 1e-9
_ACK_WAIT_S = 30.0


class Kept(NamedTuple):
    """A message that a stream keeps; its number is its place, from 1."""

    subject: str
    data: bytes
    time: float
    headers: bytes = b""


class Sent(NamedTuple):
    """What is to be sent: a message of a stream, or only `headers` that say how a request ended.

    Attributes:
        to: the subject that it is sent to.
        number: the message's in its stream; 0: none.
        reply: where it is to be acknowledged.
        headers: what it says, if it is no message.
    """

    to: str
    number: int = 0
    reply: str = ""
    headers: bytes = b""


@dataclass(slots=True)
class Pull:
    """A request for messages.

    Attributes:
        inbox: where they are sent.
        left: how many more.
        until: when it ends.
        waits: whether it waits for messages that are not there yet.
    """

    inbox: str
    left: int
    until: float
    waits: bool


@dataclass(slots=True)
class Given:
    """A message that was given out and not acknowledged.

    Attributes:
        due: when it is given again.
        times: how often it was given.
    """

    due: float
    times: int


@dataclass(slots=True)
class Consumer:
    """A consumer of a stream.

    Attributes:
        stream: the stream's name.
        name: its own.
        config: its settings, as the request had them.
        next: the number of the message that is given next for the first time.
        acknowledged: what was.
    """

    stream: str
    name: str
    config: dict[str, Any]
    next: int = 1
    acknowledged: set[int] = field(default_factory=set)
    _given: dict[int, Given] = field(default_factory=dict)
    _pulls: list[Pull] = field(default_factory=list)
    _sent: int = 0

    @property
    def _wait_s(self) -> float:
        return float(self.config.get("ack_wait") or _ACK_WAIT_S / _NANO) * _NANO

    def begin(self, messages: Sequence[Kept]) -> None:
        """Where it begins, as its ``deliver_policy`` says."""
        last = len(messages)
        match self.config.get("deliver_policy"):
            case "new":
                self.next = last + 1
            case "last":
                fitting = (n for n in range(1, last + 1) if self._wants(messages, n))
                self.next = max(fitting, default=1)
            case "by_start_sequence":
                self.next = int(self.config.get("opt_start_seq") or 1)

    def _wants(self, messages: Sequence[Kept], number: int) -> bool:
        one = self.config.get("filter_subject")
        patterns = self.config.get("filter_subjects") or ([one] if one else [])
        subject = messages[number - 1].subject
        return not patterns or any(matches(pattern, subject) for pattern in patterns)

    def ask(self, now: float, inbox: str, request: dict[str, Any]) -> None:
        """A request for the next messages."""
        expires = float(request.get("expires") or 0) * _NANO
        waits = expires > 0 or not request.get("no_wait")
        until = now + expires if expires else inf
        self._pulls.append(Pull(inbox, int(request.get("batch") or 1), until, waits))

    def acknowledge(self, number: int, how: bytes, now: float) -> bool:
        """Hear of a message that was given out; returns whether that is for good."""
        given = self._given.get(number)
        if how.startswith(b"-NAK"):
            if given is not None:
                given.due = now
        elif how.startswith(b"+WPI"):
            if given is not None:
                given.due = now + self._wait_s
        else:  # +ACK, +TERM, or nothing, which is an acknowledgement, too
            upto = range(1, number + 1) if self.config.get("ack_policy") == "all" else (number,)
            for each in upto:
                self._given.pop(each, None)
                self.acknowledged.add(each)
            return True
        return False

    def next_due(self, heard: Callable[[str], bool]) -> float:
        """When something happens by itself; inf if nothing does."""
        ends = [pull.until for pull in self._pulls]
        if self._pulls or self._pushed(heard):
            ends += [given.due for given in self._given.values()]
        return min(ends, default=inf)

    def _pushed(self, heard: Callable[[str], bool]) -> str:
        """The subject that it sends to of itself, once somebody listens there."""
        subject: str = self.config.get("deliver_subject") or ""
        return subject if subject and heard(subject) else ""

    def step(
        self, now: float, messages: Sequence[Kept], heard: Callable[[str], bool]
    ) -> list[Sent]:
        """What is to be sent now; `heard` says whether somebody listens to a subject."""
        sent: list[Sent] = []
        pushed = self._pushed(heard)
        while pushed or self._pulls:
            number = self._following(now, messages)
            if number is None:
                break
            to = pushed or self._pulls[0].inbox
            sent.append(Sent(to, number, self._give(number, now, len(messages))))
            if not pushed:
                self._pulls[0].left -= 1
                self._pulls = [pull for pull in self._pulls if pull.left]
        for pull in [pull for pull in self._pulls if not pull.waits or pull.until <= now]:
            self._pulls.remove(pull)
            sent.append(Sent(pull.inbox, headers=TIMED_OUT if pull.waits else NO_MESSAGES))
        return sent

    def _following(self, now: float, messages: Sequence[Kept]) -> int | None:
        """The number of the message to give now: one whose time is up, or a new one."""
        most = int(self.config.get("max_deliver") or -1)
        for number, given in sorted(self._given.items()):
            if given.due <= now:
                if most < 0 or given.times < most:
                    return number
                given.due = inf  # given up
        limit = int(self.config.get("max_ack_pending") or 1000)
        if self.config.get("ack_policy") != "none" and len(self._given) >= limit:
            return None
        while self.next <= len(messages):
            number, self.next = self.next, self.next + 1
            if number not in self.acknowledged and self._wants(messages, number):
                return number
        return None

    def _give(self, number: int, now: float, last: int) -> str:
        """Note that a message is given out; returns where it is to be acknowledged."""
        times = self._given[number].times + 1 if number in self._given else 1
        if self.config.get("ack_policy") == "none":
            self.acknowledged.add(number)
        else:
            self._given[number] = Given(now + self._wait_s, times)
        self._sent += 1
        moment, left = int(now / _NANO), max(0, last - self.next + 1)
        return f"{ACK}{self.stream}.{self.name}.{times}.{number}.{self._sent}.{moment}.{left}"

    def told(self, messages: Sequence[Kept]) -> dict[str, Any]:
        """What a request for it is answered with."""
        new = (n for n in range(self.next, len(messages) + 1) if self._wants(messages, n))
        return {
            "stream_name": self.stream,
            "name": self.name,
            "created": "1970-01-01T00:00:00Z",
            "config": self.config,
            "delivered": {"consumer_seq": self._sent, "stream_seq": self.next - 1},
            "ack_floor": {"consumer_seq": 0, "stream_seq": self._floor()},
            "num_ack_pending": len(self._given),
            "num_redelivered": sum(given.times > 1 for given in self._given.values()),
            "num_waiting": len(self._pulls),
            "num_pending": sum(1 for _ in new),
        }

    def _floor(self) -> int:
        """Up to where all was acknowledged."""
        floor = 0
        while floor + 1 in self.acknowledged:
            floor += 1
        return floor


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject fits a pattern: ``*`` is one word, ``>`` the rest."""
    wanted, words = pattern.split("."), subject.split(".")
    for i, word in enumerate(wanted):
        if word == ">":
            return len(words) > i
        if i >= len(words) or word not in ("*", words[i]):
            return False
    return len(wanted) == len(words)
