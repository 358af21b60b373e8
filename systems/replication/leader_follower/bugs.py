"""Planted bugs of leader-follower replication: the reference form with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Clock
from splitbrain.systems.replication.leader_follower.client import ReferenceClient
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.desk import CommandIdentity, Waiting
from splitbrain.systems.replication.leader_follower.effects import (
    HEARTBEAT_S,
    Effect,
    Role,
    Send,
)
from splitbrain.systems.replication.leader_follower.freshness import Proof
from splitbrain.systems.replication.leader_follower.log import Adopt, Entry, Snapshot
from splitbrain.systems.replication.leader_follower.messages import Sync
from splitbrain.systems.replication.leader_follower.reference import ReferenceServer
from splitbrain.systems.replication.leader_follower.shipping_bugs import SHIPPING_BUGS


class Asynchronous(Core):
    """Acknowledges before the followers have it."""

    def stored(self) -> int:
        """What the leader itself has stored is enough."""
        return self._durable_length


class Undeposed(Core):
    """A leader that meets a newer epoch goes on leading, under the newer epoch's number."""

    def step_down(self) -> None:
        """Once a leader, always a leader."""
        if self.role is not Role.LEADER:
            super().step_down()


class NumbersAhead(Core):
    """The leader gives out numbers from its memory, ahead of the log."""

    def _on_command(
        self, waiting: Waiting, identity: CommandIdentity, command: tuple[Any, ...]
    ) -> None:
        """Whoever takes over goes on after the last number that it has heard of."""
        before = len(self.log)
        super()._on_command(waiting, identity, command)
        if command == ("generate",) and len(self.log) > before:
            waits = sum(entry.command == command for entry in self.log.suffix(self.applied))
            self._done(waiting, self.machine.numbered + waits)


class GivesUpOnFollowers(Core):
    """Semi-synchronous until no follower answers for a while; then it goes on without them."""

    timeout_s = 3 * HEARTBEAT_S

    def stored(self) -> int:
        """A leader that is cut off acknowledges what nobody else will ever have."""
        heard = max(self._spoke_at.values(), default=self._now)
        if self._now - heard > self.timeout_s:
            return self._durable_length
        return super().stored()

    def tick(self, now: float) -> list[Effect]:
        """Who waits for an answer is told as soon as the leader gives up."""
        effects = super().tick(now)
        if self.role is Role.LEADER:
            self._advance()
        return effects + self._take()


class CutsToCommitted(Core):
    """A server that meets a new epoch cuts off all of its log that it doesn't know to be committed:
    the new leader will send it again, if it is there."""

    def step_down(self) -> None:
        """If the new leader fails at once, what two of three had may be on nobody's disk."""
        super().step_down()
        if self.commit < len(self.log):
            self._persist(Adopt(self.log.label, self.commit, ()))
            self.log.adopt(self.log.label, self.commit, ())


class KeepsItsTail(Core):
    """Takes over the new leader's log, and leaves what its own has beyond that."""

    def _adopt(
        self, keep: int, entries: tuple[Entry, ...], snapshot: Snapshot | None = None
    ) -> None:
        """What a deposed leader had never replicated counts as the new leader's."""
        upto = max(keep + len(entries), self.log.base.length)
        super()._adopt(keep, entries + self.log.suffix(upto), snapshot)


class AnswersAnybody(Core):
    """Answers readers whatever they have seen."""

    def may_answer(self, seen: int) -> bool:
        """A reader who comes from another replica may go back in time."""
        return True


class ForgetsItsWrites(ReferenceClient):
    """Remembers what it has read, and not what it has written."""

    def _has_written(self, applied: int = 0) -> None:
        """A replica that is behind its own write will do."""


class ForgetsItsReads(ReferenceClient):
    """Remembers what it has written, and not what it has read."""

    def _has_read(self, applied: int = 0) -> None:
        """A replica that is behind the last one will do."""


class AppliesInParallel(Core):
    """Followers apply messages of odd and of even number independently, each as it gets to them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._late: list[Entry] = []
        self._later: list[Entry] = []

    def _apply(self) -> None:
        """The odd ones are two messages of the leader behind."""
        late, self._late, self._later = self._late, self._later, []
        for entry in late:
            self.machine._do(entry.command)
        if self.role is Role.LEADER:
            super()._apply()
            return
        for entry in self.log.suffix(self.applied, self.commit - self.applied):
            self.applied += 1
            if entry.command[0] == "post" and entry.command[1] % 2:
                self._later.append(entry)
            else:
                self.machine.apply(entry)


class CopiesWhileWriting(Core):
    """Copies the state for a follower, and then looks up where the log ends."""

    def _bring_up(self, peer: str, start: int) -> None:
        """What was written and not yet applied is neither in the copy nor behind it."""
        super()._bring_up(peer, start)
        if start < self.log.base.length:
            end = len(self.log)
            copy = Snapshot(end, self.log.history, self.machine.state())
            sync = Sync("sync", self.epoch, end, (), copy, self.commit, self._round)
            self._effects[-1] = Send(peer, sync, 0)


class ComparesClocks(Core):
    """The leader says when it sent what it sent, and followers how long ago that is.

    Attributes:
        clock: this server's clock.
    """

    clock: Clock

    def proof_for(self, peer: str) -> Proof | None:
        """What this server's clock shows, and what is committed then."""
        return (0.0, self.clock.time()), self.commit

    def learn(self, proof: Proof) -> None:
        """The leader's clock showed this when so much was committed."""
        (_, stamp), length = proof
        if self.applied >= length:
            self._fresh_at = stamp

    def age(self) -> float | None:
        """By two clocks: if one of them is wrong, so is this."""
        return None if self._fresh_at is None else max(0.0, self.clock.time() - self._fresh_at)


