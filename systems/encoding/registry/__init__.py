"""A replicated schema registry: compatible schemas alone, each with an id that names it for ever.

    register avro/full-transitive {...} --> leader --log--> majority --> compare, count --> id 7

The problem (DDIA chapter 4, "But what is the writer's schema?"): whoever reads a record needs the
schema that wrote it, so records carry its id, and ids are looked up here; years later, too, and
while servers come and go. And a schema that cannot read what is there, or writes what others cannot
read, must be refused before anybody uses it.

The idea: the registry is a state machine over Raft's log. A registration is compared and numbered
when it is applied, by every server alike, so no leader gives out an id that another one gives out
again. It is never taken back. The same schema again gives the same id.

Guarantees, under what Raft survives: schemas of a subject are compatible in its mode; an id that
was given away names the same schema of the same subject for ever; reads are linearizable.

Invariant: which ids there are is part of the replicated state, and of its snapshots.

Layout: ``store`` keeps and compares, ``machine`` makes operations of that, ``server`` is Raft's
with this machine, ``client`` asks; ``bugs`` has them with one decision wrong.
`splitbrain.systems.encoding.records` has a registry on one server's disk.

Left out: references between schemas, deleting subjects, changing a subject's mode.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.consensus.shell import SURVIVES
from splitbrain.systems.encoding.registry.bugs import BUGS
from splitbrain.systems.encoding.registry.client import RegistryClient
from splitbrain.systems.encoding.registry.server import RegistryServer
from splitbrain.systems.log_grid import LOGS

__all__ = ["SYSTEM"]

KNOBS = (
    Knob(
        "snapshot_every", 4, 128, "entries applied between two snapshots", "settings.snapshot_every"
    ),
)

SYSTEM = System(
    name="schema-registry",
    title="a replicated registry of schemas that refuses what old or new code cannot read"
    " (chapter 4)",
    server=RegistryServer,
    client=RegistryClient,
    workloads=("schemas",),
    claims=Claims((*SURVIVES, "clock"), notices=("disk.bitrot",)),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=RaftInvariants,
    pictures=LOGS,
)
