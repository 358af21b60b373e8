"""Planted bugs of the stream processor: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.streams.results import CLICK, TIER
from splitbrain.checkers.streams.stream_joins import JOIN_MS, REGION, SEARCH
from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.knobs import OPTION
from splitbrain.systems.streams.processor.hub import Hub
from splitbrain.systems.streams.processor.joins import Joins
from splitbrain.systems.streams.processor.keyed import Event, Keyed
from splitbrain.systems.streams.processor.servers import ProcessorServer
from splitbrain.systems.streams.processor.state import Key
from splitbrain.systems.streams.processor.store import Snapshot
from splitbrain.systems.streams.processor.worker import Worker


class ForgetsTime(Keyed):
    """Learns the watermark anew after a restart."""

    def restored(self, state: Mapping[Key, Any]) -> dict[Key, Any]:
        """All but what was seen of time."""
        return {k: v for k, v in state.items() if k[0] not in ("seen", "watermark")}


class Eager(Keyed):
    """Takes the fastest partition for all."""

    def least(self, seen: list[int]) -> int:
        """The greatest time anywhere."""
        return max(seen)


class DropsLate(Keyed):
    """Forgets an event that comes too late for its window."""

    def put_aside(self, event: Event) -> None:
        """Nobody will miss it."""


class ProcessingTime(Keyed):
    """Counts events when they come."""

    def time_of(self, event: Event, now_ms: int) -> int:
        """What the worker's clock says."""
        return now_ms


class NewestTier(Joins):
    """Joins a click with what it knows of its user."""

    def version_at(self, table: str, user: str, time: int, event: int) -> Any:
        """The newest version of all."""
        found = self.versions(table, user)
        return self.state[found[0]] if found else None


class NewestOfTables(Joins):
    """Joins a change of a table with what both say by now."""

    def row(self, user: str, time: int, change: int) -> tuple[Any, Any]:
        """Their newest versions of all."""
        newest = (self.versions(table, user) for table in (TIER, REGION))
        tier, region = (self.state[found[0]] if found else None for found in newest)
        return tier, region


class ForgetsSearches(Joins):
    """Keeps a search until the watermark is at it, and not for as long as clicks may meet it."""

    def is_over(self, time: int, watermark: int) -> bool:
        """As if no click came later than its search."""
        return time < watermark


class WithoutBorder(Joins):
    """Lets the window of a search begin behind it."""

    def meets(self, search: int, click: int) -> bool:
        """Not where both are of one moment."""
        return search < click < search + JOIN_MS


class ForgetsStreams(Keyed):
    """Keeps what waits for the other stream in memory alone."""

    def restored(self, state: Mapping[Key, Any]) -> dict[Key, Any]:
        """All but what waits."""
        return {k: v for k, v in state.items() if k[0] not in (CLICK, SEARCH)}


class Unaligned(Worker):
    """Reads on behind a barrier while other partitions are not there."""

    def upto(self, group: int, partition: int) -> int:
        """No barrier stops it."""
        return 1 << 60


class AnyAttempt(Hub):
    """Takes a snapshot for what it says it is, whoever took it and however long ago."""

    def admits(self, attempt: int) -> bool:
        """Of this attempt or of another."""
        return True


class OutputsAtOnce(Hub):
    """Publishes what comes out as it comes, and the checkpoint later."""

    def received(self, snapshot: Snapshot) -> Snapshot:
        """The outputs are there for good, whatever becomes of the checkpoint."""
        group, changes, outputs = snapshot
        number, positions = self.store.checkpoint, tuple(self.store.positions)
        self.store.commit(number, positions, [(group, (), outputs)])
        return group, changes, ()


def _keyed(made: type[Keyed]) -> type[ProcessorServer]:
    return planted(ProcessorServer, worker=planted(Worker, keyed_class=made))


