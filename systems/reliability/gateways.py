"""What servers have in common that hold nothing and call others for their clients.

client -> gateway   ("request", id, ...)
gateway -> other    ("call", id, seconds left, ...)
other -> gateway    ("answer", id, "ok", result)
                    ("answer", id, "failed" | "refused", reason)
gateway -> client   ("reply", id, "ok", result)
                    ("reply", id, "refused", reason)     not done, and never will be
                    ("reply", id, "unknown")             nobody knows
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import trio

from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.calls.breakers import BREAKER, OPEN
from splitbrain.harness.knobs import Knob
from splitbrain.harness.node import Message, Node
from splitbrain.systems.questions import Questions
from splitbrain.systems.reliability.calling import InDoubt, Policy, Refused
from splitbrain.systems.reliability.calling.breaker import Limits

DEADLINE_S = 1.5
"""How long a gateway tries for one client."""

# There and back over the slowest network that hunts draw, and an fsync, take 0.13 s; an attempt
# that ends before succeeds by luck alone.
GATEWAY_KNOBS = (
    Knob("attempts", 2, 6, "most attempts at one call", "gateway.policy.attempts"),
    Knob("timeout", 0.15, 0.5, "time that an attempt waits, in seconds", "gateway.policy.timeout"),
    Knob("failures", 3, 10, "failures that open a breaker", "gateway.limits.failures"),
    Knob("window", 1.0, 10.0, "time a failure counts, in seconds", "gateway.limits.window"),
    Knob("open_for", 0.3, 2.0, "time a breaker stays open, in seconds", "gateway.limits.open_for"),
)
"""Settings of a server whose part ``gateway`` calls others (`CallingServer`)."""


def refusal(message: Message) -> Message | None:
    """How a server fails at once (`splitbrain.harness.nemesis.kinds.service`), in either role."""
    match message:
        case ("call", number, *_):
            return "answer", number, "failed", "it fails"
        case ("request", number, *_):
            return "reply", number, "unknown"
    return None


class CallingServer(ABC):
    """The part of a gateway that is the same for all.

    Attributes:
        policy: how hard it tries.
        limits: when it stops.
    """

    policy = Policy()
    limits = Limits()

    def __init__(self, node: Node) -> None:
        self.node = node
        self.questions = Questions(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        self.node.announce(STARTED, {})
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self.serve, sender, number, tuple(request))
                    case ("answer", int() as number, *answer):
                        self.questions.hear(number, tuple(answer))

    @abstractmethod
    async def serve(self, client: str, number: int, request: Message) -> None:
        """Have a request done, and reply."""

    async def ask(self, called: str, request: Message, left: float) -> Any:
        """The answer of another server to one message, however long it takes.

        Raises:
            Refused: it says that it did not do it, and never will.
            InDoubt: it says that it failed, which a copy of the message may not.
        """
        call = ("call", self.questions.number(), left, *request)
        answer = await self.questions.ask(called, call)
        match answer:
            case ("ok", result):
                return result
            case ("failed", reason):
                raise InDoubt(str(reason))
        raise Refused(str(answer[-1]))

    def clock(self) -> float:
        """What breakers go by."""
        return self.node.clock.monotonic()

    def told(self, called: str, state: str) -> None:
        """The breaker of a server has another state."""
        limits = self.limits._asdict() if state == OPEN else {}
        self.announce(BREAKER, {"endpoint": called, "state": state, **limits})

    def announce(self, f: str, value: dict[str, Any]) -> None:
        """Announce something with the time of this host's monotonic clock."""
        self.node.announce(f, {**value, "at": self.node.clock.monotonic()})
