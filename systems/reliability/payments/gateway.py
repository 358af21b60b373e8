"""The servers that clients talk to: they hold nothing, and call the processor.

client -> gateway   ("request", id, "pay", request, account, amount) | ("request", id, "ledger")
gateway -> client   ("reply", id, "ok", result)
                    ("reply", id, "refused", reason)     not done, and never will be
                    ("reply", id, "unknown")             nobody knows
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.calls.breakers import BREAKER, OPEN
from splitbrain.harness.node import Message, Node
from splitbrain.systems.questions import Questions
from splitbrain.systems.reliability.calling import (
    Breaker,
    Caller,
    InDoubt,
    NotCalled,
    Policy,
    Refused,
)
from splitbrain.systems.reliability.calling.breaker import Limits
from splitbrain.systems.roles import first_server

DEADLINE_S = 1.5
"""How long a gateway tries for one client."""


def refusal(message: Message) -> Message | None:
    """How a server fails at once (`splitbrain.harness.nemesis.kinds.service`), in either role."""
    match message:
        case ("call", number, *_):
            return "answer", number, "failed", "it fails"
        case ("request", number, *_):
            return "reply", number, "unknown"
    return None


class Gateway:
    """One gateway.

    Attributes:
        policy: how hard it tries.
        limits: when it stops.
        caller_class, breaker_class: what it calls with.
    """

    policy = Policy()
    limits = Limits()
    caller_class: type[Caller] = Caller
    breaker_class: type[Breaker] = Breaker

    def __init__(self, node: Node) -> None:
        self.node = node
        self.processor = first_server(node)
        self.questions = Questions(node)
        breaker = self.breaker_class(self.limits, self.clock, self._changed)
        self.caller = self.caller_class(
            self.processor, self.policy, breaker, node.random, self._announce
        )

    def clock(self) -> float:
        """What the breaker goes by."""
        return self.node.clock.monotonic()

    async def run(self) -> None:
        """Serve until cancelled."""
        self.node.announce(STARTED, {})
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, tuple(request))
                    case ("answer", int() as number, *answer):
                        self.questions.hear(number, tuple(answer))

    async def _serve(self, client: str, number: int, request: Message) -> None:
        async def attempt(left: float) -> Any:
            return await self.ask(request, left)

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

    async def ask(self, request: Message, left: float) -> Any:
        """The processor's answer to one message, however long it takes.

        Raises:
            Refused: it says that it did not do it, and never will.
            InDoubt: it says that it failed, which a copy of the message may not.
        """
        call = ("call", self.questions.number(), left, *request)
        answer = await self.questions.ask(self.processor, call)
        match answer:
            case ("ok", result):
                return result
            case ("failed", reason):
                raise InDoubt(str(reason))
        raise Refused(str(answer[-1]))

    def _changed(self, state: str) -> None:
        opens = {"open_for": self.limits.open_for} if state == OPEN else {}
        self._announce(BREAKER, {"endpoint": self.processor, "state": state, **opens})

    def _announce(self, f: str, value: dict[str, Any]) -> None:
        """Announce something with the time of this host's monotonic clock."""
        self.node.announce(f, {**value, "at": self.node.clock.monotonic()})
