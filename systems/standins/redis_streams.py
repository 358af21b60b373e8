"""Streams of a stand-in for Redis."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.standins.redis_groups import Group, Identity
from splitbrain.systems.standins.resp import ReplyError

FIRST: Identity = (0, 0)
LAST: Identity = (1 << 64, 1 << 64)


class Stream:
    """A stream's entries by id: milliseconds and a number.

    Attributes:
        entries: their fields and values, by id.
        groups: its groups of consumers, by name.
        last: the greatest id that any entry has had.
    """

    def __init__(self) -> None:
        self.entries: dict[Identity, list[bytes]] = {}
        self.groups: dict[bytes, Group] = {}
        self.last: Identity = FIRST

    def add(self, now: int, wanted: bytes, fields: list[bytes]) -> bytes:
        """Add an entry; returns its id."""
        if wanted == b"*":
            new = (now, 0) if now > self.last[0] else (self.last[0], self.last[1] + 1)
        else:
            new = stream_id(wanted, 0)
        if new <= self.last:
            raise ReplyError("ERR The ID specified in XADD is equal or smaller than the top item")
        self.last = new
        self.entries[new] = fields
        return told_id(new)

    def between(self, least: Identity, most: Identity) -> list[Any]:
        """The entries with these ids, as replies have them."""
        return [self.told(identity) for identity in self.entries if least <= identity <= most]

    def after(self, last: Identity) -> list[Any]:
        """The entries with greater ids."""
        return [self.told(identity) for identity in self.entries if identity > last]

    def told(self, identity: Identity) -> Any:
        """An entry as replies have it; without fields if it is gone."""
        return [told_id(identity), self.entries.get(identity)]

    def trim(self, most: int | None, least: Identity) -> int:
        """Leave so many entries (None: any number), from this id on; returns how many went."""
        stale = [identity for identity in self.entries if identity < least]
        kept = len(self.entries) - len(stale)
        if most is not None and kept > most:
            stale = list(self.entries)[: len(self.entries) - most]
        for identity in stale:
            del self.entries[identity]
        return len(stale)


def stream_id(word: bytes, sequence: int) -> Identity:
    """An id as a request has it; `sequence` stands for a number that is left out."""
    milliseconds, dash, number = word.partition(b"-")
    return int(milliseconds), int(number) if dash else sequence


def told_id(identity: Identity) -> bytes:
    """An id as replies have it."""
    return b"%d-%d" % identity
