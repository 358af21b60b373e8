"""Planted bugs of replicated data types that are told in parts."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.replication.crdts.delta_server import DeltaServer, DottedTypes
from splitbrain.systems.replication.crdts.document import Document
from splitbrain.systems.replication.crdts.dotted import DottedSet
from splitbrain.systems.replication.crdts.intervals import Due


class TellsOnce(DeltaServer):
    """Begins the next interval where the last one that it sent ended."""

    def send(self, peer: str, due: Due[Document], document: Document) -> None:
        """What was lost on the way leaves a gap, which later deltas hide."""
        super().send(peer, due, document)
        if due.deltas is not None:
            self.intervals.acknowledge(peer, due.until)


class HearsInMemory(DeltaServer):
    """Acknowledges what it has heard before it is durable."""

    async def confirm(self, sender: str, life: int, until: int) -> None:
        """What a crash takes from here nobody sends again."""
        self.node.network.send(sender, ("heard", life, until))


class CoversTooMuch(DottedSet):
    """Tells the whole of what it has seen with each delta, as if the delta had all of that."""

    def since(self, before: CoversTooMuch) -> CoversTooMuch:
        """Whoever merges it takes what is not in it for removed."""
        new = set(self.additions) - set(before.additions)
        return CoversTooMuch(tuple(sorted(new)), self.vector, self.cloud)


DELTA_BUGS: tuple[Bug, ...] = (
    Bug(
        id="DELTA-01",
        title="a delta is sent once: one that is lost leaves a gap that later ones hide",
        server=planted(TellsOnce),
        workload="crdt",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("diverged", "lost"),
        source="Almeida, Shoker and Baquero, JPDC 2018, section 5: causal delta-merging",
    ),
    Bug(
        id="DELTA-02",
        title="a delta is acknowledged before it is durable: after a power loss nobody sends it",
        server=planted(HearsInMemory),
        workload="crdt",
        faults=("process.power_loss",),
        nodes=3,
        seeds=20,
        shows=("diverged", "lost", "miscounted"),
        source="Almeida, Shoker and Baquero, JPDC 2018, algorithm 2: X is durable, A is not",
    ),
    Bug(
        id="DELTA-03",
        title="a delta claims to cover all that its sender has seen: the rest counts as removed",
        server=planted(DeltaServer, types_class=planted(DottedTypes, set_type=CoversTooMuch)),
        workload="crdt",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("lost", "diverged"),
        source="Almeida, Shoker and Baquero, JPDC 2018, section 7.2: contexts of deltas have gaps",
    ),
)
