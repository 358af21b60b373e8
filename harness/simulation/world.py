"""The simulated world: hosts, network and virtual time in one deterministic event loop.

    heap --> deliver a message, fire a timer, end an fsync, start a fault
               |
               v
    host --> step its trio run until nothing in it can go on --> sends, syncs, timers back on the
    heap

A world is the ground on which a plan runs (`splitbrain.harness.runs.running`), and the control
surface of the nemesis (`splitbrain.harness.simulation.levers`). It can also be used on its own:

    >>> import trio
    >>> async def ping(node):
    ...     node.network.send("n2", ("ping", 1))
    ...     print(node.name, await node.network.receive())
    >>> async def pong(node):
    ...     source, message = await node.network.receive()
    ...     node.network.send(source, ("pong", message[1]))
    >>> world = World(seed=7)
    >>> world.add_server("n1", ping, peers=("n2",))
    >>> world.add_server("n2", pong, peers=("n1",))
    >>> with world.booted():
    ...     world.run_until(1.0)
    n1 ('n2', ('pong', 1))
"""

from __future__ import annotations

import gc
from _thread import get_ident
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import trio

from splitbrain.checkers.vocabulary import DIED, LEADER, TRIPWIRE
from splitbrain.harness.error_text import described
from splitbrain.harness.node import Program
from splitbrain.harness.rare_branches import branches_taken_by
from splitbrain.harness.runs.interruption import Interruption, interruptible
from splitbrain.harness.simulation.heap import EventHeap
from splitbrain.harness.simulation.host import Host
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.levers import Levers
from splitbrain.harness.simulation.listeners import Listeners
from splitbrain.harness.simulation.network import NetworkParameters, SimulatedNetwork
from splitbrain.harness.simulation.trace import Event, Trace, crash_story
from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.trio_hooks import deterministic_scheduling
from splitbrain.harness.simulation.trio_runs import NodeRun
from splitbrain.harness.simulation.trio_scopes import quick_scopes
from splitbrain.harness.simulation.watchdog import RunStopped, Watchdog, watched
from splitbrain.harness.simulation.wires import tripwires
from splitbrain.harness.streams import Streams

MakeRun = Callable[[Callable[[], Awaitable[object]], trio.abc.Clock], NodeRun]


