"""Questions of a server to another one, each by its number, and their answers."""

from __future__ import annotations

from math import inf

import trio

from splitbrain.harness.node import Message, Node


class Questions:
    """Questions of one server that wait for answers.

    Args:
        node: the server.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: dict[int, _Waiting] = {}

    def number(self) -> int:
        """A number for a question, drawn by chance. No count: an answer to an earlier life of this
        server may still be on its way."""
        return self._node.random.getrandbits(63)

    async def ask(self, server: str, message: Message, again_s: float = inf) -> Message:
        """The answer to a question, however long it takes; see `hear`.

        Args:
            server: who is asked.
            message: the question: a word, its number, and what else there is.
            again_s: seconds after which it is sent again, and again.
        """
        number = message[1]
        waiting = self._waiting[number] = _Waiting()
        try:
            while not waiting.heard.is_set():
                self._node.network.send(server, message)
                with trio.move_on_after(again_s):
                    await waiting.heard.wait()
        finally:
            self._waiting.pop(number, None)
        return waiting.answer

    def hear(self, number: int, answer: Message) -> None:
        """An answer came; one that nobody waits for is ignored."""
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting.answer = answer
            waiting.heard.set()


class _Waiting:
    """A question, and its answer."""

    def __init__(self) -> None:
        self.heard = trio.Event()
        self.answer: Message = ()
