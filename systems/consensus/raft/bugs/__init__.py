"""Planted bugs of Raft: of the protocol itself, of its leases, and of changes of its members."""

from splitbrain.systems.consensus.raft.bugs.changes import BUGS_OF_CHANGES
from splitbrain.systems.consensus.raft.bugs.leases import BUGS_OF_LEASES
from splitbrain.systems.consensus.raft.bugs.protocol import BUGS

__all__ = ["BUGS", "BUGS_OF_CHANGES", "BUGS_OF_LEASES"]
