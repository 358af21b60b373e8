"""The client: values, watches that go from server to server, a semaphore, and an elected leader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.consensus.asking import OK
from splitbrain.systems.consensus.client import ATTEMPT_S, PAUSE_S, StoreClient

ELECTION, SEMAPHORE, LEDGER = "election", "semaphore", "ledger"
"""Names of what is led, of the permits, and of what only the leader writes."""

PATIENCE_S = 1.2
"""How long to go on campaigning, in seconds."""


class CoordinationClient(StoreClient):
    """One client; see the module."""

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        # A client that starts again is somebody else: what it asked for before may still happen.
        self._candidate = f"{node.name}/{node.random.getrandbits(32):x}"

    # Values and watches

    async def publish(self, key: str, value: Any) -> int:
        """Set the value of a key; the revision of that change."""
        return int(await self.command("put", key, value))

    async def snapshot(self) -> tuple[int, Mapping[str, Any]]:
        """All values that were put, and the revision of the last change that they show."""
        revision, values = await self.query("snapshot")
        return int(revision), dict(values)

    async def watch(self, after: int) -> tuple[int, list[tuple[int, str, Any]]] | None:
        """What any server tells of the changes after a revision; None if some are gone."""
        status, value = await self._from_any(after)
        if status != OK:
            return None
        upto, events = value
        return upto, list(events)

    async def oldest(self) -> int:
        """The revision up to which changes are kept no more."""
        status, value = await self._from_any(-1)
        return -1 if status == OK else int(value)

    async def _from_any(self, after: int) -> tuple[str, Any]:
        """The answer of a server that may not lead; of another one if it is silent."""
        server = self.node.random.choice(self.servers)
        while True:
            with trio.move_on_after(ATTEMPT_S):
                status, value = await request(self.node, server, ("watch", after))
                return status, value
            server = self.node.random.choice(self.servers)

    # A semaphore

    async def take(self, permits: int) -> int | bool:
        """Take one of so many permits; its token, or False if all are taken."""
        token = await self.command("take", SEMAPHORE, permits, self.node.name, False)
        return token if token is False else int(token)

    async def give(self, token: int) -> None:
        """Give back the permit with this token."""
        await self.command("give", SEMAPHORE, self.node.name, token)

    # What only an elected leader writes

    async def add(self, element: Any) -> None:
        """Win the election, add to the ledger as the leader, and resign.

        Raises:
            Definite: the election was not won, or another leads already.
        """
        token = await self._campaign()
        ledger = await self.query("get", LEDGER) or ()
        try:
            await self.command("write", ELECTION, token, LEDGER, (*ledger, element))
        finally:
            with trio.move_on_after(ATTEMPT_S) as resigning:
                resigning.shield = True
                await self.command("give", ELECTION, self._candidate, token)

    async def read_all(self) -> list[Any]:
        """The ledger."""
        return list(await self.query("get", LEDGER) or ())

    async def _campaign(self) -> int:
        give_up = trio.current_time() + PATIENCE_S
        while trio.current_time() < give_up:
            token = await self.command("take", ELECTION, 1, self._candidate, True)
            if token is not False:
                return int(token)
            await trio.sleep(PAUSE_S * (0.5 + self.node.random.random()))
        raise Definite("another leads")
