"""The client: calls whoever leads, through the client library, with a breaker for each server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.consensus.asking import OK, REDIRECT
from splitbrain.systems.reliability.calling import Breaker, Caller, InDoubt, Policy, Refused
from splitbrain.systems.reliability.calling.breaker import Limits

POLICY = Policy(attempts=2, timeout=0.3)
LIMITS = Limits(failures=3, window=5.0, open_for=0.5)

DEADLINE_S = 1.8
"""How long it tries, in seconds."""

PAUSE_S = 0.05
"""How long to wait while nobody leads, in seconds."""


class ReplicatedPaymentsClient:
    """Pays, and reads the ledger; a payment goes out again with its number until it is answered.

    Args:
        node: the host that the client runs on.
        server: the server to try first.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._target = server
        clock = node.clock.monotonic
        self._callers = {
            name: Caller(name, POLICY, Breaker(LIMITS, clock), node.random) for name in node.peers
        }

    async def pay(self, number: int, account: str, amount: int) -> None:
        """Pay `amount` into `account`; `number` is this payment's own.

        Raises:
            Definite: it was not paid, and won't be.
            Indefinite: nobody said that it was; it may have been.
        """
        await self._ask(("command", 0, 0, ("pay", number, (number, account, amount))))

    async def ledger(self) -> Sequence[Sequence[Any]]:
        """All payments so far, in order."""
        effects: Sequence[Sequence[Any]] = await self._ask(("query", ("ledger",)))
        return effects

    async def _ask(self, body: tuple[Any, ...]) -> Any:
        with trio.move_on_after(DEADLINE_S):
            while True:
                answer = await self._called(body)
                match answer:
                    case (status, value) if status == OK:
                        return value
                    case (status, str() as leader) if status == REDIRECT:
                        self._target = leader
                    case (status, reason) if status != REDIRECT:
                        # What this client asks for is refused before it has an effect, or never.
                        raise Definite(str(reason))
                    case _:
                        self._target = self._next()
                        await trio.sleep(PAUSE_S)
        raise Indefinite("no leader answered")

    async def _called(self, body: tuple[Any, ...]) -> tuple[str, Any] | None:
        """What the target says; None if it says nothing, or is not being called."""

        async def attempt(left: float) -> tuple[str, Any]:
            status, value = await request(self._node, self._target, body)
            return status, value

        try:
            found: tuple[str, Any] = await self._callers[self._target].call(attempt, DEADLINE_S)
        except (InDoubt, Refused):
            return None
        return found

    def _next(self) -> str:
        """The server after the present target."""
        servers = self._node.peers
        return servers[(servers.index(self._target) + 1) % len(servers)]
