"""Planted bugs of the replicated payments: them, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.asking import Request
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import Effect
from splitbrain.systems.consensus.raft.phases import LEADER
from splitbrain.systems.reliability.replicated_payments.server import LedgerServer


class KeysOfItsOwn(Raft):
    """Puts the leader's name to the key of a payment: each leader knows its own again."""

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """A payment that the leader before has made is another one."""
        match message:
            case (kind, id, ("command", session, sequence, ("pay", key, payment))) if (
                self.role == LEADER
            ):
                operation = ("pay", (self.name, key), payment)
                message = Request(kind, id, ("command", session, sequence, operation))
        return super().receive(now, sender, message)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="RES-09-FAILOVER",
        title="a leader knows its own payments again: sent to the next one, it is paid twice",
        server=planted(LedgerServer, core_class=KeysOfItsOwn),
        workload="payments",
        faults=("process.kill", "net.partition", "net.loss"),
        nodes=3,
        seeds=40,
        shows=("duplicated",),
        source="DDIA chapter 11, Idempotence; Jepsen: MongoDB 4.2.6",
    ),
)
