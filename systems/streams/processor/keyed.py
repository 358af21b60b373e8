"""What a worker does with the events of one group of users: windows, joins, and their state.

The state is a mapping, so that what changes between two checkpoints is one, too::

    ("seen", partition) -> the greatest time in it      ("watermark",) -> time
    ("window", kind, user, start, end) -> (count, sum)
    ("session", user, start, end) -> (count, sum)       and what `Joins` keeps

All times are milliseconds of events. An event whose time the watermark has passed is late and is
put aside; all others are in their windows before these are closed, and are joined when nothing that
belongs to them can come any more: so what comes of the input doesn't depend on when it is
processed, but for what is late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from zlib import crc32

from splitbrain.checkers.streams.results import (
    CLICK,
    SESSION,
    SLIDING,
    TUMBLING,
    WINDOWS,
    windows_of,
)
from splitbrain.systems.streams.processor.joins import Joins
from splitbrain.systems.streams.processor.state import Key, State

BOUND_MS = 200
"""How far the watermark is behind the greatest time that was seen: events are late that come in
another order than by their times, and by more than this."""


class Event(NamedTuple):
    """An event in the log; what it is of a user is an amount, or what a table says of him."""

    kind: str
    id: int
    user: str
    time: int
    value: int


class Outputs(NamedTuple):
    """What came of events since the last checkpoint; `splitbrain.checkers.streams.results` has the
    form of each, `splitbrain.checkers.streams.stream_joins` that of `pairs` and `rows`."""

    closed: tuple[tuple[Any, ...], ...] = ()
    late: tuple[int, ...] = ()
    joined: tuple[tuple[int, Any], ...] = ()
    pairs: tuple[tuple[int, int | None], ...] = ()
    rows: tuple[tuple[int, Any, Any], ...] = ()


def place_of(user: str, count: int, salt: str) -> int:
    """Which partition, or which group, a user belongs to."""
    return crc32(f"{salt}/{user}".encode()) % count


class Keyed:
    """The operators of one group.

    Invariants: the watermark never goes back, not by a restart either; a window is closed once,
    when the watermark is at its end.

    Args:
        group: its number.
        groups: how many there are.
        positions: by partition, the offset of the next event.
        state: what a checkpoint had.

    Attributes:
        joins_class: what joins its events.
    """

    joins_class: type[Joins] = Joins

    def __init__(
        self, group: int, groups: int, positions: Iterable[int], state: Mapping[Key, Any]
    ) -> None:
        self.group = group
        self.groups = groups
        self.positions = list(positions)
        self.state = State(self.restored(state))
        self.joins = self.joins_class(self.state)
        self._closed: list[tuple[Any, ...]] = []
        self._late: list[int] = []

    def restored(self, state: Mapping[Key, Any]) -> dict[Key, Any]:
        """The state to go on with after a restart."""
        return dict(state)

    @property
    def watermark(self) -> float:
        """All events before this time are there, or late."""
        return float(self.state.get(("watermark",), float("-inf")))

    def snapshot(self) -> tuple[tuple[tuple[Key, Any], ...], Outputs]:
        """What changed since the last one, and what came out; null is a key that is gone."""
        outputs = Outputs(tuple(self._closed), tuple(self._late), *self.joins.take_out())
        self._closed, self._late = [], []
        return self.state.take_changes(), outputs

    # Events

    def take(self, partition: int, event: Event, now_ms: int) -> None:
        """Process the next event of a partition; `now_ms` is the worker's wall clock."""
        self.positions[partition] += 1
        time = self.time_of(event, now_ms)
        if place_of(event.user, self.groups, "group") == self.group:
            if time < self.watermark:
                self.put_aside(event)
            else:
                self._accept(event, time)
        seen = ("seen", partition)
        if time > self.state.get(seen, time - 1):
            self.state[seen] = time
            self._advance()

    def put_aside(self, event: Event) -> None:
        """Keep a late event where it can be seen."""
        self._late.append(event.id)

    def time_of(self, event: Event, now_ms: int) -> int:
        """The time by which an event is put into windows."""
        return event.time

    def _accept(self, event: Event, time: int) -> None:
        self.joins.accept(event.kind, event.id, event.user, time, event.value)
        if event.kind != CLICK:
            return
        for kind in (TUMBLING, SLIDING):
            for start, end in windows_of(kind, time):
                self._add(("window", kind, event.user, start, end), 1, event.value)
        self._session(event.user, time, event.value)

    def _add(self, window: Key, count: int, total: int) -> None:
        before = self.state.get(window, (0, 0))
        self.state[window] = before[0] + count, before[1] + total

    def _session(self, user: str, time: int, value: int) -> None:
        """Join the sessions that an event touches into one."""
        start, end = time, time + WINDOWS[SESSION][0]
        count, total = 1, value
        for key in self.state.under("session", user):
            if key[2] < end and start < key[3]:
                start, end = min(start, key[2]), max(end, key[3])
                before = self.state.pop_key(key)
                count, total = count + before[0], total + before[1]
        self.state["session", user, start, end] = count, total

    # Time

    def _advance(self) -> None:
        """Close the windows and join the events whose time has come."""
        seen = [self.state.get(("seen", number)) for number in range(len(self.positions))]
        if None in seen:
            return  # a partition that has given nothing yet may have anything
        watermark = self.least([time for time in seen if time is not None]) - BOUND_MS
        if watermark <= self.watermark:
            return
        self.state["watermark",] = watermark
        ended = [k for k in self.state if k[0] in ("window", "session") and k[-1] <= watermark]
        for key in sorted(ended, key=lambda key: (key[-1], key)):
            kind = SESSION if key[0] == "session" else key[1]
            counted = self.state.pop_key(key)
            self._closed.append((self.group, kind, *key[-3:], *counted, watermark))
        self.joins.advance(watermark)

    def least(self, seen: list[int]) -> int:
        """Up to where all partitions are, by the greatest times in them."""
        return min(seen)
