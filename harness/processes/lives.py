"""The servers' lives: begun, signalled and ended through the keeper, and heard over TCP."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import trio

from splitbrain.harness.nemesis.control import PowerLossPolicy
from splitbrain.harness.processes.hosts import Life, Server
from splitbrain.harness.processes.keeper import (
    CLOCK,
    COPY,
    DONE,
    ENDED,
    FAST,
    FILL,
    LOSE,
    REPLACE,
    SIGNAL,
    SLOW,
    START,
)
from splitbrain.harness.processes.network.switch import Switch
from splitbrain.harness.processes.network.wire import BadFrame, Frames, framed
from splitbrain.harness.processes.node import HELLO, MESSAGE, SEND
from splitbrain.harness.processes.queues import Burst, Outgoing, received

PATIENCE_S = 60.0
"""How long a process may take to start, to end when it is killed, or to stand still."""

LAST_WORDS_S = 5.0
"""How long the harness waits for what a process said before it ended."""

Heard = Callable[[Server, Life, str, list[Any]], None]
"""Called with what a server's process says besides messages: kind and details."""


class ProcessTrouble(RuntimeError):
    """A process did not do what the operating system was asked to have it do; says which."""


class Lives:
    """All lives of all servers.

    Args:
        line: the keeper's.
        servers: the servers, by name.
        switch: where their messages go.
        heard: called with what they say besides.
        ended: called when a life is over that nobody ended, with its exit code (negative: a
            signal's number).
        failed: called when there is no keeper any more.
    """

    def __init__(
        self,
        line: socket.socket,
        servers: dict[str, Server],
        switch: Switch,
        heard: Heard,
        ended: Callable[[Server, Life, int], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._line = trio.SocketStream(trio.socket.from_stdlib_socket(line))
        self._burst = Burst()
        self._commands = Outgoing()
        self._servers = servers
        self._switch = switch
        self._heard = heard
        self._on_end = ended
        self._failed = failed
        self._expected: dict[str, tuple[Server, Life]] = {}  # by key, until they connect
        self._listener: trio.SocketListener
        self._nursery: trio.Nursery

    async def open(self, nursery: trio.Nursery) -> None:
        """Begin to listen to the keeper and to processes that connect."""
        self._nursery = nursery
        (self._listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(_write, self._commands, self._line)
        nursery.start_soon(self._reports)
        nursery.start_soon(trio.serve_listeners, self._receive, [self._listener])

    # What the nemesis does

    async def start(self, server: Server) -> None:
        """Begin a life; returns when its process is connected, or has ended already.

        Raises:
            ProcessTrouble: neither happens.
        """
        life = server.life = Life(server.lives, self._burst)
        server.lives += 1
        self._expected[life.key] = (server, life)
        port = self._listener.socket.getsockname()[1]
        self._command(START, server.name, [port, life.key, life.number])
        with _patience(f"{server.name} did not start"):
            await life.connected.wait()

    async def serving(self, server: Server) -> None:
        """Wait until a server's program says that it serves, or is no more.

        Raises:
            ProcessTrouble: neither happens.
        """
        if server.life is not None:
            with _patience(f"{server.name} was not ready"):
                await server.life.ready.wait()

    async def kill(self, server: Server) -> bool:
        """SIGKILL; returns when the process is no more and all that it said is heard.

        Raises:
            ProcessTrouble: it does not end.
        """
        life = server.life
        if life is None:
            return False
        life.killed = True
        self._command(SIGNAL, server.name, signal.SIGKILL)
        with _patience(f"{server.name} did not end when it was killed"):
            await life.ended.wait()
        return True

    async def terminate(self, server: Server, patience: float) -> bool:
        """SIGTERM, and SIGKILL after so many seconds; whether it came to that.

        Raises:
            ProcessTrouble: it does not end.
        """
        life = server.life
        if life is None:
            return False
        life.killed = True
        await self._asked(server, SIGNAL, signal.SIGTERM)
        with trio.move_on_after(patience) as waiting:
            await life.ended.wait()
        if waiting.cancelled_caught:
            await self.kill(server)
        return waiting.cancelled_caught

    async def keep_copy(self, server: Server) -> None:
        """Keep a copy of its data directory, made while it stands still.

        Raises:
            ProcessTrouble: it is not made.
        """
        paused = server.life is not None and server.life.paused
        await self._asked(server, COPY, paused)

    async def replace_data(self, server: Server, *, by_copy: bool) -> int:
        """Empty its data directory, or put the copy in its place; how many files are changed.

        Raises:
            ProcessTrouble: it is not done.
        """
        return int(await self._asked(server, REPLACE, by_copy))

    async def lose_power(
        self, server: Server, policy: PowerLossPolicy, seed: int
    ) -> Mapping[str, int]:
        """Take from the data directory of a server that is down what it has not synced; how much
        that was (`splitbrain.harness.processes.files.durable.Durable.lose`).

        Raises:
            ProcessTrouble: it is not done, or nobody knows what was synced.
        """
        lost = await self._asked(server, LOSE, [policy, seed])
        if not isinstance(lost, dict):
            raise ProcessTrouble(str(lost))
        return lost

    async def fill_disk(self, server: Server, *, full: bool) -> bool:
        """Take all free room from its disk, or give it back; whether there was none before.

        Raises:
            ProcessTrouble: it is not done.
        """
        return bool(await self._asked(server, FILL, full))

    async def slow_disk(self, server: Server, rule: str, mean: float | None, seed: int) -> None:
        """Have what waits for its disk take longer, as a rule says
        (`splitbrain.harness.processes.files.syncs.Syncs.add`).

        Raises:
            ProcessTrouble: it is not done.
        """
        await self._asked(server, SLOW, [rule, mean, seed])

    async def fast_disk(self, server: Server, rule: str) -> int:
        """Lift a rule; how many calls it has struck.

        Raises:
            ProcessTrouble: it is not done.
        """
        return int(await self._asked(server, FAST, rule) or 0)

    async def set_clock(self, server: Server, seconds: float) -> int:
        """Have its processes see the wall clock so much ahead; how many of them have asked for the
        time since this was done last.

        Raises:
            ProcessTrouble: it cannot be done.
        """
        paused = server.life is not None and server.life.paused
        result = await self._asked(server, CLOCK, [paused, seconds])
        if isinstance(result, str):
            raise ProcessTrouble(result)
        return int(result or 0)

    async def pause(self, server: Server) -> None:
        """SIGSTOP; returns when the process stands still.

        Raises:
            ProcessTrouble: it does not.
        """
        await self._signal(server, signal.SIGSTOP)

    async def resume(self, server: Server) -> None:
        """SIGCONT; returns when the process goes on.

        Raises:
            ProcessTrouble: it does not.
        """
        await self._signal(server, signal.SIGCONT)

    async def _signal(self, server: Server, number: signal.Signals) -> None:
        if server.life is None:
            return
        server.life.paused = number == signal.SIGSTOP
        await self._asked(server, SIGNAL, number)

    async def _asked(self, server: Server, command: str, value: Any) -> Any:
        """What came of a command, once it is done; None if the server has ended meanwhile."""
        async with server.asking:
            server.done, server.result = trio.Event(), None
            self._command(command, server.name, value)
            with _patience(f"the keeper did not {command} {server.name}"):
                await server.done.wait()
            return server.result

    def _command(self, command: str, name: str, value: Any) -> None:
        self._commands.put(msgspec.json.encode([command, name, value]) + b"\n")

    # What comes back

    async def _reports(self) -> None:
        unread = b""
        while data := await received(self._line):
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                report, name, value = msgspec.json.decode(line)
                server = self._servers[name]
                if report == DONE:
                    server.result = value
                    server.done.set()
                elif report == ENDED and server.life is not None:
                    self._nursery.start_soon(self._ended, server, server.life, value)
        self._failed(ProcessTrouble("the keeper of the nodes' processes has ended"))
        for server in self._servers.values():
            if server.life is not None:  # the kernel has killed it
                server.life.connected.set()
                server.life.ready.set()
                server.life.ended.set()
            server.done.set()

    async def _ended(self, server: Server, life: Life, code: int) -> None:
        """A process is no more: hear its last words, then let everybody know."""
        if self._expected.pop(life.key, None) is None:
            with trio.move_on_after(LAST_WORDS_S):
                await life.closed.wait()
        self._switch.doors.pop(server.name, None)
        server.life = None
        life.connected.set()
        life.ready.set()
        if not life.killed:
            self._on_end(server, life, code)
        life.ended.set()

    async def _receive(self, stream: trio.SocketStream) -> None:
        """A connection: the first frame says whose it is."""
        frames = Frames()
        owner: tuple[Server, Life] | None = None
        try:
            async with trio.open_nursery() as nursery:
                while data := await received(stream):
                    with self._burst:
                        for kind, *details in frames.feed(data):
                            if owner is None:
                                owner = self._connected(kind, details)
                                nursery.start_soon(_write, owner[1].out, stream)
                            else:
                                self._said(*owner, kind, details)
                nursery.cancel_scope.cancel()
        except* (trio.BrokenResourceError, BadFrame):
            pass  # it was killed, perhaps in the middle of a frame; or it is a stranger
        finally:
            if owner is not None:
                owner[1].closed.set()

    def _connected(self, kind: str, details: list[Any]) -> tuple[Server, Life]:
        """Whose connection it is, by its first frame.

        Raises:
            BadFrame: nobody's whom we wait for.
        """
        key = details[0] if kind == HELLO and len(details) == 1 else None
        if not isinstance(key, str) or key not in self._expected:
            raise BadFrame("a stranger")
        server, life = self._expected.pop(key)

        def door(source: str, data: bytes) -> bool:
            return life.out.put(framed(MESSAGE, source, data))

        self._switch.doors[server.name] = door
        life.connected.set()
        return server, life

    def _said(self, server: Server, life: Life, kind: str, details: list[Any]) -> None:
        if kind == SEND:
            self._switch.send(server.name, *details)
        else:
            self._heard(server, life, kind, details)


async def _write(out: Outgoing, stream: trio.SocketStream) -> None:
    try:
        await out.write_to(stream)
    except trio.BrokenResourceError:
        return  # the reader is gone: a process, which the keeper tells, or the keeper itself


@contextmanager
def _patience(problem: str) -> Iterator[None]:
    try:
        with trio.fail_after(PATIENCE_S):
            yield
    except trio.TooSlowError:
        raise ProcessTrouble(f"{problem} within {PATIENCE_S:g} s") from None
