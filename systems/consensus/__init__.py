"""Consensus: a linearizable key-value store replicated by Raft (DDIA chapter 9)."""

from systems.consensus.bugs import BUGS
from systems.consensus.client import RaftClient
from systems.consensus.server import RaftKV

__all__ = ["BUGS", "RaftClient", "RaftKV"]
