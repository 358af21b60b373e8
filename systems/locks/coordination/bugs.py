"""Planted bugs of the coordination service: it, with one decision wrong."""

from __future__ import annotations

from collections import deque
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.locks.coordination.machine import Coordination
from splitbrain.systems.locks.coordination.server import CoordinationServer


class ForgetsEvents(Coordination):
    """Snapshots of the state have no events, and nobody notes that these are gone."""

    def restore(self, state: Any) -> None:
        """The values are there, and the revision goes on."""
        super().restore(state)
        self.events = deque()


class CountsAnew(Coordination):
    """Snapshots of the state have the values, and the revision is counted from them."""

    def restore(self, state: Any) -> None:
        """As many changes as there are values."""
        super().restore(state)
        self.revision = len(self.values)


class SkipsTheCompacted(CoordinationServer):
    """Starts a watcher that asks for events that are gone at the oldest that is kept."""

    def told(self, after: int) -> Message | None:
        """Whatever there is."""
        if after < 0:
            return None  # who asks which is the oldest is told
        return super().told(max(after, self.application.compacted))


class GoesOnFromTheEnd(CoordinationServer):
    """Tells a watcher that knows more than this server does what is new here, in time."""

    def told(self, after: int) -> Message | None:
        """A server that is behind begins with its own last events."""
        return super().told(min(after, self.application.revision - 1))


class HoldsForever(Coordination):
    """Lets everybody write who was elected once."""

    def holds(self, name: str, token: int) -> bool:
        """Whether there was such a permit, ever."""
        return token <= self.revision


class ForgetsPermits(Coordination):
    """Snapshots of the state have no permits."""

    def restore(self, state: Any) -> None:
        """All are free."""
        super().restore(state)
        self.permits = {}


class Keeps(Coordination):
    """No permit expires, whatever was asked for."""

    def take(self, name: str, permits: int, owner: str, expires: bool) -> int | bool:
        """A permit that is kept until it is given back."""
        return super().take(name, permits, owner, False)


def _over(machine: type[Coordination]) -> type[CoordinationServer]:
    return planted(CoordinationServer, application_class=machine)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="CON-20",
        title="a server that recovers from a snapshot has lost events, and tells no watcher",
        server=_over(ForgetsEvents),
        workload="watch",
        faults=("process.kill",),
        nodes=3,
        seeds=20,
        shows=("watch/skipped", "state-machine-safety"),
        source="etcd #15220, #18089, #20221: watches that skip events",
    ),
    Bug(
        id="CON-20-COMPACTED",
        title="who watches from a revision that was compacted is not told so",
        server=SkipsTheCompacted,
        workload="watch",
        faults=("process.pause",),
        nodes=3,
        seeds=20,
        shows=("watch/skipped",),
        source="etcd #19179: a watch from a compacted revision",
    ),
    Bug(
        id="CON-20-REPEATS",
        title="a watcher that comes from a server that knew more is told the last events again",
        server=GoesOnFromTheEnd,
        workload="watch",
        faults=("net.latency",),
        nodes=3,
        seeds=20,
        shows=("watch/repeated",),
        source="etcd #15271, #17247: duplicate events across reconnection",
    ),
    Bug(
        id="CON-22",
        title="the revision is not part of a snapshot, and goes back after a crash",
        server=_over(CountsAnew),
        workload="watch",
        faults=("process.kill",),
        nodes=3,
        seeds=20,
        shows=("watch/", "state-machine-safety"),
        source="etcd #13766, #17780: the revision goes back after a crash",
    ),
    Bug(
        id="CLK-11",
        title="a leader that was declared dead goes on writing: its token is not compared",
        server=_over(HoldsForever),
        workload="set",
        faults=("client.pause", "net.latency"),
        nodes=3,
        seeds=60,
        shows=("lost",),
        options={"system": {"lease": 0.2}},
        source="DDIA chapter 8, The truth is defined by the majority",
    ),
    Bug(
        id="CLK-11-HELD",
        title="a leader that died is leader for ever: its permit does not expire",
        server=_over(Keeps),
        workload="set",
        faults=("client.kill",),
        nodes=3,
        seeds=20,
        shows=("kept-for-ever",),
        source="DDIA chapter 8, The leader and the lock; Burrows, Chubby, section 2.8",
    ),
    Bug(
        id="CON-25",
        title="permits are not part of a snapshot: a server that recovers gives them again",
        server=_over(ForgetsPermits),
        workload="semaphore",
        faults=("process.kill",),
        nodes=3,
        seeds=20,
        shows=("linearizable(semaphore)", "state-machine-safety"),
        source="Jepsen: Hazelcast 3.8.3 (locks are lost)",
    ),
)
