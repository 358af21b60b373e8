"""The server that clients talk to: it holds nothing, and calls the endpoints.

client -> gateway   ("request", id, "post", path, amount) | ("request", id, "get", path)
                    ("request", id, "call", position)
gateway -> client   ("reply", id, "ok", result)
                    ("reply", id, "refused", reason)     not done, and never will be
                    ("reply", id, "unknown")             nobody knows

A path is at the endpoint that its checksum says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

from splitbrain.checkers.calls.breakers import FAILED
from splitbrain.harness.node import Message, Node
from splitbrain.systems.reliability.calling import (
    Breaker,
    Caller,
    InDoubt,
    NotCalled,
    Permit,
    Refused,
)
from splitbrain.systems.reliability.gateways import DEADLINE_S, CallingServer
from splitbrain.systems.roles import by_number


class TellingCaller(Caller):
    """Tells whose calls fail, so that it can be seen whom a breaker goes by."""

    def failed(self, permit: Permit) -> None:
        """An attempt failed."""
        self.announce(FAILED, {"endpoint": self.endpoint})
        super().failed(permit)


class Gateway(CallingServer):
    """The gateway.

    Attributes:
        caller_class, breaker_class: what it calls with.
    """

    caller_class: type[TellingCaller] = TellingCaller
    breaker_class: type[Breaker] = Breaker

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.endpoints = by_number(node.peers)
        self.callers = {
            name: self.caller_class(
                name, self.policy, self.breaker_for(name), node.random, self.announce
            )
            for name in self.endpoints
        }

    def breaker_for(self, endpoint: str) -> Breaker:
        """The breaker of an endpoint: its own."""
        return self.new_breaker(lambda state: self.told(endpoint, state))

    def new_breaker(self, changed: Callable[[str], None]) -> Breaker:
        """A breaker that goes by the monotonic clock."""
        return self.breaker_class(self.limits, self.clock, changed)

    async def serve(self, client: str, number: int, request: Message) -> None:
        """Call whom it is for, and reply."""
        match request:
            case ("post", str() as path, int() as amount):
                answer = await self.post(f"{client}/{number}", path, amount)
            case ("get", str() as path):
                answer = await self._called(self.endpoint_of(path), ("get", path))
            case ("call", int() as position):
                endpoint = self.endpoints[position % len(self.endpoints)]
                answer = await self._called(endpoint, ("name",))
            case _:
                answer = ("refused", f"{request} is no request")
        self.node.network.send(client, ("reply", number, *answer))

    def endpoint_of(self, path: str) -> str:
        """Where a path is."""
        return self.endpoints[crc32(path.encode()) % len(self.endpoints)]

    async def post(self, name: str, path: str, amount: int) -> Message:
        """Have an endpoint add to a counter; the answer.

        Each attempt is a message of its own: copies of one are told, attempts are not.
        """
        made = 0

        async def attempt(left: float) -> Any:
            nonlocal made
            made += 1
            return await self.ask(endpoint, ("post", f"{name}/{made}", path, amount), left)

        endpoint = self.endpoint_of(path)
        return await self._answer_of(endpoint, attempt, idempotent=False)

    async def _called(self, endpoint: str, request: Message) -> Message:
        async def attempt(left: float) -> Any:
            return await self.ask(endpoint, request, left)

        return await self._answer_of(endpoint, attempt, idempotent=True)

    async def _answer_of(
        self, endpoint: str, attempt: Callable[[float], Any], *, idempotent: bool
    ) -> Message:
        caller = self.callers[endpoint]
        try:
            return "ok", await caller.call(attempt, DEADLINE_S, idempotent=idempotent)
        except NotCalled as refused:
            # A copy of a post may find the breaker closed again.
            return ("refused", str(refused)) if idempotent else ("unknown",)
        except Refused as refused:
            return "refused", str(refused)
        except InDoubt:
            return ("unknown",)
