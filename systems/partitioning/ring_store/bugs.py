"""Planted bugs of the store on a ring: it, with other placements."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Any

from splitbrain.harness.bug import Bug
from splitbrain.harness.node import Node
from splitbrain.systems.partitioning.hashing import point
from splitbrain.systems.partitioning.ring import Ring
from splitbrain.systems.partitioning.ring_store.server import (
    SLOTS,
    Owners,
    Placing,
    RingStoreServer,
    ring_of,
    slot_of,
)
from splitbrain.systems.partitioning.summary import SketchedRing


class Modulo:
    """The hash modulo how many there are."""

    def __init__(self, members: tuple[str, ...]) -> None:
        self._members = members

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """The member of that number, and those after it."""
        first, many = point(key), len(self._members)
        return tuple(self._members[(first + i) % many] for i in range(min(count, many)))


class Unbounded(RingStoreServer):
    """Places where the ring says, however much one has, and claims no bound."""

    def bounded(self) -> Owners:
        """What the ring says."""
        return {slot: self.ring.owners(slot, self.copies) for slot in SLOTS}

    def told_bound(self) -> dict[str, Any]:
        """There is none."""
        return {}


class ByModulo(Unbounded):
    """Nearly all elements move when a member comes or goes."""

    def placing(self, members: tuple[str, ...]) -> Placing:
        """Numbers of members, all others when there is one more."""
        return Modulo(members)


class Salted:
    """A ring whose hash is another one in each process, as Python's of strings is."""

    def __init__(self, ring: Ring, salt: int) -> None:
        self._ring, self._salt = ring, salt

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """The owners of what only this process calls the key."""
        return self._ring.owners(f"{self._salt}/{key}", count)


class HashesByItself(Unbounded):
    """Hashes keys as no other process does."""

    def __init__(self, node: Node) -> None:
        self._salt = node.random.getrandbits(32)
        super().__init__(node)

    def placing(self, members: tuple[str, ...]) -> Placing:
        """The right ring, asked for other keys."""
        return Salted(ring_of(members, self.virtual), self._salt)


class Repeating:
    """Takes the next points clockwise, whosever they are."""

    def __init__(self, ring: Ring) -> None:
        self._points = ring.points

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """A member as often as its points come one after another."""
        start = bisect_right(self._points, (point(key), chr(0x10FFFF)))
        return tuple(self._points[(start + i) % len(self._points)][1] for i in range(count))


class RepeatsMembers(Unbounded):
    """Counts the points of one member as different places."""

    def placing(self, members: tuple[str, ...]) -> Placing:
        """The right ring, walked wrongly."""
        return Repeating(ring_of(members, self.virtual))


class Sketched:
    """The summary's ring, for one owner and those that its ring has after it."""

    def __init__(self, members: tuple[str, ...]) -> None:
        self._members = members

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """The owner of the key, then that without the first, and so on."""
        found: list[str] = []
        while len(found) < min(count, len(self._members)):
            left = [member for member in self._members if member not in found]
            found.append(SketchedRing(left).node_for(key))
        return tuple(found)


class UnevenRing(Unbounded):
    """A hash that puts keys which are alike side by side, and few points a member."""

    def placing(self, members: tuple[str, ...]) -> Placing:
        """The ring as it is sketched."""
        return Sketched(members)


class LeavesAtOnce(RingStoreServer):
    """Takes nothing along when it leaves: it is no member any more."""

    def _placed(self) -> None:
        """Whoever is to have its elements now cannot get them from here."""
        super()._placed()
        if self.node.name not in self.storage.members:
            for element in list(self.storage.elements):
                self.storage.forget(element)


class CountsOldWords(RingStoreServer):
    """Keeps what owners have said when the members change: they have it, after all."""

    def _placed(self) -> None:
        """One that left and is back has forgotten it meanwhile."""
        said = {element: set(owners) for element, owners in self.stored.items()}
        super()._placed()
        self.stored.update(said)


class TellsTooEarly(RingStoreServer):
    """Says that it has an element which it has in memory."""

    async def durable(self) -> None:
        """A power loss takes what was acknowledged, if all that have it lose power."""