def _joins(made: type[Joins]) -> type[ProcessorServer]:
    return _keyed(planted(Keyed, joins_class=made))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="STR-07",
        title="after a restart the watermark begins anew: windows that were closed open again",
        server=_keyed(ForgetsTime),
        workload="click-stream",
        faults=("process.kill", "clock.bump"),
        nodes=3,
        seeds=40,
        shows=("repeated-window", "watermark-regressed", "wrong-window", "wrong-join"),
        source="DDIA chapter 11, Knowing when you're ready; Flink: FLINK-5601",
    ),
    Bug(
        id="STR-24",
        title="the watermark follows the fastest partition: what is slower is put aside as late",
        server=_keyed(Eager),
        workload="click-stream",
        faults=("clock.bump", "net.latency"),
        nodes=3,
        seeds=20,
        shows=("unjustified-late",),
        source="DDIA chapter 11, Handling straggler events; Akidau et al. 2015, section 2.3",
    ),
    Bug(
        id="STR-28",
        title="an event that comes too late is dropped, and not put aside where it can be seen",
        server=_keyed(DropsLate),
        workload="click-stream",
        faults=("client.skew",),
        nodes=3,
        seeds=10,
        shows=("wrong-window", "lost-join", "wrong-join"),
        source="DDIA chapter 11, Handling straggler events",
    ),
    Bug(
        id="STR-08",
        title="windows are by the worker's clock: events are counted where they were processed",
        server=_keyed(ProcessingTime),
        workload="click-stream",
        faults=("process.kill",),
        nodes=3,
        seeds=10,
        shows=("wrong-window",),
        source="DDIA chapter 11, Event time versus processing time (figure 11-7)",
    ),
    Bug(
        id="STR-09",
        title="a click is joined with its user's newest tier, which may be later than the click",
        server=_joins(NewestTier),
        workload="click-stream",
        faults=("process.kill", "clock.bump"),
        nodes=3,
        seeds=20,
        shows=("wrong-join",),
        source="DDIA chapter 11, Time-dependence of joins (slowly changing dimension)",
    ),
    Bug(
        id="STR-10",
        title="a partition that is at its barrier doesn't wait: snapshots have what is behind it",
        server=planted(ProcessorServer, worker=Unaligned),
        workload="click-stream",
        faults=("process.kill", "net.latency"),
        nodes=3,
        seeds=20,
        shows=("wrong-window", "lost-join", "repeated-window"),
        source="Chandy and Lamport 1985; Carbone et al., Lightweight Asynchronous Snapshots (2015)",
    ),
    Bug(
        id="STR-25",
        title="outputs are published before the checkpoint that they belong to is complete",
        server=planted(ProcessorServer, hub=OutputsAtOnce),
        workload="click-stream",
        faults=("process.kill", "process.pause"),
        nodes=3,
        seeds=40,
        shows=("repeated-window", "wrong-window", "lost-join"),
        source="DDIA chapter 11, Atomic commit revisited; Flink: two-phase commit sinks",
    ),
    Bug(
        id="STR-26",
        title="snapshots of an attempt that is over are taken",
        server=planted(ProcessorServer, hub=AnyAttempt),
        workload="click-stream",
        faults=("process.pause", "net.latency", "process.kill"),
        nodes=3,
        seeds=60,
        shows=("wrong-window", "repeated-window", "lost-join", "watermark-regressed"),
        source="Kafka: KIP-98 (fencing of zombies); Flink: FLINK-1951 (late checkpoint messages)",
    ),
    Bug(
        id="STR-29",
        title="a search is kept until the watermark is at it, and its clicks come later",
        server=_joins(ForgetsSearches),
        workload="stream-join",
        faults=("process.kill", "net.latency"),
        nodes=3,
        seeds=10,
        shows=("missing-pair", "wrong-unmatched"),
        source="DDIA chapter 11, Stream-stream join (window join)",
    ),
    Bug(
        id="STR-29-BORDER",
        title="the window of a search begins behind it: a click of the same moment is not joined",
        server=_joins(WithoutBorder),
        workload="stream-join",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("missing-pair", "wrong-unmatched"),
        source="DDIA chapter 11, Stream-stream join (window join)",
        options={OPTION: {"grain": 50}},
    ),
    Bug(
        id="STR-30",
        title="a change of a table is joined with the newest of the other, not that of its time",
        server=_joins(NewestOfTables),
        workload="stream-join",
        faults=("process.kill", "client.skew"),
        nodes=3,
        seeds=20,
        shows=("wrong-row",),
        source="DDIA chapter 11, Table-table join, Time-dependence of joins",
    ),
    Bug(
        id="STR-31",
        title="what waits for the other stream isn't in checkpoints: after a restart it is gone",
        server=_keyed(ForgetsStreams),
        workload="stream-join",
        faults=("process.kill",),
        nodes=3,
        seeds=20,
        shows=("missing-pair", "wrong-unmatched"),
        source="DDIA chapter 11, Rebuilding state after a failure",
    ),
)
