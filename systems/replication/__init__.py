"""Replication: keeping a copy of the data on several servers (DDIA chapter 5)."""

from splitbrain.harness.bug import Bug
from splitbrain.systems.replication.leader_follower.bugs import BUGS
from splitbrain.systems.replication.leader_follower.client import (
    LeaderFollowerClient,
    ReferenceClient,
    SummaryClient,
)
from splitbrain.systems.replication.leader_follower.reference import ReferenceServer
from splitbrain.systems.replication.leader_follower.summary import SummaryServer

__all__ = [
    "BUGS",
    "Bug",
    "LeaderFollowerClient",
    "ReferenceClient",
    "ReferenceServer",
    "SummaryClient",
    "SummaryServer",
]
