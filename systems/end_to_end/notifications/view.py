"""A view: who is whose friend, and who was notified of which post, made from the log alone.

client -> view   ("request", id, "notified", position)   -> post and friend each, once it is there

It keeps nothing: when it starts, it reads the log from its beginning. It also does so again and
again while it runs, and goes on with what it has made anew: an audit that finds what rots in the
log, and that it was derived rightly.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.end_to_end.notifications.entries import (
    BEFRIEND,
    FIRST,
    POST,
    SIZE,
    UNFRIEND,
    Entry,
    digest_of,
    unpacked,
)
from splitbrain.systems.roles import first_server

POLL_S = 0.03


class Cursor:
    """How far something was read, and what for.

    Attributes:
        kinds: what is taken of the log; all else is read over.
        position: of the last entry that was read.
        digest: that one's.
    """

    def __init__(self, *kinds: int) -> None:
        self.kinds = kinds
        self.position = 0
        self.digest = FIRST


class Derived:
    """What was derived of the log, from its beginning to where its cursors are.

    Args:
        number: tells it from others that its view has made.
        cursors: how the log is read.
    """

    def __init__(self, number: int, cursors: list[Cursor]) -> None:
        self.number = number
        self.cursors = cursors
        self.friends: dict[int, set[int]] = {}
        self.notified: list[tuple[int, int]] = []

    @property
    def position(self) -> int:
        """Up to where everything is in it."""
        return min(cursor.position for cursor in self.cursors)

    def take(self, entry: Entry) -> None:
        """What an entry makes of it."""
        friends = self.friends.setdefault(entry.user, set())
        if entry.kind == BEFRIEND:
            friends.add(entry.subject)
        elif entry.kind == UNFRIEND:
            friends.discard(entry.subject)
        else:
            self.notified += [(entry.subject, friend) for friend in sorted(friends)]


class View:
    """One view.

    Invariants: an entry is taken once, in the order of the log, and only if it is the one that was
    written there; a view that was given another one answers nothing from then on.

    Attributes:
        audit_s: how long it goes on with what it has before it derives that anew.
    """

    audit_s = 0.5

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log = first_server(node)
        self.number = node.random.getrandbits(62)  # another life's is not to be taken for ours
        self.derived = self._begun()
        self.anew: Derived | None = None
        self.is_damaged = False

    def _begun(self) -> Derived:
        self.number += 1
        return Derived(self.number, self.started())

    def started(self) -> list[Cursor]:
        """How it reads: everything in one pass."""
        return [Cursor(BEFRIEND, UNFRIEND, POST)]

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll)
            nursery.start_soon(self._audit)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("entries", (number, cursor), position, data):
                        for derived in (self.derived, self.anew):
                            if derived is not None and derived.number == number:
                                self._read(derived, cursor, position, data)

    async def _poll(self) -> None:
        while True:
            for derived in (self.derived, self.anew):
                for cursor in range(len(derived.cursors)) if derived else ():
                    self._follow(derived, cursor)
            await trio.sleep(POLL_S)

    def _follow(self, derived: Derived | None, cursor: int) -> None:
        if derived is not None:
            which = derived.number, cursor
            self.node.network.send(self.log, ("follow", which, derived.cursors[cursor].position))

    async def _audit(self) -> None:
        """Derive all of it anew, from time to time, and go on with that."""
        while True:
            await trio.sleep(self.audit_s)
            self.anew = self._begun()
            while self.anew.position < self.derived.position:
                await trio.sleep(POLL_S)
            self.derived, self.anew = self.anew, None

    def _read(self, derived: Derived, number: int, position: int, data: bytes) -> None:
        cursor = derived.cursors[number]
        if position != cursor.position or self.is_damaged:
            return
        for at in range(0, len(data) - SIZE + 1, SIZE):
            some = data[at : at + SIZE]
            digest = self.checked(some, cursor.digest)
            if digest is None:
                self.is_damaged = True
                self.node.trace("damaged", cursor.position)
                return
            cursor.position, cursor.digest = cursor.position + 1, digest
            entry = unpacked(some)
            if entry.kind in cursor.kinds:
                derived.take(entry)
        if data:
            self._follow(derived, number)

    def checked(self, data: bytes, before: bytes) -> bytes | None:
        """The digest of an entry that is right."""
        return digest_of(data, before)

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["notified", int() as least]:
                while not self.is_damaged and self.derived.position < least:
                    await trio.sleep(POLL_S / 2)
                answer: tuple[Any, ...] = (
                    "ok",
                    self.derived.position,
                    tuple(self.derived.notified),
                )
                if self.is_damaged:
                    answer = ("damaged",)
            case _:
                answer = ("refused",)
        self.node.network.send(client, ("reply", number, *answer))
