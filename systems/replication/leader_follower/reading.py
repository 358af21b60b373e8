"""How a server answers those who only read: at the leader, at any replica, with an age.

strong     the leader answers, once a quorum has confirmed that it still leads
session    any replica that has what its reader has seen
aged       any replica, which says how old its answer is at most (`freshness`)
eventual   any replica, as it is
"""

from __future__ import annotations

import random
from typing import Any

from splitbrain.systems.replication.leader_follower.desk import Desk, PendingRead, Waiting
from splitbrain.systems.replication.leader_follower.effects import Role
from splitbrain.systems.replication.leader_follower.epochs import reached_by
from splitbrain.systems.replication.leader_follower.failover import Failover
from splitbrain.systems.replication.leader_follower.freshness import Marks, Proof
from splitbrain.systems.replication.leader_follower.log import Durable
from splitbrain.systems.replication.leader_follower.machine import Machine, Query


class Reading(Failover):
    """The part of `core.Core` that answers reads.

    Attributes:
        commit: how many entries are known to be where they must be (`epochs.quorums`).
        applied: how many of these `machine` has applied.
        machine: the replica's state.
    """

    def __init__(
        self, name: str, peers: tuple[str, ...], durable: Durable, random: random.Random, now: float
    ) -> None:
        super().__init__(name, peers, durable, random, now)
        self.commit = self.applied = self.log.base.length
        self.machine = Machine.of(self.log.base.state)
        self._desk = Desk()
        self._start = 0  # length of the log that this leader began with
        self._round = 0  # number of its latest broadcast
        self._rounds: dict[str, int] = {}  # by follower, the latest that it has answered
        self._marks = Marks()
        self._started_at = now
        self._fresh_at: float | None = None  # all that was acknowledged before is applied here

    def _broadcast(self) -> None:
        """Begin a round."""
        raise NotImplementedError

    # At the leader

    def _on_read(self, waiting: Waiting, query: Query) -> None:
        if self.role is not Role.LEADER:
            self._reply(waiting, "redirect", self.leader)
            return
        self._desk.reads.append(PendingRead(self._round + 1, waiting, query))
        self._broadcast()

    def _serve_reads(self) -> None:
        """Answer the reads of which a quorum has confirmed that no later epoch had begun.

        Not before all that the log held at the start of the epoch is committed again.
        """
        if self.commit < self._start:
            return
        rounds = (self._rounds.get(peer, 0) for peer in self.peers)
        confirmed = int(reached_by(self.to_store, [self._round, *rounds]))
        self._marks.confirm(confirmed, self.commit)
        for read in self._desk.confirmed(confirmed):
            self._done(read.waiting, self.machine.answer(read.query))

    # At any replica

    def _on_session_read(self, waiting: Waiting, seen: int, query: Query) -> None:
        """Answer from this replica, unless its client has seen more than it has applied."""
        if self.may_answer(seen):
            self._done(waiting, self.machine.answer(query))
        else:
            self._reply(waiting, "redirect", self.leader if self.leader != self.name else None)

    def _on_aged_read(self, waiting: Waiting, key: Any) -> None:
        """Answer from this replica and say how old that is; the leader's answer has no age."""
        age = self.age()
        if self.role is Role.LEADER or age is None:
            self._on_read(waiting, ("aged", key))
        else:
            value, _ = self.machine.answer(("aged", key))
            self._done(waiting, (value, age))

    def may_answer(self, seen: int) -> bool:
        """Whether this replica has all that a client has seen: so many entries of the log."""
        return self.applied >= seen

    def learn(self, proof: Proof) -> None:
        """How much of the log was committed after this server's clock had shown something."""
        (life, time), length = proof
        if life == self._started_at and self.applied >= length:
            self._fresh_at = time if self._fresh_at is None else max(self._fresh_at, time)

    def age(self) -> float | None:
        """How old what is shown here is at most, in seconds; None: who knows."""
        return None if self._fresh_at is None else self._now - self._fresh_at

    # Answers

    def _done(self, waiting: Waiting, result: Any) -> None:
        """Answer, and say how much of the log the answer rests on."""
        self._reply(waiting, "ok", result, self.applied)

    def _reply(self, waiting: Waiting, *answer: Any) -> None:
        self._send(waiting.client, ("reply", waiting.request, *answer))
