"""A service: has so many seats a day, gives one to an order, and takes it back.

    orchestrator -> service    ("do", order, day)     -> ("did", order) | ("refused", order)
                               ("undo", order)        -> ("undone", order)
    client -> service          ("request", id, "ledger") -> (((order, "did" | "undid"), ...))

Its log has ``("did", order, day)``, ``("undid", order)``, and ``("void", order)`` of an order that
was undone before it was done: if it is to be done later, that message is late, and is refused.

Invariants:

1. A step is done once, and undone once, however often and in whatever order it is asked for.
2. What was done or undone is durable before it is told.
"""

from __future__ import annotations

from collections.abc import Iterable

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.log_file import LogFile, Record

PATH = "seats"
_START = 0x53454154  # what the first frame's checksum continues


class Service:
    """See the module.

    Attributes:
        seats: how many there are for a day.
    """

    seats: int = 3

    def __init__(self, node: Node) -> None:
        self.node = node
        self.ledger: list[tuple[int, str]] = []
        self.status: dict[int, str] = {}
        self.days: dict[int, int] = {}
        self.taken: dict[int, int] = {}
        self._log = LogFile(node.disk, PATH, _START)

    async def run(self) -> None:
        """Serve until cancelled."""
        self.recover(await self._log.open())
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("do", int(order), int(day)):
                        said = "did" if self.do(order, day) else "refused"
                        nursery.start_soon(self._answer, sender, (said, order))
                    case ("undo", int(order)):
                        self.undo(order)
                        nursery.start_soon(self._answer, sender, ("undone", order))
                    case ("request", int(id), "ledger"):
                        reply = ("reply", id, tuple(self.ledger))
                        nursery.start_soon(self._answer, sender, reply)

    async def _answer(self, client: str, answer: tuple[object, ...]) -> None:
        await self._log.sync()
        self.node.network.send(client, answer)

    def note(self, *record: object) -> None:
        """Write a record, and do what it says."""
        self._log.append([record])
        self.replay(record)

    def replay(self, record: Record) -> None:
        """Do what a record says."""
        match record:
            case ("did", order, day):
                self.status[order], self.days[order] = "did", day
                self.taken[day] = self.taken.get(day, 0) + 1
                self.ledger.append((order, "did"))
            case ("undid", order):
                self.status[order] = "undone"
                day = self.days.get(order, 0)
                self.taken[day] = self.taken.get(day, 0) - 1
                self.ledger.append((order, "undid"))
            case ("void", order):
                self.status[order] = "undone"

    # What a planted bug may override

    def recover(self, records: Iterable[Record]) -> None:
        """Become what the log says."""
        for record in records:
            self.replay(record)

    def do(self, order: int, day: int) -> bool:
        """Give an order a seat, unless it has one; whether it has."""
        if order not in self.status and self.taken.get(day, 0) < self.seats:
            self.note("did", order, day)
        return self.status.get(order) == "did"

    def undo(self, order: int) -> None:
        """Take an order's seat back, and give it none any more."""
        if self.status.get(order) == "did":
            self.note("undid", order)
        elif order not in self.status:
            self.note("void", order)
