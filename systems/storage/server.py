"""One storage engine as a server: group commit, snapshots by number, recovery when a disk fails.

Two tasks: one receives, and answers what only reads; the other writes. What comes in while the
writer waits for the disk is written together, with one sync. After an error of the disk the engine
is thrown away and another one opened; until that works every answer is that it doesn't.

*At most once.* A write carries a session, which ends with the server's process, and its number in
it: a message that the network repeats is not done again. The answer to a write of a session that is
over says only that nobody knows: the process that ended may have done it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, ClassVar, NamedTuple

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.storage.engine import Batch, Damaged, Engine, Full, Snapshot

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
"""Answers: it is done; it is not, and never will be; nobody knows."""

PAUSE_S = 0.05
"""How long to wait until an engine that could not be opened, or had no room, tries again, in
seconds."""

PAGE = 4
"""How many keys of a snapshot are sent at once."""

SNAPSHOTS = 8
"""How many snapshots are kept; who scans too slowly is told that his is gone."""


class _Wish(NamedTuple):
    """What a client wants of the writer: ``write``, ``flush`` or ``compact``."""

    client: str
    id: int
    f: str
    batch: Batch = ()


class StorageServer:
    """See the module; subclasses say which engine."""

    engine_class: ClassVar[type[Engine]]

    def __init__(self, node: Node) -> None:
        self.node = node
        self.engine = self._new_engine()
        self.problem = "the store is being opened"
        self._wishes: list[_Wish] = []
        self._wake = trio.Event()
        self._sessions: dict[str, tuple[int, int]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._taken = 0

    def make_engine(self) -> Engine:
        """An engine that is yet to be opened."""
        return self.engine_class(self.node.disk)

    def _new_engine(self) -> Engine:
        engine = self.make_engine()
        engine.note = self.node.trace
        return engine

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            while True:
                client, message = await self.node.network.receive()
                self._receive(client, *message)

    def _answer(self, client: str, id: int, status: str, value: Any = None) -> None:
        self.node.network.send(client, ("reply", id, status, value))

    def _receive(self, client: str, _: str, id: int, f: str, *arguments: Any) -> None:
        if f == "open":
            self._sessions[client] = (self.node.random.getrandbits(48), 0)
            self._answer(client, id, OK, self._sessions[client][0])
        elif f == "write":
            self._admit(client, id, *arguments)
        elif self.problem:
            self._answer(client, id, REFUSED, self.problem)
        elif f in ("flush", "compact"):
            self._wish(_Wish(client, id, f))
        else:
            self._read(client, id, f, *arguments)

    # Reads

    def _read(self, client: str, id: int, f: str, *arguments: Any) -> None:
        try:
            match f:
                case "get":
                    value: Any = self.engine.get(*arguments)
                case "snapshot":
                    value = self._snapshot()
                case "page":
                    value = self._page(*arguments)
                case _:
                    value = tuple(self.engine.verify())
        except (Damaged, OSError) as error:
            self._answer(client, id, REFUSED, f"{type(error).__name__}: {error}")
        else:
            self._answer(client, id, OK, value)

    def _snapshot(self) -> int:
        self._taken += 1
        self._snapshots[self._taken] = self.engine.snapshot()
        while len(self._snapshots) > SNAPSHOTS:
            self._snapshots.pop(next(iter(self._snapshots))).close()
        return self._taken

    def _page(self, number: int, after: bytes | None) -> tuple[Any, ...] | None:
        """The next few keys of a snapshot, and whether more may follow; None: it is gone."""
        snapshot = self._snapshots.get(number)
        if snapshot is None:
            return None
        page = snapshot.scan(after, PAGE)
        more = len(page) == PAGE
        if not more:
            self._snapshots.pop(number).close()
        return more, tuple(page)

    # Writes

    def _admit(self, client: str, id: int, session: int, number: int, batch: Batch) -> None:
        known, last = self._sessions.get(client, (None, 0))
        if known != session:
            self._answer(client, id, UNKNOWN, "the session is over")
        elif number > last:
            self._sessions[client] = (session, number)
            most = self.engine.longest
            too_long = any(len(key) + len(value or b"") > most for key, value in batch)
            if self.problem or too_long:
                said = self.problem or f"a key and its value have at most {most} bytes"
                self._answer(client, id, REFUSED, said)
            else:
                self._wish(_Wish(client, id, "write", batch))

    def _wish(self, wish: _Wish) -> None:
        self._wishes.append(wish)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._open()
            try:
                while True:
                    await self._serve()
            except OSError as error:
                self._fail(f"the disk failed: {error}")

    async def _open(self) -> None:
        """Open the engine, however often that takes."""
        while True:
            try:
                await self.engine.open()
            except (Damaged, Full, OSError) as error:
                self.problem = f"{type(error).__name__}: {error}"
                self.node.trace("not-opened", self.problem)
                await trio.sleep(PAUSE_S)
                self.engine = self._new_engine()
            else:
                self.problem = ""
                return

    def _fail(self, problem: str) -> None:
        """Throw the engine away; nobody knows what became of the writes that are under way."""
        self.problem = problem
        self.node.trace("failed", problem)
        for wish in self._wishes:
            self._answer(wish.client, wish.id, UNKNOWN, problem)
        self._wishes.clear()
        self._snapshots.clear()
        self.engine = self._new_engine()

    async def _serve(self) -> None:
        """Do what is wished for; then wait for more."""
        while not self._wishes:
            settled = await self.engine.settle()
            if not self._wishes:
                self._wake = trio.Event()
                with trio.move_on_after(inf if settled else PAUSE_S):
                    await self._wake.wait()
        writes = [wish for wish in self._wishes if wish.f == "write"]
        if writes:
            await self.commit(writes)
            answered = {id(wish) for wish in writes}
            self._wishes = [wish for wish in self._wishes if id(wish) not in answered]
            return
        await self._keep_house(self._wishes[0])
        self._wishes.pop(0)

    async def commit(self, writes: Sequence[_Wish]) -> None:
        """Write what several clients want with one sync, and tell them."""
        done, reason = 0, "the disk is full"
        try:
            done = await self.engine.write([wish.batch for wish in writes])
        except Damaged as error:
            reason = f"Damaged: {error}"
        for position, wish in enumerate(writes):
            status, why = (OK, self.said(position)) if position < done else (REFUSED, reason)
            self._answer(wish.client, wish.id, status, why)

    def said(self, position: int) -> Any:
        """What a client is told of its write, the so many-th of one sync: that it is done."""
        return None

    async def _keep_house(self, wish: _Wish) -> None:
        try:
            await (self.engine.flush() if wish.f == "flush" else self.engine.compact())
        except (Damaged, Full) as error:
            self._answer(wish.client, wish.id, REFUSED, f"{type(error).__name__}: {error}")
        else:
            self._answer(wish.client, wish.id, OK)
