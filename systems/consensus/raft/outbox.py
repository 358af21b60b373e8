"""What one stimulus wants done, gathered in order, and how far the disk has come with it."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.asking import REPLY, Reply
from splitbrain.systems.consensus.raft.effects import Effect, SaveEntries, SaveSnapshot, SaveState
from splitbrain.systems.consensus.sending import Send


class Outbox:
    """The effects of the stimulus that is being handled.

    Attributes:
        effects: in order; empty between stimuli.
        saves: how many saves were asked for in this incarnation.
        saves_done: how many of these are durable; at most `saves`, and never decreases.
    """

    __slots__ = ("effects", "saves", "saves_done")

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.saves = self.saves_done = 0

    def send(self, to: str, message: tuple[Any, ...]) -> None:
        """Send what needs no promise from our disk (a leader's messages, 10.2.1 of the thesis)."""
        self.effects.append(Send(to, message, False))

    def send_when_durable(self, to: str, message: tuple[Any, ...]) -> None:
        """Send what others will rely on even if we crash, once it is durable here (figure 2)."""
        self.effects.append(Send(to, message, True))

    def reply(self, client: str, id: int, status: str, value: Any) -> None:
        """Answer a client."""
        self.effects.append(Send(client, Reply(REPLY, id, status, value), False))

    def save(self, effect: SaveState | SaveEntries | SaveSnapshot) -> int:
        """Ask for something to be made durable; the number of this save, counted from 1."""
        self.saves += 1
        self.effects.append(effect)
        return self.saves

    def tell(self, news: Effect) -> None:
        """Let the shell know what happened."""
        self.effects.append(news)
