"""A client of the replicated key-value store.

It sends every operation to the server that it takes for the leader, and again to another one when
that redirects it or stays silent. Where that sends it is a hint and no more: a server that was
voted out names a leader of long ago, which knows nobody, and the two would send it to and fro for
ever; so a hint to the same server is followed again once all were asked. A change is always
repeated under the same session and sequence number, so it happens once at most however often it is
sent (thesis 6.3). An answer that comes after its server was given up is as good as any: where all
answers are late, there would be none else.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import msgspec
import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.consensus.asking import EXPIRED, OK, REDIRECT
from splitbrain.systems.consensus.sessions import immutable

ATTEMPT_S = 0.4
"""How long to wait for one server's answer, in seconds: a hundred times what an answer takes when
all is well, and a fifth of the time that a client usually gives an operation."""

PAUSE_S = 0.05
"""How long to wait before asking again while there is no leader, in seconds."""


class StoreClient:
    """One client with its own session; one operation at a time.

    Operations go on until they are answered: whoever calls sets a time limit around them.

    Args:
        node: the client's own host; its peers are all servers.
        server: the server to try first.
    """

    def __init__(self, node: Node, server: str) -> None:
        self.node = node
        self.servers = node.peers
        self.target = server
        self.session: int | None = None
        self.sequence = 0

    async def read(self, key: Any) -> Any:
        """The value of a key, or None."""
        return await self.query("get", key)

    async def write(self, key: Any, value: Any) -> None:
        """Set the value of a key."""
        await self.command("put", key, value)

    async def cas(self, key: Any, old: Any, new: Any) -> bool:
        """Set the value of a key to `new` if it is `old`; whether it was."""
        return bool(await self.command("cas", key, old, new))

    async def get(self, key: Any) -> Any:
        """The value of a key, or None."""
        return await self.query("get", key)

    async def put(self, key: Any, value: Any) -> None:
        """Set the value of a key."""
        await self.command("put", key, value)

    async def append(self, key: Any, text: str) -> str:
        """Append to the string under a key; the new value.

        Raises:
            Definite: the value is not a string.
        """
        return str(await self.command("append", key, text))

    async def delete(self, key: Any) -> bool:
        """Remove a key; whether it was there."""
        return bool(await self.command("delete", key))

    async def add(self, element: Any) -> None:
        """Add an element to the set (a key without meaning to its value)."""
        await self.command("put", element, True)

    async def read_all(self) -> list[Any]:
        """All elements of the set, in order."""
        return list(await self.query("scan"))

    async def replica_state(self, server: str) -> dict[str, Any]:
        """What this very server has applied, from its memory: not linearizable.

        Raises:
            Definite: its disk is damaged, and it takes part no more.
        """
        body = ("state",)
        while True:
            with trio.move_on_after(ATTEMPT_S):
                status, answer = await request(self.node, server, body)
                if status != OK:
                    raise Definite(answer)
                return {str(key): value for key, value in answer}

    async def query(self, *operation: Any) -> Any:
        """Read, linearizably."""
        return self.result(await self.ask(("query", operation)))

    async def command(self, *operation: Any) -> Any:
        """Change, once.

        Raises:
            Definite: the store refused the operation, or cannot hold its values.
            Indefinite: the session expired, and with it the memory of whether it happened.
        """
        try:
            msgspec.msgpack.encode(operation)  # what the servers' logs hold
        except (OverflowError, TypeError) as error:
            raise Definite(f"{operation!r} cannot be stored: {error}") from error
        if self.session is None:
            self.session = self.result(await self.ask(("register",)))
            self.sequence = 0
        self.sequence += 1
        body = ("command", self.session, self.sequence, immutable(operation))
        return self.result(await self.ask(body))

    def result(self, answer: tuple[str, Any]) -> Any:
        """The value of a good answer."""
        status, value = answer
        if status == EXPIRED:
            self.session = None
            raise Indefinite("the session expired; a repeated command may have been applied")
        if status != OK:
            raise Definite(value)
        return value

    async def ask(self, body: tuple[Any, ...]) -> tuple[str, Any]:
        """Ask until a leader answers; all attempts have one number, so that late answers count."""
        number = self.node.random.getrandbits(63)
        asked: set[str] = set()  # in this round, which is over when all were asked
        hints: set[str] = set()  # that were followed in it
        while True:
            answer = None
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self.node, self.target, body, identity=number)
            if answer is not None and answer[0] != REDIRECT:
                return answer[0], answer[1]
            asked.add(self.target)
            leader = answer[1] if answer else None
            if leader is None or leader == self.target or leader in hints:
                if asked.issuperset(self.servers):
                    asked, hints = {self.target}, set()
                self.target = self.another(asked)
                if answer is not None:
                    await trio.sleep(PAUSE_S)
            else:
                hints.add(leader)
                self.target = leader

    def another(self, asked: Container[str]) -> str:
        """The next server after the present target that was not asked; that one, if all were."""
        position = self.servers.index(self.target)
        others = (*self.servers[position + 1 :], *self.servers[:position])
        return next((server for server in others if server not in asked), self.target)
