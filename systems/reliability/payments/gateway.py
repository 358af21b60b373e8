"""The servers that clients talk to: they hold nothing, and call the processor.

client -> gateway   ("request", id, "pay", request, account, amount) | ("request", id, "ledger")
gateway -> client   ("reply", id, "ok", result)
                    ("reply", id, "refused", reason)     not done, and never will be
                    ("reply", id, "unknown")             nobody knows
"""

from __future__ import annotations

from functools import partial
from typing import Any

from splitbrain.harness.node import Message, Node
from splitbrain.systems.reliability.calling import Breaker, Caller, InDoubt, NotCalled, Refused
from splitbrain.systems.reliability.gateways import DEADLINE_S, CallingServer
from splitbrain.systems.roles import first_server


class Gateway(CallingServer):
    """One gateway.

    Attributes:
        caller_class, breaker_class: what it calls with.
    """

    caller_class: type[Caller] = Caller
    breaker_class: type[Breaker] = Breaker

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.processor = first_server(node)
        breaker = self.breaker_class(self.limits, self.clock, partial(self.told, self.processor))
        self.caller = self.caller_class(
            self.processor, self.policy, breaker, node.random, self.announce
        )

    async def serve(self, client: str, number: int, request: Message) -> None:
        """Have the processor do it, and reply."""

        async def attempt(left: float) -> Any:
            return await self.ask(self.processor, request, left)

        try:
            result = await self.caller.call(attempt, DEADLINE_S, request[1:2] or request)
            answer: Message = ("ok", result)
        except NotCalled:
            answer = ("unknown",)  # a copy of the request may find the breaker closed again
        except Refused as refused:
            answer = ("refused", str(refused))
        except InDoubt:
            answer = ("unknown",)
        self.node.network.send(client, ("reply", number, *answer))
