"""What an incarnation is given: its network, its disk, its clock.

These are `splitbrain.harness.node`'s interfaces over the host's hardware, and where a dead
incarnation is cut off from
it: sends vanish, everything else raises `NodeDead`.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from typing import TYPE_CHECKING, Any

import trio

from splitbrain.harness.node import Message, NodeDead
from splitbrain.harness.simulation.disk import PendingSync, SimulatedDisk
from splitbrain.harness.simulation.disk_rules import astray
from splitbrain.harness.simulation.trio_hooks import Task, context
from splitbrain.harness.simulation.trio_runs import Trap, park

if TYPE_CHECKING:
    from splitbrain.harness.simulation.incarnation import Incarnation


class Inbox:
    """What has arrived for an incarnation and was not yet taken; one task at a time may wait for
    it."""

    __slots__ = ("_incarnation", "_waiting", "items", "trap")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self.items: deque[Any] = deque()
        self._waiting: Task | None = None
        self.trap = Trap(self._abort)

    def put(self, item: object) -> None:
        """Add an item and wake the task that waits for one."""
        self.items.append(item)
        task = self._waiting
        if task is not None:
            self._waiting = None
            self._incarnation.wake(task)

    def __len__(self) -> int:
        """How many items wait."""
        return len(self.items)

    def expect(self) -> None:
        """Have the running task woken by the next item; it waits in `park` with the `trap`.

        Raises:
            NodeDead: none will come.
            trio.BusyResourceError: another task is waiting already.
        """
        if self._incarnation.dead:
            raise NodeDead
        if self._waiting is not None:
            raise trio.BusyResourceError("another task of this node is already receiving")
        self._waiting = context.task

    async def get(self) -> Any:
        """The oldest item; waits for one. Raises as `expect`."""
        while not self.items:
            self.expect()
            await park(self.trap)
        return self.items.popleft()

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED


class NodeNetwork:
    """`splitbrain.harness.node.Network` of one incarnation."""

    __slots__ = ("_heap", "_inbox", "_incarnation", "_name", "_remember", "_send")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._name = incarnation.host.name
        self._send = incarnation.host.world.network.send
        self._inbox = incarnation.inbox
        self._heap = incarnation.host.world.heap
        self._remember = incarnation.recent.append

    def send(self, destination: str, message: Message) -> None:
        """See `splitbrain.harness.node.Network.send`."""
        incarnation = self._incarnation
        if not incarnation.dead:
            incarnation.left -= 1  # `spend`, in the busiest place of all
            if incarnation.left < 0:
                incarnation.overspent()
            self._remember((self._heap.now, "send", destination, message))
            self._send(self._name, destination, message)

    async def receive(self) -> tuple[str, Message]:
        """See `splitbrain.harness.node.Network.receive`."""
        inbox = self._inbox  # `get`, in the busiest place of all
        while not inbox.items:
            inbox.expect()
            await park(inbox.trap)
        item: tuple[str, Message] = inbox.items.popleft()
        self._remember((self._heap.now, "receive", *item))
        return item


class NodeDisk:
    """The disk of one incarnation: the host's disk, plus latency and what rules do to it, minus a
    dead node."""

    __slots__ = ("_disk", "_incarnation", "_rules", "_world")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._world = incarnation.host.world
        self._disk = incarnation.host.disk
        self._rules = incarnation.host.disk_rules

    def _alive(self) -> SimulatedDisk:
        incarnation = self._incarnation
        if incarnation.dead:
            raise NodeDead
        incarnation.left -= 1  # `spend`
        if incarnation.left < 0:
            incarnation.overspent()
        return self._disk

    def exists(self, path: str) -> bool:
        """See `splitbrain.harness.node.Disk`."""
        return self._alive().exists(path)

    def size(self, path: str) -> int:
        """See `splitbrain.harness.node.Disk`."""
        return self._alive().size(path)

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """See `splitbrain.harness.node.Disk`."""
        disk, rules = self._alive(), self._rules
        if not rules.any:
            return disk.read(path, offset, length)
        data = disk.read(path, offset, length)
        rules.fail("eio", path)
        if (dice := rules.strikes("misread")) is not None:
            data = disk.read(path, astray(offset, disk.size(path), dice), len(data))
        if rules.strikes("stale") is not None:
            data = disk.read_stale(path, offset, length)
        return data[: rules.shortened(len(data))]

    def write(self, path: str, offset: int, data: bytes) -> int:
        """See `splitbrain.harness.node.Disk`."""
        disk = self._alive()
        if self._rules.any:
            data = self._written(path, offset, data)
        written = disk.write(path, offset, data)
        if self._world.listeners.watchers:
            self._tell("write", path)
        return written

    def append(self, path: str, data: bytes) -> int:
        """See `splitbrain.harness.node.Disk`."""
        disk = self._alive()
        if self._rules.any:
            data = self._written(path, disk.size(path) if disk.exists(path) else 0, data)
        written = disk.append(path, data)
        if self._world.listeners.watchers:
            self._tell("write", path)
        return written

    def _written(self, path: str, offset: int, data: bytes) -> bytes:
        """What of `data` reaches the page cache.

        Raises:
            OSError: EIO, and nothing does; ENOSPC, and some of it may have.
        """
        disk, rules = self._disk, self._rules
        rules.fail("eio", path)
        size = disk.size(path) if disk.exists(path) else 0
        if data and offset + len(data) > size and (dice := rules.strikes("enospc")) is not None:
            if fits := dice.randrange(len(data)):
                disk.write(path, offset, data[:fits])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        return data[: rules.shortened(len(data))]

    def truncate(self, path: str, size: int) -> None:
        """See `splitbrain.harness.node.Disk`."""
        self._alive().truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        """See `splitbrain.harness.node.Disk`."""
        self._alive().rename(old, new)

    def remove(self, path: str) -> None:
        """See `splitbrain.harness.node.Disk`."""
        self._alive().remove(path)

    def _tell(self, event: str, path: str) -> None:
        """Tell those who watch; asked for only while somebody does."""
        self._world.listeners.machine_event(event, self._incarnation.name, path)

    def _end(self, pending: PendingSync, path: str) -> None:
        """End an fsync.

        Raises:
            OSError: EIO, and what it covered is not durable.
        """
        disk, rules = self._alive(), self._rules
        if not rules.any:
            disk.end_sync(pending)
            return
        rules.fail("fsync", path)
        if rules.strikes("fsync-dropped") is not None:
            disk.drop_sync(pending)
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        disk.end_sync(pending, rules.fate)

    async def fsync(self, path: str) -> None:
        """See `splitbrain.harness.node.Disk.fsync`."""
        pending, world = self._alive().begin_sync(path), self._world
        if world.listeners.watchers:
            self._tell("fsync-begin", path)
        await self._incarnation.wait(self._rules.fsync_latency())
        if self._rules.any:
            await self._rules.works(self._incarnation)
        self._end(pending, path)
        world.trace_event("fsync", self._incarnation.name, path)
        if world.listeners.watchers:
            self._tell("fsync-end", path)

    def sync_now(self, path: str | None) -> None:
        """Sync a file, or the directory if None, for a caller that cannot wait; it takes no time.

        Raises:
            OSError: as `fsync`.
        """
        disk = self._alive()
        pending = disk.begin_sync_dir() if path is None else disk.begin_sync(path)
        name = path or "."
        self._tell("fsync-begin", name)
        self._end(pending, name)
        host = self._incarnation.host
        host.world.trace_event("fsync", host.name, name)
        self._tell("fsync-end", name)

    async def fsync_dir(self) -> None:
        """See `splitbrain.harness.node.Disk.fsync_dir`."""
        pending = self._alive().begin_sync_dir()
        await self._incarnation.wait(self._rules.fsync_latency())
        if self._rules.any:
            await self._rules.works(self._incarnation)
        self._end(pending, ".")

    def list(self) -> list[str]:
        """See `splitbrain.harness.node.Disk`."""
        return self._alive().list()


class NodeClock:
    """`splitbrain.harness.node.Clock` of one incarnation."""

    __slots__ = ("_clock", "_heap", "_spend")

    def __init__(self, incarnation: Incarnation) -> None:
        self._clock = incarnation.host.clock
        self._heap = incarnation.host.world.heap
        self._spend = incarnation.spend

    def time(self) -> float:
        """See `splitbrain.harness.node.Clock`."""
        self._spend()
        self._clock.reads += 1
        return self._clock.wall(self._heap.now)

    def monotonic(self) -> float:
        """See `splitbrain.harness.node.Clock`."""
        self._spend()
        return self._clock.monotonic(self._heap.now)
