"""The orchestrator: takes orders, has every service do its step, or undo what was done.

    client -> orchestrator     ("request", id, "order", order, day)
    orchestrator -> client     ("reply", id, "booked")
                               ("reply", id, "full")       a service had no seat left
                               ("reply", id, "refused")    else
    orchestrator -> service    ("do", order, day)     until it answers, or for long enough
                               ("undo", order)        until it answers

Its log has ``("begin", order, day)``; then ``("booked", order)``, or ``("undo", order)`` when it
has decided to compensate and ``("end", order)`` when all services have. An order of which the log
has the beginning and no more goes on from its first step, which services do once.

Invariants:

1. An order is in the log before any service hears of it, and what was decided before anybody does.
2. Decided either way, it stays so.
3. Whom to undo at is everybody who may have heard of it, also who refused or was silent: an
   earlier message may still be under way.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile

PATH = "orders"
_START = 0x53414741  # what the first frame's checksum continues

BOOKED, FULL, REFUSED = "booked", "full", "refused"


class Orchestrator:
    """See the module.

    Attributes:
        resend_s: how long to wait for an answer before asking again, in seconds.
        patience_s: how long to wait for a step altogether before the order is refused, in seconds.
    """

    resend_s: float = 0.1
    patience_s: float = 0.5

    def __init__(self, node: Node) -> None:
        self.node = node
        self.outcomes: dict[int, str] = {}
        self._days: dict[int, int] = {}
        self._waiting: dict[int, list[tuple[str, int]]] = {}
        self._answers: dict[tuple[str, int, str], trio.Event] = {}
        self._said: dict[tuple[str, int, str], str] = {}
        self._log = LogFile(node.disk, PATH, _START)

    async def run(self) -> None:
        """Go on with what was begun, and serve until cancelled."""
        ended: set[int] = set()
        for record in await self._log.open():
            match record:
                case ("begin", begun, day):
                    self._days[begun] = day
                case ("booked", booked):
                    self.outcomes[booked] = BOOKED
                case ("undo", refused):
                    self.outcomes[refused] = REFUSED
                case ("end", done):
                    ended.add(done)
        async with trio.open_nursery() as nursery:
            for order in self._days:
                if self.outcomes.get(order) != BOOKED and order not in ended:
                    nursery.start_soon(self._go_on, order)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", int(id), "order", int(number), int(day)):
                        if self._is_new(sender, id, number):
                            self._days[number] = day
                            self._log.append([("begin", number, day)])
                            nursery.start_soon(self._go_on, number)
                    case (("did" | "refused" | "undone") as said, int(number)):
                        self._hear(sender, number, said)

    def _is_new(self, client: str, id: int, order: int) -> bool:
        """Whether nobody asked for this before; who asks is answered, now or later."""
        if order in self.outcomes:
            self.node.network.send(client, ("reply", id, self.outcomes[order]))
            return False
        self._waiting.setdefault(order, []).append((client, id))
        return order not in self._days

    async def _go_on(self, order: int) -> None:
        """All of an order that is left to do."""
        await self._log.sync()
        if order not in self.outcomes:
            for service in self.node.peers:
                said = None
                with trio.move_on_after(self.patience_s):
                    said = await self._insist(service, order, "do")
                if said == "did":
                    continue
                await self.decide(order, "undo", REFUSED if said is None else FULL)
                break
            else:
                await self.decide(order, "booked", BOOKED)
        self._tell(order)
        if self.outcomes[order] != BOOKED:
            for service in self.node.peers:
                await self._insist(service, order, "undo")
            self._log.append([("end", order)])

    async def _insist(self, service: str, order: int, what: str) -> str:
        """Ask a service until it answers; what it says."""
        asked = service, order, what
        answered = self._answers[asked] = trio.Event()
        message: Message = (what, order, self._days[order]) if what == "do" else (what, order)
        try:
            while not answered.is_set():
                self.node.network.send(service, message)
                with trio.move_on_after(self.resend_s):
                    await answered.wait()
            return self._said[asked]
        finally:
            del self._answers[asked]
            self._said.pop(asked, None)

    def _hear(self, service: str, order: int, said: str) -> None:
        asked = service, order, "undo" if said == "undone" else "do"
        if asked in self._answers and asked not in self._said:
            self._said[asked] = said
            self._answers[asked].set()

    def _tell(self, order: int) -> None:
        for client, id in self._waiting.pop(order, []):
            self.node.network.send(client, ("reply", id, self.outcomes[order]))

    # What a planted bug may override

    async def decide(self, order: int, record: str, outcome: Any) -> None:
        """Note what becomes of an order, durably."""
        self._log.append([(record, order)])
        await self._log.sync()
        self.outcomes[order] = outcome
