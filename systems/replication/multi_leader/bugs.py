"""Planted bugs of multi-leader replication: leaders with one decision wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp
from splitbrain.systems.replication.carts import union_of_items
from splitbrain.systems.replication.multi_leader.changes import Change, Copy, Snapshot
from splitbrain.systems.replication.multi_leader.server import MultiLeaderServer, merging_by
from splitbrain.systems.replication.multi_leader.topologies import Leaders, Ring, Upstream


class TakesWhatComes(MultiLeaderServer):
    """Takes each origin's changes in order, and does not look at what they rest on."""

    def may_take(self, change: Change) -> bool:
        """An answer may come by a shorter way than its question."""
        return True


class FixedRing(Ring):
    """A ring in which everybody asks the one before, and nobody else."""

    def upstream(self, me: str, servers: Sequence[str], silent: Collection[str]) -> Upstream:
        """If that one is gone, nothing of those behind it comes any more."""
        return super().upstream(me, servers, ())


class ForgetsRemovals(Copy):
    """Takes from another copy all values that it lacks."""

    def merge(self, other: Snapshot) -> None:
        """What is not here may have been removed: without a trace of that nobody can tell."""
        mine, theirs = dict(self.snapshot().cells), dict(other.cells)
        super().merge(other)
        for key in {**mine, **theirs}:
            self._put(key, tuple(sorted({*mine.get(key, ()), *theirs.get(key, ())})))


class CountsAlone(MultiLeaderServer):
    """Gives out 1, 2, 3, ... as an auto-increment does."""

    def identifier(self, number: int) -> int:
        """So do the others."""
        return number


class DecidesAlone(MultiLeaderServer):
    """Takes bookings by what it has heard of others."""

    def decides(self, room: str) -> str:
        """Two leaders may take two at once, each of a free room."""
        return self.node.name


class WallClock(HybridClock):
    """Stamps with the time of day, whatever it has heard."""

    def tick(self) -> HybridStamp:
        """A write of a slow clock loses against what it should replace."""
        return HybridStamp(self._now(), 0)


class TakesForItsOwn(TakesWhatComes):
    """Hands on what it hears as changes of its own, so that the next in the ring takes them."""

    topology = Ring()

    def take(self, change: Change) -> bool:
        """Without the name of their origin nobody can tell that they have come round."""
        taken = super().take(change)
        if taken:
            self.storage.put("change", self.own(change), 0)
        return taken

    def own(self, change: Change) -> Change:
        """The change under this leader's name."""
        number = self.known.get(self.origin, 0) + 1
        self.known[self.origin] = number
        return change._replace(origin=self.origin, number=number, needs=())

    def answer(self, seen: dict[str, int], leaders: Leaders) -> Message:
        """What one who asks lacks of this leader's changes, since all are its own."""
        return super().answer(seen, (self.node.name,))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-04",
        title="a removal leaves no trace: a leader that was away brings the value back",
        server=planted(MultiLeaderServer, copy_class=ForgetsRemovals),
        workload="siblings",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("resurrected", "diverged"),
        source="DDIA chapter 5, Handling Write Conflicts; Detecting Concurrent Writes (tombstones)",
        options={"keys": 10, "system": {"keep": 5}},
    ),
    Bug(
        id="ML-06",
        title="a change is taken before those that it rests on: an answer before its question",
        server=TakesWhatComes,
        workload="messages",
        faults=("net.loss", "net.partition"),
        nodes=3,
        seeds=20,
        shows=("consistent-prefix", "monotonic-writes", "writes-follow-reads"),
        source="DDIA chapter 5, Multi-Leader Replication Topologies (figure 5-9)",
        options={"system": {"pull": 0.5, "suspect": 3.0}},
    ),
    Bug(
        id="ML-07",
        title="every leader numbers on its own: two give out the same id",
        server=CountsAlone,
        workload="unique-ids",
        faults=(),
        nodes=3,
        seeds=5,
        shows=("duplicate",),
        source="DDIA chapter 5, Multi-Leader Replication (autoincrementing keys)",
    ),
    Bug(
        id="ML-08",
        title="every leader books on its own: two people have one room at one time",
        server=DecidesAlone,
        workload="booking",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("phantom",),
        source="DDIA chapter 5, What is a conflict?",
    ),
)

MERGING_BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-01-LEADERS",
        title="last write wins by the wall clock: a leader whose clock is behind is not heard",
        server=planted(MultiLeaderServer, clock_class=WallClock),
        workload="crdt",
        faults=("stamp.behind",),
        nodes=3,
        seeds=20,
        shows=("superseded",),
        source="DDIA chapter 8, Timestamps for ordering events (figure 8-3)",
    ),
)

RING_BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-05",
        title="a ring without a way round: a leader that is dead keeps changes from the others",
        server=planted(MultiLeaderServer, topology=FixedRing()),
        workload="messages",
        faults=("member.dead",),
        nodes=5,
        seeds=10,
        shows=("diverged",),
        source="DDIA chapter 5, Multi-Leader Replication Topologies (figure 5-8)",
    ),
    Bug(
        id="ML-05-LOOP",
        title="changes that are handed on have no origin: they go round the ring for ever",
        server=TakesForItsOwn,
        workload="messages",
        faults=(),
        nodes=5,
        seeds=5,
        shows=("diverged", "memory-growth"),
        source="DDIA chapter 5, Multi-Leader Replication Topologies (infinite replication loops)",
        options={"system": {"keep": 200}},
    ),
)

CART_BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-04-CART",
        title="carts are merged by putting together what is in them: removed items come back",
        server=merging_by(union_of_items),
        workload="shopping-cart",
        faults=("net.partition",),
        nodes=3,
        seeds=10,
        shows=("returned",),
        source="DeCandia and others, Dynamo, SOSP 2007, section 4.4; DDIA chapter 5, Merging "
        "concurrently written values",
    ),
)
