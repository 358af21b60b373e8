"""One life of a simulated host's process.

An *incarnation* owns what does not survive a crash: tasks, memory, messages received and not yet
read. Each is a trio run of its own, on its host's clock. What survives is the host's
(`splitbrain.harness.simulation.host`), which also kills it.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import cached_property
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

import trio

from splitbrain.harness.error_text import awaiting_place
from splitbrain.harness.simulation.node_parts import Inbox, NodeClock, NodeDisk, NodeNetwork
from splitbrain.harness.simulation.trace import Event
from splitbrain.harness.simulation.trio_hooks import Policy, Task, context
from splitbrain.harness.simulation.trio_runs import NodeRun, Trap, park
from splitbrain.harness.simulation.watchdog import (
    ACTS_A_SECOND,
    ROUNDS_AT_ONCE,
    TASKS,
    Runaway,
    calling_place,
)

if TYPE_CHECKING:
    from splitbrain.harness.simulation.host import Host

_LIMBO_ROUNDS = 1_000
"""How many rounds a killed node's tasks may run before they count as refusing to end."""

_REMEMBERED = 12
"""How many of the things that a node did last are told when it dies."""


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
        clock = self._clock  # in one line, since each step and each timeout asks: `monotonic`
        return clock.base_local + (self._heap.now - clock.base_true) * clock.rate

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return 0.0


class Waiting:
    """A task that waits for the world's loop.

    Attributes:
        task: the task; None once it no longer waits.
        trap: what it yields.
    """

    __slots__ = ("_incarnation", "task", "trap")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self.task: Task | None = context.task
        self.trap = Trap(self._abort)

    @property
    def name(self) -> str:
        """The host's."""
        return self._incarnation.name

    def due(self) -> None:
        """Wake it, unless it was cancelled."""
        task = self.task
        if task is not None:
            self.task = None
            self._incarnation.wake(task)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self.task = None
        return trio.lowlevel.Abort.SUCCEEDED


