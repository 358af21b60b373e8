"""The client: it talks to the balancer."""

from __future__ import annotations

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 1.8
"""How long to wait for an answer."""


class BalancedClient:
    """Calls, and restarts backends.

    Args:
        node: the host that the client runs on.
        server: not asked: all calls go to the balancer.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._balancer = first_server(node)

    async def call(self, number: int) -> str:
        """Have something done; the name of who did it.

        Raises:
            Definite: nobody did.
            Indefinite: nobody said whether it was done.
        """
        return str((await self._ask("call", number))[0])

    async def restart(self, position: int) -> str:
        """Restart a backend; its name. Raises as `call` does."""
        return str((await self._ask("restart", position))[0])

    async def done(self, position: int) -> tuple[str, list[int]]:
        """A backend's name, and the calls that it has done. Raises as `call` does."""
        backend, calls = await self._ask("done", position)
        return str(backend), list(calls)

    async def _ask(self, f: str, argument: int) -> Message:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._balancer, f, argument):
                case ("ok", *result):
                    return tuple(result)
                case ("refused", reason):
                    raise Definite(str(reason))
        raise Indefinite("nobody said whether it was done")
