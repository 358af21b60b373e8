"""What of one group of users is joined: two streams, a stream and a table, two tables.

Parts of the group's state::

    ("search", user, time, id) -> whether a click has come       ("click", user, time, id) -> True
    ("version", table, user, time, id) -> value
    ("waiting", time, id) -> user       ("changed", time, id) -> user

Two streams are joined within a window (DDIA chapter 11, "Stream-stream join"): each event meets
those of the other stream that came before it, and is kept until the watermark says that no other
that could meet it will come. A search that none has met until then comes out alone: who counts
clicks a search needs it as well. A click meets the table of tiers, and a change of either table the
other table, as they were at its own time: once nothing older can come any more.
"""

from __future__ import annotations

from typing import Any

from splitbrain.checkers.streams.results import CLICK, TIER
from splitbrain.checkers.streams.stream_joins import JOIN_MS, REGION, SEARCH
from splitbrain.systems.streams.processor.state import Key, State


class Joins:
    """The joins of one group.

    Invariants: an event is kept as long as one that may still come is within its window; a version
    is looked up when none before that time can come any more.

    Args:
        state: the group's, which this reads and changes.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.joined: list[tuple[int, Any]] = []
        self.pairs: list[tuple[int, int | None]] = []
        self.rows: list[tuple[int, Any, Any]] = []

    def take_out(self) -> tuple[tuple[Any, ...], ...]:
        """What came out since the last time: clicks and tiers, searches and clicks, rows."""
        given = tuple(self.joined), tuple(self.pairs), tuple(self.rows)
        self.joined, self.pairs, self.rows = [], [], []
        return given

    def accept(self, kind: str, identity: int, user: str, time: int, value: int) -> None:
        """An event that isn't late."""
        if kind == CLICK:
            self.state["waiting", time, identity] = user
            self.state[CLICK, user, time, identity] = True
            for search in self.state.under(SEARCH, user):
                if self.meets(search[2], time):
                    self._meet(search, identity)
        elif kind == SEARCH:
            mine = (SEARCH, user, time, identity)
            self.state[mine] = False
            for click in self.state.under(CLICK, user):
                if self.meets(time, click[2]):
                    self._meet(mine, click[3])
        else:
            self.state["version", kind, user, time, identity] = value
            self.state["changed", time, identity] = user

    def meets(self, search: int, click: int) -> bool:
        """Whether a click of one time is within the window of a search of another."""
        return search <= click < search + JOIN_MS

    def _meet(self, search: Key, click: int) -> None:
        self.pairs.append((search[3], click))
        self.state[search] = True

    def advance(self, watermark: int) -> None:
        """All events before that time are there, or late."""
        for _, time, identity in sorted(self._due("waiting", watermark)):
            user = self.state.pop_key(("waiting", time, identity))
            self.joined.append((identity, self.version_at(TIER, user, time, identity)))
        for _, time, identity in sorted(self._due("changed", watermark)):
            user = self.state.pop_key(("changed", time, identity))
            self.rows.append((identity, *self.row(user, time, identity)))
        for key in self.state.under(CLICK):
            if key[2] < watermark:
                del self.state[key]
        for key in sorted(self.state.under(SEARCH)):
            if self.is_over(key[2], watermark) and not self.state.pop_key(key):
                self.pairs.append((key[3], None))

    def _due(self, name: str, watermark: int) -> list[Key]:
        return [key for key in self.state.under(name) if key[1] < watermark]

    def is_over(self, time: int, watermark: int) -> bool:
        """Whether no click can come any more that meets a search of that time."""
        return time + JOIN_MS <= watermark

    def row(self, user: str, time: int, change: int) -> tuple[Any, Any]:
        """What both tables say of a user at the time of a change of one."""
        tier, region = (self.version_at(each, user, time, change) for each in (TIER, REGION))
        return tier, region

    def version_at(self, table: str, user: str, time: int, event: int) -> Any:
        """What a table says of a user at a time: its newest version that isn't later."""
        found = self.versions(table, user)
        return next((self.state[key] for key in found if key[3:] <= (time, event)), None)

    def versions(self, table: str, user: str) -> list[Key]:
        """Keys of a user's versions in a table, the newest first."""
        return sorted(self.state.under("version", table, user), reverse=True)
