"""A key-value store as a deterministic state machine.

Operations are tuples; keys and values are JSON-like (strings, integers of 64 bits, floats,
booleans, None and tuples of these); an absent key reads as None::

    ("put", key, value)        -> None
    ("append", key, text)      -> the new value; the old one must be a string or absent
    ("cas", key, old, new)     -> whether the value was `old` and is now `new`
    ("delete", key)            -> whether the key was there
    ("get", key)               -> the value                                    (query)
    ("scan",)                  -> all keys, ordered                             (query)

A result is ``("ok", value)``, or ``("refused", why)`` for an operation that makes no sense and
changed nothing; whether it makes sense depends on the state alone, so all replicas agree.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from splitbrain.systems.consensus.asking import OK, REFUSED


def key_order(key: Any) -> tuple[str, Any]:
    """Sorts keys of different types, too."""
    return type(key).__name__, key


class KeyValue:
    """The store. Equal logs give equal stores, snapshots and digests."""

    def __init__(self) -> None:
        self.data: dict[Any, Any] = {}

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Apply a changing operation."""
        data = self.data
        match operation:
            case ("put", key, value):
                data[key] = value
                return OK, None
            case ("cas", key, old, new):
                if data.get(key) != old:
                    return OK, False
                data[key] = new
                return OK, True
            case ("append", key, text):
                return self.append(key, text)
            case ("delete", key):
                return OK, data.pop(key, self) is not self
        return self.query(operation)

    def append(self, key: Any, text: Any) -> tuple[str, Any]:
        """Extend a string."""
        value = self.data.get(key, "")
        if not (isinstance(value, str) and isinstance(text, str)):
            return REFUSED, f"cannot append {text!r} to {value!r}: both must be strings"
        self.data[key] = value + text
        return OK, value + text

    def query(self, operation: Any) -> tuple[str, Any]:
        """Answer an operation that changes nothing."""
        match operation:
            case ("get", key):
                return OK, self.data.get(key)
            case ("scan",):
                return OK, tuple(sorted(self.data, key=key_order))
        return REFUSED, f"unknown operation {operation!r}"

    def state(self) -> tuple[tuple[Any, Any], ...]:
        """All (key, value) pairs, ordered by key."""
        return tuple((key, self.data[key]) for key in sorted(self.data, key=key_order))

    def restore(self, state: Any) -> None:
        """Become the state that `state` listed."""
        self.data = dict(state)

    def digest(self) -> str:
        """A short fingerprint: equal for equal stores, different (almost surely) for others."""
        return hashlib.sha256(msgspec.msgpack.encode(self.state())).hexdigest()[:16]
