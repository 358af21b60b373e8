"""What TCP sends over a simulated link: segments, their limits, and how the trace tells them."""

from __future__ import annotations

import os
from typing import NamedTuple

SEGMENT = 16_384
"""Most bytes of a segment."""

WINDOW = 65_536
"""Bytes that may be under way, or arrived and unread, in one direction."""

BUFFER = 65_536
"""Bytes that may wait to be sent."""

FIRST_RETRY_S, LAST_RETRY_S = 0.2, 2.0
"""Seconds until what was lost is sent again: the first time, and at most."""

FIRST_CONNECT_RETRY_S = 1.0
"""Seconds until a connection that nobody answers is tried again; twice that the next time."""

CONNECT_ATTEMPTS = 4
"""How often it is tried: at 0, 1, 3 and 7 s, so it times out after 15 s."""

PATIENCE = 8.0
"""Seconds without any acknowledgement after which a connection is given up."""

_PREVIEW = 48
"""Bytes of a segment that its line in the trace shows."""

Address = tuple[str, int]


def error_of(number: int) -> OSError:
    """An error as the operating system would raise it."""
    return OSError(number, os.strerror(number))


class Segment:
    """A part of the stream, until it is acknowledged.

    Attributes:
        number: its place in the stream of segments.
        kind: ``ack`` (the third packet of a connection), ``data`` or ``fin``.
        first, last: when it was sent the first and the last time.
        told: what the trace tells of it.
    """

    __slots__ = ("data", "first", "kind", "last", "number", "told")

    def __init__(self, number: int, kind: str, data: bytes, now: float) -> None:
        self.number, self.kind, self.data = number, kind, data
        self.first = self.last = now
        self.told: tuple[object, ...] = ()


class Ends(NamedTuple):
    """The two addresses of a connection, as seen from one end."""

    local: Address
    remote: Address


def preview(data: bytes) -> str:
    """The beginning of a segment as the trace shows it; nothing of what isn't text."""
    line = data[:_PREVIEW].partition(b"\n")[0].rstrip(b"\r")
    try:
        text = line.decode("ascii")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
