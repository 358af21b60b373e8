"""The client: appends to streams at the version that it knows, and reads them and the topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for an answer before asking again, which does no harm."""


class EventClient:
    """A writer, and a subscriber.

    Args:
        node: the host that the client runs on.
        server: not looked at: streams are the first server's, topics all others'.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._store = first_server(node)
        servers = (name for name in node.peers if name.startswith("n"))
        self._topics = sorted(name for name in servers if name != self._store)
        self._versions: dict[str, int] = {}

    async def append(self, stream: str, values: Sequence[int]) -> int:
        """Append events to a stream at the version that it had when this client saw it last; that
        version."""
        if stream not in self._versions:
            await self.read(stream)
        version = self._versions.pop(stream)
        (self._versions[stream],) = await self._ask(
            self._store, "append", stream, version, tuple(values)
        )
        return version

    async def read(self, stream: str) -> Mapping[str, Any]:
        """A stream, and what it comes to, as the store has it in memory."""
        return await self._told("live", stream)

    async def rebuild(self, stream: str) -> Mapping[str, Any]:
        """The same, made anew from the log."""
        return await self._told("rebuilt", stream)

    async def _told(self, how: str, stream: str) -> Mapping[str, Any]:
        version, state, events = await self._ask(self._store, how, stream)
        self._versions[stream] = len(events)
        return {"version": version, "state": state, "events": list(events)}

    async def put(self, stream: str, value: int) -> int:
        """Append an event to a stream, whatever it has; its version then."""
        (version,) = await self._ask(self._store, "put", stream, value)
        return int(version)

    async def published(self) -> Sequence[Sequence[Any]]:
        """What topics have, once all that was there is published: stream, version, value each."""
        await self._ask(self._store, "settled")
        events: list[Any] = []
        for topic in self._topics:
            (some,) = await self._ask(topic, "published")
            events += some
        return events

    async def _ask(self, server: str, *message: Any) -> tuple[Any, ...]:
        attempts = 0
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, server, *message)
                if answer[0] == "ok":
                    return answer[1:]
                said = f"it was at version {answer[1]}"
                # An attempt before this one may have succeeded, and others appended since.
                raise Indefinite(said) if attempts else Definite(said)
            attempts += 1
