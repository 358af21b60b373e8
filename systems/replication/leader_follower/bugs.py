"""Planted bugs of leader-follower replication: the reference form with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.effects import Role
from splitbrain.systems.replication.leader_follower.reference import ReferenceServer


class Asynchronous(Core):
    """Acknowledges before the followers have it."""

    def stored_by_majority(self) -> int:
        """What the leader itself has stored is enough."""
        return self._durable_length


class Undeposed(Core):
    """A leader that meets a newer epoch goes on leading, under the newer epoch's number."""

    def step_down(self) -> None:
        """Once a leader, always a leader."""
        if self.role is not Role.LEADER:
            super().step_down()


BUGS: tuple[Bug, ...] = (
    Bug(
        id="REP-01",
        title="writes are acknowledged before the followers have them: failover loses them",
        server=planted(ReferenceServer, core_type=Asynchronous),
        workload="set",
        faults=("net.partition", "process.kill"),
        nodes=3,
        seeds=20,
        shows=("lost",),
        source="DDIA chapter 5, Leader failure: Failover; Jepsen: Redis Sentinel (2013)",
    ),
    Bug(
        id="REP-02",
        title="the old leader is not fenced: it returns and goes on accepting and serving",
        server=planted(ReferenceServer, core_type=Undeposed),
        workload="register",
        faults=("net.partition", "process.pause"),
        nodes=3,
        seeds=30,
        shows=("stale-read", "lost-update", "unwritten-read", "nonlinearizable", "diverged"),
        source="DDIA chapter 5, Leader failure: Failover (split brain); Jepsen: Hazelcast 3.8.3",
    ),
)
