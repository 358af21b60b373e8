"""Planted bugs of what is shipped to followers: statements, rows, bytes of blocks."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.replication.leader_follower.blocks import Blocks, Change
from splitbrain.systems.replication.leader_follower.core import BYTES, ROWS, Core
from splitbrain.systems.replication.leader_follower.log import Entry
from splitbrain.systems.replication.leader_follower.machine import Row
from splitbrain.systems.replication.leader_follower.reference import ReferenceServer


class ShipsStatements(Core):
    """Followers evaluate what the leader evaluated, each for itself."""

    def _extend(self, start: int, entries: tuple[Entry, ...]) -> None:
        """What chance decides it decides again on every replica."""
        super()._extend(start, tuple(self._again(entry) for entry in entries))

    def _again(self, entry: Entry) -> Entry:
        statement = entry.command[:3] if entry.command[0] == "post" else entry.command
        return entry._replace(command=self.evaluated(statement))


class TakesColumnsByPlace(Core):
    """A follower whose version of the store has the columns of messages in another order."""

    ships = ROWS

    def _extend(self, start: int, entries: tuple[Entry, ...]) -> None:
        """What it puts on its disk are rows of its own, from those of its leader."""
        super()._extend(start, tuple(self._own(entry) for entry in entries))

    def _own(self, entry: Entry) -> Entry:
        match entry.command:
            case ("rows", ((table, key, *columns),), result):
                return entry._replace(command=("rows", ((table, key, *columns[::-1]),), result))
        return entry


class MoreBlocks(Blocks):
    """Lays rows out as a newer version of the store does."""

    count = 11


class ShipsAnotherVersion(Core):
    """Ships what changes in blocks that are laid out otherwise than those of who applies it."""

    ships = BYTES

    def changes(self, rows: tuple[Row, ...]) -> tuple[Change, ...]:
        """The same bytes mean something else elsewhere."""
        return MoreBlocks().changes(self._ahead.laid_out(), rows)


SHIPPING_BUGS: tuple[Bug, ...] = (
    Bug(
        id="REP-09",
        title="statements are replicated, and what chance decides differs on every replica",
        server=planted(ReferenceServer, core_type=ShipsStatements),
        workload="messages",
        faults=(),
        nodes=3,
        seeds=5,
        shows=("diverged",),
        source="DDIA chapter 5, Statement-based replication",
    ),
    Bug(
        id="REP-09-ROWS",
        title="rows are shipped to a follower that has their columns in another order",
        server=planted(ReferenceServer, core_type=TakesColumnsByPlace),
        workload="messages",
        faults=(),
        nodes=3,
        seeds=5,
        shows=("diverged",),
        source="DDIA chapter 5, Logical (row-based) log replication: versions that differ; made up",
    ),
    Bug(
        id="REP-09-BYTES",
        title="bytes are shipped from blocks that are laid out otherwise than the followers' are",
        server=planted(ReferenceServer, core_type=ShipsAnotherVersion),
        workload="register",
        faults=(),
        nodes=3,
        seeds=5,
        shows=("node-died", "nonlinearizable", "stale-read", "lost-update", "unwritten-read"),
        source="DDIA chapter 5, Write-ahead log (WAL) shipping: formats of two versions",
    ),
)
