"""The client: many calls at a time, each once, by whichever gateway."""

from __future__ import annotations

import trio

from splitbrain.harness.client import Definite, Indefinite
from splitbrain.harness.node import Message, Node
from splitbrain.systems.roles import first_server


class OverloadClient:
    """Calls that may overlap.

    Args:
        node: the host that the client runs on.
        server: not asked: calls are spread over all gateways.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._gateways = [name for name in node.peers if name != first_server(node)]
        self._open: dict[int, _Open] = {}
        self._receiving = trio.Lock()

    async def call(self, number: int) -> None:
        """Have something done.

        Raises:
            Definite: it was refused.
            Indefinite: nobody said what became of it.
        """
        identity = self._node.random.getrandbits(63)
        mine = self._open[identity] = _Open()
        gateway = self._node.random.choice(self._gateways)
        self._node.network.send(gateway, ("request", identity, "work", number))
        try:
            with mine.waiting:
                async with self._receiving:
                    await self._receive()
        finally:
            del self._open[identity]
        match mine.answer:
            case ("ok", *_):
                return
            case ("refused", reason):
                raise Definite(str(reason))
        raise Indefinite("nobody said what became of it")

    async def _receive(self) -> None:
        """Take answers in for all that are open, until one's own has come, which ends the wait."""
        while True:
            _, message = await self._node.network.receive()
            match message:
                case ("reply", int() as identity, *answer) if identity in self._open:
                    self._open[identity].answer = tuple(answer)
                    self._open[identity].waiting.cancel()


class _Open:
    """A call that is under way."""

    def __init__(self) -> None:
        self.waiting = trio.CancelScope()
        self.answer: Message = ()
