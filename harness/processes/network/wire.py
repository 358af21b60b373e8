"""Messages of nodes as bytes, and frames of them on a stream.

A frame is a length in four bytes, the most significant first, and so many bytes of MessagePack: a
kind, and what belongs to it. A message is a tuple, and comes out as it went in: named tuples as the
classes that they were, which are looked up among those that this process has already. Nothing is
imported, called or unpickled because some bytes say so.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from splitbrain.harness.node import Message

MOST_BYTES = 1 << 26
"""Of one frame; more is taken for a stream out of step."""

_LENGTH = struct.Struct(">I")
_ATOMS = (str, int, float, bool, bytes, type(None))

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class BadFrame(ValueError):
    """What came is no frame of ours."""


def packed(message: Message) -> bytes:
    """A message as bytes.

    Raises:
        TypeError: it is no tuple, or holds something that no message may hold.
    """
    if not isinstance(message, tuple):
        raise TypeError(f"a {type(message).__name__} was sent: a message is a tuple")
    try:
        return _encode(_plain(message))
    except OverflowError:
        raise TypeError("a message holds a whole number of more than 64 bits") from None


def unpacked(data: bytes) -> Message:
    """The message that was packed.

    Raises:
        BadFrame: none was.
    """
    try:
        message = _restored(_decode(data))
    except msgspec.DecodeError as error:
        raise BadFrame(str(error)) from None
    if not isinstance(message, tuple):
        raise BadFrame(f"it holds a {type(message).__name__}, not a message")
    return message


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is tuple:
        return [_plain(part) for part in value]
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return {_name(kind): [_plain(part) for part in value]}
    raise TypeError(
        f"a message holds a {kind.__name__}: it may hold strings, numbers, booleans, bytes, None "
        "and tuples of these"
    )


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_restored, value))
    if isinstance(value, dict):
        ((name, parts),) = value.items()
        return _made(name)(*map(_restored, parts))
    return value


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


@cache
def _made(name: str) -> Callable[..., tuple[Any, ...]]:
    """The class of named tuples of this name.

    Raises:
        BadFrame: this process has none.
    """
    found = [kind for kind in tuple.__subclasses__() if _name(kind) == name]
    if not found or not hasattr(found[-1], "_fields"):
        raise BadFrame(f"it holds a {name}, which this process does not know")
    return found[-1]


def framed(*parts: Any) -> bytes:
    """A frame of these parts; what MessagePack cannot hold is there as the name of its type.

    Raises:
        ValueError: it is too long.
    """
    body = msgspec.msgpack.encode(parts, enc_hook=lambda value: f"<{type(value).__qualname__}>")
    if len(body) > MOST_BYTES:
        raise ValueError(f"{len(body)} bytes are too many for one message: at most {MOST_BYTES}")
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Frames out of the bytes of a stream, however these are cut."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[list[Any]]:
        """The frames that are complete with these bytes.

        Raises:
            BadFrame: the stream is out of step.
        """
        self._bytes += data
        begin = 0
        try:
            while len(self._bytes) - begin >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._bytes, begin)
                if length > MOST_BYTES:
                    raise BadFrame(f"a frame of {length} bytes was announced")
                end = begin + _LENGTH.size + length
                if len(self._bytes) < end:
                    return
                body, begin = self._bytes[begin + _LENGTH.size : end], end
                yield _parts(body)
        finally:
            del self._bytes[:begin]


def _parts(body: bytearray) -> list[Any]:
    try:
        parts = _decode(body)
    except msgspec.DecodeError as error:
        raise BadFrame(str(error)) from None
    if not isinstance(parts, list) or not parts:
        raise BadFrame("a frame is a kind, and what belongs to it")
    return parts
