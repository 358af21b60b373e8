"""A server's process: what its program is given, and its one connection to the switch."""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import trio

from splitbrain.harness.directory_disk import DirectoryDisk
from splitbrain.harness.hosttime import seconds, wall_clock
from splitbrain.harness.node import Message, Program
from splitbrain.harness.processes.network.ports import HOST, Addresses
from splitbrain.harness.processes.network.wire import Frames, framed, packed, unpacked
from splitbrain.harness.processes.queues import Burst, Inbox, Outgoing, received
from splitbrain.harness.simulation.trace import Event, crash_story

HELLO, READY, SEND, ANNOUNCE, TRACE, DIED = "hello", "ready", "send", "announce", "trace", "died"
"""Kinds of frames from a node."""

MESSAGE = "message"
"""The kind of frames to a node: sender, message."""

_DEADLY = (Exception, SystemExit, KeyboardInterrupt, BaseExceptionGroup)
_FAREWELL_S = 5.0
_REMEMBERED = 12


class Disk(DirectoryDisk):
    """A directory, whose syncs let the node's other tasks go on meanwhile."""

    async def fsync(self, path: str) -> None:
        """See `splitbrain.harness.node.Disk.fsync`."""
        await _synced(os.dup(self._file(path)))  # its own, since the file may be closed meanwhile

    async def fsync_dir(self) -> None:
        """See `splitbrain.harness.node.Disk.fsync_dir`."""
        await _synced(os.open(self.folder, os.O_RDONLY))


async def _synced(file: int) -> None:
    try:
        await trio.to_thread.run_sync(os.fsync, file)
    finally:
        os.close(file)


class Clock:
    """The machine's own clocks, which all nodes share."""

    def time(self) -> float:
        """See `splitbrain.harness.node.Clock.time`."""
        return wall_clock()

    def monotonic(self) -> float:
        """See `splitbrain.harness.node.Clock.monotonic`."""
        return seconds()


@dataclass(frozen=True, slots=True)
class Birth:
    """What a life begins with.

    Attributes:
        name: the node's.
        peers: the other servers.
        hosts: every name that a message can be sent to.
        program: what it runs.
        folder: where its files are.
        random: its stream of randomness.
        port: where the switch listens.
        key: what the switch knows this life by.
        addresses: where it listens and reaches others, if programs have ports.
        enter_network: moves this process into the network where it listens.
    """

    name: str
    peers: tuple[str, ...]
    hosts: frozenset[str]
    program: Program
    folder: Path
    random: Random
    port: int
    key: str
    addresses: Addresses
    enter_network: Callable[[], None]


def live(birth: Birth) -> None:
    """All of one life, in a process forked for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.enable()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    connection = socket.create_connection((HOST, birth.port))
    birth.enter_network()  # to the switch it is connected as it was
    trio.run(_live, birth, connection)


async def _live(birth: Birth, connection: socket.socket) -> None:
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(connection))
    node = ServerNode(birth)
    node.tell(HELLO, birth.key)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.connected_by, stream)
        nursery.start_soon(node.heard_from, stream, nursery.cancel_scope)
        nursery.start_soon(node.begun)
        try:
            await birth.program(node)
        except _DEADLY as error:
            node.tell(DIED, crash_story(_innermost(error), node.recent))
        await node.out.written()
        # The switch closes its side in answer. To end with something unread would reset the
        # connection, and the last words might be lost.
        node.leaving = True
        await stream.send_eof()
        nursery.cancel_scope.deadline = trio.current_time() + _FAREWELL_S


def leave_ending_to_program() -> None:
    """Have SIGTERM end this process's program alone, which is in its group and gets it too."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # ignored, it would be ignored there as well


def _innermost(error: BaseException) -> BaseException:
    """The error itself: a nursery's wrapping says nothing."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


class ServerNode:
    """`splitbrain.harness.node.Node` in a process of its own; it is its own network.

    Attributes:
        burst: what is put while it is entered goes on its way at its end.
        out: what goes to the switch.
        recent: what it did last, for the story of its death.
        leaving: its program has ended.
        folder: where its files are.
        addresses: where it listens and reaches others.
        late: its program will say by itself when it serves; to be set before it waits for anything.
    """

    def __init__(self, birth: Birth) -> None:
        self.name = birth.name
        self.peers = birth.peers
        self.random = birth.random
        self.network = self
        self.clock = Clock()
        self.disk = Disk(birth.folder)
        self.burst = Burst()
        self.out = Outgoing(self.burst)
        self.recent: deque[Event] = deque(maxlen=_REMEMBERED)
        self.leaving = self.late = False
        self.folder = birth.folder
        self.addresses = birth.addresses
        self._hosts = birth.hosts
        self._inbox = Inbox()
        self._take: Callable[[str, bytes], object] = self._keep
        self._born = seconds()

    async def begun(self) -> None:
        """What runs once the program waits for something: unless it says otherwise, it serves."""
        if not self.late:
            self.serves()

    def serves(self) -> None:
        """Say that the program serves."""
        self.tell(READY)

    def tell(self, *parts: Any) -> None:
        """Send a frame to the switch."""
        self.out.put(framed(*parts))

    def send(self, destination: str, message: Message) -> None:
        """See `splitbrain.harness.node.Network.send`."""
        data = packed(message)
        if destination not in self._hosts:
            raise ValueError(
                f"{self.name} sent a message to {destination!r}: there is no such host"
            )
        self._remember("send", destination, message)
        self.out.put(framed(SEND, destination, data))

    async def receive(self) -> tuple[str, Message]:
        """See `splitbrain.harness.node.Network.receive`."""
        source, data = await self._inbox.get()
        return source, self._opened(source, data)

    def hear(self, heard: Callable[[str, Message], object]) -> None:
        """Have messages told as they come, from now on, to somebody who does not wait for them."""
        self._take = lambda source, data: heard(source, self._opened(source, data))
        for source, data in self._inbox.taken():
            self._take(source, data)

    def _keep(self, source: str, data: bytes) -> None:
        self._inbox.put((source, data))

    def _opened(self, source: str, data: bytes) -> Message:
        message = unpacked(data)
        self._remember("receive", source, message)
        return message

    def trace(self, kind: str, *details: Any) -> None:
        """See `splitbrain.harness.node.Node.trace`."""
        self._remember(kind, *details)
        self.tell(TRACE, kind, details)

    @property
    def pictured(self) -> bool:
        """See `splitbrain.harness.node.Node.pictured`."""
        return True

    def show(self, kind: str, *details: Any) -> None:
        """See `splitbrain.harness.node.Node.show`."""
        self.tell(TRACE, kind, details)

    def announce(self, f: str, value: Any) -> None:
        """See `splitbrain.harness.node.Node.announce`."""
        self.tell(ANNOUNCE, f, value)

    def _remember(self, *event: Any) -> None:
        self.recent.append((seconds() - self._born, *event))

    async def connected_by(self, stream: trio.SocketStream) -> None:
        """Write what goes to the switch; without it there is nothing to live for."""
        try:
            await self.out.write_to(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            os._exit(1)

    async def heard_from(self, stream: trio.SocketStream, ended: trio.CancelScope) -> None:
        """Take what the switch sends; when it is gone, so is the run, or this life has `ended`."""
        frames = Frames()
        with suppress(trio.BrokenResourceError):
            while data := await received(stream):
                with self.burst:
                    for _, source, message in frames.feed(data):
                        self._take(source, message)
        if not self.leaving:
            os._exit(1)
        ended.cancel()