class PassesOnUnasked(RingStoreServer):
    """Gives what finds its member full to the next one, whether or not that has room."""

    def bounded(self) -> Owners:
        """Whoever stands behind a full one gets all that is too much for it."""
        members = self.storage.members
        most = self.bound * len(SLOTS) / len(members)
        loads: Counter[str] = Counter()
        owners = {}
        for slot in SLOTS:
            order = self.ring.owners(slot, len(members))
            at = int(loads[order[0]] >= most and len(order) > 1)
            loads[order[at]] += 1
            owners[slot] = (order[at], *order[:at], *order[at + 1 :])[: self.copies]
        return owners


class ForgetsWhatWasPassedOn(RingStoreServer):
    """Takes what the ring alone gives to others for theirs, and forgets it."""

    def is_foreign(self, element: int) -> bool:
        """It may be here because those are full."""
        return self.node.name not in self.ring.owners(slot_of(element), self.copies)


_KLEPPMANN = "DDIA chapter 6"
_BOUNDED = "Mirrokni, Thorup and Zadimoghaddam, SODA 2018, section 2"

BUGS: tuple[Bug, ...] = (
    Bug(
        id="PART-03",
        title="hash modulo the number of members: nearly all elements move when it changes",
        server=ByModulo,
        workload="changing-set",
        faults=("member.add", "member.remove"),
        nodes=5,
        seeds=10,
        shows=("needless-movement",),
        source=f"{_KLEPPMANN}, How not to do it: hash mod N",
        options={"changes": 0.0},
    ),
    Bug(
        id="PART-04",
        title="a hash that differs from process to process: servers disagree about owners",
        server=HashesByItself,
        workload="changing-set",
        faults=(),
        nodes=5,
        seeds=5,
        shows=("disagreement", "lost"),
        source=f"{_KLEPPMANN}, Partitioning by Hash of Key (Object.hashCode)",
    ),
    Bug(
        id="PART-05",
        title="copies of an element on several points of one and the same member",
        server=RepeatsMembers,
        workload="changing-set",
        faults=(),
        nodes=5,
        seeds=5,
        shows=("repeated-member",),
        source="DeCandia et al., Dynamo, SOSP 2007, section 4.3 (distinct physical nodes)",
    ),
    Bug(
        id="PART-07",
        title="a weak hash and few points a member: most elements are on one of them",
        server=UnevenRing,
        workload="changing-set",
        faults=(),
        nodes=5,
        seeds=5,
        shows=("imbalance",),
        source=f"{_KLEPPMANN}, Skewed Workloads and Relieving Hot Spots",
    ),
    Bug(
        id="PART-08-RING",
        title="who leaves the ring forgets its elements before anybody else has them",
        server=LeavesAtOnce,
        workload="changing-set",
        faults=("member.remove",),
        nodes=5,
        seeds=10,
        shows=("lost",),
        source=f"{_KLEPPMANN}, Rebalancing Partitions; Dynamo, SOSP 2007, section 4.9",
        options={"changes": 0.0, "system": {"copies": 1}},
    ),
    Bug(
        id="PART-08-AGAIN",
        title="who left and is back counts as having what it had: the last copy is deleted",
        server=CountsOldWords,
        workload="changing-set",
        faults=("member.replace",),
        nodes=5,
        seeds=20,
        shows=("lost",),
        source=f"{_KLEPPMANN}, Rebalancing Partitions; made up",
        options={"changes": 0.0, "system": {"copies": 1, "tick": 0.1}},
    ),
    Bug(
        id="PART-DURABLE",
        title="an element counts as stored before it is durable: a power loss takes it",
        server=TellsTooEarly,
        workload="changing-set",
        faults=("process.power_loss",),
        nodes=5,
        seeds=20,
        shows=("lost",),
        source="DDIA chapter 7, Durability; Dynamo, SOSP 2007, section 5 (buffered writes)",
        options={"system": {"copies": 1}, "disk": {"fsync_latency": 0.02}},
    ),
    Bug(
        id="PART-07-BOUND",
        title="what finds its member full goes to the next one unasked, beyond its bound",
        server=PassesOnUnasked,
        workload="changing-set",
        faults=(),
        nodes=5,
        seeds=20,
        shows=("imbalance",),
        source=_BOUNDED,
        options={"system": {"bound": 1.05}},
    ),
    Bug(
        id="PART-08-BOUND",
        title="what a full member has passed on is forgotten, as none of the ring's own there",
        server=ForgetsWhatWasPassedOn,
        workload="changing-set",
        faults=(),
        nodes=5,
        seeds=20,
        shows=("lost",),
        source=_BOUNDED,
        options={"system": {"copies": 1, "bound": 1.05}},
    ),
)
