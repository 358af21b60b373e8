"""Planted bugs of the replicated log: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.streams.replicated_log.broker import Broker
from splitbrain.systems.streams.replicated_log.client import LogClient
from splitbrain.systems.streams.replicated_log.controller import (
    Controller,
    Reader,
    State,
    Transaction,
)
from splitbrain.systems.streams.replicated_log.groups import Groups
from splitbrain.systems.streams.replicated_log.leading import Leadership
from splitbrain.systems.streams.replicated_log.partition import (
    DATA,
    OPEN,
    Buried,
    Change,
    Entry,
    Partition,
)
from splitbrain.systems.streams.replicated_log.retention import Retention
from splitbrain.systems.streams.replicated_log.servers import LogServer


class LeaderAlone(Leadership):
    """Takes for committed what it has itself."""

    def committed(self, partition: Partition) -> int:
        """Nobody else is asked."""
        return partition.durable


class Unclean(Controller):
    """Lets anybody lead who is there."""

    def candidates(self, state: State) -> list[str]:
        """In sync or not."""
        return [name for name in self.brokers if self.is_alive(name)]


class CutsToHighWatermark(Broker):
    """Follows a new leader from what it knows to be committed, and doesn't compare epochs."""

    def followed(self, number: int) -> None:
        """Kafka before leader epochs: what may not be committed goes, and the rest is right."""
        self.store.cut(number, self.store.partitions[number].high_watermark)


class ComparesNothing(Partition):
    """Takes offsets for enough to know what another replica has."""

    def agrees(self, end: int, last_epoch: int) -> bool:
        """Whatever is in the entries."""
        return end <= self.end


class ReadsUncommitted(Partition):
    """Lets readers have what is committed, whatever becomes of its transaction."""

    def read(self, offset: int, most: int) -> tuple[int, tuple[tuple[int, str, Any], ...]]:
        """All data up to the high watermark."""
        upto = min(self.high_watermark, offset + most)
        found = tuple(
            (at, self.at(at).key, self.at(at).value)
            for at in range(offset, upto)
            if self.at(at).kind in (DATA, OPEN)
        )
        return max(offset, upto), found


class OneEpoch(Controller):
    """Gives all transactions of a producer the same epoch."""

    def next_epoch(self, before: Transaction | None) -> int:
        """As if there were no other before."""
        return 1


class TakesLateSends(Partition):
    """Takes what its producer hasn't overtaken, whichever transaction it was sent for."""

    def refuses(self, producer: str, epoch: int, sequence: int) -> bool:
        """Only what is older than what is there."""
        found = self._producers.get(producer)
        return found is not None and found.epoch >= epoch and sequence <= found.sequence


class ForgetsSequences(Partition):
    """Takes each request for a new one."""

    def known(self, producer: str, epoch: int, sequence: int) -> int | None:
        """Never seen."""
        return None

    def refuses(self, producer: str, epoch: int, sequence: int) -> bool:
        """Sequences say nothing."""
        found = self._producers.get(producer)
        return found is not None and (found.epoch > epoch or (found.epoch == epoch and found.ended))


class TakesAnyGeneration(Groups):
    """Takes offsets of whoever is or was an owner."""

    def admits(self, name: str, generation: int, keys: Iterable[str]) -> bool:
        """In whichever generation that was."""
        return True


class OffsetsApart(Controller):
    """Takes what a transaction has read for read, however the transaction ends."""

    async def _end(self, name: str, epoch: int, kind: str, reader: Reader | None) -> str:
        """The offsets are a record of their own, before the end."""
        if reader is not None and self.groups.admits(reader[0], reader[1], dict(reader[2])):
            self._log.append([("offsets", reader[2])])
            self.groups.move(reader[2])
        return await super()._end(name, epoch, kind, reader)


class DropsTombstones(Partition):
    """Takes tombstones away as soon as they are stable, and tells nobody."""

    def overtaken(self, kept: int) -> list[Buried]:
        """None is kept."""
        return super().overtaken(self.end)

    def changes(self, offset: int, most: int) -> tuple[int, int, int, tuple[Change, ...]]:
        """As if all were there."""
        upto, cleaned, _, found = super().changes(offset, most)
        return upto, cleaned, 0, found