class Incarnation:
    """One life of a host's process: what `splitbrain.harness.node.Node` promises, and how the world
    drives it.

    Attributes:
        dead: killed or ended; nothing it does has any effect any more.
        number: 0 for the host's first life, 1 for the next, ...
        inbox: messages that arrived and were not yet received.
        left: how many things it may do before it is looked at how long they took (`spend`).
        recent: the last things that it sent, received and traced.
        tripped: what it did that no node may, in words.
        commands: what the harness tells a client's program to do (unused by servers).
        answers: for an unmodified program, what it is told where a `Node` program gets an error;
            by the function's name as errors have it, and None for the real function.
        environment: its ``os.environ``, if it is an unmodified program.
        on_rate: called when the rate of its clock has changed.
        acting_for: while a function runs in place that was sent to a thread: who waits for it.
    """

    def __init__(self, host: Host, number: int) -> None:
        world = self._world = host.world
        self.host = host
        self.dead = False
        self.answers: Mapping[str, Callable[..., Any] | None] | None = None
        self.environment: dict[str, str] = {}
        self.on_rate: Callable[[], None] = lambda: None
        self.acting_for: Callable[[], str] | None = None
        self.number = number
        self.recent: deque[Event] = deque(maxlen=_REMEMBERED)
        self.tripped: set[str] = set()
        self.name = host.name
        self.peers = host.peers
        self.inbox = Inbox(self)
        self.commands = Inbox(self)
        self.network = NodeNetwork(self)
        self.disk = NodeDisk(self)
        self.clock = NodeClock(self)
        self._trio_clock = _TrioClock(host)
        self._armed = inf
        self._due = inf
        self._turn = 0
        self._alarm = inf
        self._alarm_turn = 0
        self._over: list[Waiting] = []
        self.left = ACTS_A_SECOND
        self._since = world.heap.now
        self._run: NodeRun = world.make_run(self._main, self._trio_clock)
        self._tasks = self._run.tasks
        self._run.policy = self._shuffle

    # To seed a stream takes longer than a step, and many a node never draws from these.

    @cached_property
    def random(self) -> Random:
        """See `splitbrain.harness.node.Node.random`."""
        return self.host.world.stream("node", self.name, self.number)

    @cached_property
    def _order(self) -> Random:
        return self.host.world.stream("schedule", self.name, self.number)

    @property
    def tasks(self) -> Collection[Task]:
        """Its tasks that have not ended."""
        return self._tasks

    def schedule_by(self, policy: Policy) -> None:
        """Let another policy than chance say who goes first."""
        self._run.policy = policy

    def _shuffle(self, batch: list[Task]) -> None:
        self._order.shuffle(batch)

    async def _main(self) -> None:
        if self.host.surround is not None:
            self.host.surround(self)
        await self.host.program(self)

    def trace(self, kind: str, *details: Any) -> None:
        """See `splitbrain.harness.node.Node.trace`."""
        if not self.dead:
            self.spend()
            world = self._world
            self.recent.append((world.heap.now, kind, *details))
            world.node_event(kind, self.name, details)

    @property
    def pictured(self) -> bool:
        """See `splitbrain.harness.node.Node.pictured`."""
        return self.host.world.trace.recording

    def show(self, kind: str, *details: Any) -> None:
        """See `splitbrain.harness.node.Node.show`."""
        if not self.dead:
            self.host.world.trace_event(kind, self.name, *details)

    def announce(self, f: str, value: Any) -> None:
        """See `splitbrain.harness.node.Node.announce`."""
        if not self.dead:
            self.spend()
            self.host.world.announced(self.name, f, value)

    def spend(self) -> None:
        """Count one thing that the node does.

        Raises:
            Runaway: it does too many in too little virtual time.
        """
        self.left -= 1
        if self.left < 0:
            self.overspent()

    def overspent(self, where: Callable[[], str] = calling_place) -> None:
        """Raise, unless a virtual second has passed since this was last called.

        Raises:
            Runaway: none has.
        """
        now = self.host.world.heap.now
        passed, self._since = now - self._since, now
        self.left = ACTS_A_SECOND
        if passed < 1.0:
            error = Runaway(
                f"{self.name} did {ACTS_A_SECOND:,} things (messages, events, disk, clock, timers) "
                f"within {passed:.6f} s of virtual time, the last at {where()}: "
                "a loop waits for nothing, or for too little"
            )
            self.host.world.tripped(self, error)
            raise error

    def wait(self, delay: float) -> Awaitable[None]:
        """Wait `delay` seconds of true time: hardware doesn't follow the node's clock."""
        if self._over:
            waiting = self._over.pop()
            waiting.task = context.task
        else:
            waiting = Waiting(self)
        self._world.heap.after(delay, self._waited, waiting)
        return park(waiting.trap)

    def _waited(self, waiting: Waiting) -> None:
        task = waiting.task
        if task is not None:
            waiting.task = None
            self._over.append(waiting)  # nobody else has it, unlike one that was cancelled
            self.wake(task)

    async def wait_for(self, arm: Callable[[Callable[[], None]], object]) -> None:
        """Wait until what was given to `arm` is called, from the world's own loop."""
        waiting = Waiting(self)
        arm(waiting.due)
        await park(waiting.trap)

    # How the world drives it

    def wake(self, task: Task) -> None:
        """Make a waiting task runnable, and run the node unless it is running or paused."""
        self._run.wake(task)
        world = self._world
        if world.current is None:
            self.step()
        elif world.current is not self:
            world.heap.at(world.heap.now, self.step)

    def step(self) -> None:
        """Run the node until none of its tasks can go on; then set its timer."""
        host, world, run = self.host, self._world, self._run
        if self.dead or host.paused:
            return
        clock = host.clock
        world.current = self
        try:
            now = clock.base_local + (world.heap.now - clock.base_true) * clock.rate
            deadline = run.step(ROUNDS_AT_ONCE, now)
        finally:
            world.current = None
        if world.on_step is not None:
            world.on_step(self.name)
        if run.done:
            host.ended(self, run.outcome)
        elif deadline is None:
            self._run_away(
                f"ran {ROUNDS_AT_ONCE:,} rounds without waiting for time, messages or disk, "
                f"at {self._where()}"
            )
        elif len(self._tasks) > TASKS:
            newest = max(self._tasks, key=lambda task: task._counter)
            self._run_away(
                f"has {len(self._tasks):,} tasks, the newest is {newest.name} at "
                f"{awaiting_place(newest.coro) or 'a place in trio'}"
            )
        elif deadline != self._armed:
            self._arm(deadline)

    def _run_away(self, how: str) -> None:
        error = Runaway(f"{self.name} {how}")
        self.host.world.tripped(self, error)
        self.host.stuck(error)

    def _where(self) -> str:
        """The place of the task that goes on next."""
        task = self._run.next_task()
        return (task and awaiting_place(task.coro)) or "code that is not known"

    def arm(self) -> None:
        """Have the world step the node when its earliest timeout is due."""
        deadline = self._run.next_deadline()
        if deadline != self._armed:
            self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        """Set the timer. Most timeouts end before they are due, so it is not put on the heap while
        another one is there that goes off before it: what has its turn is the same."""
        self._armed = deadline
        if deadline == inf:
            self._turn = 0
            return
        clock, heap = self.host.clock, self._world.heap
        clock.reads += 1
        due = clock.base_true + (deadline - clock.base_local) / clock.rate
        if clock.base_local + (due - clock.base_true) * clock.rate < deadline:
            due = clock.true_time(deadline)  # a hair later
        if due < heap.now:
            due = heap.now
        if due < self._alarm:
            self._alarm = due
            self._turn = self._alarm_turn = heap.alarm(due, self._timer)
        else:
            self._due = due
            self._turn = heap.reserve()

    def rearm(self) -> None:
        """Set the timer anew, because the clock's rate has changed."""
        self.on_rate()
        self._armed = inf
        self._turn = 0
        self.arm()

    def _timer(self, turn: int) -> None:
        last = turn == self._alarm_turn
        if last:
            self._alarm = inf
        if turn != self._turn:  # it was set again, to a later moment, or to none
            if last and self._turn:
                self._alarm, self._alarm_turn = self._due, self._turn
                self._world.heap.put(self._due, self._turn, self._timer)
        else:
            self._armed = inf
            self._turn = 0
            try:
                self.left -= 1
                if self.left < 0:
                    self.overspent(self._where)
            except Runaway as error:
                self.host.stuck(error)
            else:
                self.step()

    def bury(self) -> list[str]:
        """Keep what is left of the tasks for ever; returns where they are.

        Were they collected, Python would throw `GeneratorExit` into them outside of any node: code
        that catches everything would then go round for ever, at the interpreter's exit if not
        before.
        """
        places = set()
        for task in self._tasks:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(task.coro))
            place = awaiting_place(task.coro)
            if place is not None and not task.child_nurseries:
                places.add(place)
        return sorted(places)

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
                run.step(1, clock.limbo)
                if run.done:
                    return True
                deadline = run.next_deadline()
                if deadline != inf:
                    clock.limbo = max(clock.limbo, deadline)
            return False
        finally:
            world.current = None
