"""The client: sends messages, hears of them from any server, and finds out what they amount to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import trio

from splitbrain.harness.client import request
from splitbrain.harness.node import Node
from splitbrain.systems.consensus.asking import OK
from splitbrain.systems.consensus.broadcast.objects import Objects
from splitbrain.systems.consensus.client import ATTEMPT_S, StoreClient


class BroadcastClient(StoreClient):
    """One client; see the module.

    Attributes:
        objects_class: what the messages amount to.
    """

    objects_class: Callable[[], Objects] = Objects

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self._own = server
        self.objects = self.objects_class()

    # Broadcast

    async def broadcast(self, message: Any) -> int:
        """Send a message; its position."""
        return int(await self.command("broadcast", message))

    async def deliveries(self, after: int) -> tuple[str, Sequence[Any]]:
        """A server's name, and what it has delivered from a position on."""
        return await self._ask_for(after, after)

    async def drain(self) -> tuple[str, Sequence[Any]]:
        """The client's own server, and all that there is to deliver."""
        length = await self.length()
        while True:
            server, messages = await self._ask_for(0, length, self._own)
            if len(messages) >= length:
                return server, messages

    async def length(self) -> int:
        """How many messages there are, as the leader knows (ZooKeeper's ``sync``)."""
        return int(await self.query("length"))

    async def _ask_for(
        self, after: int, least: int, server: str | None = None
    ) -> tuple[str, Sequence[Any]]:
        """What a server has delivered: a given one's, or that of one that answers."""
        while True:
            asked = server or self.node.random.choice(self.servers)
            with trio.move_on_after(ATTEMPT_S):
                status, messages = await request(self.node, asked, ("deliveries", after, least))
                if status == OK:
                    return asked, messages
            await trio.sleep(0)

    async def hear_up_to(self, position: int) -> None:
        """Know what the messages before a position amount to, from whichever servers."""
        while self.objects.position < position:
            _, messages = await self._ask_for(self.objects.position, position)
            self.objects.hear(messages)

    # What is built on it

    async def send(self, message: Any) -> Any:
        """Send a message, and hear what came of it."""
        position = await self.broadcast(message)
        await self.hear_up_to(position + 1)
        return self.objects.result(position)

    async def look(self) -> Objects:
        """What all messages amount to that were delivered anywhere before now."""
        await self.hear_up_to(await self.length())
        return self.objects

    async def write(self, key: Any, value: Any) -> None:
        """Set the value of a register."""
        await self.broadcast(("write", key, value))

    async def read(self, key: Any) -> Any:
        """The value of a register."""
        return (await self.look()).registers.get(key)

    async def cas(self, key: Any, old: Any, new: Any) -> bool:
        """Set the value of a register to `new` if it is `old`; whether it was."""
        return bool(await self.send(("cas", key, old, new)))

    async def claim(self, name: str, owner: Any) -> Any:
        """Claim a name; who has it."""
        return await self.send(("claim", name, owner))

    async def owner(self, name: str) -> Any:
        """Who has a name; None if nobody has."""
        return (await self.look()).names.get(name)

    async def acquire(self) -> int | bool:
        """Take the lock; its token, or False if somebody has it."""
        position = await self.broadcast(("acquire", self.node.name))
        await self.hear_up_to(position + 1)
        return position if self.objects.result(position) else False

    async def release(self, token: int) -> None:
        """Give the lock back that was got with a token."""
        await self.broadcast(("release", token))

    async def generate(self) -> int:
        """An identifier that nobody else is given."""
        return await self.broadcast(("identifier",))
