"""The services that Maelstrom offers to nodes: small stores and a clock beside the servers.

``lin-kv`` is linearizable. ``seq-kv`` is sequentially consistent: each node sees the states of the
store in their order, and never an earlier one than before, but maybe an old one; a write or a
compare-and-set that matches takes effect on the newest. ``lww-kv`` is only eventually consistent:
several copies, of which a request asks any; what was written last wins, by counters that copies
which know nothing of each other give out. ``lin-tso`` gives out numbers that grow.

*Source.* Maelstrom, doc/services.md. Requests are ``read``, ``write``, ``cas`` (which may carry
``create_if_not_exists``) and ``ts``; errors are those of doc/protocol.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.models.model import frozen, shown

NOT_SUPPORTED, MALFORMED, NO_KEY, MISMATCH = 10, 12, 20, 22
"""Codes of errors; see Maelstrom's doc/protocol.md."""

COPIES = 5
"""Of ``lww-kv``."""

Body = dict[str, Any]


class Refusal(Exception):
    """An error that a service answers.

    Attributes:
        code: its number.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Service(Protocol):
    """What a service does."""

    def handle(self, source: str, body: Body) -> Body:
        """The answer to a request.

        Raises:
            Refusal: it is an error.
            KeyError: the request lacks a field.
        """
        ...


def answer(service: Service, source: str, body: Body) -> Body:
    """The body of the answer to a request, errors included."""
    try:
        found = service.handle(source, body)
    except Refusal as refusal:
        found = {"type": "error", "code": refusal.code, "text": str(refusal)}
    except KeyError as missing:
        text = f"{body.get('type')} has no {missing.args[0]}"
        found = {"type": "error", "code": MALFORMED, "text": text}
    return {**found, "in_reply_to": body.get("msg_id")}


class _Map(Protocol):
    """What a request is tried on."""

    def get(self, key: Hashable) -> tuple[Any] | None: ...


def _written(state: _Map, body: Body) -> tuple[Any] | None:
    """The value that a request would write into a state; None if it only reads.

    Raises:
        Refusal: the state does not allow it, or there is no such request.
        KeyError: the request lacks a field.
    """
    match body["type"]:
        case "read":
            return None
        case "write":
            return (body["value"],)
        case "cas":
            held, old, new = state.get(frozen(body["key"])), body["from"], body["to"]
            if held is None and not body.get("create_if_not_exists"):
                raise Refusal(NO_KEY, f"there is no key {shown(body['key'])}")
            if held is not None and frozen(held[0]) != frozen(old):
                text = f"the value is {shown(held[0])}, not {shown(old)}"
                raise Refusal(MISMATCH, text)
            return (new,)
        case other:
            raise Refusal(NOT_SUPPORTED, f"there is no {other} here")


def _read(state: _Map, body: Body) -> Body:
    held = state.get(frozen(body["key"]))
    if held is None:
        raise Refusal(NO_KEY, f"there is no key {shown(body['key'])}")
    return {"type": "read_ok", "value": held[0]}


class Linearizable:
    """``lin-kv``."""

    def __init__(self, random: Random) -> None:
        self._values: dict[Hashable, tuple[Any]] = {}

    def handle(self, source: str, body: Body) -> Body:
        """See `Service.handle`."""
        key, value = frozen(body["key"]), _written(self._values, body)
        if value is None:
            return _read(self._values, body)
        self._values[key] = value
        return {"type": f"{body['type']}_ok"}


class _Version:
    """A state of a sequential store."""

    def __init__(self, store: Sequential, number: int) -> None:
        self._store = store
        self._number = number

    def get(self, key: Hashable) -> tuple[Any] | None:
        changes = self._store.changes.get(key, [])
        at = bisect_right(changes, self._number, key=lambda change: change[0])
        return (changes[at - 1][1],) if at else None


class Sequential:
    """``seq-kv``.

    Attributes:
        changes: the values of each key, with the number of the state in which each appeared.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._newest = 0
        self._seen: dict[str, int] = {}  # the state that each node saw last
        self.changes: dict[Hashable, list[tuple[int, Any]]] = {}

    def handle(self, source: str, body: Body) -> Body:
        """See `Service.handle`."""
        key, least = frozen(body["key"]), self._seen.get(source, 0)
        chosen = self._seen[source] = self._random.randint(least, self._newest)
        if _written(_Version(self, chosen), body) is None:
            return _read(_Version(self, chosen), body)
        self._seen[source] = self._newest
        value = _written(_Version(self, self._newest), body)
        assert value is not None
        self._newest += 1
        self._seen[source] = self._newest
        self.changes.setdefault(key, []).append((self._newest, value[0]))
        return {"type": f"{body['type']}_ok"}


class _Copy:
    """One copy of a store in which the last write wins."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._count = 0
        self._held: dict[Hashable, tuple[int, int, Any]] = {}  # count, copy, value

    def get(self, key: Hashable) -> tuple[Any] | None:
        held = self._held.get(key)
        return None if held is None else (held[2],)

    def put(self, key: Hashable, value: Any) -> None:
        self._count += 1
        self._held[key] = (self._count, self._number, value)

    def merge(self, other: _Copy) -> None:
        self._count = max(self._count, other._count)
        for key, theirs in other._held.items():
            ours = self._held.get(key)
            if ours is None or ours[:2] < theirs[:2]:
                self._held[key] = theirs


class LastWriteWins:
    """``lww-kv``."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._copies = [_Copy(number) for number in range(COPIES)]

    def handle(self, source: str, body: Body) -> Body:
        """See `Service.handle`; after each request, one copy learns what another has."""
        copy = self._random.choice(self._copies)
        try:
            key, value = frozen(body["key"]), _written(copy, body)
            if value is None:
                return _read(copy, body)
            copy.put(key, value[0])
            return {"type": f"{body['type']}_ok"}
        finally:
            learns, teaches = self._random.sample(self._copies, 2)
            learns.merge(teaches)


class Timestamps:
    """``lin-tso``."""

    def __init__(self, random: Random) -> None:
        self._next = 0

    def handle(self, source: str, body: Body) -> Body:
        """See `Service.handle`."""
        if body["type"] != "ts":
            raise Refusal(NOT_SUPPORTED, f"there is no {body['type']} here")
        self._next += 1
        return {"type": "ts_ok", "ts": self._next - 1}


SERVICES: dict[str, Callable[[Random], Service]] = {
    "lin-kv": Linearizable,
    "seq-kv": Sequential,
    "lww-kv": LastWriteWins,
    "lin-tso": Timestamps,
}
"""By the names that nodes send to."""
