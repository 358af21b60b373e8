"""One server: home of some keys, stand-in for others, coordinator for the clients that ask it.

    client -> coordinator    ("request", id, f, *arguments)      see the client
    coordinator -> replica   ("query", round, key)               what do you know?
                             ("store", round, key, cell)         know this
                             ("hint", round, home, key, cell)    keep this for its home
    replica -> coordinator   ("answer", round, cell)             cell is empty after store and hint
    home -> home             ("digests", ((node, digest), ...))  is this what you know, too?
                             ("cells", ((key, cell), ...))       no: this

Homes compare what both are to have, by Merkle trees (``merkle``): one sends the digest of the root,
and each answers with the digests below the nodes that differ, or with the cells of the leaves.

A coordinator asks the homes of a key until enough have answered; whoever is silent is asked again,
and in a sloppy quorum somebody stands in for them. All of it may be asked twice, because merging
twice changes nothing. The exception is what a client asks: a repeated write would be another write,
so requests have numbers that are remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.checkers.vocabulary import REPAIR
from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.partitioning.rendezvous import preference
from splitbrain.systems.replication.leaderless.merkle import ROOT, MerkleTree, below
from splitbrain.systems.replication.leaderless.siblings import (
    EMPTY,
    Cell,
    Context,
    cell_of,
    merged,
    overwritten,
    written,
)
from splitbrain.systems.replication.leaderless.storage import Storage

_Number = tuple[int, int]
"""Of a round: the coordinator's life and a count, so that no answer is for a later life."""

_NO_ROUND: _Number = (0, 0)


