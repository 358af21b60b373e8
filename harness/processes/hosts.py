"""The hosts of a world of real processes, as the harness sees them."""

from __future__ import annotations

import secrets
from random import Random
from typing import Any

import trio

from splitbrain.harness.directory_disk import DirectoryDisk
from splitbrain.harness.node import Message, Program
from splitbrain.harness.processes.asyncio_thread import ThreadLoop
from splitbrain.harness.processes.network.ports import Addresses
from splitbrain.harness.processes.network.switch import Switch
from splitbrain.harness.processes.network.wire import packed, unpacked
from splitbrain.harness.processes.node import Clock
from splitbrain.harness.processes.queues import Burst, Inbox, Outgoing


class Life:
    """One process of a server.

    Attributes:
        number: 0 for the server's first, 1 for the next, ...
        key: what its connection is known by; nobody else's is taken for it.
        out: what waits to be written to it.
        connected: it has made its connection.
        ready: its program says that it serves, or is no more.
        closed: all that it said has been heard.
        ended: the process is no more.
        stopped: what the keeper said to the last signal for it.
        killed: by the nemesis.
        told: it has told of the error that ended it.
    """

    def __init__(self, number: int, burst: Burst) -> None:
        self.number = number
        self.key = secrets.token_hex(16)
        self.out = Outgoing(burst)
        self.connected = trio.Event()
        self.ready = trio.Event()
        self.closed = trio.Event()
        self.ended = trio.Event()
        self.killed = self.told = self.paused = False


class Server:
    """A host whose program runs in processes of its own, one after the other.

    Attributes:
        life: the one that is up; None while it is down.
        asking: held while the keeper is asked something, and it has not answered.
        done: set when the keeper has done what was asked for last.
        result: what came of it.
        ahead: seconds that its wall clock is ahead.
        asked: how many processes were seen to ask for the time while it was.
    """

    def __init__(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        self.name = name
        self.program = program
        self.peers = peers
        self.life: Life | None = None
        self.lives = 0
        self.asking = trio.Lock()
        self.done = trio.Event()
        self.result: Any = None
        self.ahead = 0.0
        self.asked = 0


class ClientHost:
    """A client's host, and its node: a task of the harness.

    It is `splitbrain.harness.ground.ClientNode`, and its own network. The world gives it its disk,
    the names of all hosts and where servers are reached.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        peers: tuple[str, ...],
        random: Random,
        switch: Switch,
    ) -> None:
        self.name = name
        self.program = program
        self.peers = peers
        self.random = random
        self.network = self
        self.clock = Clock()
        self.disk: DirectoryDisk
        self.hosts: frozenset[str]
        self.addresses: Addresses
        self.loop: ThreadLoop | None = None
        self.commands = Inbox()
        self._inbox = Inbox()
        self._switch = switch

    def end(self) -> None:
        """Let go of what a client has taken of the machine."""
        if self.loop is not None:
            self.loop.end()

    def send(self, destination: str, message: Message) -> None:
        """See `splitbrain.harness.node.Network.send`."""
        data = packed(message)
        if destination not in self.hosts:
            raise ValueError(
                f"{self.name} sent a message to {destination!r}: there is no such host"
            )
        self._switch.send(self.name, destination, data)

    async def receive(self) -> tuple[str, Message]:
        """See `splitbrain.harness.node.Network.receive`."""
        source, data = await self._inbox.get()
        return source, unpacked(data)

    def arrived(self, source: str, data: bytes) -> bool:
        """A message is there."""
        self._inbox.put((source, data))
        return True
