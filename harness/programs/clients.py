"""Clients that are written for asyncio: `asyncio_client`.

The harness calls a client's methods from a task of trio. Those of a client that uses aiohttp, say,
run on the event loop of the client's host instead, and the caller waits.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.processes.asyncio_thread import ThreadLoop
from splitbrain.harness.processes.hosts import ClientHost
from splitbrain.harness.programs.asyncio_loop import NodeLoop, loop_of
from splitbrain.harness.simulation.incarnation import Incarnation


class _OnLoop:
    """A client whose async methods run on asyncio's loop; subclasses have them."""

    made: type

    def __init__(self, node: Node, server: str) -> None:
        self._loop: NodeLoop | ThreadLoop = _loop_for(node)
        self._client: Any = self._loop.call(self.made, node, server)


def asyncio_client(made: type) -> type:
    """A client class (`splitbrain.harness.workloads.workload.ClientFactory`) written for asyncio.

    Args:
        made: its class; its ``__init__`` takes a node and a server's name, its async methods use
            asyncio as they like.
    """
    methods = {
        name: _waiting(name, method)
        for name, method in inspect.getmembers(made, inspect.isfunction)
        if not name.startswith("_")
    }
    return type(
        made.__name__,
        (_OnLoop,),
        {"made": made, "__module__": made.__module__, "__doc__": made.__doc__, **methods},
    )


def _loop_for(node: Node) -> NodeLoop | ThreadLoop:
    """The event loop of a client's host.

    Raises:
        InvalidPlan: the ground has none.
    """
    if isinstance(node, Incarnation):
        return loop_of(node)
    if isinstance(node, ClientHost):
        if node.loop is None:
            node.loop = ThreadLoop(node.name)
        return node.loop
    raise InvalidPlan("a client of asyncio runs in the simulation or on processes")


def _waiting(name: str, method: Any) -> Any:
    """The method as a caller in trio sees it."""

    @functools.wraps(method)
    async def on_loop(self: _OnLoop, *arguments: Any, **named: Any) -> Any:
        called = getattr(self._client, name)
        return await self._loop.wait(called(*arguments, **named))

    @functools.wraps(method)
    def in_place(self: _OnLoop, *arguments: Any, **named: Any) -> Any:
        return self._loop.call(functools.partial(getattr(self._client, name), *arguments, **named))

    return on_loop if inspect.iscoroutinefunction(method) else in_place
