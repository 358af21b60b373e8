"""Consensus: a linearizable key-value store replicated by Raft (DDIA chapter 9)."""

from splitbrain.systems.consensus.bugs import BUGS
from splitbrain.systems.consensus.client import RaftClient
from splitbrain.systems.consensus.server import RaftKV

__all__ = ["BUGS", "RaftClient", "RaftKV"]
