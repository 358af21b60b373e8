"""A simulated host and the incarnations of its process.

A *host* owns what survives a crash: its disk, its clock hardware, its name. An *incarnation* owns
what does not: tasks, memory, messages received and not yet read. Each incarnation is a trio run
of its own, on its host's clock.

A kill takes effect at once for everyone else: the incarnation is marked dead first, so nothing
that its ``finally`` blocks do can leave the node (sends vanish, the disk raises `NodeDead`). Then
its tasks are cancelled and unwound in limbo, on a private clock that runs as fast as they wait. A
task that refuses to end is given up and traced as a zombie.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

import outcome
import trio

from harness.node import Message, NodeDead, Program
from harness.simulation.clock import HostClock
from harness.simulation.disk import SimulatedDisk
from harness.simulation.trio_internals import NodeRun, Task, WaitTaskRescheduled, park

if TYPE_CHECKING:
    from harness.simulation.world import World

_LIMBO_ROUNDS = 1_000
"""How many rounds a killed node's tasks may run before they count as refusing to end."""

_ROUNDS_AT_ONCE = 100_000
"""How many rounds a node's tasks may run without any virtual time passing."""


# Tasks that refused to end are kept for ever: were they collected, Python would run their
# ``finally`` blocks outside of any node, and complain of each on standard error.
_zombies: list[Incarnation] = []


class BusyLoop(RuntimeError):
    """A node's tasks ran on and on without waiting for anything; virtual time cannot pass."""


class Inbox:
    """What has arrived for an incarnation and was not yet taken; one task at a time may wait for
    it."""

    __slots__ = ("_incarnation", "_items", "_trap", "_waiting")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._items: deque[Any] = deque()
        self._waiting: Task | None = None
        self._trap = WaitTaskRescheduled(self._abort)

    def put(self, item: object) -> None:
        """Add an item and wake the task that waits for one."""
        self._items.append(item)
        task = self._waiting
        if task is not None:
            self._waiting = None
            self._incarnation.wake(task)

    async def get(self) -> Any:
        """The oldest item; waits for one.

        Raises:
            trio.BusyResourceError: another task is waiting already.
        """
        while not self._items:
            if self._incarnation.dead:
                raise NodeDead
            if self._waiting is not None:
                raise trio.BusyResourceError("another task of this node is already receiving")
            self._waiting = trio.lowlevel.current_task()
            await park(self._trap)
        return self._items.popleft()

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED


class NodeNetwork:
    """`harness.node.Network` of one incarnation."""

    __slots__ = ("_inbox", "_incarnation", "_name", "_send")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._name = incarnation.host.name
        self._send = incarnation.host.world.network.send
        self._inbox = incarnation.inbox

    def send(self, destination: str, message: Message) -> None:
        """See `harness.node.Network.send`."""
        if not self._incarnation.dead:
            self._send(self._name, destination, message)

    async def receive(self) -> tuple[str, Message]:
        """See `harness.node.Network.receive`."""
        item: tuple[str, Message] = await self._inbox.get()
        return item


class NodeDisk:
    """`harness.node.Disk` of one incarnation: the host's disk, plus latency, minus a dead node."""

    __slots__ = ("_disk", "_incarnation")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._disk = incarnation.host.disk

    def _alive(self) -> SimulatedDisk:
        if self._incarnation.dead:
            raise NodeDead
        return self._disk

    def exists(self, path: str) -> bool:
        """See `harness.node.Disk`."""
        return self._alive().exists(path)

    def size(self, path: str) -> int:
        """See `harness.node.Disk`."""
        return self._alive().size(path)

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """See `harness.node.Disk`."""
        return self._alive().read(path, offset, length)

    def write(self, path: str, offset: int, data: bytes) -> None:
        """See `harness.node.Disk`."""
        self._alive().write(path, offset, data)

    def append(self, path: str, data: bytes) -> None:
        """See `harness.node.Disk`."""
        self._alive().append(path, data)

    def truncate(self, path: str, size: int) -> None:
        """See `harness.node.Disk`."""
        self._alive().truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        """See `harness.node.Disk`."""
        self._alive().rename(old, new)

    def remove(self, path: str) -> None:
        """See `harness.node.Disk`."""
        self._alive().remove(path)

    async def fsync(self, path: str) -> None:
        """See `harness.node.Disk.fsync`."""
        pending = self._alive().begin_sync(path)
        await self._incarnation.wait(self._incarnation.host.fsync_latency())
        self._alive().end_sync(pending)
        host = self._incarnation.host
        host.world.trace_event("fsync", host.name, path)

    async def fsync_dir(self) -> None:
        """See `harness.node.Disk.fsync_dir`."""
        pending = self._alive().begin_sync_dir()
        await self._incarnation.wait(self._incarnation.host.fsync_latency())
        self._alive().end_sync_dir(pending)

    def list(self) -> list[str]:
        """See `harness.node.Disk`."""
        return self._alive().list()


