"""Publish and subscribe of a stand-in for Redis: channels by name, and by pattern."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from splitbrain.systems.standins.redis_keyspace import Words
from splitbrain.systems.standins.resp import Push

SUBSCRIBING = (b"SUBSCRIBE", b"UNSUBSCRIBE", b"PSUBSCRIBE", b"PUNSUBSCRIBE")
"""The requests that have a reply for each name."""


class Channels:
    """Who listens to what.

    Attributes:
        exact: who listens to a channel, by its name.
        patterns: who listens to all channels of a pattern.
    """

    def __init__(self) -> None:
        self.exact: dict[bytes, dict[Subscriptions, None]] = {}
        self.patterns: dict[bytes, dict[Subscriptions, None]] = {}

    def publish(self, channel: bytes, message: bytes) -> int:
        """Tell all who listen; returns how many were told."""
        told = [
            (session, Push([b"message", channel, message]))
            for session in self.exact.get(channel, ())
        ]
        for pattern, sessions in self.patterns.items():
            if fnmatchcase(channel, pattern):
                push = Push([b"pmessage", pattern, channel, message])
                told += [(session, push) for session in sessions]
        for session, push in told:
            session.push(push)
        return len(told)

    def asked(self, words: Words) -> Any:
        """PUBSUB CHANNELS [pattern] | NUMSUB channel... | NUMPAT."""
        how = words[0].upper()
        if how == b"NUMPAT":
            return sum(bool(sessions) for sessions in self.patterns.values())
        if how == b"NUMSUB":
            return [x for name in words[1:] for x in (name, len(self.exact.get(name, ())))]
        pattern = words[1] if len(words) > 1 else b"*"
        heard = (name for name, sessions in self.exact.items() if sessions)
        return sorted(name for name in heard if fnmatchcase(name, pattern))


class Subscriptions:
    """What one client listens to.

    Attributes:
        push: sends it something.
    """

    def __init__(self, channels: Channels, push: Callable[[Any], None]) -> None:
        self.push = push
        self._by_kind = {b"": channels.exact, b"p": channels.patterns}
        self._own: dict[bytes, dict[bytes, None]] = {b"": {}, b"p": {}}

    def replies(self, request: bytes, names: Words) -> list[Any]:
        """The replies to one of `SUBSCRIBING`."""
        kind = b"p" if request.startswith(b"P") else b""
        if request.endswith(b"UNSUBSCRIBE"):
            return self._leave(kind, names or list(self._own[kind]))
        told = []
        for name in names:
            self._own[kind][name] = None
            self._by_kind[kind].setdefault(name, {})[self] = None
            told.append(Push([kind + b"subscribe", name, self._count()]))
        return told

    def _count(self) -> int:
        return sum(map(len, self._own.values()))

    def _leave(self, kind: bytes, names: Words) -> list[Any]:
        told = []
        for name in names:
            self._own[kind].pop(name, None)
            self._by_kind[kind].get(name, {}).pop(self, None)
            told.append(Push([kind + b"unsubscribe", name, self._count()]))
        return told or [Push([kind + b"unsubscribe", None, self._count()])]

    def end(self) -> None:
        """Listen to nothing any more."""
        for kind, names in self._own.items():
            self._leave(kind, list(names))
