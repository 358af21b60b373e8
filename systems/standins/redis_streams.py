"""Streams of a stand-in for Redis."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.standins.resp import ReplyError


class Stream:
    """A stream's entries by id: milliseconds and a number."""

    def __init__(self) -> None:
        self.entries: dict[tuple[int, int], list[bytes]] = {}
        self._last = (0, 0)

    def add(self, now: int, wanted: bytes, fields: list[bytes]) -> bytes:
        """Add an entry; returns its id."""
        if wanted == b"*":
            new = (now, 0) if now > self._last[0] else (self._last[0], self._last[1] + 1)
        else:
            new = stream_id(wanted, 0)
        if new <= self._last:
            raise ReplyError("ERR The ID specified in XADD is equal or smaller than the top item")
        self._last = new
        self.entries[new] = fields
        return _told(new)

    def between(self, least: tuple[int, int], most: tuple[int, int]) -> list[Any]:
        """The entries with these ids, as replies have them."""
        return [[_told(i), fields] for i, fields in self.entries.items() if least <= i <= most]


def stream_id(word: bytes, sequence: int) -> tuple[int, int]:
    """An id as a request has it; `sequence` stands for a number that is left out."""
    milliseconds, dash, number = word.partition(b"-")
    return int(milliseconds), int(number) if dash else sequence


def _told(identity: tuple[int, int]) -> bytes:
    return b"%d-%d" % identity
