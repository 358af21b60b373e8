"""A program of one's own as a server, started as it is in production: `command`.

    plan.using(command("uvicorn app:app --port {port}"), workloads.register(Client))

It runs on the ground of real processes, in a directory of its own, in any language. Its output is
in the trace with its time, a line each; when it ends by itself, its server has died.
"""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from shlex import split
from shutil import which
from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.processes.node import ServerNode, leave_ending_to_program
from splitbrain.harness.programs.addresses import place_of
from splitbrain.harness.programs.readiness import Ready, Seen, listening
from splitbrain.harness.programs.templates import Place, filled, ports_in

_READ = 1 << 16
_LONGEST = 1 << 16
_LAST_LINES = 5


class ProgramEnded(RuntimeError):
    """The program ended by itself; says how, and what it wrote last."""


class Command:
    """A server factory (`splitbrain.harness.node.ServerFactory`) that starts a program; see
    `command`.

    Attributes:
        ports: the labels of the ports that it asks for.
        grounds: where it can run.
    """

    grounds = ("processes", "namespaces")

    def __init__(
        self,
        arguments: tuple[str, ...] | Callable[[Place], Sequence[str]],
        env: Mapping[str, str],
        ready: Ready | None,
        ports: tuple[str, ...],
        told: str,
    ) -> None:
        self.arguments, self.env, self.ready, self.ports = arguments, env, ready, ports
        self.__qualname__ = told

    def __call__(self, node: Node) -> Running:
        """The program on a node."""
        if not isinstance(node, ServerNode):
            raise InvalidPlan(f"{self.__qualname__} runs on real processes: --ground processes")
        return Running(self, node)


class Running:
    """One life of a program."""

    def __init__(self, command: Command, node: ServerNode) -> None:
        self._command, self._node = command, node
        self._place = place_of(node)
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        node.late = True

    async def run(self) -> None:
        """See `splitbrain.harness.node.Server`.

        Raises:
            ProgramEnded: that is the server's death, unless it ends with exit code 0.
        """
        command, place = self._command, self._place
        given = command.arguments(place) if callable(command.arguments) else command.arguments
        arguments = [filled(argument, place) for argument in given]
        env = {name: filled(value, place) for name, value in command.env.items()}
        leave_ending_to_program()
        pipe = subprocess.PIPE
        process = await trio.lowlevel.open_process(
            arguments,
            cwd=place.folder,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        ready = command.ready or (listening(command.ports[0]) if command.ports else None)
        async with trio.open_nursery() as nursery:
            seen = ready.begin(place) if ready is not None else None
            async with trio.open_nursery() as output:
                output.start_soon(self._heard, "stdout", process.stdout, seen)
                output.start_soon(self._heard, "stderr", process.stderr, seen)
                nursery.start_soon(self._serve, seen)
            code = await process.wait()
            nursery.cancel_scope.cancel()
        if code:
            wrote = f"; it wrote last: {' / '.join(self._last)}" if self._last else ""
            raise ProgramEnded(f"{' '.join(arguments)} ended with exit code {code}{wrote}")

    async def _serve(self, seen: Seen | None) -> None:
        if seen is not None:
            await seen.wait()
        self._node.trace("ready")
        self._node.serves()

    async def _heard(self, name: str, stream: trio.abc.ReceiveStream, seen: Seen | None) -> None:
        """Put the lines of an output into the trace, each with its time."""
        unread = bytearray()
        while data := await stream.receive_some(_READ):
            unread += data
            *lines, unread = unread.split(b"\n")
            if len(unread) > _LONGEST:
                lines, unread = [*lines, unread], bytearray()
            for line in lines:
                self._line(name, bytes(line), seen)
        if unread:
            self._line(name, bytes(unread), seen)

    def _line(self, name: str, line: bytes, seen: Seen | None) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self._last.append(text[:200])
        self._node.trace(name, text)
        if seen is not None:
            seen.line(text)


def command(
    arguments: str | Sequence[str] | Callable[[Place], Sequence[str]],
    *,
    env: Mapping[str, Any] | None = None,
    ready: Ready | None = None,
    ports: Sequence[str | int] = (),
) -> Command:
    """A program as the server of a test on real processes.

    Args:
        arguments: what is typed to start it, in one text or in several; ``{port}``,
            ``{host}``, ``{addresses}``, ``{name}``, ``{peers}`` and ``{dir}`` are filled in
            (`splitbrain.harness.programs.templates`). Or a function of the `Place`. It runs in its
            data directory, so programs and files of yours need their whole paths.
        env: what its environment has besides that of the harness; filled in likewise.
        ready: how one sees that it serves (`splitbrain.harness.programs.readiness`); unless given,
            its first port accepts connections.
        ports: labels of ports, where `arguments` is a function.

    Raises:
        InvalidPlan: there is no such program.
    """
    variables = {name: str(value) for name, value in (env or {}).items()}
    if callable(arguments):
        told = getattr(arguments, "__qualname__", "a function")
        labels = (*map(str, ports), *ports_in(variables.values()))
        return Command(arguments, variables, ready, tuple(dict.fromkeys(labels)), told)
    words = tuple(split(arguments) if isinstance(arguments, str) else arguments)
    if not words or which(words[0]) is None:
        raise InvalidPlan(
            f"command {' '.join(words)!r}: there is no program {words[0] if words else ''!r} to "
            "run: give its path, and chmod +x if it is a script"
        )
    labels = (*map(str, ports), *ports_in((*words, *variables.values())))
    return Command(words, variables, ready, tuple(dict.fromkeys(labels)), " ".join(words))
