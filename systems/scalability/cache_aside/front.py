"""The servers that clients talk to: each has a cache of its own, beside the database.

    client -> front      ("request", id, "read", key)           -> ("reply", id, "ok", value)
                         ("request", id, "write", key, value, n) -> ("reply", id, "ok")

A read that finds no entry loads it: one load of a key at a time, which all who want it wait for
(single flight). A write goes to the database. What others write is heard from the database's log,
which the front follows; what it does not hear, because it is cut off, ends by time.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.checkers.calls.announced import STARTED
from splitbrain.harness.node import Message, Node
from splitbrain.systems.questions import Questions
from splitbrain.systems.roles import first_server
from splitbrain.systems.scalability.cache_aside.entries import Entries, Entry

AGAIN_S = 0.2
"""How long to wait for the database before it is asked again."""

FOLLOW_S = 0.05
"""How often the database is asked what has changed."""

DEADLINE_S = 1.8
"""How long a front tries for one client."""


class Front:
    """One front.

    Attributes:
        entries_class: what keeps the entries.
    """

    entries_class: type[Entries] = Entries

    def __init__(self, node: Node) -> None:
        self.node = node
        self.entries = self.entries_class(node.clock.monotonic, node.random, node.announce)
        self._database = first_server(node)
        self.questions = Questions(node)
        self._loads: dict[str, _Load] = {}
        self._followed = 0

    async def run(self) -> None:
        """Serve until cancelled."""
        self.node.announce(STARTED, {})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.follow)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("answer", int() as number, *answer):
                        self.questions.hear(number, tuple(answer))

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        with trio.move_on_after(DEADLINE_S):
            match request:
                case ["read", str() as key]:
                    answer: Message = ("ok", await self.read(key))
                case ["write", str() as key, value, int() as name]:
                    await self.write(key, value, name)
                    answer = ("ok",)
                case _:
                    answer = ("refused", f"{request} is no request")
            self.node.network.send(client, ("reply", number, *answer))

    async def read(self, key: str) -> Any:
        """The key's value, from an entry or from the database."""
        entry = self.entries.get(key)
        if entry is None:
            entry = await self.load(key)
        return entry.value

    async def load(self, key: str) -> Entry:
        """What the database has, asked for once for all who want it now.

        Whoever asks first does the asking; if that one gives up, the next one of them does.
        """
        while True:
            load = self._loads.get(key)
            if load is None:
                return await self._lead(key)
            await load.over.wait()
            if load.entry is not None:
                return load.entry

    async def _lead(self, key: str) -> Entry:
        load = self._loads[key] = _Load()
        try:
            load.entry = await self.fetch(key)
            return load.entry
        finally:
            del self._loads[key]
            load.over.set()

    async def fetch(self, key: str) -> Entry:
        """Ask the database, and keep what it says."""
        self.node.announce("loading", {"key": key})
        try:
            asked = self.node.clock.monotonic()
            version, value = await self.ask("get", key)
            self.entries.fill(key, version, value, asked)
            return Entry(version, value, asked)
        finally:
            self.node.announce("loaded", {"key": key})

    async def write(self, key: str, value: Any, name: int) -> None:
        """Have the database write a value; what is here of the key goes."""
        (version,) = await self.ask("put", key, value, name)
        self.entries.invalidate(key, version)

    async def follow(self) -> None:
        """Hear what has changed, for ever. A life begins where the database is: it has no entries
        that could be older."""
        while True:
            self._followed, changes = await self.ask("since", self._followed)
            for version, key in changes:
                self.entries.invalidate(key, version)
            if not changes:
                await trio.sleep(FOLLOW_S)

    async def ask(self, *request: Any) -> Message:
        """The database's answer, however long it takes."""
        call = ("call", self.questions.number(), *request)
        return await self.questions.ask(self._database, call, AGAIN_S)


class _Load:
    """A load that is under way, and what it gave; None if whoever led it gave up."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.entry: Entry | None = None