class LagByClocks(ReferenceServer):
    """Measures lag as the difference between the leader's clock and its own."""

    async def run(self) -> None:
        """Serve until cancelled."""
        self.core_type = type("ComparesClocks", (self.core_type,), {"clock": self._node.clock})
        await super().run()


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
    Bug(
        id="REP-03",
        title="numbers are given out ahead of the log: a new leader gives them out again",
        server=planted(ReferenceServer, core_type=NumbersAhead),
        workload="unique-ids",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=20,
        shows=("duplicate",),
        source="DDIA chapter 5, Leader failure: Failover (GitHub, 2012)",
    ),
    Bug(
        id="REP-05",
        title="a follower cuts its log to what it knows to be committed: two failovers lose it",
        server=planted(ReferenceServer, core_type=CutsToCommitted),
        workload="set",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=60,
        shows=("lost", "diverged"),
        source="Kafka KIP-101, scenario 1: high watermark truncation, then a leader election",
    ),
    Bug(
        id="REP-06",
        title="a deposed leader that returns keeps the tail of its log: replicas differ",
        server=planted(ReferenceServer, core_type=KeepsItsTail),
        workload="set",
        faults=("net.partition", "process.pause"),
        nodes=3,
        seeds=60,
        shows=("diverged", "lost", "unexpected"),
        source="Kafka KIP-101, scenario 2: replica divergence on restart",
    ),
    Bug(
        id="REP-07",
        title="any replica answers whatever its reader has seen: reads go back in time",
        server=planted(ReferenceServer, core_type=AnswersAnybody),
        workload="messages",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("read-your-writes", "monotonic-reads"),
        source="DDIA chapter 5, Problems with Replication Lag (figures 5-3, 5-4)",
    ),
    Bug(
        id="REP-07-WRITES",
        title="a client that asks to read its writes has remembered only what it has read",
        server=ReferenceServer,
        client=ForgetsItsWrites,
        workload="messages",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("read-your-writes",),
        source="DDIA chapter 5, Reading Your Own Writes (figure 5-3); Terry and others, PDIS 1994",
    ),
    Bug(
        id="REP-07-READS",
        title="a client that asks for monotonic reads has remembered only what it has written",
        server=ReferenceServer,
        client=ForgetsItsReads,
        workload="messages",
        faults=("net.partition", "process.kill", "process.pause"),
        nodes=3,
        seeds=40,
        shows=("monotonic-reads",),
        source="DDIA chapter 5, Monotonic Reads (figure 5-4); Terry and others, PDIS 1994",
        options={"read": 0.9},
    ),
    Bug(
        id="REP-08",
        title="followers apply in parallel, without order: an answer shows before its question",
        server=planted(ReferenceServer, core_type=AppliesInParallel),
        workload="messages",
        faults=(),
        nodes=3,
        seeds=20,
        shows=(
            "consistent-prefix",
            "read-your-writes",
            "monotonic-reads",
            "monotonic-writes",
            "writes-follow-reads",
        ),
        source="DDIA chapter 5, Consistent Prefix Reads (figure 5-5)",
    ),
    *SHIPPING_BUGS,
    Bug(
        id="REP-10",
        title="a snapshot is said to go further than it does: the follower that gets it has a gap",
        server=planted(ReferenceServer, core_type=CopiesWhileWriting),
        workload="set",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=20,
        shows=("lost", "diverged"),
        source="DDIA chapter 5, Setting Up New Followers",
        options={"system": {"compact_at": 5}},
    ),
)

SEMI_SYNCHRONOUS_BUGS: tuple[Bug, ...] = (
    Bug(
        id="REP-04",
        title="semi-synchronous until followers are slow: then the leader alone has it",
        server=planted(ReferenceServer, core_type=planted(GivesUpOnFollowers, copies=2)),
        workload="set",
        faults=("net.partition", "process.pause", "process.kill"),
        nodes=3,
        seeds=40,
        shows=("lost",),
        source="DDIA chapter 5, Synchronous Versus Asynchronous Replication; MySQL semisync",
    ),
)

ASYNCHRONOUS_BUGS: tuple[Bug, ...] = (
    Bug(
        id="REP-11",
        title="lag is the difference between two wall clocks: it lies when one of them does",
        server=planted(LagByClocks, core_type=planted(ComparesClocks, copies=1)),
        workload="aged-reads",
        faults=("clock.bump", "net.partition"),
        nodes=3,
        seeds=30,
        shows=("age-too-small",),
        source="DDIA chapter 8, Unreliable Clocks; the summary's own measure of lag",
    ),
)
