"""The balancer: one backend for each request, the less loaded of two that seem well.

client -> balancer     ("request", id, "call", number) | ("request", id, "restart", position)
                       ("request", id, "done", position)
balancer -> client     ("reply", id, "ok", backend)       to "done" also the calls
                       ("reply", id, "refused", why)      not done, and never will be
                       ("reply", id, "unknown")           nobody knows
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.calls.balancing import ANSWERED, SENT
from splitbrain.harness.node import Message, Node
from splitbrain.systems.questions import Questions
from splitbrain.systems.scalability.balancer.health import Health

PING_S = 0.15
"""How often backends are pinged."""

TIMEOUT_S = 0.3
"""How long a backend's answer is waited for."""

DRAIN_S = 1.0
"""How long a backend may take to be drained."""

RESTARTED_S = 0.5
"""How long it may take to restart."""


class Balancer:
    """The one server that clients talk to.

    Attributes:
        health_class: what knows of the backends.
    """

    health_class: type[Health] = Health

    def __init__(self, node: Node) -> None:
        self.node = node
        self.health = self.health_class(node.peers)
        self.questions = Questions(node)
        self._idle: dict[str, trio.Event] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        self.node.announce(STARTED, {})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ping)
            while True:
                sender, message = await self.node.network.receive()
                now = trio.current_time()
                if sender in self.health.open:
                    self.health.heard(sender, now)
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("pong", float() as sent):
                        self.health.pong(sender, sent, now)
                    case (("done" | "restarted" | "listed"), int() as number, *answer):
                        self.questions.hear(number, tuple(answer))

    async def _ping(self) -> None:
        while True:
            for backend in self.health.backends:
                self.node.network.send(backend, ("ping", trio.current_time()))
            await trio.sleep(PING_S)

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        backends = self.health.backends
        match request:
            case ["call", int() as call]:
                answer = await self.call(call)
            case ["restart", int() as position]:
                answer = await self.restart(backends[position % len(backends)])
            case ["done", int() as position]:
                answer = await self.done_by(backends[position % len(backends)])
            case _:
                answer = ("refused", f"{request} is no request")
        self.node.network.send(client, ("reply", number, *answer))

    # Calls

    async def call(self, call: int) -> Message:
        """Have one backend do it; the answer."""
        candidates = self.health.candidates(trio.current_time())
        if not candidates:
            return "refused", "no backend seems well"
        return await self.forward(call, self.choose(candidates), candidates)

    def choose(self, candidates: list[str]) -> str:
        """The less loaded of two."""
        two = self.node.random.sample(candidates, min(2, len(candidates)))
        return min(two, key=self.health.open.__getitem__)

    async def forward(self, call: int, backend: str, candidates: list[str]) -> Message:
        """Send a request to a backend, and wait."""
        number = self.questions.number()
        counts = {each: self.health.open[each] for each in candidates}
        self.node.announce(SENT, {"to": backend, "number": number, "open": counts})
        self.health.open[backend] += 1
        answer = await self._asked(backend, ("work", number, call, TIMEOUT_S), TIMEOUT_S)
        self.health.ended(backend, answered=answer is not None)
        done = answer == (True,)
        self.node.announce(ANSWERED, {"from": backend, "number": number, "ok": done})
        if done:
            self.health.succeeded(backend)
        else:
            now = trio.current_time()
            self.health.failed(backend, now, answered=answer is not None)
        if self.health.open[backend] == 0 and backend in self._idle:
            self._idle.pop(backend).set()
        if answer in (None, (None,)):
            return ("unknown",)
        return ("ok", backend) if done else ("refused", f"{backend} failed")

    async def done_by(self, backend: str) -> Message:
        """Which calls a backend has done; the answer."""
        answer = await self._asked(backend, ("list", self.questions.number()), TIMEOUT_S)
        match answer:
            case (tuple() as calls,):
                return "ok", backend, calls
        return "refused", f"{backend} does not say what it has done"

    # Restarts

    async def restart(self, backend: str) -> Message:
        """Drain a backend and restart it; the answer."""
        if backend in self.health.draining:
            return "refused", f"{backend} is being restarted"
        self.health.draining.add(backend)
        try:
            if not await self.drain(backend):
                return "refused", f"{backend} could not be drained"
            number = self.questions.number()
            answer = await self._asked(backend, ("restart", number), RESTARTED_S)
            if answer is None:
                return ("unknown",)
            return ("ok", backend) if answer == (True,) else ("refused", f"{backend} is at work")
        finally:
            self.health.draining.discard(backend)

    async def drain(self, backend: str) -> bool:
        """Wait until a backend has nothing under way; whether it has."""
        if self.health.open[backend]:
            idle = self._idle.setdefault(backend, trio.Event())
            with trio.move_on_after(DRAIN_S):
                await idle.wait()
        return self.health.open[backend] == 0

    async def _asked(self, backend: str, message: Message, seconds: float) -> Message | None:
        answer: Message | None = None
        with trio.move_on_after(seconds):
            answer = await self.questions.ask(backend, message)
        return answer
