"""The transaction manager of one server: whose transaction is it, and what is its client told.

    ("request", id, "begin")                        -> ("begun", txn)
    ("request", id, "operate", txn, n, operation)   -> ("done", result) | ("aborted", reason)
    ("request", id, "commit", txn)                  -> ("committed",) | ("aborted", reason)
    ("request", id, "rollback", txn)                -> ("aborted", reason)

each answered with ``("reply", id, *answer)``. ``n`` counts the transaction's operations from 1, so
that a message that arrives twice is done once; one that comes before the last operation was
answered is ignored. Commit and rollback may be asked again: the outcome
does not change.

A transaction's name holds the server's and the number of its start, so a name is never used twice,
and it is known of every transaction from before a crash what became of it: it has committed if the
log says so, and is rolled back otherwise.

A client that disappears leaves its transaction behind. One that was not heard of for `IDLE_S` is
rolled back, unless the transaction waits for something else than its client: then it is
once that has happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splitbrain.harness.node import Message
from splitbrain.systems.transactions.engine import Answer, Engine
from splitbrain.systems.transactions.log import Record

IDLE_S = 1.0
"""How long a client may be silent, in seconds."""

Waiting = tuple[str, int]
"""A client's name and its number for the request."""


@dataclass(slots=True)
class Session:
    """A transaction that has not ended.

    Attributes:
        heard: when its client last asked for something.
        waiting: who waits for an answer.
        operations: how many operations were asked for.
        committing: whether its commit was asked for.
    """

    heard: float
    waiting: Waiting | None = None
    operations: int = 0
    committing: bool = False


class TransactionManager:
    """See the module.

    Args:
        name: the server's name.
        engine: the transactions themselves, recovered.
        boots: how often the server started before.

    Attributes:
        messages: what to send, in order: pairs of destination and message.
        idle: seconds after which a silent client's transaction is rolled back.
    """

    idle: float = IDLE_S

    def __init__(self, name: str, engine: Engine, boots: int) -> None:
        self.engine = engine
        self.messages: list[tuple[str, Message]] = []
        self.sessions: dict[str, Session] = {}
        self._prefix = f"{name}.{boots}"
        self._begun = 0
        self._outcomes: dict[str, Answer] = {}
        engine.log(("boot",))

    @property
    def records(self) -> list[Record]:
        """What to write to the log, in order; whoever writes it takes it out."""
        return self.engine.records

    def receive(self, sender: str, message: Message, now: float) -> None:
        """Take in a message."""
        match message:
            case ("request", int(id), "begin"):
                self._begin((sender, id), now)
            case ("request", int(id), "operate", str(txn), int(number), tuple(operation)):
                self._operate(txn, (sender, id), number, operation, now)
            case ("request", int(id), "commit", str(txn)):
                self._commit(txn, (sender, id), now)
            case ("request", int(id), "rollback", str(txn)):
                self._rollback(txn, (sender, id), now)
            case ("request", int(id), *rest):
                self._reply((sender, id), ("aborted", f"{tuple(rest)!r} is no request"))
        self._tell()

    def tick(self, now: float) -> None:
        """Time has passed."""
        for txn, session in list(self.sessions.items()):
            if now - session.heard > self.idle and not self.engine.busy(txn):
                self.expire(txn)
        self._tell()

    def durable(self, lsn: int, now: float) -> None:
        """All records up to this number are on disk."""
        self.engine.durable(lsn)
        self._tell()

    def expire(self, txn: str) -> None:
        """A transaction's client is gone."""
        self.engine.rollback(txn, f"its client was silent for {self.idle:g} s")

    def _begin(self, waiting: Waiting, now: float) -> None:
        self._begun += 1
        txn = f"{self._prefix}.{self._begun}"
        self.sessions[txn] = Session(now)
        self.engine.begin(txn)
        self._reply(waiting, ("begun", txn))

    def _operate(
        self, txn: str, waiting: Waiting, number: int, operation: tuple[Any, ...], now: float
    ) -> None:
        session = self.sessions.get(txn)
        if session is None:
            self._reply(waiting, self._outcome(txn))
        elif number == session.operations + 1 and session.waiting is None:
            session.heard, session.operations = now, number
            session.waiting = waiting
            self.engine.operate(txn, operation)

    def _commit(self, txn: str, waiting: Waiting, now: float) -> None:
        session = self.sessions.get(txn)
        if session is None:
            self._reply(waiting, self._outcome(txn))
            return
        if session.waiting is not None and not session.committing:
            return  # an operation is under way: whoever asks now will ask again
        session.heard, session.waiting = now, waiting
        if not session.committing:
            session.committing = True
            self.engine.commit(txn)

    def _rollback(self, txn: str, waiting: Waiting, now: float) -> None:
        session = self.sessions.get(txn)
        if session is None:
            self._reply(waiting, self._outcome(txn))
        elif not session.committing:
            session.heard, session.waiting = now, waiting
            self.engine.rollback(txn, "its client rolled it back")

    def _outcome(self, txn: str) -> Answer:
        """What became of a transaction that has ended."""
        if txn in self.engine.committed:
            return ("committed",)
        return self._outcomes.get(txn, ("aborted", "the server forgot it in a crash"))

    def _tell(self) -> None:
        """Pass on the engine's answers."""
        answers = self.engine.answers
        while answers:
            txn, answer = answers.pop(0)
            session = self.sessions.get(txn)
            if session is None:
                continue
            if answer[0] != "done":
                self._outcomes[txn] = answer
                del self.sessions[txn]
            if session.waiting is not None:
                self._reply(session.waiting, answer)
                session.waiting = None

    def _reply(self, waiting: Waiting, answer: Answer) -> None:
        client, id = waiting
        self.messages.append((client, ("reply", id, *answer)))
