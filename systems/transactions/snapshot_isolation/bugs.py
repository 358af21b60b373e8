"""Planted bugs of snapshot isolation, plain and serializable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.transactions.log import LogManager, Record
from splitbrain.systems.transactions.operations import Value
from splitbrain.systems.transactions.snapshot_isolation.engine import SnapshotEngine, Transaction
from splitbrain.systems.transactions.snapshot_isolation.server import SnapshotServer


class ReadsUncommitted(SnapshotEngine):
    """Reads what others are writing, if they have not ended."""

    def seen(self, transaction: Transaction, key: str) -> Value:
        """The newest that anybody has."""
        for other in reversed(self.active.values()):
            if key in other.writes:
                return other.writes[key]
        return super().seen(transaction, key)


class ReadsLatest(SnapshotEngine):
    """Takes a snapshot of each key when it is first read, not of all at the begin."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._first_seen: dict[tuple[str, str], Value] = {}
        super().__init__(records)

    def seen(self, transaction: Transaction, key: str) -> Value:
        """The latest version, then and from then on."""
        versions = self._versions.get(key)
        latest = versions[-1][1] if versions else None
        return self._first_seen.setdefault((transaction.id, key), latest)


class LastCommitterWins(SnapshotEngine):
    """Commits a write whatever others have committed meanwhile."""

    def conflict(self, transaction: Transaction) -> str | None:
        """None is looked for."""
        return None


class Sites(SnapshotEngine):
    """Keeps two sites, of which each shows the other's commits a while later (as parallel snapshot
    isolation does: Sovran et al., "Transactional Storage for Geo-Replicated Systems", SOSP 2011).

    Conflicts are still found by what a transaction does not see, so updates are not lost.
    """

    LAG = 4

    def __init__(self, records: Sequence[Record]) -> None:
        self._site_of: dict[int, int] = {}
        super().__init__(records)

    def sees(self, transaction: Transaction, timestamp: int) -> bool:
        """Commits of the same site, and older ones of the other."""
        site = self._site_of.get(timestamp, self._site(transaction))
        lag = 0 if site == self._site(transaction) else self.LAG
        return timestamp <= transaction.snapshot - lag

    def commit(self, txn: str) -> None:
        """Note where it committed."""
        transaction = self.active[txn]
        super().commit(txn)
        if transaction.timestamp:
            self._site_of[transaction.timestamp] = self._site(transaction)

    def _site(self, transaction: Transaction) -> int:
        return int(transaction.id.rpartition(".")[2]) % 2


class ReadsPastOwnWrites(SnapshotEngine):
    """Reads its snapshot, also of keys that it has written itself."""

    def read(self, transaction: Transaction, key: str) -> Value:
        """From the snapshot."""
        return self.seen(transaction, key)


class ValidatesTooEarly(SnapshotEngine):
    """Between validation and commit the log is forced, and nobody is kept out meanwhile."""

    def being_committed(self) -> Iterable[Transaction]:
        """Not looked at."""
        return ()


class WaitsForCompany(LogManager):
    """Puts off forcing the log a little, so that more commits share it (group commit)."""

    async def force(self) -> None:
        """Wait, then force."""
        await trio.sleep(0.02)
        await super().force()


class RestartsClock(SnapshotEngine):
    """Keeps its counter of timestamps in memory only."""

    def continue_clock(self) -> None:
        """From zero."""
        self._timestamp = self._latest = 0


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-03",
        title="reads see what transactions under way are writing",
        server=planted(SnapshotServer, engine_class=ReadsUncommitted),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G1c", "G1a", "incompatible-order", "dirty-update"),
        source="Adya, section 4.2.1; MongoDB 4.2.6 (Jepsen)",
    ),
    Bug(
        id="TX-04",
        title="each key is read as of its first read, not as of the begin",
        server=planted(SnapshotServer, engine_class=ReadsLatest),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G-single",),
        source="YugaByte 1.1.9, MySQL 8.0.34 (Jepsen); DDIA 7",
    ),
    Bug(
        id="TX-05",
        title="the last committer wins, not the first",
        server=planted(SnapshotServer, engine_class=LastCommitterWins),
        workload="rw-register",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("lost-update", "G-single"),
        source="MySQL 8.0.34 (Jepsen); DDIA 7",
    ),
    Bug(
        id="TX-10",
        title="two sites show each other's commits a while later",
        server=planted(SnapshotServer, engine_class=Sites),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G-nonadjacent",),
        source="RDS PostgreSQL 17.4 (Jepsen); Sovran et al., SOSP 2011",
    ),
    Bug(
        id="TX-11",
        title="a transaction does not read its own writes",
        server=planted(SnapshotServer, engine_class=ReadsPastOwnWrites),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("internal",),
        source="MongoDB 4.2.6, MySQL 8.0.34 (Jepsen)",
    ),
    Bug(
        id="TX-12",
        title="between validation and commit others may validate",
        server=planted(SnapshotServer, engine_class=ValidatesTooEarly, log_class=WaitsForCompany),
        workload="rw-register",
        faults=(),
        nodes=1,
        seeds=100,
        shows=("lost-update", "G-single", "G0"),
        source="seen in a public teaching implementation",
    ),
    Bug(
        id="TX-17",
        title="timestamps start again after a crash",
        server=planted(SnapshotServer, engine_class=RestartsClock),
        workload="list-append",
        faults=("process.kill",),
        nodes=1,
        seeds=20,
        shows=("G-single", "G-nonadjacent", "incompatible-order", "lost-update"),
        source="seen in a public teaching implementation",
    ),
)
