"""The client: puts events into the stream, with its own clock's time, and reads the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.checkers.streams.results import CLICK, TIER
from splitbrain.checkers.streams.stream_joins import REGION, SEARCH
from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.processor.keyed import Event

ATTEMPT_S = 0.5
"""How long to wait for an answer before asking again, which does no harm."""


class ProcessorClient:
    """A producer, and a reader of results.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one hub.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._hub = first_server(node)

    async def click(self, event: int, user: str, amount: int) -> None:
        """Put a click into the stream."""
        await self._add(CLICK, event, user, amount)

    async def tier(self, event: int, user: str, tier: int) -> None:
        """Put a change of a user's tier into the stream."""
        await self._add(TIER, event, user, tier)

    async def search(self, event: int, user: str, term: int) -> None:
        """Put a search into the stream."""
        await self._add(SEARCH, event, user, term)

    async def region(self, event: int, user: str, region: int) -> None:
        """Put a change of a user's region into the stream."""
        await self._add(REGION, event, user, region)

    async def results(self) -> Mapping[str, Any]:
        """All that came of the events so far."""
        return await self._read("results")

    async def joins(self) -> Mapping[str, Any]:
        """All that was joined of the events so far."""
        return await self._read("joins")

    async def _read(self, what: str) -> Mapping[str, Any]:
        return {name: _listed(value) for name, value in await self._ask(what)}

    async def _add(self, kind: str, event: int, user: str, value: int) -> None:
        await self._ask("add", tuple(Event(kind, event, user, self._now_ms(), value)))

    def _now_ms(self) -> int:
        return int(self._node.clock.time() * 1000)

    async def _ask(self, *message: Any) -> Any:
        """Ask until there is an answer, or the harness gives the operation up."""
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, self._hub, *message)
                if answer[0] == "refused":
                    raise Definite(str(answer[1]))
                return answer[1]


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple) else value
