"""The client: it talks to one app after the other, and says what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.6
"""How long to wait for an app before another one is asked the same."""

TRIES = 3


class RecordsClient:
    """Writes, reads and edits records, and counts.

    Args:
        node: the host that the client runs on.
        server: whom to ask first, unless it is the keeper, which apps alone talk to.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        apps = [name for name in node.peers if name != first_server(node)]
        self._apps = [server] if server in apps else []
        self._apps += node.random.sample(apps, len(apps))

    async def put(self, key: str, format: str, record: Mapping[str, Any]) -> list[int]:
        """Write a record; version and position.

        Raises:
            Definite: the app's version has no such record.
            Indefinite: nobody said whether it was written.
        """
        parts = tuple((name, _frozen(value)) for name, value in record.items())
        return list(await self._once("put", key, format, parts, self._change()))

    async def edit(self, key: str, note: str) -> list[int]:
        """Change a record's note; version and position. Raises as `put` does."""
        return list(await self._once("edit", key, note, self._change()))

    async def get(self, key: str) -> list[Any]:
        """What was found: see
        `splitbrain.harness.workloads.services.versioned_records.RecordsClient`."""
        match await self._ask(self._apps[0], "get", key):
            case ("read", version, position, parts):
                return ["read", version, position, _thawed(parts)]
            case answer:
                return list(answer)

    async def cut(self, key: str, count: int) -> list[Any]:
        """What the record is without its last bytes. Raises as `put` does."""
        match await self._ask(self._apps[0], "cut", key, count):
            case ("read", parts):
                return ["read", _thawed(parts)]
            case (_, why):
                return ["refused", why]
        raise Indefinite("that is no answer")

    async def add(self, amount: int) -> None:
        """Add to the counter, by whichever app answers.

        Raises:
            Indefinite: nobody said whether it was done.
        """
        await self._many("add", amount, self._change())

    async def read(self) -> int:
        """The counter."""
        (total,) = await self._many("total")
        return int(total)

    def _change(self) -> int:
        return self._node.random.getrandbits(63)

    async def _once(self, *message: Any) -> Message:
        return (await self._ask(self._apps[0], *message, seconds=TRIES * ATTEMPT_S))[1:]

    async def _many(self, *message: Any) -> Message:
        for number in range(TRIES):
            app = self._apps[number % len(self._apps)]
            try:
                return (await self._ask(app, *message))[1:]
            except Indefinite:
                continue
        raise Indefinite("no app answered")

    async def _ask(self, app: str, *message: Any, seconds: float = ATTEMPT_S) -> Message:
        with trio.move_on_after(seconds):
            match await request(self._node, app, *message):
                case ("refused", reason):
                    raise Definite(str(reason))
                case answer:
                    return answer
        raise Indefinite(f"{app} did not answer")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _thawed(parts: Message) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in parts}
