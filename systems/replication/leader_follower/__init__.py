"""Leader-follower replication: one leader writes, the others follow (DDIA chapter 5).

`reference` is the system done properly, `summary` the sketch with its weaknesses, `bugs` the
reference with one decision wrong.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.replication.leader_follower.bugs import BUGS
from splitbrain.systems.replication.leader_follower.client import ReferenceClient
from splitbrain.systems.replication.leader_follower.reference import ReferenceServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("batch", 1, 64, "most entries in one message", "core_type.batch"),
    Knob(
        "compact_at",
        3,
        200,
        "applied entries in a log before a snapshot takes their place",
        "core_type.compact_at",
    ),
    Knob(
        "quorum_loss",
        0.6,
        1.2,
        "a leader that hears no majority for so long steps down, in seconds",
        "core_type.quorum_loss",
    ),
)

SYSTEM = System(
    name="leader-follower",
    title="leader-follower replication, built properly (chapter 5)",
    server=ReferenceServer,
    client=ReferenceClient,
    workloads=("register", "set", "messages", "unique-ids"),
    claims=Claims(
        ("process", "net", "clock", "member", "disk.slow", "disk.stall", "client", "scenario")
    ),
    bugs=BUGS,
    knobs=KNOBS,
)
