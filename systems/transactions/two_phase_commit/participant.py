"""The participant's half of two-phase commit: its part of transactions that others coordinate.

A participant does what it is asked under strict two-phase locking. Until it votes yes it may roll
back on its own. Having voted yes it is *in doubt*: it keeps its locks, also through a crash, and
does what the coordinator decides; if it hears nothing it asks (DDIA chapter 9, "Holding locks while
in doubt").

Locks on different servers can wait for each other in a circle that no server sees, so whoever waits
for one longer than `LOCK_WAIT_S` is rolled back.

Invariants:

1. A yes is durable, with all that is needed to commit, before it is sent.
2. After a yes, only the coordinator's word ends the transaction.
3. A yes is for all the operations that the coordinator knows of, done since the same start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from splitbrain.harness.node import Message
from splitbrain.systems.transactions.engine import Answer
from splitbrain.systems.transactions.operations import Operation
from splitbrain.systems.transactions.two_phase_commit.messages import coordinator_of
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine

LOCK_WAIT_S = 0.4
"""How long a transaction may wait for a lock, in seconds."""

SILENCE_S = 1.5
"""How long its coordinator may be silent before a transaction that has not voted is rolled back."""

INQUIRE_S = 0.2
"""How long one in doubt waits before it asks its coordinator (again), in seconds."""


@dataclass(slots=True)
class Part:
    """A transaction as a participant sees it.

    Attributes:
        operations: how many operations it was asked to do.
        heard: when it last heard of the coordinator, or asked it.
        voted: whether it has voted yes.
    """

    operations: int
    heard: float
    voted: bool = False


class Participant:
    """See the module.

    Args:
        engine: the data.
        boot: number of this start.
        send: sends a message to a server.
        announce: tells the world what became of a transaction here.
    """

    lock_wait: float = LOCK_WAIT_S
    patience: float = SILENCE_S
    inquire_after: float = INQUIRE_S

    def __init__(
        self,
        engine: LockingEngine,
        boot: int,
        send: Callable[[str, Message], None],
        announce: Callable[[str, bool], None],
    ) -> None:
        self.engine = engine
        self.boot = boot
        self.send = send
        self.announce = announce
        self.now = 0.0
        self.parts = {txn: Part(0, 0.0, voted=True) for txn in engine.in_doubt}
        self._ended: set[str] = set()

    def do(self, txn: str, number: int, operation: Operation) -> None:
        """Do an operation; a first one begins the transaction."""
        part = self.parts.get(txn)
        if part is None:
            # What ended in an earlier life may be asked for once more by a copy that comes late.
            if number > 1 or txn in self._ended or txn in self.engine.committed:
                answer = ("aborted", "a participant has forgotten it, or rolled it back")
                self.send(coordinator_of(txn), ("did", txn, number, self.boot, answer))
                return
            part = self.parts[txn] = Part(0, self.now)
            self.engine.begin(txn)
        if number == part.operations + 1 and not part.voted and not self.engine.busy(txn):
            part.operations, part.heard = number, self.now
            self.engine.operate(txn, operation)

    def prepare(self, txn: str, operations: int, boot: int) -> None:
        """Vote."""
        part = self.parts.get(txn)
        if part is None or part.operations != operations or boot != self.boot:
            if part is None or not part.voted:
                reason = "a participant has forgotten it, or rolled it back"
                self.send(coordinator_of(txn), ("vote", txn, False, reason))
        elif part.voted:
            self.send(coordinator_of(txn), ("vote", txn, True, ""))
        elif not self.engine.busy(txn):
            self.engine.prepare(txn, coordinator_of(txn))

    def decide(self, txn: str, commit: bool) -> None:
        """Do what the coordinator has decided."""
        part = self.parts.get(txn)
        if part is None:
            if commit:
                self.commit_again(txn)
        elif not self.engine.busy(txn) or not commit:
            self._carry_out(txn, part, commit)

    def tick(self, now: float) -> None:
        """Roll back what waits too long; ask about what is in doubt."""
        self.now = now
        for txn, part in list(self.parts.items()):
            silent = now - part.heard
            if part.voted:
                if silent > self.inquire_after and not self.engine.busy(txn):
                    part.heard = now
                    self.inquire(txn)
            elif txn not in self.engine.in_doubt:
                self._lose_patience(txn, silent)

    def tell(self) -> None:
        """Pass on the engine's answers."""
        while self.engine.answers:
            txn, answer = self.engine.answers.pop(0)
            self._pass_on(txn, answer)

    # What a planted bug may override

    def inquire(self, txn: str) -> None:
        """Ask the coordinator what became of a transaction in doubt."""
        self.send(coordinator_of(txn), ("inquire", txn))

    def commit_again(self, txn: str) -> None:
        """Told to commit what is not under way here: it was done before."""
        assert txn in self.engine.committed, f"{txn} was decided without this server's vote"
        self.send(coordinator_of(txn), ("ack", txn))

    # Inside

    def _lose_patience(self, txn: str, silent: float) -> None:
        if self.engine.busy(txn):
            if silent > self.lock_wait:
                self.engine.rollback(txn, "it waited too long for a lock")
        elif silent > self.patience:
            self.engine.rollback(txn, "its coordinator was silent for too long")

    def _carry_out(self, txn: str, part: Part, commit: bool) -> None:
        if not commit:
            if txn not in self.engine.committed:
                self.engine.rollback(txn, "the coordinator decided so")
            return
        assert part.voted, f"{txn} was decided before this server's vote"
        self.engine.commit(txn)

    def _pass_on(self, txn: str, answer: Answer) -> None:
        coordinator = coordinator_of(txn)
        match answer:
            case ("prepared",):
                part = self.parts.get(txn)
                if part is not None:
                    part.voted, part.heard = True, self.now
                    self.send(coordinator, ("vote", txn, True, ""))
            case ("committed",):
                self._end(txn, committed=True)
                self.send(coordinator, ("ack", txn))
            case _:
                number = self.parts[txn].operations if txn in self.parts else 0
                if answer[0] == "aborted":
                    self._end(txn, committed=False)
                self.send(coordinator, ("did", txn, number, self.boot, answer))

    def _end(self, txn: str, *, committed: bool) -> None:
        self.parts.pop(txn, None)
        self._ended.add(txn)
        self.announce(txn, committed)
