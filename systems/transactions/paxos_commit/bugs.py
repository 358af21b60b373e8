"""The planted bug of the commit by Paxos: it, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.transactions.paxos_commit.core import (
    FindingParticipant,
    PaxosCommitCore,
    PaxosCommitServer,
)


class TakesSilenceForNo(FindingParticipant):
    """Rolls back what it voted for when the coordinator is silent, and asks nobody else."""

    def inquire(self, txn: str) -> None:
        """Ask, and then give up."""
        if self.now - self._asked_since.setdefault(txn, self.now) > self.silence:
            self.engine.rollback(txn, "the coordinator was silent for too long")
        else:
            super().inquire(txn)

    def commit_again(self, txn: str) -> None:
        """Too late."""


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-27",
        title="a participant that voted yes takes a long silence for an abort",
        server=planted(
            PaxosCommitServer,
            core_class=planted(PaxosCommitCore, participant_class=TakesSilenceForNo),
        ),
        workload="list-append",
        faults=("process.pause", "process.kill", "net.partition"),
        nodes=3,
        seeds=40,
        shows=("split-decision", "G-single", "G0", "G1", "incompatible-order"),
        options={"system": {"silence": 0.1}},
        source="Gray and Lamport, TODS 2006, section 2; DDIA chapter 9",
    ),
)
