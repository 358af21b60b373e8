"""Planted bugs of the store with commit wait: it, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.clocks.commit_wait.coordinator import Coordinator, Running
from splitbrain.systems.clocks.commit_wait.core import CommitWaitCore, CommitWaitServer
from splitbrain.systems.clocks.commit_wait.shard import Read, Shard
from splitbrain.systems.clocks.commit_wait.timekeeping import Timekeeper
from splitbrain.systems.clocks.intervals import Interval


class NoCommitWait(Coordinator):
    """Tells a client of a commit as soon as it is durable."""

    def may_tell(self, running: Running) -> bool:
        """Whatever the time is."""
        return True


class NoBarrier(Shard):
    """Answers a read at once, from what has been committed so far."""

    def settled(self, read: Read) -> bool:
        """Something may still be added."""
        return True


class OwnClock(Timekeeper):
    """Takes what its own monotonic clock shows for the time, and asks nobody."""

    def interval(self) -> Interval:
        """Exactly now; each server has an origin of its own."""
        return Interval(self.now, self.now)

    @property
    def known(self) -> bool:
        """Always."""
        return True


_STALE = ("G-single", "G-nonadjacent", "long-fork", "wrong-total")


def _with(**instead: object) -> type[CommitWaitServer]:
    return planted(CommitWaitServer, core_class=planted(CommitWaitCore, **instead))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="CLK-09",
        title="commits are told before their timestamp is past: no commit wait",
        server=_with(coordinator_class=NoCommitWait),
        workload="list-append",
        faults=("net.latency",),
        nodes=3,
        seeds=40,
        shows=_STALE,
        options={"system": {"skew": 2.0}},
        source="Corbett et al., OSDI 2012, section 4.1.2; DDIA chapter 8",
    ),
    Bug(
        id="TX-26",
        title="a read at a timestamp does not wait for what may still commit before it",
        server=_with(shard_class=NoBarrier),
        workload="list-append",
        faults=("net.latency",),
        nodes=3,
        seeds=40,
        shows=(*_STALE, "G0", "internal", "lost-update", "incompatible-order"),
        source="Peng and Dabek, OSDI 2010 (Percolator), section 2.2; Jepsen: TiDB, Dgraph",
    ),
    Bug(
        id="CLK-07",
        title="monotonic clocks of different servers are compared",
        server=_with(timekeeper_class=OwnClock),
        workload="list-append",
        faults=(),
        nodes=3,
        seeds=10,
        shows=(*_STALE, "no-progress", "G0", "internal", "lost-update"),
        source="DDIA chapter 8, Monotonic clocks",
    ),
)
