"""The broker: keeps messages until they are processed, and hands each to one consumer at a time.

client -> broker     ("request", id, "send", key, number, is_poison)   -> its sequence in its key
                     ("request", id, "processed")     -> processed, dead: key and number each
consumer -> broker   ("ready", life)                  it has nothing to do
                     ("done", position) or ("failed", position)
broker -> consumer   ("work", life, position, key, number, is_poison)

Records of its log (`splitbrain.systems.log_file`)::

    ("sent", key, number, is_poison)     the position is its number
    ("ended", position, "processed" or "dead")
    ("refused", number)                  and so it stays, when a copy of the request comes later

A message is acknowledged, and has its effect, by one record. Only the first of a key's messages is
handed out: another consumer would be done with the second before, when the first is handed out
again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.log_file import LogFile

_START = 0x51554555  # what the first frame's checksum continues

PROCESSED, DEAD = "processed", "dead"


class Sent(NamedTuple):
    """A message."""

    key: str
    number: int
    is_poison: bool


class Broker:
    """The one server that keeps messages.

    Invariants: a message ends once, processed or dead; a key's messages end in their order; no more
    than `bound` wait: who sends another is refused, and has to slow down.

    Attributes:
        bound: most messages that wait or are being processed.
        lease_s: after which a message is handed out again.
        tries: after so many failures a message is put with the dead letters.
    """

    bound = 12
    lease_s = 0.4
    tries = 3

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log = LogFile(node.disk, "messages", _START)
        self.messages: list[Sent] = []
        self.waiting: dict[int, Sent] = {}
        self.ended: list[tuple[str, Sent]] = []
        self._positions: dict[int, int] = {}
        self._out: dict[int, float] = {}
        self._failures: dict[int, int] = {}
        self._refused: set[int] = set()  # asked for membership only
        self._most = 0
        self._ended = trio.Event()  # at the next message that is

    async def run(self) -> None:
        """Serve until cancelled."""
        for kind, *what in await self.log.open():
            match kind:
                case "sent":
                    self._take(Sent(*what))
                case "ended":
                    self._end(*what)
                case "refused":
                    self._refused.update(what)
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("ready", life):
                        nursery.start_soon(self._hand_out, sender, life)
                    case ("done", position):
                        self.end(position, PROCESSED)
                    case ("failed", position):
                        self.failed(position)

    # Messages

    def _take(self, sent: Sent) -> int:
        self.messages.append(sent)
        position = len(self.messages)
        self._positions[sent.number] = position
        self.waiting[position] = sent
        return position

    def _end(self, position: int, how: str) -> None:
        self._out.pop(position, None)
        self.ended.append((how, self.waiting.pop(position)))
        self._ended.set()
        self._ended = trio.Event()

    def end(self, position: int, how: str) -> None:
        """A message has its effect, or is given up, unless it had or was."""
        if position in self.waiting:
            self.log.append([("ended", position, how)])
            self._end(position, how)

    def failed(self, position: int) -> None:
        """A consumer could not process a message: it is tried again, but not for ever."""
        self._out.pop(position, None)
        self._failures[position] = self._failures.get(position, 0) + 1
        if self._failures[position] >= self.tries:
            self.end(position, DEAD)

    async def _hand_out(self, consumer: str, life: int) -> None:
        now = trio.current_time()
        for position in self.due():
            if self._out.get(position, now) <= now:
                self._out[position] = now + self.lease_s
                message = ("work", life, position, *self.waiting[position])
                await self.log.sync()
                self.node.network.send(consumer, message)
                return

    def due(self) -> list[int]:
        """Positions of messages that may be handed out: the first of each key."""
        first: dict[str, int] = {}
        for position, sent in self.waiting.items():
            first.setdefault(sent.key, position)
        return list(first.values())

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["send", str() as key, int() as own, bool() as is_poison]:
                answer = await self._send(Sent(key, own, is_poison))
            case ["processed"]:
                upto = len(self.messages)
                while any(position <= upto for position in self.waiting):
                    await self._ended.wait()
                found = tuple((how, sent.key, sent.number) for how, sent in self.ended)
                await self.log.sync()
                answer = ("ok", found)
            case _:
                answer = ("refused", "no such request")
        self.node.network.send(client, ("reply", number, *answer))

    async def _send(self, sent: Sent) -> tuple[Any, ...]:
        position = self._positions.get(sent.number)
        if position is None:
            if sent.number in self._refused or not self.has_room():
                return await self._refuse(sent.number)
            self.log.append([("sent", *sent)])
            position = self._take(sent)
            if len(self.waiting) > self._most:
                self._most = len(self.waiting)
                self.node.announce("buffered", {"messages": self._most, "bound": self.bound})
        sequence = sum(each.key == sent.key for each in self.messages[:position])
        await self.log.sync()
        return ("ok", sequence)

    async def _refuse(self, number: int) -> tuple[Any, ...]:
        """Take a message never; the answer."""
        if number not in self._refused:
            self._refused.add(number)
            self.log.append([("refused", number)])
        await self.log.sync()
        return ("refused", "too many messages wait")

    def has_room(self) -> bool:
        """Whether one more may wait."""
        return len(self.waiting) < self.bound