class LeaderlessServer:
    """Replica and coordinator.

    Attributes:
        copies: n, how many homes a key has, if there are so many servers.
        write_quorum: w, how many must answer a write, or all homes. A read needs so many answers
            that w + r > n: where quorums are not sloppy it shows what was acknowledged before it
            began.
        sloppy: whether other servers stand in for homes that are silent.
        resend_s: seconds until the silent are asked again, or somebody stands in for them.
        patience_s: seconds that a coordinator tries; then it says that it does not know.
        repair_s: seconds between comparisons with the other homes, and between hand-offs.
        tree_depth: how often the circle of keys is halved to compare them.
        compact_at: length of the log at which it is written anew, in records.
        storage_class: what keeps its cells.
    """

    copies = 3
    write_quorum = 2
    sloppy = False
    resend_s = 0.1
    patience_s = 0.5
    repair_s = 0.3
    compact_at = 500
    tree_depth = 4
    storage_class = Storage

    def __init__(self, node: Node) -> None:
        self.node = node
        self.servers = (node.name, *node.peers)
        self.storage = self.storage_class(node.disk, self.compact_at)
        self._teller = Teller(node)
        self.issued: dict[str, Cell] = {}
        homes = min(self.copies, len(self.servers))
        self.to_write = min(self.write_quorum, homes)
        self.to_read = homes - self.to_write + 1
        self._rounds = 0
        self._open: dict[_Number, _Round] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        self._tell(*self.storage.cells)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.storage.write)
            nursery.start_soon(self._repair)
            while True:
                sender, message = await self.node.network.receive()
                if message[0] in ("store", "hint", "cells"):
                    nursery.start_soon(self._keep, sender, message)
                elif message[0] == "request":
                    nursery.start_soon(self._serve, sender, *message[1:])
                else:
                    self._hear(sender, message)

    def homes(self, key: str) -> tuple[str, ...]:
        """The servers that are to have a key."""
        return preference(key, self.servers)[: self.copies]

    # The replica

    def _hear(self, sender: str, message: Message) -> None:
        match message:
            case ("query", number, key):
                held = self.storage.held(key)
                self.node.network.send(sender, ("answer", number, held))
            case ("answer", number, cell) if number in self._open:
                self._open[number].hear(sender, cell_of(cell))
            case ("digests", digests):
                self._compare(sender, digests)

    async def _keep(self, sender: str, message: Message) -> None:
        """Store what somebody sent, and say so once it is durable."""
        number = _NO_ROUND
        kept: tuple[str, ...] = ()
        match message:
            case ("store", number, key, cell):
                self.storage.merge(key, cell_of(cell))
                kept = (key,)
            case ("hint", number, home, key, cell):
                self.storage.hint(home, key, cell_of(cell))
            case ("cells", cells):
                for key, cell in cells:
                    self.storage.merge(key, cell_of(cell))
                kept = tuple(key for key, _ in cells)
        await self.storage.durable()
        self._tell(*kept)
        if number != _NO_ROUND:
            self.node.network.send(sender, ("answer", number, EMPTY))

    def _tell(self, *keys: str) -> None:
        """Show which siblings are here of these keys."""
        for key in keys if self._teller.heard else ():
            self._teller.holds(key, self.storage.cells.get(key, EMPTY).values)

    async def _repair(self) -> None:
        """Hand hints over, and ask the other homes for what they know (anti-entropy)."""
        while True:
            await trio.sleep(self.repair_s)
            async with trio.open_nursery() as nursery:
                for (home, key), hint in tuple(self.storage.hints.items()):
                    nursery.start_soon(self._hand_over, home, key, hint)
            for peer in self.node.peers:
                root = (ROOT, self.tree(peer).digest(ROOT))
                self.node.network.send(peer, ("digests", (root,)))

    def tree(self, peer: str) -> MerkleTree:
        """What this server knows of the keys that both are to have."""
        shared = {k: cell for k, cell in self.storage.cells.items() if peer in self.homes(k)}
        return MerkleTree(shared, self.tree_depth)

    def _compare(self, peer: str, digests: tuple[tuple[int, bytes], ...]) -> None:
        """Go on where trees differ: down to the leaves, and then with cells."""
        tree = self.tree(peer)
        differ = [node for node, digest in digests if node in tree and tree.digest(node) != digest]
        cells = tuple(each for node in differ if tree.is_leaf(node) for each in tree.cells(node))
        inner = [each for node in differ if not tree.is_leaf(node) for each in below(node)]
        if cells:
            self.node.announce(REPAIR, {"to": peer, "cells": len(cells)})
            self.node.network.send(peer, ("cells", cells))
        if inner:
            told = tuple((node, tree.digest(node)) for node in inner)
            self.node.network.send(peer, ("digests", told))

    async def _hand_over(self, home: str, key: str, hint: Cell) -> None:
        with trio.move_on_after(self.resend_s):
            await self._ask([home], ("store", key, hint), 1)
            if self.storage.hints.get((home, key)) == hint:
                self.storage.handed(home, key)

    # The coordinator

    async def _serve(self, client: str, number: int, f: str, *arguments: Any) -> None:
        answer: Message | None = ("unknown",)
        with trio.move_on_after(self.patience_s):
            answer = await self._do(number, f, *arguments)
        if answer is not None:
            self.node.network.send(client, ("reply", number, *answer))

    async def _do(self, number: int, f: str, *arguments: Any) -> Message | None:
        match f, arguments:
            case "read", (key,):
                found = await self._read(key)
                return "ok", found.values, found.context
            case "homes", (key,):
                return "ok", await self._read_each_home(key)
            case "write" | "remove", (key, context, *value):
                if not self.storage.begin(number):
                    return None  # the first of its kind is answered
                await self.storage.durable()
                await self._store(key, self.change(key, context, *value))
                return ("ok",)
        return "refused", f"{f} is no operation of this server"

    @property
    def actor(self) -> str:
        """This coordinator in this life: what it had issued before, it may have forgotten."""
        return f"{self.node.name}/{self.storage.life}"

    def change(self, key: str, context: Context, *value: Any) -> Cell:
        """The cell after a write, or a removal if there is no value, by one who had read that."""
        known = merged(self.issued.get(key, EMPTY), self.storage.cells.get(key, EMPTY))
        after = (
            written(known, context, self.actor, *value) if value else overwritten(known, context)
        )
        self.issued[key] = after
        return after

    async def _read(self, key: str) -> Cell:
        answers = await self._ask_homes(key, ("query", key), self.to_read)
        found = EMPTY
        for cell in answers.values():
            found = merged(found, cell)
        for replica, cell in answers.items():
            if cell != found and replica in self.homes(key):  # read repair
                self.node.network.send(replica, ("store", _NO_ROUND, key, found))
        return found

    async def _read_each_home(self, key: str) -> Message:
        """What each home knows by itself, of those that answer in half the time there is."""
        answers: dict[str, Cell] = {}

        async def ask(home: str) -> None:
            answers.update(await self._ask([home], ("query", key), 1))

        with trio.move_on_after(self.patience_s / 2):
            async with trio.open_nursery() as nursery:
                for home in self.homes(key):
                    nursery.start_soon(ask, home)
        return tuple((home, answers[home].values) for home in sorted(answers))

    async def _store(self, key: str, cell: Cell) -> None:
        await self._ask_homes(key, ("store", key, cell), self.to_write)

    async def _ask_homes(self, key: str, message: Message, enough: int) -> dict[str, Cell]:
        homes = self.homes(key)
        others = preference(key, self.servers)[self.copies :] if self.sloppy else ()
        return await self._ask(homes, message, enough, others)

    async def _ask(
        self, homes: Sequence[str], message: Message, enough: int, others: tuple[str, ...] = ()
    ) -> dict[str, Cell]:
        """What `enough` replicas answer: homes, or those that stand in for silent ones."""
        self._rounds += 1
        number = self.storage.life, self._rounds
        asked = self._open[number] = _Round(enough)
        what, *arguments = message
        standing: tuple[str, ...] = ()
        try:
            while not asked.complete.is_set():
                silent = [home for home in homes if home not in asked.answers]
                for home in silent:
                    self.node.network.send(home, (what, number, *arguments))
                for home, other in zip(silent, standing, strict=False):
                    to_keep = ("hint", number, home, *arguments)
                    self.node.network.send(
                        other, to_keep if what == "store" else (what, number, *arguments)
                    )
                with trio.move_on_after(self.resend_s):
                    await asked.complete.wait()
                standing = others
        finally:
            del self._open[number]
        return asked.answers


class _Round:
    """A question to some replicas, and who answered so far."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.answers: dict[str, Cell] = {}
        self.complete = trio.Event()

    def hear(self, replica: str, cell: Cell) -> None:
        """A replica's answer; what comes after the last one needed is not looked at."""
        if not self.complete.is_set():
            self.answers[replica] = cell
            if len(self.answers) >= self.enough:
                self.complete.set()
