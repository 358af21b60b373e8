"""Documents on several servers: versions, unique fields and change numbers that survive them.

    client --put v3, change 71--> leader --log--> majority --> applied by each: version, index, 71

The problem (DDIA chapters 2, 5 and 9): documents are to survive their server, and what makes them
safe to use must survive with them: that a version names one content, that a field is unique, and
that a change which is sent again, because nobody answered, is made once; also if another server
than the first one answers.

The idea: the store of `splitbrain.systems.data_models.documents` is a state machine over Raft's
log. Versions are compared, and changes known again, when a change is applied, by every server
alike; the numbers of changes are in its snapshots.

Guarantees, under what Raft survives: those of one server's store, linearizable; a change is made
once, whoever leads when it is sent again.

Invariant: all that decides whether a change is made is part of the replicated state.

Layout: ``machine`` is the replicated state, ``server`` Raft's with it, ``client`` asks whoever
leads; ``bugs`` has them with one decision wrong.

Left out: forgetting the numbers of old changes, reads by followers.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.shell import SURVIVES
from splitbrain.systems.data_models.replicated_documents.bugs import BUGS
from splitbrain.systems.data_models.replicated_documents.client import ReplicatedDocumentClient
from splitbrain.systems.data_models.replicated_documents.server import ReplicatedDocumentServer
from splitbrain.systems.log_grid import LOGS

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="documents-replicated",
    title="a document store replicated by Raft (chapters 2 and 9)",
    server=ReplicatedDocumentServer,
    client=ReplicatedDocumentClient,
    workloads=("register", "set", "versions", "names", "scan"),
    nodes=5,
    claims=Claims((*SURVIVES, "clock"), notices=("disk.bitrot",)),
    bugs=BUGS,
    knobs=(
        Knob(
            "snapshot_every",
            8,
            128,
            "entries applied between two snapshots",
            "settings.snapshot_every",
        ),
    ),
    pictures=LOGS,
)
