"""Virtual time: one heap of events for the whole world.

True virtual time is a float of seconds from the start of the run; events due at the same instant
run in the order in which they were put on the heap. Nothing else orders anything.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Action = Callable[..., object]


class EventHeap:
    """The world's events, by due time, and the clock that they drive.

    Attributes:
        now: the current true virtual time, in seconds.
    """

    __slots__ = ("_events", "_sequence", "_stopped", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Action, tuple[Any, ...]]] = []
        self._sequence = 0
        self._stopped = False

    @property
    def executed(self) -> int:
        """How many events have run or are running, with turns that are reserved."""
        return self._sequence - len(self._events)

    @property
    def pending(self) -> bool:
        """Whether anything will ever happen."""
        return bool(self._events)

    def at(self, time: float, action: Action, *arguments: Any) -> None:
        """Run ``action(*arguments)`` at `time`, or as soon as possible if that has passed."""
        self._sequence += 1
        if time < self.now:
            time = self.now
        heappush(self._events, (time, self._sequence, action, arguments))

    def after(self, delay: float, action: Action, *arguments: Any) -> None:
        """Run ``action(*arguments)`` `delay` virtual seconds from now."""
        self._sequence += 1
        now = self.now
        time = now + delay if delay > 0 else now
        heappush(self._events, (time, self._sequence, action, arguments))

    def reserve(self) -> int:
        """A turn among the events that are due at the same instant, for `put`."""
        self._sequence += 1
        return self._sequence

    def put(self, time: float, turn: int, action: Action) -> None:
        """Run ``action(turn)`` at `time`, which is not over, in a turn that was reserved."""
        heappush(self._events, (time, turn, action, (turn,)))

    def alarm(self, time: float, action: Action) -> int:
        """`reserve` and `put`; returns the turn."""
        turn = self._sequence = self._sequence + 1
        heappush(self._events, (time, turn, action, (turn,)))
        return turn

    def stop(self) -> None:
        """Make `run_until` return before its next event."""
        self._stopped = True

    def run_until(self, limit: float) -> None:
        """Run events in order up to and including `limit`, or until `stop`.

        Afterwards ``now`` is `limit`, or the time of the event that stopped it.
        """
        events = self._events
        self._stopped = False
        while events and not self._stopped:
            if events[0][0] > limit:
                break
            self.now, _, action, arguments = heappop(events)
            action(*arguments)
        if not self._stopped:
            self.now = limit
