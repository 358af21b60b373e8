"""The kinds of faults that come with the harness, in the order in which lists show them."""

from __future__ import annotations

PATHS = {
    "member.dead": "splitbrain.harness.nemesis.kinds.member:DEAD",
    "process.kill": "splitbrain.harness.nemesis.kinds.process:KILL",
    "process.power_loss": "splitbrain.harness.nemesis.kinds.process:POWER_LOSS",
    "process.pause": "splitbrain.harness.nemesis.kinds.process:PAUSE",
    "net.partition": "splitbrain.harness.nemesis.kinds.network:PARTITION",
    "net.partition_oneway": "splitbrain.harness.nemesis.kinds.network:PARTITION_ONEWAY",
    "net.latency": "splitbrain.harness.nemesis.kinds.network:LATENCY",
    "net.loss": "splitbrain.harness.nemesis.kinds.network:LOSS",
    "net.duplicate": "splitbrain.harness.nemesis.kinds.network:DUPLICATE",
    "clock.bump": "splitbrain.harness.nemesis.kinds.clock:BUMP",
    "clock.drift": "splitbrain.harness.nemesis.kinds.clock:DRIFT",
    "disk.slow": "splitbrain.harness.nemesis.kinds.disk:SLOW",
    "disk.stall": "splitbrain.harness.nemesis.kinds.disk:STALL",
    "disk.fsync_error": "splitbrain.harness.nemesis.kinds.disk:FSYNC_ERROR",
    "disk.eio": "splitbrain.harness.nemesis.kinds.disk:EIO",
    "disk.enospc": "splitbrain.harness.nemesis.kinds.disk:ENOSPC",
    "disk.short_io": "splitbrain.harness.nemesis.kinds.disk:SHORT_IO",
    "disk.lost_write": "splitbrain.harness.nemesis.kinds.disk:LOST_WRITE",
    "disk.misdirected": "splitbrain.harness.nemesis.kinds.disk:MISDIRECTED",
    "disk.stale_read": "splitbrain.harness.nemesis.kinds.disk:STALE_READ",
    "disk.bitrot": "splitbrain.harness.nemesis.kinds.disk:BITROT",
    "client.kill": "splitbrain.harness.nemesis.kinds.client:KILL",
    "client.pause": "splitbrain.harness.nemesis.kinds.client:PAUSE",
    "client.partition": "splitbrain.harness.nemesis.kinds.client:PARTITION",
    "scenario.figure8": "splitbrain.harness.nemesis.kinds.figure8:FIGURE8",
    "scenario.rollback": "splitbrain.harness.nemesis.kinds.rollback:ROLLBACK",
    "scenario.split_vote_storm": "splitbrain.harness.nemesis.kinds.split_vote:SPLIT_VOTE_STORM",
}
