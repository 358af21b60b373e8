"""The kinds of faults that come with the harness, in the order in which lists show them."""

from __future__ import annotations

from splitbrain.harness.nemesis.kind import Kind
from splitbrain.harness.nemesis.kinds import clock, network, process
from splitbrain.harness.nemesis.kinds.figure8 import FIGURE8
from splitbrain.harness.nemesis.kinds.rollback import ROLLBACK
from splitbrain.harness.nemesis.kinds.split_vote import SPLIT_VOTE_STORM

KINDS: tuple[Kind, ...] = (
    process.KILL,
    process.POWER_LOSS,
    process.PAUSE,
    network.PARTITION,
    network.PARTITION_ONEWAY,
    network.LATENCY,
    network.LOSS,
    network.DUPLICATE,
    clock.BUMP,
    clock.DRIFT,
    FIGURE8,
    ROLLBACK,
    SPLIT_VOTE_STORM,
)
