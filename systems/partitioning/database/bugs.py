"""Planted bugs of the partitioned database: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.partitioning.database.coordinator import Coordinator, Refused
from splitbrain.systems.partitioning.database.copying import Outgoing
from splitbrain.systems.partitioning.database.gathering import Gathering
from splitbrain.systems.partitioning.database.global_index import GlobalIndexServer
from splitbrain.systems.partitioning.database.keymap import KeyMap
from splitbrain.systems.partitioning.database.server import DatabaseServer
from splitbrain.systems.partitioning.database.storage import EMPTY, Cells, Storage


class SnapshotOnly(Outgoing):
    """Sends what there is when the move starts, and not what changes meanwhile."""

    def changed(self, key: str) -> None:
        """The target has it already."""


class ServesOn(Storage):
    """Answers for a range until it hears that somebody else has it."""

    def serves(self, key: str) -> bool:
        """Whether the map that it knows says so."""
        return self.map.owner(key) == self.name


class BeginsAfterBoundary(Outgoing):
    """Takes a range to begin after its first key, where the one before it ends before that key."""

    def cells(self, keys: list[str]) -> Cells:
        """The key on the boundary is of neither."""
        return super().cells([key for key in keys if key != self.move.low])


class ForgetsAtOnce(Outgoing):
    """Deletes the range when it sends the last of it."""

    async def _send(self, chunk: int, cells: Cells, *, last: bool) -> None:
        if last:
            for key in [key for key in self.storage.cells if self.move.covers(key)]:
                self.storage.put(key, EMPTY)
        await super()._send(chunk, cells, last=last)


class FreezesInMemory(Outgoing):
    """Sends the last of a range before it is durable that the range is served no more."""

    async def durable(self) -> None:
        """It will be, soon."""


class MergesOverServers(Coordinator):
    """Makes one range of two neighbours, whoever has them."""

    async def _merge(self, key: str) -> None:
        """What the second one has stays behind on its server."""
        position = self.map.position(key)
        if position > 0 and self.map.begins(key) and not self.map.moves:
            await self.decide(lambda known: known.merged(known.position(key) - 1))


class MovesTwice(Coordinator):
    """Starts a move of a range that is on its way, to another server."""

    def start(self, known: KeyMap, key: str, target: str) -> KeyMap:
        """Both are done, one after the other, and the second target lacks what came between."""
        if known.owner(key) == target or len(known.moves) >= self.at_once:
            raise Refused("the range is there, or too much is under way")
        return known.moving(key, target)


class MergesWhatItSplits(Coordinator):
    """Makes one range of two that it then finds too large, and splits again."""

    merge_at = 8

    def few(self) -> int:
        """Whatever may be the most of a range."""
        return self.merge_at


class TakesSilentForDead(Coordinator):
    """Moves away what servers have that were silent for a moment, and back when they are not."""

    silent_s = 0.25

    def uneven(self, loads: Mapping[str, int]) -> tuple[str, str]:
        """From the silent first."""
        long_ago = trio.current_time() - self.silent_s
        silent = [name for name in loads if loads[name] and self.heard.get(name, 0.0) < long_ago]
        others = {name: count for name, count in loads.items() if name not in silent}
        if silent and others:
            return silent[0], min(others, key=others.__getitem__)
        return super().uneven(loads)


class LeavesDeletionsOut(Outgoing):
    """Sends keys that have a value."""

    def cells(self, keys: list[str]) -> Cells:
        """Of a deleted key there is nothing to send."""
        return tuple((key, cell) for key, cell in super().cells(keys) if cell.value is not None)


class WritesNowAndThen(Coordinator):
    """Writes down each fourth version of the map; those between are in memory."""

    async def record(self, decided: KeyMap) -> None:
        """A checkpoint, if it is time for one."""
        if decided.version % 4 == 0:
            await super().record(decided)


class GivesUpEarly(Gathering):
    """Asks once, and takes what it has by then for all there is."""

    async def wait(self) -> None:
        """Whoever is silent has nothing."""
        await super().wait()
        self.missing.clear()


class EntersLater(GlobalIndexServer):
    """Answers once the item is written; the index follows."""

    async def change_item(self, session: int, step: int, key: str, item: Any) -> None:
        """The item, then what else there is to do, which nobody waits for."""
        before = await self.ask(session, step + 1, "replace", key, item)
        self.later.append((session, step, key, item, before))

    async def run(self) -> None:
        """Serve, and update the index now and then."""
        self.later: list[tuple[int, int, str, Any, Any]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow)
            await super().run()

    async def _follow(self) -> None:
        while True:
            await trio.sleep(0.1)
            while self.later:
                session, step, key, item, before = self.later.pop(0)
                await self.enter(session, step, key, item)
                await self.leave(session, step + 2, key, before)


_WRONG = ("nonlinearizable", "missing", "stale")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="PART-01",
        title="what is written while a range moves stays with the old owner",
        server=planted(DatabaseServer, outgoing_class=SnapshotOnly),
        workload="rebalance",
        faults=(),
        nodes=3,
        seeds=20,
        shows=_WRONG,
        source="Jepsen: Dgraph 1.1.1 (tablet moves); DDIA chapter 6, Rebalancing Partitions",
    ),
    Bug(
        id="PART-02",
        title="the old owner answers until it hears of the new one",
        server=planted(DatabaseServer, storage_class=ServesOn),
        workload="rebalance",
        faults=("change.unheard",),
        nodes=3,
        seeds=10,
        shows=("one-owner", "two-owners", *_WRONG),
        source="Jepsen: RethinkDB 2.2.3 (reconfiguration); DDIA chapter 6, Request Routing",
    ),
    Bug(
        id="PART-06",
        title="the key on the boundary of a split range belongs to neither half when one moves",
        server=planted(DatabaseServer, outgoing_class=BeginsAfterBoundary),
        workload="rebalance",
        faults=("shard.split",),
        nodes=3,
        seeds=20,
        shows=_WRONG,
        source="DDIA chapter 6, Partitioning by Key Range",
        options={"changes": 0.0, "system": {"split_at": 50}},
    ),
    Bug(
        id="PART-06-MERGE",
        title="two ranges are merged though they are on two servers: one of them is not found",
        server=planted(DatabaseServer, coordinator_class=MergesOverServers),
        workload="rebalance",
        faults=("shard.merge",),
        nodes=3,
        seeds=20,
        shows=("one-owner", "two-owners", "map-agreement", "no-progress", *_WRONG),
        source="DDIA chapter 6, Dynamic partitioning; made up",
        options={"changes": 0.0, "system": {"split_at": 1}},
    ),
    Bug(
        id="PART-08",
        title="the source deletes a range before its target is known to have it",
        server=planted(DatabaseServer, outgoing_class=ForgetsAtOnce),
        workload="rebalance",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=20,
        shows=_WRONG,
        source="made up: a deletion before the acknowledgement",
    ),
    Bug(
        id="PART-08-FROZEN",
        title="that a range is served no more is not durable when the last of it is sent",
        server=planted(DatabaseServer, outgoing_class=FreezesInMemory),
        workload="rebalance",
        faults=("process.power_loss", "shard.rebalance"),
        nodes=3,
        seeds=60,
        shows=("map-agreement", "one-owner", "two-owners", *_WRONG),
        source="DDIA chapter 3, Making B-trees reliable (write-ahead rule), of a handover; made up",
        options={"disk": {"fsync_latency": 0.05}},
    ),
    Bug(
        id="PART-09",
        title="servers that are silent for a moment are emptied, and filled again",
        server=planted(DatabaseServer, coordinator_class=TakesSilentForDead),
        workload="rebalance",
        faults=("process.pause", "net.partition"),
        nodes=3,
        seeds=10,
        shows=("needless-move",),
        source="DDIA chapter 6, Operations: Automatic or Manual Rebalancing",
    ),
    Bug(
        id="PART-09-ENDLESS",
        title="ranges are merged that are then too large, and split again, for ever",
        server=planted(DatabaseServer, coordinator_class=MergesWhatItSplits),
        workload="rebalance",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("restless-ranges",),
        source="DDIA chapter 6, Dynamic partitioning; made up",
        options={"keys": 12},
    ),
    Bug(
        id="PART-11",
        title="deletions do not move with a range: what was deleted meanwhile comes back",
        server=planted(DatabaseServer, outgoing_class=LeavesDeletionsOut),
        workload="rebalance",
        faults=("disk.slow",),
        nodes=3,
        seeds=30,
        shows=_WRONG,
        source="DDIA chapter 6, Rebalancing Partitions; made up",
        options={"keys": 4, "delete": 0.25, "changes": 0.3, "system": {"part": 1, "split_at": 10}},
    ),
    Bug(
        id="PART-12",
        title="a coordinator that dies forgets decisions that it had told of",
        server=planted(DatabaseServer, coordinator_class=WritesNowAndThen),
        workload="rebalance",
        faults=("change.aborted",),
        nodes=3,
        seeds=20,
        shows=("map-agreement", "one-owner", "two-owners", "no-progress", *_WRONG),
        source="DDIA chapter 6, Request Routing (agreement on who has what); made up",
    ),
    Bug(
        id="PART-12-TWICE",
        title="a range that is on its way is sent to another server, too",
        server=planted(DatabaseServer, coordinator_class=MovesTwice),
        workload="rebalance",
        faults=("shard.rebalance",),
        nodes=3,
        seeds=20,
        shows=("map-agreement", "one-owner", "two-owners", "no-progress", *_WRONG),
        source="DDIA chapter 6, Operations: Automatic or Manual Rebalancing; made up",
        options={"changes": 0.0},
    ),
    Bug(
        id="PART-10",
        title="a search by local indexes takes what some servers answer for all there is",
        server=planted(DatabaseServer, gathering_class=GivesUpEarly),
        workload="scan",
        faults=("net.loss", "process.pause"),
        nodes=3,
        seeds=10,
        shows=("missing",),
        source="DDIA chapter 6, Partitioning Secondary Indexes by Document (scatter/gather)",
    ),
)

GLOBAL_INDEX_BUGS: tuple[Bug, ...] = (
    Bug(
        id="PART-10-TERM",
        title="a global index is updated after its items: searches miss what was acknowledged",
        server=EntersLater,
        workload="scan",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("missing",),
        source="DDIA chapter 6, Partitioning Secondary Indexes by Term (often asynchronous)",
    ),
)
