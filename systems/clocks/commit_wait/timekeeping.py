"""What time it is, to a server: TrueTime over messages.

    server -> first server    ("time?", id)
    first server -> server    ("time", id, T)

``id`` names the asking server's start and counts within it: an answer to a question of an earlier
life, taken for one to a question of this, would be believed to be newer than it is.

The first server's monotonic clock is the time. A host's monotonic clock goes on while its process
is down, so the time never goes back. The others ask again and again, and between answers go by
their own monotonic clocks (`splitbrain.systems.clocks.intervals`).

Times are whole microseconds, rounded so that an interval gets wider.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

from splitbrain.harness.node import Message
from splitbrain.systems.clocks.intervals import Interval, IntervalClock

_MICROSECONDS = 1_000_000
_MOST_QUESTIONS = 20


class Timekeeper:
    """See the module.

    Args:
        name: the server's name.
        first: the name of the server whose clock is the time.
        boots: how often the server started before.
        send: sends a message to a server.

    Attributes:
        skew: at most how much faster one server's monotonic clock runs than another's.
        now: what the own monotonic clock shows; the owner keeps it.
    """

    skew: float = 1.01

    def __init__(
        self, name: str, first: str, boots: int, send: Callable[[str, Message], None]
    ) -> None:
        self.now = 0.0
        self._boots = boots
        self._leads = name == first
        self._first = first
        self._send = send
        self._clock = IntervalClock(self.skew)
        self._asked: dict[tuple[int, int], float] = {}
        self._number = 0

    @property
    def known(self) -> bool:
        """Whether the time is known at all."""
        return self._leads or self._clock.set

    def latest(self) -> int:
        """The time is not after this."""
        return ceil(self.interval().latest * _MICROSECONDS)

    def past(self, timestamp: int) -> bool:
        """Whether the time is certainly after this (``TT.after``)."""
        return self.known and floor(self.interval().earliest * _MICROSECONDS) > timestamp

    def interval(self) -> Interval:
        """Between when and when it is."""
        return Interval(self.now, self.now) if self._leads else self._clock.at(self.now)

    def ask(self) -> None:
        """Ask for the time."""
        if self._leads:
            return
        self._number += 1
        question = self._boots, self._number
        self._asked[question] = self.now
        if len(self._asked) > _MOST_QUESTIONS:
            del self._asked[min(self._asked)]
        self._send(self._first, ("time?", question))

    def asked(self, server: str, question: tuple[int, int]) -> None:
        """Somebody asks for the time."""
        if self._leads:
            self._send(server, ("time", question, self.now))

    def told(self, question: tuple[int, int], time: float) -> None:
        """Somebody tells the time; what was asked before this question has no use any more."""
        asked = self._asked.pop(question, None)
        if asked is not None:
            self._clock.learn(time, asked, self.now)
            for old in [old for old in self._asked if old < question]:
                del self._asked[old]
