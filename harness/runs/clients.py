"""The clients of a run: one host each, fed by the generator.

    generator --> Clients.advance --> a client host's program --> splitbrain.harness.client.invoke
                        ^                                               |
                        +-------- completion, recorded -----------------+

The generator is asked on the world's own clock, outside every node. A client whose operation
ended ``info`` retires its process number (client 2 of 5 goes on as process 7, 12, ...) and starts
anew, as a crashed client would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import INFO, INVOKE, OK, Operation
from splitbrain.checkers.vocabulary import TIMED_OUT
from splitbrain.harness.client import TIMEOUT_S, Outcome, invoke
from splitbrain.harness.generators.base import Context, Generator, Invocation
from splitbrain.harness.ground import ClientNode, World
from splitbrain.harness.nemesis.holds import Loads, Requests
from splitbrain.harness.runs.interruption import is_ctrl_c
from splitbrain.harness.runs.recorder import Recorder
from splitbrain.harness.workloads.workload import Workload

MADE_UP_NS = 100_000_000
"""How late a world may wake before what was due meanwhile is left out."""


@dataclass(slots=True)
class _Command:
    f: str
    value: Any
    server: str | None
    timeout: float
    number: int


@dataclass(slots=True)
class _Open:
    """An operation under way: its command, and what to call with its outcome."""

    command: _Command
    then: Callable[[Outcome], None]


class Clients:
    """All clients of a run: who is free, what is open, what comes next.

    Attributes:
        bugs: errors that look like mistakes in the client's own code, by text, with how often.
        broken: the first of them that no answer of a server excuses; None if there is none.
        timeout: virtual seconds until an operation is given up.
        loads: how many times as often as usual the generator is to invoke.
        requests: what faults ask of them, which goes before what the generator wants.
        heard: the servers whose clients were answered something in time, be it a refusal.
    """

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        workload: Workload,
        generator: Generator,
        count: int,
        *,
        timeout: float = TIMEOUT_S,
        loads: Loads | None = None,
        requests: Requests | None = None,
    ) -> None:
        self.loads = loads or Loads()
        self.requests = requests or Requests()
        self.bugs: dict[str, int] = {}
        self.broken: str | None = None
        self.heard: set[str] = set()  # asked for membership only
        self._world = world
        self._recorder = recorder
        self._workload = workload
        self._generator: Generator | None = generator
        self._count = count
        self.timeout = timeout
        self._random = world.stream("generator")
        self._processes = list(range(count))
        self._busy: dict[int, _Open] = {}
        self._down: set[int] = set()  # asked for membership only
        self._free: tuple[int, ...] | None = None  # None: to be worked out anew
        self._last: Context | None = None  # what the generator was given last
        self._performed = 0
        world.on_client = self._on_client
        self._waking: int | None = None  # when the generator is to be asked again
        self._woken: int | None = None  # the moment for which it is being asked
        self._on_exhausted: Callable[[], None] = lambda: None
        self._on_idle: Callable[[], None] = lambda: None
        for client in range(count):
            world.add_client(f"c{client + 1}", self._program(client), world.servers)

    # The load phase

    def start(self, on_exhausted: Callable[[], None]) -> None:
        """Begin to ask the generator; `on_exhausted` is called when it has nothing more to
        invoke."""
        self._on_exhausted = on_exhausted
        self.requests.wake = lambda: self._world.after(0.0, self._serve_requests)
        self._world.after(0.0, self._advance)

    def stop(self) -> None:
        """Ask the generator no more, and take no requests; operations that are open go on."""
        self._generator = None
        self.requests = Requests()

    def when_idle(self, action: Callable[[], None]) -> None:
        """Call `action` once no operation is open."""
        self._on_idle = action
        if not self._busy:
            self._world.after(0.0, self._idle)

    def abandon(self) -> None:
        """Give up the operations that are open though their time is long up; says so in `bugs`."""
        for client in sorted(self._busy):
            text = f"client {client} did not end an operation whose time was up"
            self.bugs[text] = self.bugs.get(text, 0) + 1

    def _idle(self) -> None:
        action, self._on_idle = self._on_idle, lambda: None
        action()

    def _context(self) -> Context:
        free, last = self._free, self._last
        if free is None:
            taken = self._busy.keys() | self._down
            free = self._free = tuple([n for n in range(self._count) if n not in taken])
        now, load = self._now(), self.loads.times
        if last is None or last.time != now or last.free is not free or last.load != load:
            last = self._last = Context(now, free, self._count, self._random, load=load)
        return last

    def _now(self) -> int:
        """The generator's time, ns: never past a moment at which it is to be asked, until it is.

        A world in real time wakes late, and each invocation is due so much after the one before it:
        if they began to count when they were woken, a high rate would be a fraction of itself. What
        is later than `MADE_UP_NS` is not made up for: the load ends at its time.
        """
        now = round(self._world.now * 1e9)
        moment = self._waking if self._woken is None else self._woken
        return now if moment is None or now <= moment else max(moment, now - MADE_UP_NS)

    def _serve_requests(self) -> None:
        """Invoke what faults ask for, as far as clients are free."""
        waiting = self.requests.waiting
        while waiting and (free := self._context().free):
            request = waiting.popleft()
            invoked = self.perform(free[0], request.f, request.value, self._completed)
            request.operation = invoked.index

    def _world_ns(self) -> int:
        return round(self._world.now * 1e9)

    def _advance(self) -> None:
        """Invoke what faults ask for, and everything that the generator wants invoked now."""
        self._serve_requests()
        while self._generator is not None:
            step = self._generator.next(self._context())
            if step is None:
                self._generator = None
                if not self._busy:
                    self._on_exhausted()
                break
            answer, self._generator = step
            if isinstance(answer, Invocation):
                self.loads.hurried += self.loads.times > 1
                self.perform(answer.client, answer.f, answer.value, self._completed)
                continue
            if answer.until is not None and answer.until <= self._world_ns():
                self._waking, self._woken = None, answer.until
                continue
            if answer.until is not None and answer.until != self._waking:
                self._waking = answer.until
                self._world.at(answer.until / 1e9, self._wake, answer.until)
            break
        self._woken = None

    def _wake(self, until: int) -> None:
        if until == self._waking:
            self._waking, self._woken = None, until
            self._advance()

    def _completed(self, outcome: Outcome) -> None:
        self._advance()
        if self._generator is None and not self._busy:
            self._on_exhausted()

    # One operation

    def perform(
        self,
        client: int,
        f: str,
        value: Any,
        then: Callable[[Outcome], None],
        *,
        server: str | None = None,
        timeout: float | None = None,
    ) -> Operation:
        """Invoke an operation on a free client and record it; `then` is called with its outcome.

        Args:
            client: the client's number, from 0.
            f: what to do.
            value: its argument.
            then: called from the world's loop after the completion was recorded.
            server: whom to talk to, if not the client's own server.
            timeout: virtual seconds until it is given up, if not the run's.

        Returns:
            The invocation, as it was recorded.
        """
        assert client not in self._busy, f"client {client} has an operation open"
        self._performed += 1
        command = _Command(f, value, server, timeout or self.timeout, self._performed)
        self._busy[client] = _Open(command, then)
        self._free = None
        invocation = self._recorder.record(self._processes[client], INVOKE, f, value)
        self._update(invocation)
        self._world.command(f"c{client + 1}", command)
        return invocation

    def _update(self, event: Operation) -> None:
        if self._generator is not None:
            self._generator = self._generator.update(self._context(), event)

    def _on_client(self, name: str, up: bool) -> None:
        """A client's process was killed, or has started again: its operation ends in doubt."""
        client = int(name[1:]) - 1
        if up:
            self._down.discard(client)
            self._free = None
            self._world.after(0.0, self._advance)
            return
        self._down.add(client)
        self._free = None
        if client in self._busy:
            command = self._busy[client].command
            outcome = Outcome(INFO, command.value, "the client was killed")
            self._world.after(0.0, self._complete, client, command, outcome)

    def _complete(self, client: int, command: _Command, outcome: Outcome) -> None:
        if client not in self._busy or self._busy[client].command is not command:
            return  # ended already: the client was killed at the very moment
        f, value = command.f, command.value
        process = self._processes[client]
        result = outcome.value if outcome.type == OK else value
        try:
            completion = self._recorder.record(process, outcome.type, f, result, outcome.error)
        except TypeError as error:
            outcome = Outcome(INFO, value, f"the client's result: {error}", bug=True, broken=True)
            completion = self._recorder.record(process, INFO, f, value, outcome.error)
        if outcome.type == INFO:
            self._processes[client] += self._count
        if not (outcome.error or "").startswith(TIMED_OUT):
            servers = self._world.servers
            self.heard.add(command.server or servers[client % len(servers)])
        if outcome.bug:
            text = f"{f}: {outcome.error}"
            self.bugs[text] = self.bugs.get(text, 0) + 1
            if outcome.broken and self.broken is None:
                self.broken = text
        then = self._busy.pop(client).then
        self._free = None
        self._update(completion)
        then(outcome)
        if not self._busy:
            self._idle()

    def _program(self, client: int) -> Callable[[ClientNode], Any]:
        workload = self._workload
        own_server = self._world.servers[client % len(self._world.servers)]

        async def program(node: ClientNode) -> None:
            async def perform(user: Callable[[], Any], f: str, value: Any) -> Any:
                return await workload.perform(user(), f, value)

            user = _made(workload, node, own_server)
            while True:
                command: _Command = await node.commands.get()
                server = command.server
                try:
                    outcome = await invoke(
                        perform,
                        user if server is None else _made(workload, node, server),
                        command.f,
                        command.value,
                        timeout_s=command.timeout,
                        idempotent=command.f in workload.idempotent,
                    )
                except SystemExit:
                    outcome = Outcome(INFO, command.value, "the client called sys.exit()", bug=True)
                except KeyboardInterrupt as error:
                    if is_ctrl_c(error):
                        raise
                    text = "the client raised KeyboardInterrupt"
                    outcome = Outcome(INFO, command.value, text, bug=True)
                if outcome.type == INFO:
                    user = _made(workload, node, own_server)
                # Recorded from the world's loop, not from within this node's step.
                self._world.after(0.0, self._complete, client, command, outcome)

        return program


def _made(workload: Workload, node: ClientNode, server: str) -> Callable[[], Any]:
    """A client of `server`; an error in making it is raised by the operation that uses it."""
    try:
        client = workload.client(node, server)
    except Exception as error:  # noqa: BLE001 - whatever it is, the operation tells it
        problem = error

        def fail() -> Any:
            raise problem

        return fail
    return lambda: client
