"""The client: appends to the log, reads it, and reads what consumers made of payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.5
"""How long to wait for an answer before asking again, which does no harm."""


WHOLE = "log"
"""The key of all entries of a log that is read as a whole."""


class StreamClient:
    """A producer, a reader of the log, and one of the derived view.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one broker.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._broker = first_server(node)
        self._keys: tuple[str, ...] = ()
        self._read_upto: dict[int, int] = {}

    async def pay(self, number: int, account: str, amount: int) -> None:
        """Put a payment into the log; `number` is its own."""
        await self._ask("pay", number, account, amount)

    async def ledger(self) -> Sequence[Sequence[Any]]:
        """All payments that consumers booked, those in the log now among them."""
        effects: Sequence[Sequence[Any]] = await self._ask("ledger")
        return effects

    async def send(self, key: str, value: int) -> int:
        """Put a value into the partition of a key; return its offset there."""
        request = self._node.random.getrandbits(62)  # its own, so that it may be sent again
        _, offset = await self._ask("send", request, key, value)
        return int(offset)

    async def append(self, entry: int) -> int:
        """Put an entry into a log of one partition; return its offset there."""
        return await self.send(WHOLE, entry)

    async def read(self) -> list[int]:
        """All entries of that log, in order."""
        return [value for _, value in (await self.drain([WHOLE]))[WHOLE]]

    async def assign(self, keys: Sequence[str]) -> None:
        """From now on, read these keys, each from its beginning."""
        places = await self._ask("places", tuple(keys))
        self._keys = tuple(keys)
        self._read_upto = {partition: 0 for partition, _ in places}

    async def poll(self) -> Mapping[str, Sequence[Sequence[Any]]]:
        """The next events of these keys."""
        found = await self._ask("read", tuple(sorted(self._read_upto.items())))
        for partition, offset, events in found:
            self._read_upto[partition] = offset + len(events)
        return _by_key(self._keys, found)

    async def drain(self, keys: Sequence[str]) -> Mapping[str, Sequence[Sequence[Any]]]:
        """All events of some keys: read on until there is nothing more."""
        polled: dict[str, list[Any]] = {key: [] for key in keys}
        upto = dict.fromkeys((place for place, _ in await self._ask("places", tuple(keys))), 0)
        while upto:
            found = await self._ask("read", tuple(sorted(upto.items())))
            for key, records in _by_key(keys, found).items():
                polled[key] += records
            upto = {place: offset + len(events) for place, offset, events in found if events}
        return polled

    async def _ask(self, *message: Any) -> Any:
        """Ask until there is an answer, or the harness gives the operation up."""
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, self._broker, *message)
                if answer[0] == "refused":
                    raise Definite(str(answer[1]))
                return answer[1]


def _by_key(keys: Sequence[str], found: Sequence[Any]) -> dict[str, list[list[Any]]]:
    """Events of some partitions as ``[offset, value]`` by key; partitions may have others' too."""
    polled: dict[str, list[list[Any]]] = {key: [] for key in keys}
    for _, first, events in found:
        for offset, (_, key, value) in enumerate(events, first):
            if key in polled:
                polled[key].append([offset, value])
    return polled
