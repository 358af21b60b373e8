"""The log of requests: each is there once, and is delivered to the books of both accounts.

client -> requests   ("request", id, "transfer", request, source, target, amount)
                     ("request", id, "settled")     answered when all that is there is delivered
requests -> books    ("entry", position, side, request, account, amount)
books -> requests    ("booked", position, side)

Records of its log (`splitbrain.systems.log_file`)::

    ("transfer", request, source, target, amount)    the position is its number
"""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.roles import first_server

RELAY_S = 0.05
"""How often what is not booked is sent again."""

_START = 0x52455153  # what the first frame's checksum continues
_BURST = 20


class Transfer(NamedTuple):
    """A request of a user's; its id is made where the user is."""

    request: int
    source: str
    target: str
    amount: int


class Requests:
    """The one server that takes requests.

    Invariants: a request is in the log once; both its sides are made of that one record, which is
    durable before any of them is sent; they are sent until they are booked.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.keepers = sorted(name for name in node.peers if name != first_server(node))
        self.log = LogFile(node.disk, "requests", _START)
        self.transfers: list[Transfer] = []
        self.durable = 0
        self._positions: dict[Any, int] = {}
        self._due: dict[tuple[int, int], None] = {}  # sides that are not known to be booked
        self._booked = trio.Event()  # at the next side that is

    async def run(self) -> None:
        """Serve until cancelled."""
        for _, *transfer in await self.log.open():
            self._apply(Transfer(*transfer), transfer[0])
        self.durable = len(self.transfers)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._relay)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("booked", position, side):
                        self._book(position, side)

    def _apply(self, transfer: Transfer, identity: Any) -> None:
        position = len(self.transfers)
        self.transfers.append(transfer)
        self._positions[identity] = position
        self._due[position, 0] = self._due[position, 1] = None

    def _book(self, position: int, side: int) -> None:
        """A side is known to be booked."""
        if (position, side) in self._due:
            del self._due[position, side]
            self._booked.set()
            self._booked = trio.Event()

    def identity(self, number: int, transfer: Transfer) -> Any:
        """What tells a request from another; `number` is that of the message."""
        return transfer.request

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["transfer", int(), str(), str(), int()]:
                await self.transfer(number, Transfer(*request[1:]))
                answer: tuple[Any, ...] = ("ok",)
            case ["settled"]:
                known = len(self.transfers)
                while any(position < known for position, _ in self._due):
                    await self._booked.wait()
                answer = ("ok",)
            case _:
                answer = ("refused", "no such request")
        self.node.network.send(client, ("reply", number, *answer))

    async def transfer(self, number: int, transfer: Transfer) -> None:
        """Put a request into the log, unless it is there; return once it is durable."""
        identity = self.identity(number, transfer)
        if identity not in self._positions:
            self.log.append([("transfer", *transfer)])
            self._apply(transfer, identity)
        position = self._positions[identity]
        await self.log.sync()
        self.durable = max(self.durable, position + 1)
        self._send(position)

    async def _relay(self) -> None:
        while True:
            await trio.sleep(RELAY_S)
            due = dict.fromkeys(position for position, _ in self._due if position < self.durable)
            for position in list(due)[:_BURST]:
                self._send(position)

    def _send(self, position: int) -> None:
        """Send what is not booked of a request to whom it concerns."""
        request, source, target, amount = self.transfers[position]
        for side, account, change in ((0, source, -amount), (1, target, amount)):
            if (position, side) in self._due:
                entry = ("entry", position, side, request, account, change)
                self.node.network.send(self.keeper(account), entry)

    def keeper(self, account: str) -> str:
        """Which server has an account's books."""
        return self.keepers[crc32(account.encode()) % len(self.keepers)]
