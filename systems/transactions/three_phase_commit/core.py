"""Three-phase commit: nobody waits for a dead coordinator, if silence is death.

The problem (DDIA chapter 9, "Three-phase commit"): in two-phase commit, participants that voted yes
can't tell what a coordinator that is silent has decided, and must wait for it.

The idea (Skeen): between the votes and the commit there is one phase more, in which everybody is
told that all have voted yes. As long as any that is alive has not been told, nobody can have
committed; so the living, among themselves, can always tell what may have been decided::

    n1 --prepare--> n2, n3 --yes--> n1 --pre-commit--> n2         n1 dies here; n3 was not told
                          n3 --state?--> n2: pre-committed        n3 commits, and so does n2
                          had none been told: all abort

Sources: Skeen, "Nonblocking Commit Protocols", SIGMOD 1981; Bernstein, Hadzilacos and Goodman,
"Concurrency Control and Recovery in Database Systems", 1987, section 7.5 (the cooperative
termination protocol); Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 9.

Guarantees: atomic commit without blocking, **if** messages take a bounded time and processes stop
by crashing alone. "3PC assumes a network with bounded delay and nodes with bounded response times;
in most practical systems with unbounded network delay and process pauses, it cannot guarantee
atomicity." What it does not survive is what there is to see:

* A *partition* after the votes: one side has been told and commits, the other has not and aborts
  (split-decision).
* *Late or lost messages* look like death, too: who has asked all and heard of nobody that was told
  aborts, while the answer that says otherwise is on its way.

`splitbrain.systems.transactions.paxos_commit` does without these assumptions: a majority decides,
and whoever is in the minority waits.

Invariants, under these assumptions:

1. A coordinator that has told anybody of the votes has noted so durably; one that starts again with
   such a note decides nothing: it asks the others what they did, until they know.
2. Nobody has committed while somebody who is alive has voted and was not told.
3. Who starts again after voting takes no part in finding out; it is told. If all have started
   again, all of them know.

Left out: an elected coordinator for the termination: each participant finds out for itself, from
the same states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.node import Message
from splitbrain.systems.transactions.paxos_commit.core import (
    FindingParticipant,
    PaxosCommitCore,
    PaxosCommitServer,
)
from splitbrain.systems.transactions.paxos_commit.deciding import Proposer, Send
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine

UNKNOWN, AGAIN, READY, TOLD, COMMITTED, ABORTED = (
    "unknown",
    "started again",
    "ready",
    "pre-committed",
    "committed",
    "aborted",
)
"""What a server says of a transaction; `READY` has voted yes, `TOLD` knows that all have, `AGAIN`
has voted yes in an earlier life, and may have forgotten that it knew."""


@dataclass(slots=True)
class Asking:
    """States that are asked for.

    Attributes:
        since: when.
        states: what servers said.
        tells: whether it is the coordinator that tells of the votes.
    """

    since: float
    states: dict[str, str] = field(default_factory=dict)
    tells: bool = False


class Phases(Proposer):
    """Tells that all have voted yes, and finds out what may have been decided.

    Attributes:
        patience: how long an answer takes at most, in seconds; who is silent for longer is dead.
        may_decide: whether this server may find out what becomes of a transaction from the states
            of the others; else only what was decided.
    """

    patience: float = 0.2
    may_decide: Callable[[str], bool]

    def __init__(
        self, name: str, servers: Sequence[str], send: Send, learned: Callable[[str, bool], None]
    ) -> None:
        super().__init__(name, servers, send, learned)
        self._asking: dict[str, Asking] = {}

    def propose(self, txn: str) -> None:
        """As the coordinator: tell that all have voted yes."""
        self._asking[txn] = Asking(self.now, tells=True)
        self._ask_all(("pre-commit", txn))

    def find_out(self, txn: str) -> None:
        """Ask for the states, unless that is under way; decide once all have had their time."""
        asking = self._asking.get(txn)
        if asking is not None and self.now - asking.since <= self.patience:
            return
        if asking is not None and self._decided(txn, asking):
            return
        self._asking[txn] = Asking(self.now)
        self._ask_all(("state?", txn))

    def heard(self, server: str, txn: str, state: str) -> None:
        """A server says what it knows of a transaction."""
        asking = self._asking.get(txn)
        if asking is None:
            return
        asking.states[server] = state
        if asking.tells and len(asking.states) == len(self._servers):
            self._decided(txn, asking)

    def _decided(self, txn: str, asking: Asking) -> bool:
        outcome = self.outcome(txn, asking)
        if outcome is not None:
            del self._asking[txn]
            self._learned(txn, outcome)
        return outcome is not None

    def outcome(self, txn: str, asking: Asking) -> bool | None:
        """What becomes of a transaction by the states of those that are alive; None if that can't
        be told."""
        states = asking.states.values()
        if COMMITTED in states or ABORTED in states:
            return COMMITTED in states
        if asking.tells:
            return True  # whoever did not answer is dead, and will be told
        if self.may_decide(txn):
            return TOLD in states
        # All have started again, are there, and nobody has decided: nobody ever did.
        everybody = len(asking.states) == len(self._servers)
        return False if everybody and {*states} <= {UNKNOWN, AGAIN} else None


class ThreePhaseParticipant(FindingParticipant):
    """A participant that is told of the votes, and says what it knows.

    Attributes:
        told: transactions of which it knows that all have voted yes.
    """

    def __init__(
        self,
        engine: LockingEngine,
        boot: int,
        send: Callable[[str, Message], None],
        announce: Callable[[str, bool], None],
    ) -> None:
        super().__init__(engine, boot, send, announce)
        self.told: set[str] = set()
        self._earlier = frozenset(engine.in_doubt)

    def tell_of_votes(self, txn: str) -> None:
        """All have voted yes."""
        if txn in self.parts:
            self.told.add(txn)

    def state(self, txn: str) -> str:
        """What this server knows of a transaction."""
        if txn in self.engine.committed:
            return COMMITTED
        if txn in self.parts:
            if txn in self._earlier:
                return AGAIN
            return TOLD if txn in self.told else READY if self.parts[txn].voted else UNKNOWN
        return ABORTED if txn in self._ended else UNKNOWN

    def may_decide(self, txn: str) -> bool:
        """Whether it has been there since it voted."""
        return txn in self.parts and txn not in self._earlier

    def commit_again(self, txn: str) -> None:
        """Told to commit what has ended here: committed before, or aborted while it was silent."""
        if txn in self.engine.committed:
            super().commit_again(txn)


class ThreePhaseCore(PaxosCommitCore):
    """Coordinator and participant of one server; no acceptor is ever asked."""

    participant_class: type[ThreePhaseParticipant] = ThreePhaseParticipant
    proposer_class: type[Phases] = Phases

    _participant: ThreePhaseParticipant
    _proposer: Phases

    def __init__(
        self,
        name: str,
        peers: Sequence[str],
        engine: LockingEngine,
        records: Sequence[tuple[object, ...]],
        boots: int,
    ) -> None:
        super().__init__(name, peers, engine, records, boots)
        self._proposer.may_decide = self._participant.may_decide

    def receive(self, sender: str, message: Message, now: float) -> None:
        """See `PaxosCommitCore`."""
        self._proposer.now = now
        match message:
            case ("pre-commit", str(txn)):
                self._participant.tell_of_votes(txn)
                self._send(sender, ("state", txn, self._participant.state(txn)))
            case ("state?", str(txn)):
                self._send(sender, ("state", txn, self._participant.state(txn)))
            case ("state", str(txn), str(state)):
                self._proposer.heard(sender, txn, state)
        super().receive(sender, message, now)


class ThreePhaseServer(PaxosCommitServer):
    """See the module."""

    core_class: type[ThreePhaseCore] = ThreePhaseCore
