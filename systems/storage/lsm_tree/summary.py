"""An LSM tree as a page of code sketches it: a memtable, sorted tables, compaction.

DDIA chapter 3, "SSTables and LSM-Trees". Writes go to a memtable; when it is full it becomes a
sorted table with an index of its keys; when there are more than three tables they are compacted
into one, in which of each key the value with the latest timestamp stays::

    put --> memtable --full--> table, table, table, table --compact--> table
    get --> memtable, then the tables from the newest to the oldest

The operations are `SummaryTree.put`, `get`, `flush_memtable` and `compact`. While nothing fails,
puts and gets are linearizable. The design's weaknesses are kept, since they are what there is to
see:

* There is no log: a crash loses the memtable (STO-01).
* Timestamps are the wall clock's: when it goes back, a newer value loses to an older one in a
  compaction; of two that are equal, the older one stays (LSM-04).
* Nothing is synced, and a compaction removes its inputs at once (LSM-02).
* Tables are found by listing the directory (LSM-03).
* There is no delete (LSM-01), and no scan.
"""

from __future__ import annotations

from typing import Any

import msgspec

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.lsm_tree.pictures import LEVELS
from splitbrain.systems.storage.pictures import DISK

MOST_ENTRIES = 1000
"""Entries in the memtable until it is written."""

MOST_TABLES = 3
"""Tables until they are compacted."""

Stamped = tuple[float, str]
"""When a value was written, by the wall clock, and the value."""

_decode = msgspec.msgpack.Decoder(dict[str, Stamped]).decode


class SummaryTree:
    """The tree; see the module."""

    def __init__(self, node: Node) -> None:
        self._disk = node.disk
        self._clock = node.clock
        self._trace = node.trace
        self.memtable: dict[str, Stamped] = {}
        self.tables = [name for name in self._disk.list() if name.startswith("table-")]
        self._note_tables()

    def put(self, key: str, value: str) -> None:
        """Make `value` the key's value."""
        self.memtable[key] = (self._clock.time(), value)
        if len(self.memtable) >= MOST_ENTRIES:
            self.flush_memtable()

    def get(self, key: str) -> str | None:
        """The value of a key; None if it has none."""
        if key in self.memtable:
            return self.memtable[key][1]
        for name in reversed(self.tables):
            if (found := self._read(name).get(key)) is not None:
                return found[1]
        return None

    def _read(self, name: str) -> dict[str, Stamped]:
        """A table; what a crash left of one that is not whole counts as empty."""
        try:
            return _decode(self._disk.read(name))
        except msgspec.MsgspecError:
            return {}

    def flush_memtable(self) -> None:
        """Write the memtable as a table."""
        if self.memtable:
            self._write(self.memtable)
            self.memtable = {}
        if len(self.tables) > MOST_TABLES:
            self.compact()

    def _write(self, entries: dict[str, Stamped]) -> None:
        number = _number(self.tables[-1]) + 1 if self.tables else 1
        name = f"table-{number:06}"
        self._disk.append(name, msgspec.msgpack.encode(dict(sorted(entries.items()))))
        self.tables.append(name)
        self._trace("table", number, min(entries), max(entries), ())
        self._note_tables()

    def _note_tables(self) -> None:
        """All are on one level, the newest first."""
        self._trace("levels", (tuple(_number(name) for name in reversed(self.tables)),))

    def compact(self) -> None:
        """Merge all tables: of each key the value with the latest timestamp stays."""
        merged: dict[str, Stamped] = {}
        inputs = self.tables
        for name in inputs:
            for key, stamped in self._read(name).items():
                if key not in merged or stamped[0] > merged[key][0]:
                    merged[key] = stamped
        if merged:
            self._write(merged)
            self.tables = self.tables[-1:]
            for name in inputs:
                if name not in self.tables:
                    self._disk.remove(name)
            self._note_tables()


def _number(name: str) -> int:
    """A table's number."""
    return int(name.rpartition("-")[2])


class SummaryServer:
    """The tree on the network: one request after the other."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tree = SummaryTree(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            client, (_, id, f, *arguments) = await self._node.network.receive()
            self._node.network.send(client, ("reply", id, *self._do(f, *arguments)))

    def _do(self, f: str, *arguments: Any) -> tuple[str, Any]:
        try:
            return "ok", getattr(self._tree, f)(*arguments)
        except OSError as error:
            return "failed", str(error)


class SummaryClient:
    """Puts and gets, and housekeeping."""

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def _ask(self, f: str, *arguments: Any) -> Any:
        status, value = await request(self._node, self._server, f, *arguments)
        if status != "ok" and f != "put":
            raise Definite(value)
        if status != "ok":
            raise OSError(value)
        return value

    async def get(self, key: str) -> str | None:
        """The key's value; None if it has none."""
        value = await self._ask("get", key)
        return None if value is None else str(value)

    async def put(self, key: str, value: str) -> None:
        """Make `value` the key's value."""
        await self._ask("put", key, value)

    async def flush(self) -> None:
        """Write the memtable as a table."""
        await self._ask("flush_memtable")

    async def compact(self) -> None:
        """Merge all tables."""
        await self._ask("compact")


SYSTEM = System(
    name="lsm-tree-summary",
    title="an LSM tree as a page sketches it (chapter 3)",
    server=SummaryServer,
    client=SummaryClient,
    workloads=("store", "kv"),
    form="summary",
    nodes=1,
    sizes=SINGLE_SERVER,
    pictures=(LEVELS, DISK),
)
"""The system, by its name in plans."""