class NodeClock:
    """`harness.node.Clock` of one incarnation."""

    __slots__ = ("_clock", "_heap")

    def __init__(self, host: Host) -> None:
        self._clock = host.clock
        self._heap = host.world.heap

    def time(self) -> float:
        """See `harness.node.Clock`."""
        self._clock.reads += 1
        return self._clock.wall(self._heap.now)

    def monotonic(self) -> float:
        """See `harness.node.Clock`."""
        return self._clock.monotonic(self._heap.now)


class _TrioClock(trio.abc.Clock):
    """What trio's timeouts in this incarnation follow: the host's clock, or, in limbo, its own."""

    def __init__(self, host: Host) -> None:
        self._clock = host.clock
        self._heap = host.world.heap
        self.limbo: float | None = None

    def start_clock(self) -> None:
        return None

    def current_time(self) -> float:
        if self.limbo is not None:
            return self.limbo
        return self._clock.monotonic(self._heap.now)

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return 0.0


class Incarnation:
    """One life of a host's process: what `harness.node.Node` promises, and how the world drives it.

    Attributes:
        dead: killed or ended; nothing it does has any effect any more.
        number: 0 for the host's first life, 1 for the next, ...
        inbox: messages that arrived and were not yet received.
        commands: what the harness tells a client's program to do (unused by servers).
    """

    def __init__(self, host: Host, number: int) -> None:
        world = host.world
        self.host = host
        self.dead = False
        self.number = number
        self.name = host.name
        self.peers = host.peers
        self.inbox = Inbox(self)
        self.commands = Inbox(self)
        self.network = NodeNetwork(self)
        self.disk = NodeDisk(self)
        self.clock = NodeClock(host)
        self.random: random.Random = world.stream("node", host.name, number)
        self._trio_clock = _TrioClock(host)
        self._armed = inf
        self._arming = 0
        self._run: NodeRun = world.make_run(self._main, self._trio_clock)
        self._run.policy = world.stream("schedule", host.name, number).shuffle

    async def _main(self) -> None:
        await self.host.program(self)

    def trace(self, kind: str, *details: Any) -> None:
        """See `harness.node.Node.trace`."""
        if not self.dead:
            self.host.world.node_event(kind, self.name, details)

    def announce(self, f: str, value: Any) -> None:
        """See `harness.node.Node.announce`."""
        if not self.dead:
            self.host.world.announced(self.name, f, value)

    async def wait(self, delay: float) -> None:
        """Wait `delay` seconds of true time: hardware doesn't follow the node's clock."""
        task: Task | None = trio.lowlevel.current_task()

        def due() -> None:
            nonlocal task
            if task is not None:
                waiting, task = task, None
                self.wake(waiting)

        def abort(_: object) -> trio.lowlevel.Abort:
            nonlocal task
            task = None
            return trio.lowlevel.Abort.SUCCEEDED

        self.host.world.heap.after(delay, due)
        await park(WaitTaskRescheduled(abort))

    # How the world drives it

    def wake(self, task: Task) -> None:
        """Make a waiting task runnable, and run the node unless it is running or paused."""
        self._run.wake(task)
        world = self.host.world
        if world.current is None:
            self.step()
        elif world.current is not self:
            world.heap.at(world.heap.now, self.step)

    def step(self) -> None:
        """Run the node until none of its tasks can go on; then set its timer."""
        if self.dead or self.host.paused:
            return
        world = self.host.world
        world.current = self
        try:
            idle = self._run.step(_ROUNDS_AT_ONCE)
        finally:
            world.current = None
        if self._run.done:
            self.host.ended(self, self._run.outcome)
        elif idle:
            self.arm()
        else:
            self.host.stuck()

    def arm(self) -> None:
        """Have the world step the node when its earliest timeout is due."""
        deadline = self._run.next_deadline()
        if deadline == self._armed:
            return
        self._armed = deadline
        self._arming += 1
        if deadline != inf:
            clock = self.host.clock
            clock.reads += 1
            self.host.world.heap.at(clock.true_time(deadline), self._timer, self._arming)

    def rearm(self) -> None:
        """Set the timer anew, because the clock's rate has changed."""
        self._armed = inf
        self._arming += 1
        self.arm()

    def _timer(self, arming: int) -> None:
        if arming == self._arming:
            self._armed = inf
            self.step()

    def unwind(self) -> bool:
        """Cancel the tasks of a dead incarnation and let them end in limbo; False if they
        refuse."""
        run, clock = self._run, self._trio_clock
        clock.limbo = clock.current_time()
        run.policy = None
        world = self.host.world
        world.current = self
        try:
            run.cancel()
            for _ in range(_LIMBO_ROUNDS):
                run.step(1)
                if run.done:
                    return True
                deadline = run.next_deadline()
                if deadline != inf:
                    clock.limbo = max(clock.limbo, deadline)
            return False
        finally:
            world.current = None


