"""Redis' wire protocol, RESP, in its versions 2 and 3: requests in, replies out.

Source: the protocol's specification (redis.io/docs/reference/protocol-spec).
"""

from __future__ import annotations

from math import isinf
from typing import Any

INCOMPLETE = -1


class ReplyError(Exception):
    """What is answered as an error; its text begins with the error's code."""


class Simple(str):
    """A reply without quotes: ``OK``, ``QUEUED``."""

    __slots__ = ()


class Push(list[Any]):
    """What nobody asked for just now: a message that was published."""


class Pairs(dict[bytes, Any]):
    """A map that version 2 has as pairs rather than one after the other."""


class Scored(list[tuple[bytes, float]]):
    """Members with their scores, which version 2 has one after the other rather than in pairs."""


OK = Simple("OK")


def parse(data: bytes, start: int = 0) -> tuple[list[bytes], int]:
    """The request at `start`, and where it ends; ``([], INCOMPLETE)`` if its end has not arrived.

    Raises:
        ReplyError: it is no array of bulk strings.
    """
    size, at = _number(data, start, b"*")
    words = []
    for _ in range(size):
        if at == INCOMPLETE:
            break
        length, at = _number(data, at, b"$")
        if at == INCOMPLETE or len(data) < at + length + 2:
            return [], INCOMPLETE
        words.append(data[at : at + length])
        at += length + 2
    return (words, at) if at != INCOMPLETE else ([], INCOMPLETE)


def _number(data: bytes, at: int, sign: bytes) -> tuple[int, int]:
    end = data.find(b"\r\n", at)
    if end < 0:
        return 0, INCOMPLETE
    line = data[at:end]
    if line[:1] != sign or not line[1:].isdigit():
        raise ReplyError("ERR Protocol error: expected an array of bulk strings")
    return int(line[1:]), end + 2


def request(*words: bytes) -> bytes:
    """A request as clients write it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def encoded(reply: Any, version: int) -> bytes:
    """A reply as this version of the protocol has it."""
    match reply:
        case None:
            return b"_\r\n" if version == 3 else b"$-1\r\n"
        case ReplyError():
            return f"-{reply}\r\n".encode()
        case Simple():
            return f"+{reply}\r\n".encode()
        case bool() | int():
            return b":%d\r\n" % reply
        case float() if version == 3:
            return b",%s\r\n" % decimal(reply)
        case float():
            return encoded(decimal(reply), version)
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(reply), reply)
        case str():
            return encoded(reply.encode(), version)
        case Pairs() if version == 2:
            return encoded([[key, value] for key, value in reply.items()], version)
        case dict() if version == 3:
            return b"%%%d\r\n" % len(reply) + _all((x for kv in reply.items() for x in kv), version)
        case dict():
            return encoded([x for kv in reply.items() for x in kv], version)
        case set() | frozenset():
            return encoded(sorted(reply), version)
        case Push() if version == 3:
            return b">%d\r\n" % len(reply) + _all(reply, version)
        case Scored() if version == 2:
            return encoded([part for pair in reply for part in pair], version)
        case list() | tuple():
            return b"*%d\r\n" % len(reply) + _all(reply, version)
    raise TypeError(f"no reply: {reply!r}")


def decimal(number: float) -> bytes:
    """A number as Redis writes it: ``3``, ``0.5``, ``inf``."""
    whole = not isinf(number) and number == int(number) and abs(number) < 1e17
    return str(int(number) if whole else number).encode()


def _all(replies: Any, version: int) -> bytes:
    return b"".join(encoded(reply, version) for reply in replies)
