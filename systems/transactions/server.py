"""The shell of a transactional server: receives, keeps time, forces the log, writes pages.

What decides is a *core* without I/O: `splitbrain.systems.transactions.manager.TransactionManager`
over one of the engines, or `splitbrain.systems.transactions.two_phase_commit.core.CommitCore`. The
shell hands it what happens, writes its records in order, forces them to disk in groups (while one
sync is under way, the next group gathers), and sends what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.transactions.engine import Engine
from splitbrain.systems.transactions.log import LogManager, Record
from splitbrain.systems.transactions.manager import TransactionManager

TICK_S = 0.05
"""How often the core is told the time, in seconds."""

PAGES_S = 0.1
"""How often changed pages are written, in seconds."""


class Core(Protocol):
    """What decides."""

    messages: list[tuple[str, Message]]

    @property
    def records(self) -> list[Record]:
        """What to write to the log."""
        ...

    def receive(self, sender: str, message: Message, now: float) -> None:
        """Take in a message."""
        ...

    def tick(self, now: float) -> None:
        """Time has passed."""
        ...

    def durable(self, lsn: int, now: float) -> None:
        """All records up to this number are on disk."""
        ...


class TransactionServer:
    """See the module; subclasses say which core."""

    log_class: type[LogManager] = LogManager
    manager_class: type[TransactionManager] = TransactionManager

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log = self.log_class(node.disk)
        self._work = trio.Event()

    async def run(self) -> None:
        """Recover, then serve until cancelled."""
        self.core = self.recover(await self.log.recover())
        self.log.append(self.core.records)
        self.core.records.clear()
        # A start whose record is lost would give its transactions' names to others.
        await self.log.force()
        self.core.durable(self.log.durable, trio.current_time())
        self.drain()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._receive)
            nursery.start_soon(self._keep_time)
            nursery.start_soon(self._force)
            nursery.start_soon(self.write_pages)

    def recover(self, records: Sequence[Record]) -> Core:
        """The core, from the records that survived."""
        boots = sum(record == ("boot",) for record in records)
        return self.manager_class(self.node.name, self.engine(records), boots)

    def engine(self, records: Sequence[Record]) -> Engine:
        """The engine, from the records that survived."""
        raise NotImplementedError("a server says which engine it has")

    async def write_pages(self) -> None:
        """Bring data to disk now and then; engines that keep it in the log alone don't."""

    async def _receive(self) -> None:
        while True:
            sender, message = await self.node.network.receive()
            self.core.receive(sender, message, trio.current_time())
            self.drain()

    async def _keep_time(self) -> None:
        while True:
            await trio.sleep(TICK_S)
            self.core.tick(trio.current_time())
            self.drain()

    async def _force(self) -> None:
        while True:
            await self._work.wait()
            self._work = trio.Event()
            await self.log.force()
            self.core.durable(self.log.durable, trio.current_time())
            self.drain()

    def drain(self) -> None:
        """Write the core's records, and send what it says."""
        if self.core.records:
            self.log.append(self.core.records)
            self.core.records.clear()
            self._work.set()
        for destination, message in self.core.messages:
            self.node.network.send(destination, message)
        self.core.messages.clear()
