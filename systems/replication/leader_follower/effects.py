"""What the protocol core asks its shell to do, and the times that it keeps."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from splitbrain.harness.node import Message
from splitbrain.systems.replication.leader_follower.log import Record

HEARTBEAT_S = 0.05
"""How often a leader broadcasts, and a candidate asks again."""

ELECTION_S = (0.3, 0.6)
"""A follower that has heard no leader for a time drawn from here becomes a candidate. It is six
heartbeats at least: some may be lost or late."""

QUORUM_LOSS_S = 0.6
"""A leader that has heard no majority for so long stops leading: its clients had better look
elsewhere."""

BATCH = 64
"""How many entries an `Append` carries at most."""


COMPACT_AT = 40
"""How many applied entries a log may begin with before a snapshot takes their place."""


class Role(Enum):
    """What a server is doing at present."""

    FOLLOWER = "follower"
    CANVASSING = "canvassing"
    GATHERING = "gathering"
    LEADER = "leader"


class Persist(NamedTuple):
    """Write this record to the log file, behind those before it."""

    record: Record


class Send(NamedTuple):
    """Send `message`, once the first `after` records are durable."""

    destination: str
    message: Message
    after: int


class Lead(NamedTuple):
    """This server leads `epoch`, once the first `after` records are durable; once an epoch."""

    epoch: int
    after: int


Effect = Persist | Send | Lead
