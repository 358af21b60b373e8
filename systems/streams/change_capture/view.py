"""A view: an index of the database's keys by their values, made from a snapshot and the log.

It keeps nothing: when it starts, or falls behind what the log can tell, it begins anew.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

Pairs = tuple[tuple[str, str], ...]

AGAIN_S = 0.15
"""How long to wait for what was asked for before asking again, in seconds."""


class View:
    """One index.

    Invariants: it is what the log up to its position makes; a change goes to the index once, and
    takes with it the entry that its key had before.

    Attributes:
        position: up to where it has read; None while it takes a snapshot.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.database = first_server(node)
        self.life = node.random.getrandbits(62)  # changes with each start anew
        self.index: dict[str, set[str]] = {}
        self.values: dict[str, str] = {}
        self.position: int | None = None
        self._parts: list[Pairs] = []
        self._position = 0  # what the parts are of
        self._moved = trio.Event()
        node.show("begins")

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ask)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("changes", life, position, changes, upto) if life == self.life:
                        self._read(position, changes, upto)
                    case ("part", life, *part) if life == self.life:
                        self._part(*part)
                    case ("restart", life) if life == self.life:
                        self._restart()

    async def _ask(self) -> None:
        """Ask for what comes next, as soon as there is what came before it."""
        while True:
            moved = self._moved
            if self.position is None:
                ask: tuple[Any, ...] = ("snapshot", self.life, self._last_key())
            else:
                ask = ("follow", self.life, self.position)
            self.node.network.send(self.database, ask)
            with trio.move_on_after(AGAIN_S):
                await moved.wait()

    def _move(self) -> None:
        self._moved.set()
        self._moved = trio.Event()

    # Following

    def _restart(self) -> None:
        self.life = self.node.random.getrandbits(62)
        self.position = None
        self.index, self.values = {}, {}
        self._parts = []
        self.node.show("begins")
        self._move()

    def _last_key(self) -> str | None:
        return self._parts[-1][-1][0] if self._parts else None

    def _part(self, after: str | None, position: int, some: Pairs, is_all: bool, end: int) -> None:
        """Another part of the snapshot, which is of one position: the next in order."""
        if self.position is not None or after != self._last_key():
            return
        if after is not None and position != self._position:
            self._restart()  # our first question came twice, and another snapshot was made
            return
        self._position = position
        if some:
            self._parts.append(some)
        if is_all:
            for key, value in (pair for part in self._parts for pair in part):
                self.apply(key, value)
            self._parts = []
            self.position = self.start_at(position, end)
            self.node.show("copied", position, self.position)
        self._move()

    def start_at(self, position: int, end: int) -> int:
        """Where to read on after a snapshot of a position; `end` is that of the log by now."""
        return position

    def _read(self, position: int, changes: tuple[Any, ...], upto: int) -> None:
        if position != self.position:
            return
        for _, batch in changes:
            self.take(batch)
        self.position = upto
        self.node.show("applied", position, upto, len(changes))
        self._move()

    def take(self, batch: tuple[tuple[str, str | None], ...]) -> None:
        """Do what a record of the log says."""
        for key, value in batch:
            self.apply(key, value)

    def apply(self, key: str, value: str | None) -> None:
        """Put a key where it belongs now, and nowhere else."""
        before = self.values.pop(key, None)
        if before is not None:
            self.index[before].discard(key)
        if value is not None:
            self.values[key] = value
            self.index.setdefault(value, set()).add(key)

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["view", int() as least]:
                while self.position is None or self.position < least:
                    await self._moved.wait()
                entries = tuple(
                    (value, key)
                    for value in sorted(self.index)
                    for key in sorted(self.index[value])
                )
                answer: tuple[Any, ...] = ("ok", (self.position, entries))
            case _:
                answer = ("refused", f"ask {self.database}")
        self.node.network.send(client, ("reply", number, *answer))
