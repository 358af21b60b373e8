"""A schema registry: compatible schemas alone, each with an id that names it for ever.

    register avro/full-transitive {...} --> compare with those before --> log, fsync --> id 7

The problem (DDIA chapter 4, "But what is the writer's schema?"): whoever reads a record needs the
schema that wrote it, so records carry its id, and ids are looked up here; years later, too. And a
schema that cannot read what is there, or writes what others cannot read, must be refused before
anybody uses it.

The idea: a registration is appended to a log and synced before anybody hears its id. It is never
taken back, and ids are counted, so none comes twice. The same schema again gives the same id, so a
registration may be repeated when its answer was lost.

Guarantees: schemas of a subject are compatible in its mode; an id that was given away names the
same schema of the same subject for ever, under any number of crashes and power losses, as long as
the disk keeps what it synced.

Layout: ``store`` keeps and compares, ``server`` answers, ``client`` asks; ``bugs`` has them with
one decision wrong. `splitbrain.systems.encoding.records` has one of these.

Left out: replicas, references between schemas, deleting subjects, changing a subject's mode.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.encoding.registry.bugs import BUGS
from splitbrain.systems.encoding.registry.client import RegistryClient
from splitbrain.systems.encoding.registry.server import RegistryServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="schema-registry",
    title="a registry of schemas that refuses what old or new code cannot read (chapter 4)",
    server=RegistryServer,
    client=RegistryClient,
    workloads=("schemas",),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
)
