"""What a server of the broadcast does besides consensus: it delivers, and tells what it delivered.

The state machine that the log feeds is the sequence of messages itself::

    ("broadcast", message)   -> its position: how many messages are before it
    ("length",)              -> how many messages there are                             (query)

Any server tells what it has delivered, from what it has applied itself. It asks nobody, so it may
be behind; who needs more than it has says so, and is answered once it has that, or after a while::

    client -> server    ("request", id, ("deliveries", after, least))
    server -> client    ("reply", id, "ok", messages)      those from position `after` on
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.consensus.asking import OK, REFUSED, REPLY, REQUEST, Reply
from splitbrain.systems.consensus.paxos.server import PaxosKV
from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.shell import Shell

Messages = tuple[Any, ...]

_ROUND_S = 0.05
_PATIENCE_S = 0.1


class Sequence:
    """The state machine: see the module.

    Attributes:
        messages: what was delivered, in order.
    """

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Apply a changing operation."""
        match operation:
            case ("broadcast", message):
                self.messages.append(message)
                return OK, len(self.messages) - 1
        return self.query(operation)

    def query(self, operation: Any) -> tuple[str, Any]:
        """Answer an operation that changes nothing."""
        if operation == ("length",):
            return OK, len(self.messages)
        return REFUSED, f"unknown operation {operation!r}"

    def state(self) -> Any:
        """All messages, with their positions."""
        return tuple(enumerate(self.messages))

    def restore(self, state: Any) -> None:
        """Become the state that `state` described."""
        self.messages = [message for _, message in state]


class Delivers(Shell):
    """A shell whose state machine is a `Sequence`, and that tells what is in it."""

    application: Any

    def __init__(self, node: Node) -> None:
        self.waiting: list[tuple[str, int, int, int, float]] = []
        super().__init__(node)

    def begin(self) -> None:
        """See `Shell.begin`: nobody waits for a former life's answers."""
        super().begin()
        self.waiting.clear()

    async def receive(self) -> None:
        """Hand over every message, but questions for what was delivered."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._rounds)
            while True:
                sender, message = await self.network.receive()
                match message:
                    case (kind, int(id), ("deliveries", int(after), int(least))) if kind == REQUEST:
                        ends = trio.current_time() + _PATIENCE_S
                        self.waiting.append((sender, id, after, least, ends))
                        self._tell()
                    case _:
                        self.perform(self.core.receive(trio.current_time(), sender, message))

    def perform(self, effects: list[Any]) -> None:
        """Do what the core asks for, and tell who waits for what it has applied."""
        super().perform(effects)
        if self.waiting:
            self._tell()

    async def _rounds(self) -> None:
        while True:
            await trio.sleep(_ROUND_S)
            if self.waiting:
                self._tell()

    def _tell(self) -> None:
        """Answer those who can be told enough, or have waited long enough."""
        now, waiting, delivered = trio.current_time(), self.waiting, self.delivered()
        self.waiting = []
        for question in waiting:
            client, id, after, least, ends = question
            if len(delivered) >= least or now >= ends:
                self.network.send(client, Reply(REPLY, id, OK, delivered[after:]))
            else:
                self.waiting.append(question)

    # What a planted bug may override

    def delivered(self) -> Messages:
        """What this server has delivered: what it has applied."""
        return tuple(self.application.messages)


class OverRaft(Delivers, RaftKV):
    """A server of the broadcast over Raft."""

    application_class = Sequence


class OverPaxos(Delivers, PaxosKV):
    """A server of the broadcast over Multi-Paxos."""

    application_class = Sequence
