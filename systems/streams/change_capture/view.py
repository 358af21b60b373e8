"""A view: an index of the database's keys by their values, made from a snapshot and the log.

It keeps nothing: when it starts, or falls behind what the log can tell, it begins anew.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.change_capture.changes import Change

POLL_S = 0.03


class View:
    """One index.

    Invariants: it is what the changes up to its position make; a change goes to the index once,
    and takes with it the entry that its key had before.

    Attributes:
        position: up to where it has read; None while it takes a snapshot.
        is_current: whether that was the end of the log when it read there.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.database = first_server(node)
        self.life = node.random.getrandbits(62)  # changes with each start anew
        self.index: dict[str, set[str]] = {}
        self.values: dict[str, str] = {}
        self.position: int | None = None
        self.is_current = False
        self._parts: dict[int, tuple[Any, ...]] = {}
        self._position = 0  # what the parts are of

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("changes", life, position, changes, is_all) if life == self.life:
                        self._read(position, changes, is_all)
                    case ("part", life, *part) if life == self.life:
                        self._part(*part)
                    case ("restart", life) if life == self.life:
                        self._restart()

    async def _poll(self) -> None:
        while True:
            if self.position is None:
                ask: tuple[Any, ...] = ("snapshot", self.life, len(self._parts))
            else:
                ask = ("follow", self.life, self.position)
            self.node.network.send(self.database, ask)
            await trio.sleep(POLL_S)

    # Following

    def _restart(self) -> None:
        self.life = self.node.random.getrandbits(62)
        self.position, self.is_current = None, False
        self.index, self.values = {}, {}
        self._parts = {}

    def _part(
        self, part: int, parts: int, position: int, items: tuple[tuple[str, str], ...], end: int
    ) -> None:
        """Another part of the snapshot, which is of one position: the next in order."""
        if self.position is not None or part != len(self._parts):
            return
        if part and position != self._position:
            self._restart()  # our first question came twice, and another snapshot was made
            return
        self._parts[part], self._position = items, position
        if self._parts and len(self._parts) == parts:
            for some in self._parts.values():
                for key, value in some:
                    self.apply(key, value)
            self._parts = {}
            self.position = self.start_at(position, end)

    def start_at(self, position: int, end: int) -> int:
        """Where to read on after a snapshot of a position; `end` is that of the log by now."""
        return position

    def _read(self, position: int, changes: tuple[Any, ...], is_all: bool) -> None:
        if position != self.position:
            return
        for each in changes:
            change = Change(*each)
            self.apply(change.key, change.value)
            self.position = change.position
        self.is_current = is_all

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
                while not self.is_at(least):
                    await trio.sleep(POLL_S / 2)
                entries = tuple(
                    (value, key)
                    for value in sorted(self.index)
                    for key in sorted(self.index[value])
                )
                answer: tuple[Any, ...] = ("ok", self.position, entries)
            case _:
                answer = ("refused", f"ask {self.database}")
        self.node.network.send(client, ("reply", number, *answer))

    def is_at(self, least: int) -> bool:
        """Whether the index is the database's as it was at some moment, and a position is in it:
        behind the end, compaction may have taken away what was overtaken later."""
        return self.is_current and self.position is not None and self.position >= least
