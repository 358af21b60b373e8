"""Planted bugs of the replicated documents: them, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.asking import REPLY, Reply, Request
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import Effect
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import PreVote, RequestVote
from splitbrain.systems.consensus.raft.phases import LEADER
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import Sessionless
from splitbrain.systems.data_models.replicated_documents.machine import DocumentMachine
from splitbrain.systems.data_models.replicated_documents.server import ReplicatedDocumentServer

CHANGES = ("insert", "put", "put_all")


class NumbersBySender(Raft):
    """Puts the leader's name to the number of a change: each leader knows its own again."""

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """A change that the one before has made is another one."""
        match message:
            case (kind, id, ("command", session, sequence, (f, *rest, change))) if (
                f in CHANGES and self.role == LEADER
            ):
                operation = (f, *rest, (self.name, change))
                message = Request(kind, id, ("command", session, sequence, operation))
        return super().receive(now, sender, message)


class ElectsTheLongest(Rules):
    """Votes for whoever has as many entries, of whatever terms."""

    def is_up_to_date(self, request: RequestVote | PreVote, log: Log) -> bool:
        """What a majority has may be replaced."""
        return request.last_index >= log.last_index


class ShowsUncommitted(Raft):
    """Reads what the leader has in its log, committed or not."""

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """Another leader may give its versions to other contents."""
        match message:
            case (_, id, ("query", query)) if self.role == LEADER:
                status, answer = self._as_of_the_log().query(query)
                return [Send(sender, Reply(REPLY, id, status, answer), durable=False)]
        return super().receive(now, sender, message)

    def _as_of_the_log(self) -> Sessionless:
        replica, machine = self.server.replica, Sessionless(DocumentMachine())
        machine.restore(replica.machine.snapshot())
        for index in range(replica.applied + 1, replica.log.last_index + 1):
            machine.apply(index, replica.log.entry(index).command)
        return machine


_LINEARIZABLE = ("stale-read", "lost-update", "unwritten-read", "nonlinearizable")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="DOC-05",
        title="a leader knows its own changes again: sent to the next one, a change is made twice",
        server=planted(ReplicatedDocumentServer, core_class=NumbersBySender),
        workload="register",
        faults=("process.kill", "net.partition", "net.loss"),
        nodes=5,
        seeds=80,
        shows=_LINEARIZABLE,
        source="Jepsen: MongoDB 4.2.6 (retryable writes that were made twice)",
    ),
    Bug(
        id="DOC-06",
        title="whoever has the longest log may lead: what a majority has is rolled back",
        server=planted(ReplicatedDocumentServer, rules=ElectsTheLongest),
        workload="set",
        faults=("scenario.figure8",),
        nodes=3,
        seeds=60,
        shows=("lost", "node-died"),
        source="Jepsen: MongoDB 3.4.0-rc3 (its first election protocol)",
    ),
    Bug(
        id="DOC-08",
        title="reads show what is not committed: one version has two contents",
        server=planted(ReplicatedDocumentServer, core_class=ShowsUncommitted),
        workload="versions",
        faults=("net.partition",),
        nodes=5,
        seeds=60,
        shows=("two-contents",),
        source="Jepsen: Crate 0.54.9",
    ),
)
