"""Linearizable reads, stated of what servers hold and watched at every step.

Who answers a query has applied whatever any server had applied when the query came: all that
anybody was told of by then is among that, so an older answer can be seen to be old (Raft thesis,
section 6.4; Herlihy and Wing, TOPLAS 1990). How a server makes sure of it, by asking the others, by
a lease, or not at all, makes no difference here.

It is found when a server answers so, whether or not the client still listens, and whether or not
the key that was asked for had been written meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sized
from typing import Protocol

from splitbrain.harness.invariants import Breach

STALE_ANSWER = "stale-answer"
"""The invariant that is broken."""


class Answering(Protocol):
    """A state machine that counts the queries that it has answered."""

    queries: int


class Asked:
    """The queries of one server, in one life.

    Attributes:
        queries: how many it had answered when it was looked at last.
        office: as what it was asked then; what it leaves behind with that is answered by nobody.
        waiting: of each query that waited then, how far anybody had applied when it came.
    """

    __slots__ = ("office", "queries", "waiting")

    def __init__(self) -> None:
        self.queries = 0
        self.office: object = None
        self.waiting: deque[int] = deque()

    def look(
        self,
        name: str,
        machine: Answering,
        office: object,
        reads: Sized,
        applied: int,
        highest: int,
    ) -> Breach | None:
        """Look at a server that has answered queries, or that was asked more.

        Args:
            name: the server's.
            machine: what it answers from.
            office: its leadership.
            reads: the queries that wait now; they are answered in the order in which they came.
            applied: how far it has applied.
            highest: how far any server had applied before this step.
        """
        answered, self.queries = machine.queries - self.queries, machine.queries
        if office != self.office:
            # Which of the answers was to a query of an earlier office nobody can tell.
            self.office, self.waiting = office, deque([highest] * len(reads))
            return None
        came = len(reads) + answered - len(self.waiting)
        self.waiting.extend([highest] * came)
        needed = 0
        for _ in range(answered):
            needed = self.waiting.popleft()
        if applied >= needed:
            return None
        return Breach(
            STALE_ANSWER,
            f"{name} answered a query from what it had applied up to {applied}, and another server "
            f"had applied {needed} before the query came",
        )