class World(Levers):
    """Virtual time, hosts, network, and what the nemesis may do to them.

    Attributes:
        now: true virtual seconds since the start.
        servers: the servers' names, in order of addition; likewise `clients`.
        thread: the thread that runs it; its nodes are guarded there alone.
        current: the incarnation whose code is running, or None.
        failures: errors that ended a node's process: (time, host, error).
        addresses: IP addresses by host, where unmodified programs ask for them; `aliases` are other
            names of hosts, and `connections` those that they have made
            (`splitbrain.harness.programs.network.machine`).
        cut: how many bytes of a segment of TCP arrive together, where a test decides that.
    """

    def __init__(
        self,
        seed: int | str = 0,
        *,
        network: NetworkParameters | None = None,
        fsync_latency: float = 0.001,
        trace: Trace | None = None,
        make_run: MakeRun = DirectRun,
        heap: EventHeap | None = None,
    ) -> None:
        streams = Streams(seed)
        self.stream, self.turn = streams.stream, streams.turn
        self.heap = heap or EventHeap()
        self.trace = trace or Trace()
        self.network = SimulatedNetwork(
            self.heap, self.trace, self.stream, network or NetworkParameters()
        )
        self.fsync_latency = fsync_latency
        self.make_run = make_run
        self.hosts: dict[str, Host] = {}
        self.servers: tuple[str, ...] = ()
        self.clients: tuple[str, ...] = ()
        self.current: Incarnation | None = None
        self.failures: list[tuple[float, str, BaseException]] = []
        self.on_announcement: Callable[[str, str, Any], None] = lambda name, f, value: None
        self.on_nemesis: Callable[[str, Any], None] = lambda kind, value: None
        self.on_client: Callable[[str, bool], None] = lambda name, up: None
        self.listeners = Listeners(self.heap, self.network)
        self.watch, self.subscribe = self.listeners.watch, self.listeners.subscribe
        self.on_step: Callable[[str], None] | None = None
        self._terms: dict[str, int] = {}
        self.addresses: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.connections = 0
        self.cut: Callable[[int], int] | None = None
        self.add_rule = self.network.add_rule
        self.remove_rule = self.network.remove_rule
        self.at = self.heap.at
        self.after = self.heap.after
        self._over = False
        self.thread = get_ident()
        self._interruption: Interruption
        self._watchdog: Watchdog

    # Building and running

    def add_server(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """Add a host that faults strike."""
        self.hosts[name] = Host(self, name, program, peers)
        self.servers = (*self.servers, name)

    def add_client(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """Add a host that only uses the servers."""
        self.hosts[name] = Host(self, name, program, peers)
        self.clients = (*self.clients, name)

    @contextmanager
    def booted(self) -> Iterator[None]:
        """Boot every host; `run_until` works inside; every host is killed at the end.

        The collector of reference cycles rests meanwhile: a run makes few, and stopping for them
        costs a fifth of its time.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            with (
                interruptible(self.heap.stop) as self._interruption,
                watched(self, self._interruption) as self._watchdog,
                deterministic_scheduling(),
                branches_taken_by(self._takes_branch),
                quick_scopes(),
                tripwires(self),
            ):
                try:
                    self._watched(self._boot)
                    yield
                finally:
                    self._end()
        finally:
            if collecting:
                gc.enable()

    def _boot(self) -> None:
        for host in self.hosts.values():
            host.boot()

    def _watched(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do what lets nodes run, under the eyes of the watchdog."""
        with self._watchdog.awake():
            action(*arguments)
        self._interruption.check()
        self._watchdog.check()

    def _end(self) -> None:
        """Unwind every host's tasks, whatever ended the world; the trace tells nothing of it."""
        recording, self.trace.recording = self.trace.recording, False
        self._interruption.stopped = False
        with self._watchdog.awake():
            for host in self.hosts.values():
                host.kill(host.disk.kill)
        self.trace.recording = recording

    def run(self, begin: Callable[[], None], watch: Callable[[], None], every: float) -> None:
        """See `splitbrain.harness.ground.World.run`."""
        with self.booted():
            self._over = False
            begin()
            while not self._over:
                try:
                    self.run_until(self.now + every)
                except RunStopped as stopped:
                    self._over = True
                    self._tell_stop(str(stopped))
                watch()

    def stop(self) -> None:
        """Make `run` return before the next event."""
        self._over = True
        self.heap.stop()

    def run_until(self, time: float) -> None:
        """Let true virtual time pass up to `time`.

        Raises:
            RunStopped: a node never yields or fills the memory; the message names its line.
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        self._watched(self.heap.run_until, time)

    def count(self) -> dict[str, Any]:
        """See `splitbrain.harness.ground.World.count`."""
        running = {name: self.hosts[name] for name in self.servers}
        return {
            "messages": self.network.sent,
            "servers": {
                name: {"inbox": len(host.incarnation.inbox), "disk": host.disk.used}
                for name, host in running.items()
                if host.incarnation is not None
            },
        }

    def command(self, client: str, command: object) -> None:
        """Tell a client's program to do something."""
        host = self.hosts[client]
        host.boot()  # its program may have ended by itself
        incarnation = host.incarnation
        assert incarnation is not None, f"{client} ends as soon as it is started"
        incarnation.commands.put(command)

    # What nodes report

    def node_event(self, kind: str, name: str, details: tuple[Any, ...]) -> None:
        """Put a node's event into the trace and tell the listeners."""
        self.trace_event(kind, name, *details)
        self.listeners.tell(kind, name, details)

    def announced(self, name: str, f: str, value: Any) -> None:
        """A node announced a fact: trace it, have it recorded, tell the listeners."""
        self.trace_event("announce", name, f, value)
        if f == LEADER and isinstance(value, dict) and isinstance(value.get("term"), int):
            self._terms[name] = value["term"]
        self.on_announcement(name, f, value)
        self.listeners.tell(f, name, value)

    def exited(self, name: str) -> None:
        """A node's process ended by returning."""
        self._terms.pop(name, None)
        self.trace_event("exit", name)

    def died(self, name: str, error: BaseException, recent: Iterable[Event] = ()) -> None:
        """A node's process ended with an error; `recent` is what it did last."""
        self._terms.pop(name, None)
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]  # a nursery's wrapping says nothing
        self.failures.append((self.now, name, error))
        self.trace_event(DIED, name, described(error))
        self.on_announcement(name, DIED, crash_story(error, recent))

    def tripped(self, incarnation: Incarnation, error: BaseException) -> None:
        """A node did what no node may. That is in the history even if its code catches the error;
        once for each line of its code."""
        text = described(error)
        if text not in incarnation.tripped:
            incarnation.tripped.add(text)
            self.trace_event(TRIPWIRE, incarnation.name, text)
            told = crash_story(error, incarnation.recent)
            self.on_announcement(incarnation.name, TRIPWIRE, told)

    def _tell_stop(self, problem: str) -> None:
        """A watchdog of the real machine ended the run; the trace does not tell the line, which
        may be another one the next time."""
        node = self._watchdog.node or "harness"
        self.trace_event(TRIPWIRE, node, "RunStopped")
        self.on_announcement(node, TRIPWIRE, {"error": problem, "stopped": True})