class KeepsWhatWentElsewhere(Partition):
    """Takes an entry that is gone for one that says nothing."""

    def learn_gone(self, offset: int, entry: Entry) -> None:
        """What it had overtaken stays as it is."""
        self.cleaned = max(self.cleaned, entry.value + 1)
        if entry.value == offset:
            self.horizon = max(self.horizon, offset + 1)


class CountsWhatItHas(Retention):
    """Keeps so many of its own entries, whoever else has them."""

    def counted(self, partition: Partition) -> int:
        """All of them."""
        return partition.end


class ForgetsAlone(Broker):
    """Forgets as soon as it has decided that, and tells nobody else."""

    retention_class = CountsWhatItHas

    def propose(self, number: int, now: float) -> bool:
        """Done at once."""
        partition = self.store.partitions[number]
        start, keeps = self.retained[number].start(partition, now)
        if start > partition.start:
            self.forget(number, start, keeps)
        return False


class ForgetsProducers(Partition):
    """Knows of producers what the entries say that are there."""

    def forget(self, start: int) -> None:
        """What others said is gone with them."""
        super().forget(start)
        self.base = self.base._replace(producers=())
        gone = [name for name, producer in self._producers.items() if producer.offset < start]
        for name in gone:
            del self._producers[name]


class BeginsAtTheEnd(LogClient):
    """Goes on with what is new if what comes next is forgotten."""

    async def reset(self, partition: int, start: int) -> int:
        """Where there is nothing yet."""
        (end,) = await self._ask(partition, "end")
        return int(end)


def _broker(**instead: Any) -> type[LogServer]:
    return planted(LogServer, broker=planted(Broker, **instead))


_GROUP = {"subscribe": 0.15, "assign": 0.02, "transact": 0.5, "poll": 0.25}
"""Consumers that share, and seldom read anew: what is wrong with a group shows with them alone."""

_BRISK = {"system": {"compact": 0.1, "session": 0.2, "lag": 0.15, "batch": 1}}
"""Brokers that compact often and are soon taken for lost: leaders change amid what is new."""

_SHORT = {"system": {"keep": 4, "keep_s": 0.5, "batch": 1}, **_GROUP, "assign": 0.1}
"""Logs that are soon forgotten, before all who read them have come so far."""

_KIP_101 = "Kafka: KIP-101 (leader epochs), KIP-279; figures 1 and 2 there"

