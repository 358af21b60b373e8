"""Linearizable reads, stated of what servers hold and watched at every step.

Who answers a query has applied whatever any server had applied when the query came: all that
anybody was told of by then is among that, so an older answer can be seen to be old (Raft thesis,
section 6.4; Herlihy and Wing, TOPLAS 1990). How a server makes sure of it, by asking the others, by
a lease, or not at all, makes no difference here.

It is found when a server answers so, whether or not the client still listens, and whether or not
the key that was asked for had been written meanwhile. The run goes on until the answer may have
come, so that a client that read what is old has it on record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sized
from typing import Protocol

from splitbrain.checkers.vocabulary import STALE_ANSWER
from splitbrain.harness.invariants import Breach

LATER = 200
"""How many steps of servers later a stale answer is told: some hundredths of a second."""


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
            # Those that waited come first; whatever was answered beyond them came in this step.
            at_once = answered > len(self.waiting)
            self.office, self.waiting = office, deque([highest] * len(reads))
            return _stale(name, applied, highest if at_once else 0)
        came = len(reads) + answered - len(self.waiting)
        self.waiting.extend([highest] * came)
        needed = 0
        for _ in range(answered):
            needed = self.waiting.popleft()
        return _stale(name, applied, needed)


class Answers:
    """The first stale answer of a run, told when whoever asked may have heard it.

    Attributes:
        stale: what is to be told, if anything.
        left: how many steps there are until then.
    """

    __slots__ = ("left", "stale")

    def __init__(self) -> None:
        self.stale: Breach | None = None
        self.left = LATER

    def note(self, breach: Breach | None) -> None:
        """An answer was looked at."""
        self.stale = self.stale or breach

    def due(self) -> Breach | None:
        """A server has done something."""
        self.left -= 1
        return self.stale if self.left <= 0 else None


def _stale(name: str, applied: int, needed: int) -> Breach | None:
    if applied >= needed:
        return None
    return Breach(
        STALE_ANSWER,
        f"{name} answered a query from what it had applied up to {applied}, and another server had "
        f"applied {needed} before the query came",
    )
