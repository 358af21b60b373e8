"""The client: runs jobs and runs them again, and adds rows to the table that joins read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.5
"""How long to wait for an answer before asking again, which does no harm."""


class DataflowClient:
    """Runs jobs.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one coordinator.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._coordinator = first_server(node)

    async def run(self, job: int, function: str, text: str) -> Sequence[Sequence[Any]]:
        """Run a job; its output."""
        _, rows = await self._ask("run", job, function, text)
        return rows  # type: ignore[no-any-return]

    async def join(self, job: int, algorithm: str, text: str) -> Mapping[str, Any]:
        """Join the lines of a text with the table."""
        version, rows = await self._ask("run", job, algorithm, text)
        return {"version": version, "rows": rows}

    async def rerun(self, job: int, partitions: int) -> Sequence[Sequence[Any]]:
        """Run a job that has ended again, in so many partitions; what comes out."""
        _, rows = await self._ask("rerun", job, partitions)
        return rows  # type: ignore[no-any-return]

    async def published(self) -> Sequence[Sequence[Any]]:
        """All outputs so far: job, version and rows of each."""
        return await self._ask("published")  # type: ignore[no-any-return]

    async def add(self, key: str, value: int) -> int:
        """Put a row into the table; the version that it makes."""
        return int(await self._ask("add", key, value))

    async def pay(self, number: int, account: str, amount: int) -> None:
        """Pay something out, by a job of its own."""
        await self._ask("run", number, "payout", f"{account} {amount}\n")

    async def ledger(self) -> Sequence[Sequence[Any]]:
        """All that was paid out."""
        return await self._ask("ledger")  # type: ignore[no-any-return]

    async def _ask(self, *message: Any) -> Any:
        """Ask until there is an answer, or the harness gives the operation up."""
        while True:
            with trio.move_on_after(ATTEMPT_S):
                kind, result = await request(self._node, self._coordinator, *message)
                if kind != "ok":
                    raise Definite(str(result))
                return result