BUGS: tuple[Bug, ...] = (
    Bug(
        id="STR-02-GROUP",
        title="what a transaction has read counts as read though the transaction is aborted",
        server=planted(LogServer, controller=OffsetsApart),
        workload="kafka",
        faults=("process.kill", "process.pause", "net.partition"),
        nodes=4,
        seeds=60,
        shows=("group-skip",),
        options=_GROUP,
        source="Kafka: KIP-98 (offsets are sent to the transaction), KIP-447",
    ),
    Bug(
        id="STR-06-GROUP",
        title="a consumer that stood still over a rebalance commits what others have read since",
        server=planted(LogServer, controller=planted(Controller, groups_class=TakesAnyGeneration)),
        workload="kafka",
        faults=("client.pause", "net.latency"),
        nodes=4,
        seeds=60,
        shows=("group-repeat",),
        options=_GROUP,
        source="Kafka: KIP-447 (fencing of consumers by their generation)",
    ),
    Bug(
        id="STR-04",
        title="all transactions of a producer have one epoch: a late send joins the next one",
        server=planted(
            LogServer,
            controller=OneEpoch,
            broker=planted(Broker, partition_class=TakesLateSends),
        ),
        workload="kafka",
        faults=("net.latency", "process.pause", "net.loss"),
        nodes=4,
        seeds=60,
        shows=("aborted-read", "lost-write", "inconsistent-offsets"),
        source="Jepsen: Bufstream 0.1.0 (2024); Kafka: KIP-890, KAFKA-17754",
    ),
    Bug(
        id="STR-05",
        title="sends are acknowledged as soon as the leader has them",
        server=_broker(leadership_class=LeaderAlone),
        workload="kafka",
        faults=("process.kill", "net.partition"),
        nodes=4,
        seeds=30,
        shows=("lost-write", "inconsistent-offsets", "aborted-read"),
        source="DDIA chapter 5, Leaders and Followers; Jepsen: Kafka 0.8 beta (2013)",
    ),
    Bug(
        id="STR-19",
        title="a replica that isn't in sync becomes the leader",
        server=planted(LogServer, controller=Unclean),
        workload="kafka",
        faults=("process.kill", "net.partition"),
        nodes=4,
        seeds=40,
        shows=("lost-write", "inconsistent-offsets", "aborted-read"),
        source="Jepsen: Kafka 0.8 beta (2013), unclean leader election",
    ),
    Bug(
        id="STR-20",
        title="followers compare offsets with a new leader, and not epochs: logs differ",
        server=_broker(partition_class=ComparesNothing),
        workload="kafka",
        faults=("process.kill", "net.partition"),
        nodes=4,
        seeds=60,
        shows=("inconsistent-offsets", "lost-write", "duplicate"),
        source=_KIP_101,
    ),
    Bug(
        id="STR-21",
        title="who follows a new leader cuts its log to the high watermark it knows of",
        server=planted(LogServer, broker=CutsToHighWatermark),
        workload="kafka",
        faults=("process.kill", "net.partition"),
        nodes=4,
        seeds=60,
        shows=("lost-write", "inconsistent-offsets"),
        source=_KIP_101,
    ),
    Bug(
        id="STR-22",
        title="records of aborted transactions are read",
        server=_broker(partition_class=ReadsUncommitted),
        workload="kafka",
        faults=("process.pause", "process.kill"),
        nodes=4,
        seeds=40,
        shows=("aborted-read", "G1c"),
        source="Jepsen: Redpanda 21.10.1 (aborted reads)",
    ),
    Bug(
        id="STR-23",
        title="a producer's sequences aren't looked at: what is sent again is there twice",
        server=_broker(partition_class=ForgetsSequences),
        workload="kafka",
        faults=("net.loss", "process.kill"),
        nodes=4,
        seeds=30,
        shows=("duplicate",),
        source="Kafka: KIP-98 (idempotent producer); Jepsen: Redpanda 21.10.1 (duplicates)",
    ),
    Bug(
        id="STR-11-TOMBSTONES",
        title="compaction takes tombstones away at once: tables that read on keep what is gone",
        server=_broker(partition_class=DropsTombstones),
        workload="cdc",
        faults=("process.pause", "net.latency"),
        nodes=4,
        seeds=20,
        shows=("stale-entry",),
        source="DDIA chapter 11, Log compaction; Kafka: KIP-534 (delete.retention.ms)",
    ),
    Bug(
        id="STR-11-FOLLOWER",
        title="a follower keeps a value whose tombstone was gone before it came to that",
        server=_broker(partition_class=KeepsWhatWentElsewhere),
        workload="cdc",
        faults=("process.pause", "net.partition"),
        nodes=4,
        seeds=60,
        shows=("stale-entry",),
        options=_BRISK,
        source="Kafka: KIP-534, tombstones and replicas that are behind",
    ),
    Bug(
        id="STR-32",
        title="a leader forgets by what it has itself: its followers' log starts elsewhere",
        server=planted(LogServer, broker=ForgetsAlone),
        workload="kafka",
        faults=("process.kill", "net.partition", "net.latency"),
        nodes=4,
        seeds=40,
        shows=("early-retention", "nonmonotonic-log-start", "lost-write", "inconsistent-offsets"),
        options=_SHORT,
        source="DDIA chapter 11, Disk space usage; Kafka: KIP-107 (the start of a log)",
    ),
    Bug(
        id="STR-33",
        title="a reader that is out of range goes on at the end, and passes over what is there",
        server=LogServer,
        client=BeginsAtTheEnd,
        workload="kafka",
        faults=("client.pause", "net.latency"),
        nodes=4,
        seeds=20,
        shows=("poll-skip", "group-skip", "lost-write"),
        options=_SHORT,
        source="DDIA chapter 11, When consumers cannot keep up; Kafka: auto.offset.reset",
    ),
    Bug(
        id="STR-34",
        title="numbers of producers are forgotten with what they sent: what comes again is new",
        server=_broker(partition_class=ForgetsProducers),
        workload="kafka",
        faults=("net.loss", "net.latency"),
        nodes=4,
        seeds=300,  # found by name alone in about one of 70 plans
        shows=("duplicate",),
        options={"system": {"keep": 4}, "keys": 1, "burst": 12, "poll": 0.3, "transact": 0.0},
        source="Kafka: KIP-360 (producers whose records are gone), KAFKA-7190",
    ),
)
