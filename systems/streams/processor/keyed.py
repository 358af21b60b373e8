"""What a worker does with the events of one group of users: windows, joins, and their state.

The state is a mapping, so that what changes between two checkpoints is one, too::

    ("seen", partition) -> the greatest time in it      ("watermark",) -> time
    ("window", kind, user, start, end) -> (count, sum)
    ("session", user, start, end) -> (count, sum)
    ("version", user, time, id) -> tier                 ("waiting", time, id) -> user

All times are milliseconds of events. An event whose time the watermark has passed is late and is
put aside; all others are in their windows before these are closed, and a click is joined when no
version of its time or before it can come any more: so what comes of the input doesn't depend on
when it is processed, but for what is late.
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

BOUND_MS = 200
"""How far the watermark is behind the greatest time that was seen: events are late that come in
another order than by their times, and by more than this."""

Key = tuple[Any, ...]


class Event(NamedTuple):
    """An event in the log; what it is of a user is an amount or a tier."""

    kind: str
    id: int
    user: str
    time: int
    value: int


class Outputs(NamedTuple):
    """What came of events since the last checkpoint; `splitbrain.checkers.streams.results` has the
    form of each."""

    closed: tuple[tuple[Any, ...], ...]
    joined: tuple[tuple[int, Any], ...]
    late: tuple[int, ...]


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
    """

    def __init__(
        self, group: int, groups: int, positions: Iterable[int], state: Mapping[Key, Any]
    ) -> None:
        self.group = group
        self.groups = groups
        self.positions = list(positions)
        self.state: dict[Key, Any] = self.restored(state)
        self.changes: dict[Key, Any] = {}
        self._closed: list[tuple[Any, ...]] = []
        self._joined: list[tuple[int, Any]] = []
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
        told = tuple(self.changes.items())
        outputs = Outputs(tuple(self._closed), tuple(self._joined), tuple(self._late))
        self.changes = {}
        self._closed, self._joined, self._late = [], [], []
        return told, outputs

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
            self._set(seen, time)
            self._advance()

    def put_aside(self, event: Event) -> None:
        """Keep a late event where it can be seen."""
        self._late.append(event.id)

    def time_of(self, event: Event, now_ms: int) -> int:
        """The time by which an event is put into windows."""
        return event.time

    def _accept(self, event: Event, time: int) -> None:
        if event.kind != CLICK:
            self._set(("version", event.user, time, event.id), event.value)
            return
        for kind in (TUMBLING, SLIDING):
            for start, end in windows_of(kind, time):
                self._add(("window", kind, event.user, start, end), 1, event.value)
        self._session(event.user, time, event.value)
        self._set(("waiting", time, event.id), event.user)

    def _add(self, window: Key, count: int, total: int) -> None:
        before = self.state.get(window, (0, 0))
        self._set(window, (before[0] + count, before[1] + total))

    def _session(self, user: str, time: int, value: int) -> None:
        """Join the sessions that an event touches into one."""
        start, end = time, time + WINDOWS[SESSION][0]
        count, total = 1, value
        for key in [k for k in self.state if k[:2] == ("session", user)]:
            if key[2] < end and start < key[3]:
                start, end = min(start, key[2]), max(end, key[3])
                count, total = count + self.state[key][0], total + self.state[key][1]
                self._drop(key)
        self._set(("session", user, start, end), (count, total))

    def _set(self, key: Key, value: Any) -> None:
        self.state[key] = self.changes[key] = value

    def _drop(self, key: Key) -> None:
        del self.state[key]
        self.changes[key] = None

    # Time

    def _advance(self) -> None:
        """Close the windows and join the clicks whose time has come."""
        seen = [self.state.get(("seen", number)) for number in range(len(self.positions))]
        if None in seen:
            return  # a partition that has given nothing yet may have anything
        watermark = self.least([time for time in seen if time is not None]) - BOUND_MS
        if watermark <= self.watermark:
            return
        self._set(("watermark",), watermark)
        ended = [k for k in self.state if k[0] in ("window", "session") and k[-1] <= watermark]
        for key in sorted(ended, key=lambda key: (key[-1], key)):
            kind = SESSION if key[0] == "session" else key[1]
            self._closed.append((self.group, kind, *key[-3:], *self.state[key], watermark))
            self._drop(key)
        due = [key for key in self.state if key[0] == "waiting" and key[1] < watermark]
        for key in sorted(due):
            self._joined.append((key[2], self.tier_at(self.state[key], key[1], key[2])))
            self._drop(key)

    def least(self, seen: list[int]) -> int:
        """Up to where all partitions are, by the greatest times in them."""
        return min(seen)

    def tier_at(self, user: str, time: int, event: int) -> Any:
        """A user's tier at a time: that of the newest version that isn't later."""
        found = self._versions(user)
        return next((self.state[key] for key in found if key[2:] <= (time, event)), None)

    def _versions(self, user: str) -> list[Key]:
        """Keys of a user's versions, the newest first."""
        return sorted((k for k in self.state if k[:2] == ("version", user)), reverse=True)
