"""Planted bugs of the ABD register: the servers with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.replication.abd.server import Answers, QuorumServer
from splitbrain.systems.replication.abd.versions import Cell, Version


class NoWriteBack(QuorumServer):
    """Returns what it found without making sure that a quorum has it."""

    def to_write_back(self, found: tuple[Cell, ...], answers: Answers) -> tuple[Cell, ...]:
        """Nothing: the writer will see to it."""
        return ()


class SaysItFailed(QuorumServer):
    """Takes a write that no quorum acknowledged for one that did not happen."""

    def given_up(self) -> Message:
        """The replicas that did store it keep it."""
        return ("refused", "no quorum")


class CountsAlone(QuorumServer):
    """Counts the versions of its own writes in memory, and asks nobody."""

    async def next_version(self, key: Any) -> Version:
        """One more than its last; after a crash it begins again."""
        self.issued += 1
        return Version(self.issued, self.node.name, 1)


class CountersAlone(QuorumServer):
    """Takes a counter for a version, without the name of who counted."""

    async def next_version(self, key: Any) -> Version:
        """The counter of a write that too few have is taken again, by another server."""
        version = await super().next_version(key)
        return version._replace(coordinator="", life=0)


_LINEARIZABLE = ("stale-read", "lost-update", "unwritten-read", "nonlinearizable")
_LOST = ("lost", *_LINEARIZABLE)

BUGS: tuple[Bug, ...] = (
    Bug(
        id="LL-01",
        title="quorums of one: a read and a write need not meet",
        server=planted(QuorumServer, read_quorum=1, write_quorum=1),
        workload="register",
        faults=("net.partition",),
        nodes=3,
        seeds=10,
        shows=_LOST,
        source="DDIA chapter 5, Quorums for reading and writing (w + r > n)",
    ),
    Bug(
        id="LL-02",
        title="reads do not write back: a later read may miss what an earlier one returned",
        server=NoWriteBack,
        workload="register",
        faults=("disk.stall",),
        nodes=3,
        seeds=30,
        shows=_LOST,
        source="DDIA chapter 9, figure 9-6: a strict quorum that is not linearizable",
    ),
    Bug(
        id="LL-06",
        title="a write that no quorum acknowledged is told as failed, and read later",
        server=SaysItFailed,
        workload="register",
        faults=("disk.stall",),
        nodes=3,
        seeds=20,
        shows=("unexpected", *_LINEARIZABLE),
        source="DDIA chapter 5, Limitations of Quorum Consistency",
    ),
    Bug(
        id="LL-08",
        title="a coordinator numbers its writes in memory, from 0 after a crash",
        server=CountsAlone,
        workload="register",
        faults=("process.kill",),
        nodes=3,
        seeds=10,
        shows=_LINEARIZABLE,
        source="DDIA chapter 5, Detecting Concurrent Writes: versions from one counter a replica",
    ),
    Bug(
        id="LL-11",
        title="a version is a counter: that of a write too few replicas have is used again",
        server=CountersAlone,
        workload="register",
        faults=("net.latency",),
        nodes=3,
        seeds=60,
        shows=_LINEARIZABLE,
        source="Lynch and Shvartsman, FTCS 1997: tags of writes are unique",
    ),
)
