"""Replication: keeping a copy of the data on several servers (DDIA chapter 5)."""

from systems.bug import Bug
from systems.replication.leader_follower.bugs import BUGS
from systems.replication.leader_follower.client import (
    LeaderFollowerClient,
    ReferenceClient,
    SummaryClient,
)
from systems.replication.leader_follower.reference import ReferenceServer
from systems.replication.leader_follower.summary import SummaryServer

__all__ = [
    "BUGS",
    "Bug",
    "LeaderFollowerClient",
    "ReferenceClient",
    "ReferenceServer",
    "SummaryClient",
    "SummaryServer",
]
