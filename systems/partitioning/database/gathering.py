"""Scatter and gather: what all servers have, each key once.

    server -> owners   ("find", search, low, high, color)   of these keys, those of a color, or all
    owner -> server    ("found", search, low, high, items)

The keys are cut into pieces as the map has its ranges. An owner answers for a piece only if it
serves all of it; what is left is cut anew, by what the map is then, and asked again until nothing
is left. As pieces share no key, no key is told twice, however ranges move meanwhile; each piece is
as of a moment of its own.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.partitioning.database.keymap import Bounds, KeyMap
from splitbrain.systems.partitioning.database.storage import Storage

RESEND_S = 0.1
"""How long to wait for an answer before asking again."""

Item = tuple[str, Any]
"""A key with its value."""

EVERYTHING: Bounds = ("", None)


class Gathering:
    """One search.

    Args:
        node: who asks.
        storage: whose map is looked at.
        number: of the search; answers to others are not for this one.
        color: what is looked for; None for all items.
    """

    def __init__(self, node: Node, storage: Storage, number: int, color: str | None) -> None:
        self.node = node
        self.storage = storage
        self.number = number
        self.color = color
        self.missing: list[Bounds] = [EVERYTHING]
        self.items: list[Item] = []
        self._heard = trio.Event()

    async def run(self) -> tuple[Item, ...]:
        """Ask until there is nothing left to ask for; the items, sorted."""
        while self.missing:
            self.missing = [part for gap in self.missing for part in cut(gap, self.storage.map)]
            for low, high in self.missing:
                message = ("find", self.number, low, high, self.color)
                self.node.network.send(self.storage.map.owner(low), message)
            await self.wait()
        return tuple(sorted(self.items))

    async def wait(self) -> None:
        """Wait until all have answered, or it is time to ask again."""
        with trio.move_on_after(RESEND_S):
            while self.missing:
                await self._heard.wait()

    def hear(self, low: str, high: str | None, items: tuple[Item, ...]) -> None:
        """An answer for a piece; one that isn't missing was answered already, or was cut."""
        if (low, high) in self.missing:
            self.missing.remove((low, high))
            self.items += items
            self._heard.set()
            self._heard = trio.Event()


def cut(piece: Bounds, known: KeyMap) -> list[Bounds]:
    """A piece, cut wherever a range begins.

    >>> cut(("c", None), KeyMap.first("n1").split("b").split("m"))
    [('c', 'm'), ('m', None)]
    """
    low, high = piece
    inside = [at for at, _ in known.ranges if low < at and (high is None or at < high)]
    return list(zip([low, *inside], [*inside, high], strict=True))
