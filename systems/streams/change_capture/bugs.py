"""Planted bugs of change data capture: it, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.storage.log_tail import LOG
from splitbrain.systems.streams.change_capture.database import Database, as_text
from splitbrain.systems.streams.change_capture.servers import CaptureServer
from splitbrain.systems.streams.change_capture.view import View


class ForgetsDeletes(Database):
    """Takes a log that was written anew for enough, from wherever one reads on."""

    def next_of(self, position: int) -> int:
        """Everybody can, from its beginning: what it doesn't have is nothing to tell."""
        start = max(position, self.log.epoch * LOG)
        more = self._tail.behind(start, self.log.end, 1)
        return start if more else max(start, self.log.begun)


class Gap(View):
    """Reads on where the log ends when the snapshot is there."""

    def start_at(self, position: int, end: int) -> int:
        """What happened meanwhile is passed over."""
        return end


class KeepsOldEntries(View):
    """Doesn't know which entry a key had."""

    def apply(self, key: str, value: str | None) -> None:
        """Adds the new entry; a delete takes away what there is, an update nothing."""
        before = self.values.pop(key, None)
        if value is None:
            if before is not None:
                self.index[before].discard(key)
            return
        self.values[key] = value
        self.index.setdefault(value, set()).add(key)


class TellsTwice(Database):
    """Tells each write to the views itself, besides."""

    def _receive(self, client: str, *message: Any) -> None:
        """Two writes, to two places, in no order."""
        match message:
            case ("request", _, "write", _, _, batch):
                for name in self.node.peers:
                    if name.startswith("n"):
                        self.node.network.send(name, ("request", 0, "index", as_text(batch)))
        super()._receive(client, *message)


class IsTold(View):
    """Takes what it is told for its own data, in the order in which that comes."""

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["index", batch]:
                super().take(batch)
            case _:
                await super()._serve(client, number, request)

    def take(self, batch: tuple[tuple[str, str | None], ...]) -> None:
        """It was told."""


BUGS: tuple[Bug, ...] = (
    Bug(
        id="STR-11",
        title="a view that is behind reads on in a log that has lost its tombstones",
        server=planted(CaptureServer, database=ForgetsDeletes),
        workload="cdc",
        faults=("process.pause", "net.partition"),
        nodes=3,
        seeds=40,
        shows=("stale-entry",),
        source="DDIA chapter 11, Log compaction; Kafka: KAFKA-4545, delete.retention.ms",
    ),
    Bug(
        id="STR-12",
        title="after a snapshot the log is read from its end: writes in between are missing",
        server=planted(CaptureServer, view=Gap),
        workload="cdc",
        faults=("process.kill",),
        nodes=3,
        seeds=20,
        shows=("missing-entry", "stale-entry"),
        source="DDIA chapter 11, Initial snapshot; Andreakis and Papapanagiotou, DBLog (2020)",
    ),
    Bug(
        id="STR-27",
        title="a change is put into the index without the value before: old entries stay",
        server=planted(CaptureServer, view=KeepsOldEntries),
        workload="cdc",
        faults=("process.kill",),
        nodes=3,
        seeds=10,
        shows=("stale-entry",),
        source="DDIA chapter 11, Change data capture; PostgreSQL: REPLICA IDENTITY",
    ),
    Bug(
        id="STR-13",
        title="writes are told to database and index, one by one: the two have another order",
        server=planted(CaptureServer, database=TellsTwice, view=IsTold),
        workload="cdc",
        faults=("net.latency", "net.loss"),
        nodes=3,
        seeds=20,
        shows=("missing-entry", "stale-entry"),
        source="DDIA chapter 11, Keeping Systems in Sync (figure 11-4)",
    ),
)
