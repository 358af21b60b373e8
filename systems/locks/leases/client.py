"""The client: takes the lock, looks at its lease, reads, writes, gives the lock back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from splitbrain.checkers.invariants.tokens import RELEASED
from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.locks.leases.storage import File

ATTEMPT_S = 0.5
"""How long to wait for an answer."""

PATIENCE_S = 1.4
"""How long to go on asking for the lock."""

Change = Callable[[File], File]


class LeaseClient:
    """Adds to the file under the lock, and reads without it.

    What was added are elements of a set, or amounts whose sum is a counter.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one server for each thing.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._service, self._storage = node.peers

    async def add(self, what: Any) -> None:
        """Add to the file.

        Raises:
            Definite: the lock was not to be had, or was lost before anything was written.
            Indefinite: nobody said whether it was written.
        """
        await self._change(lambda file: (*file, what))

    async def read(self) -> int:
        """The counter."""
        return sum(await self._look())

    async def read_all(self) -> list[Any]:
        """The set's elements."""
        return list(await self._look())

    async def _look(self) -> File:
        answer = await self._ask(self._storage, "look")
        if answer is None:
            raise Indefinite(f"{self._storage} did not answer")
        return tuple(answer[1])

    async def _change(self, change: Change) -> None:
        token, ends = await self._acquire()
        try:
            # Good manners, no protection: the lease may end between here and the write.
            if trio.current_time() >= ends:
                raise Definite("the lease has ended")
            answer = await self._ask(self._storage, "read", token)
            if answer is None or answer[0] != "ok":
                raise Definite(f"not read: {answer}")
            written = await self._ask(self._storage, "write", token, change(answer[1]))
            if written is None:
                raise Indefinite(f"{self._storage} did not say whether it was written")
            if written[0] != "ok":
                # Of a message that came twice, this may be the answer to the second.
                raise Indefinite(f"not written now: {written}")
        finally:
            self._node.announce(RELEASED, {"token": token})
            self._node.network.send(self._service, ("request", 0, "release", token))

    async def _acquire(self) -> tuple[int, float]:
        """A token, and when its lease ends by this client's clock."""
        give_up = trio.current_time() + PATIENCE_S
        while trio.current_time() < give_up:
            asked = trio.current_time()
            match await self._ask(self._service, "acquire", self._node.name):
                case ("granted", token, seconds):
                    return token, asked + seconds
                case ("held", seconds):
                    await trio.sleep(min(seconds, 0.05) * (0.5 + self._node.random.random()))
        raise Definite("the lock was not to be had")

    async def _ask(self, server: str, *message: Any) -> Message | None:
        with trio.move_on_after(ATTEMPT_S):
            return await request(self._node, server, *message)
        return None
