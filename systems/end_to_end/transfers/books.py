"""The books of some accounts: entries, and the balances that they make.

client -> books   ("request", id, "accounts")  -> entries and balances

Records of its log (`splitbrain.systems.log_file`)::

    ("entry", position, side, request, account, amount)
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.log_file import LogFile

_START = 0x424F4F4B  # what the first frame's checksum continues


class Books:
    """A server that keeps books.

    Invariants: an entry is made once, however often it comes, which its position in the log of
    requests and its side tell; balances are what the entries make, and nothing else.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log = LogFile(node.disk, "books", _START)
        self.entries: list[tuple[int, str, int]] = []
        self.balances: dict[str, int] = {}
        self._made: set[tuple[int, int]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        self.restore(await self.log.open())
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("entry", *entry):
                        nursery.start_soon(self._book, sender, tuple(entry))
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)

    def restore(self, records: list[tuple[Any, ...]]) -> None:
        """What the records of the log make."""
        for _, *entry in records:
            self.apply(*entry)

    def apply(self, position: int, side: int, request: int, account: str, amount: int) -> None:
        """Make an entry."""
        self._made.add((position, side))
        self.entries.append((request, account, amount))
        self.balances[account] = self.balances.get(account, 0) + amount

    async def _book(self, sender: str, entry: tuple[Any, ...]) -> None:
        position, side, *_ = entry
        if (position, side) not in self._made:
            self.log.append([("entry", *entry)])
            self.apply(*entry)
        await self.log.sync()
        self.node.network.send(sender, ("booked", position, side))

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["accounts"]:
                entries, balances = tuple(self.entries), tuple(self.balances.items())
                await self.log.sync()
                answer: tuple[Any, ...] = ("ok", entries, balances)
            case _:
                answer = ("refused", "no such request")
        self.node.network.send(client, ("reply", number, *answer))