class Host:
    """A machine: what survives the death of the process that runs on it.

    Attributes:
        incarnation: the running process, or None while it is down.
        paused: the process is stopped (SIGSTOP): messages wait, timers are late.
    """

    def __init__(self, world: World, name: str, program: Program, peers: tuple[str, ...]) -> None:
        self.world = world
        self.name = name
        self.program = program
        self.peers = peers
        self.incarnation: Incarnation | None = None
        self.paused = False
        self.disk = SimulatedDisk(world.stream("disk", name))
        clocks = world.stream("clock", name)
        self.clock = HostClock(
            origin=float(clocks.randrange(1_000)), offset=clocks.uniform(-0.05, 0.05)
        )
        self._incarnations = 0
        self._latency = world.stream("fsync", name).random
        world.network.attach(name, self._deliver)

    def fsync_latency(self) -> float:
        """Seconds that the next fsync takes."""
        return self.world.fsync_latency * (0.5 + self._latency())

    def _deliver(self, source: str, message: Message) -> bool:
        if self.incarnation is None:
            return False
        self.incarnation.inbox.put((source, message))
        return True

    def boot(self) -> None:
        """Start the process, if it is down."""
        if self.incarnation is not None:
            return
        self.world.trace_event("boot", self.name, self._incarnations)
        self.incarnation = Incarnation(self, self._incarnations)
        self._incarnations += 1
        self.incarnation.step()

    def kill(self, crash: Callable[[], None]) -> bool:
        """Kill the process; `crash` then does to the disk what the crash does. False if it is
        down."""
        dying = self.incarnation
        if dying is None:
            crash()
            return False
        self.incarnation = None
        self.paused = False
        dying.dead = True
        crash()
        if not dying.unwind():
            self.world.trace_event("zombie", self.name)
            _zombies.append(dying)
        return True

    def stuck(self) -> None:
        """The process runs in circles: end it, with an error that says so."""
        self.kill(self.disk.kill)
        error = BusyLoop(
            f"{self.name} ran {_ROUNDS_AT_ONCE} rounds without waiting for time, messages or disk"
        )
        self.world.died(self.name, error)

    def ended(self, incarnation: Incarnation, result: outcome.Outcome[object] | None) -> None:
        """The process ended by itself."""
        incarnation.dead = True
        self.incarnation = None
        self.disk.kill()
        if isinstance(result, outcome.Error):
            self.world.died(self.name, result.error)
        else:
            self.world.exited(self.name)
