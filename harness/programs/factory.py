"""A program as people write it, as a server: `program`.

    from splitbrain import faults, program, simulate, workloads

    @simulate(nodes=3, faults=faults.swarm("kill,partition"))
    def test_store(plan):
        return plan.using(program("store.main:main"), workloads.register(StoreClient))

``main`` is an async function of trio or of asyncio. It runs as it is, on the host's clock and over
the simulated network; its peers are reached by their names, ``n1``, ``n2``, ...
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from splitbrain.harness.node import Node, Server
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.addresses import place_of
from splitbrain.harness.programs.arguments import encoded
from splitbrain.harness.programs.asyncio_loop import loop_of
from splitbrain.harness.programs.commands import Command, command
from splitbrain.harness.programs.source import Source, source_of
from splitbrain.harness.programs.surroundings.lazy_imports import NO_TRIO_ASYNCIO, TRIO_ASYNCIO
from splitbrain.harness.programs.surroundings.surrounding import surround, surround_clients
from splitbrain.harness.programs.templates import filled, ports_in
from splitbrain.harness.simulation.incarnation import Incarnation

LIBRARIES = ("trio", "asyncio")


class Program:
    """A server factory (`splitbrain.harness.node.ServerFactory`) that runs a program; see
    `program`."""

    def __init__(
        self,
        source: Source,
        library: str,
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
        env: Mapping[str, Any],
    ) -> None:
        self.source, self.library = source, library
        self.arguments, self.named, self.env = arguments, named, env
        self.__module__, self.__qualname__ = source.module, source.attribute

    @property
    def ports(self) -> tuple[str, ...]:
        """The labels of the ports that its arguments and environment name."""
        return ports_in((*self.arguments, *self.named.values(), *self.env.values()))

    def __call__(self, node: Node) -> Server:
        """The program on a node; what `splitbrain.harness.runs.running` asks for."""
        if isinstance(node, Incarnation):
            return Running(self, node)
        return self._as_command()(node)

    def _as_command(self) -> Command:
        """The same program as a process of its own."""
        source, place = self.source, "splitbrain.harness.programs.standalone"
        if source.given is not None:
            raise InvalidPlan(
                f"program {source.told} was given as a function, which no other process has: "
                f'name it, as in program("{source.told}")'
            )
        words = [source.told, self.library, *map(encoded, self.arguments)]
        named = [f"{name}={encoded(value)}" for name, value in self.named.items()]
        env = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        return command([sys.executable, "-m", place, *words, *named], env={**env, **self.env})


class Running:
    """One life of a program on a node.

    Attributes:
        node: its process.
        module: the module that its function is in, in this life; None until it is imported.
    """

    def __init__(self, program: Program, process: Incarnation) -> None:
        self._program, self.node = program, process
        self.module: ModuleType | None = None

    async def run(self) -> None:
        """Run ``main`` to its end."""
        program, process = self._program, self.node
        surround(process)
        surround_clients(process)
        place = place_of(process)
        for name, value in program.env.items():
            process.environment[name] = filled(str(value), place)
        main, self.module = program.source.fresh()
        arguments = [filled(value, place) for value in program.arguments]
        named = {name: filled(value, place) for name, value in program.named.items()}
        if program.library == "trio":
            await main(*arguments, **named)
        else:
            await loop_of(process).run(main(*arguments, **named))


def program(
    main: str | Callable[..., Any],
    *arguments: Any,
    library: str | None = None,
    env: Mapping[str, Any] | None = None,
    **named: Any,
) -> Program:
    """An unmodified program as the server of a test.

    Args:
        main: ``package.module:function``, whose module is imported anew in each life of the
            process, so that what it keeps in globals is the process's own; or the async function
            itself, whose module all nodes share.
        arguments: what it is called with. In a text ``{name}`` stands for the node's name,
            ``{peers}`` for those of the others, with commas between, ``{port:8080}`` and
            ``{addresses:8080}`` for where it listens and where it reaches the others
            (`splitbrain.harness.programs.templates`).
        library: ``trio`` or ``asyncio``; unless given, the one that its module imports.
        env: all that ``os.environ`` has, as `arguments`.
        named: as `arguments`.

    Raises:
        InvalidPlan: there is no such function, it isn't clear what library it is written for, or
            somebody has imported trio-asyncio.
    """
    source = _simulable(main)
    return Program(source, library or _library(source), arguments, named, env or {})


def library_of(main: Callable[..., Any]) -> str:
    """The library that an async function is written for, by what its module imports.

    Raises:
        InvalidPlan: that isn't clear, or somebody has imported trio-asyncio.
    """
    return _library(_simulable(main))


def _simulable(main: str | Callable[..., Any]) -> Source:
    source = source_of(main)
    if TRIO_ASYNCIO in sys.modules:
        raise InvalidPlan(f"{source.told} can't be simulated: {NO_TRIO_ASYNCIO}")
    return source


def _library(source: Source) -> str:
    module = vars(sys.modules[source.module])
    seen = [
        name
        for name in LIBRARIES
        if any(inspect.ismodule(value) and value.__name__ == name for value in module.values())
    ]
    if len(seen) != 1:
        problem = "both trio and asyncio" if seen else "neither trio nor asyncio"
        raise InvalidPlan(
            f"{source.told}: its module imports {problem}: say which it is written for, by "
            'library="asyncio" or library="trio"'
        )
    return seen[0]
