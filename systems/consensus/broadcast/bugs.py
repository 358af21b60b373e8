"""Planted bugs of the broadcast, and of what is built on it: it, with one decision wrong."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Node
from splitbrain.systems.clocks.lamport import LamportClock
from splitbrain.systems.consensus.broadcast.client import BroadcastClient
from splitbrain.systems.consensus.broadcast.delivering import (
    Delivers,
    Messages,
    OverPaxos,
    OverRaft,
    Sequence,
)
from splitbrain.systems.consensus.broadcast.objects import Objects
from splitbrain.systems.consensus.client import ATTEMPT_S
from splitbrain.systems.consensus.raft.bugs.protocol import AppliesTwice


class DeliversUncommitted(OverRaft):
    """Delivers what is in its log, whether it is committed or not."""

    def delivered(self) -> Messages:
        """What was applied, and what may never be."""
        replica = self.core.server.replica
        log = replica.log
        rest = (log.entry(i).command for i in range(replica.applied + 1, log.last_index + 1))
        more = [c[-1][1] for c in rest if c and c[0] == "command" and c[-1][0] == "broadcast"]
        return (*super().delivered(), *more)


class DeliversAsItComes(Delivers):
    """Has a log for each of two halves of the messages, and delivers what comes of either."""

    def begin(self) -> None:
        """Start with nothing."""
        super().begin()
        self.merged: list[Any] = []
        self.seen = 0

    def delivered(self) -> Messages:
        """What has come: of one half a while after it was applied, as the other log is slower."""
        applied = super().delivered()
        fast, slow = ([m for m in applied if _half(m) == half] for half in (0, 1))
        known = set(self.merged)
        self.merged += [m for m in fast if m not in known]
        if len(applied) - self.seen >= 4:
            self.seen = len(applied)
            self.merged += [m for m in slow if m not in known]
        return tuple(self.merged)


def _half(message: Any) -> int:
    return message % 2 if isinstance(message, int) else 0


class ForgetsTheBeginning(Sequence):
    """Snapshots have the last messages, and positions are counted from them."""

    def restore(self, state: Any) -> None:
        """Ten are enough."""
        super().restore(state[-10:])


class SendsLater(BroadcastClient):
    """Goes on when nobody answers in time, and sends what is left behind the next message."""

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self.left: list[Any] = []

    async def broadcast(self, message: Any) -> int:
        """Something is on its way."""
        pending, self.left = [message, *self.left], []
        position = -1
        for each in pending:
            with trio.move_on_after(ATTEMPT_S / 2) as attempt:
                position = await super().broadcast(each)
            if attempt.cancelled_caught:
                self.left.append(each)
        return position


class LooksAtOneServer(BroadcastClient):
    """Reads what any server has delivered, without asking how much there is."""

    async def look(self) -> Objects:
        """That may be long ago."""
        _, messages = await self.deliveries(self.objects.position)
        self.objects.hear(messages)
        return self.objects


class DecidesByStamps(Objects):
    """Gives a name to the claim with the least Lamport stamp."""

    def __init__(self) -> None:
        super().__init__()
        self.stamps: dict[str, Any] = {}
        self.clock = LamportClock("")

    def happen(self, message: Any) -> Any:
        """The least so far: nobody knows whether a smaller one is on its way."""
        match message:
            case ("stamped", stamp, str(name), owner):
                self.clock.counter = max(self.clock.counter, stamp[0])
                if name not in self.stamps or stamp < self.stamps[name]:
                    self.stamps[name], self.names[name] = stamp, owner
                return self.names[name]
        return super().happen(message)


class StampsClaims(BroadcastClient):
    """Has a Lamport clock, and claims names by its stamps."""

    objects_class = DecidesByStamps
    objects: DecidesByStamps

    async def claim(self, name: str, owner: Any) -> Any:
        """The order of stamps is total, and known in hindsight only."""
        clock = LamportClock(self.node.name, self.objects.clock.counter)
        return await self.send(("stamped", tuple(clock.tick()), name, owner))


class LooksFirst(BroadcastClient):
    """Takes a name that nobody has, by what it has heard, and tells the others then."""

    async def claim(self, name: str, owner: Any) -> Any:
        """Between the look and the message, others do the same."""
        taken = (await self.look()).names.get(name)
        if taken is not None:
            return taken
        await self.broadcast(("claim", name, owner))
        return owner


_ORDER = "total-order-broadcast"

BUGS: tuple[Bug, ...] = (
    Bug(
        id="CON-24",
        title="names go to the claim with the least Lamport stamp, as far as claims are known",
        server=OverRaft,
        client=StampsClaims,
        workload="names",
        faults=("net.latency", "process.pause"),
        nodes=3,
        seeds=20,
        shows=("linearizable(sticky-register)",),
        source="DDIA chapter 9, Timestamp ordering is not sufficient",
    ),
    Bug(
        id="CON-24-LOOKS",
        title="who claims a name looks first, and does not wait for the order of claims",
        server=OverRaft,
        client=LooksFirst,
        workload="names",
        faults=("net.latency", "process.pause"),
        nodes=3,
        seeds=20,
        shows=("linearizable(sticky-register)",),
        source="DDIA chapter 9, Implementing linearizable storage using total order broadcast",
    ),
    Bug(
        id="CON-04-SYNC",
        title="a register is read from what one server has delivered, however far it is behind",
        server=OverRaft,
        client=LooksAtOneServer,
        workload="register",
        faults=("net.latency", "net.partition"),
        nodes=3,
        seeds=20,
        shows=("stale-read", "nonlinearizable"),
        source="Hunt et al., ZooKeeper (USENIX ATC 2010), section 2.3 (sync); DDIA chapter 9",
    ),
    Bug(
        id="CON-09-DELIVERS",
        title="a server delivers what is in its log before it is committed",
        server=DeliversUncommitted,
        workload="broadcast",
        faults=("scenario.rollback",),
        nodes=3,
        seeds=40,
        shows=(f"{_ORDER}/",),
        source="Hadzilacos and Toueg 1994, section 3 (uniform agreement)",
    ),
    Bug(
        id="CON-10-BROADCAST",
        title="a message that its client sent twice is delivered twice",
        server=planted(OverRaft, machine_class=AppliesTwice),
        workload="broadcast",
        faults=("process.kill", "net.loss"),
        nodes=3,
        seeds=40,
        shows=(f"{_ORDER}/duplicated", "linearizable(cas-register)/"),
        source="Hadzilacos and Toueg 1994, section 3 (integrity)",
    ),
    Bug(
        id="CON-11-BROADCAST",
        title="a server that starts from a snapshot counts its deliveries from there",
        server=planted(OverRaft, application_class=ForgetsTheBeginning),
        workload="broadcast",
        faults=("process.kill",),
        nodes=3,
        seeds=40,
        shows=(f"{_ORDER}/", "state-machine-safety", "linearizable("),
        options={"system": {"snapshot_every": 16}},
        source="Raft paper, section 7; etcd #17780 (the revision goes back)",
    ),
    Bug(
        id="CON-24-FIFO",
        title="a client that hears nothing sends its next message first, and that one again later",
        server=OverRaft,
        client=SendsLater,
        workload="broadcast",
        faults=("net.loss", "process.kill", "net.latency"),
        nodes=3,
        seeds=40,
        shows=(f"{_ORDER}/", "fifo-broadcast/"),
        shows_all=("fifo-order",),
        source="Hadzilacos and Toueg 1994, section 3 (FIFO order)",
    ),
)

BUGS_OVER_PAXOS: tuple[Bug, ...] = (
    Bug(
        id="CON-24-CAUSAL",
        title="messages go through two logs, and servers deliver what comes of either",
        server=type("MergesLogs", (DeliversAsItComes, OverPaxos), {"__doc__": "See its bases."}),
        workload="broadcast",
        faults=("net.latency", "process.pause"),
        nodes=3,
        seeds=20,
        shows=(f"{_ORDER}/", "fifo-broadcast/", "causal-broadcast/"),
        shows_all=("forked", "causal-order"),
        source="DDIA chapter 9, Total Order Broadcast; chapter 11, Ordering events",
    ),
)
