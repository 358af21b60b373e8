"""Leader-follower replication: one leader writes, the others follow (DDIA chapter 5).

`reference` is the system done properly, `summary` the sketch with its weaknesses, `bugs` the
reference with one decision wrong. The same servers replicate in four ways, by how many must have an
entry before it is acknowledged, and so how many a failover takes (`epochs.quorums`)::

    leader-follower                    a majority         a majority
    leader-follower-synchronous        all                a majority
    leader-follower-semi-synchronous   two                all but one
    leader-follower-asynchronous       the leader alone   all, the leader that was among them
"""

from dataclasses import replace

from splitbrain.harness.bug import planted
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.plan import MOST_NODES
from splitbrain.harness.system import System
from splitbrain.systems.replication.leader_follower.bugs import (
    ASYNCHRONOUS_BUGS,
    BUGS,
    SEMI_SYNCHRONOUS_BUGS,
)
from splitbrain.systems.replication.leader_follower.client import ReferenceClient
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.pictures import FAILOVER
from splitbrain.systems.replication.leader_follower.reference import ReferenceServer

__all__ = ["ASYNCHRONOUS", "SEMI_SYNCHRONOUS", "SYNCHRONOUS", "SYSTEM"]

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
        "a leader that hears no quorum for so long steps down, in seconds",
        "core_type.quorum_loss",
    ),
    Knob(
        "ships",
        0,
        3,
        "what is shipped: statements, rows (1), bytes (2), or columns by name (3)",
        "core_type.ships",
    ),
)

SYSTEM = System(
    name="leader-follower",
    title="leader-follower replication, built properly (chapter 5)",
    server=ReferenceServer,
    client=ReferenceClient,
    workloads=("register", "set", "messages", "unique-ids"),
    claims=Claims(
        (
            "process",
            "net",
            "clock",
            "member.dead",
            "member.away",
            "disk.slow",
            "disk.stall",
            "client",
            "scenario",
        )
    ),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=FAILOVER,
)

_ALL_COME_BACK = ("process", "net", "disk.slow", "disk.stall", "client", "scenario")
_WALL_CLOCKS = tuple(
    f"clock.{what}" for what in ("bump", "strobe", "backward", "freeze", "slew", "leap")
)

SYNCHRONOUS = replace(
    SYSTEM,
    name="leader-follower-synchronous",
    title="leader-follower replication in which all followers must have a write (chapter 5)",
    server=planted(ReferenceServer, core_type=planted(Core, copies=MOST_NODES)),
    workloads=("set", "register"),
    claims=Claims((*_ALL_COME_BACK, "clock"), max_down="all"),
    bugs=(),
)

SEMI_SYNCHRONOUS = replace(
    SYSTEM,
    name="leader-follower-semi-synchronous",
    title="leader-follower replication in which one follower must have a write (chapter 5)",
    server=planted(ReferenceServer, core_type=planted(Core, copies=2)),
    workloads=("set", "register"),
    claims=Claims((*_ALL_COME_BACK, "clock"), max_down="all"),
    nodes=4,
    bugs=SEMI_SYNCHRONOUS_BUGS,
)

ASYNCHRONOUS = replace(
    SYSTEM,
    name="leader-follower-asynchronous",
    title="leader-follower replication in which no follower need have a write (chapter 5)",
    server=planted(ReferenceServer, core_type=planted(Core, copies=1)),
    workloads=("aged-reads", "set", "register"),
    # Ages are told by the rate of one clock.
    claims=Claims((*_ALL_COME_BACK, *_WALL_CLOCKS), max_down="all", assumes=("clock.drift",)),
    bugs=ASYNCHRONOUS_BUGS,
)
