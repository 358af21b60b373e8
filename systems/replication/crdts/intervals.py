"""What a server has yet to tell each of the others: deltas, numbered in the order of their arrival.

Each change of the server's state, by a client or by what it heard, is one delta. A peer that has
acknowledged all before number *a* is sent those from *a* on, joined to one: it has all that the
sender had when *a* was made, so nothing that the interval builds on is missing (*causal
delta-merging*). Who acknowledged nothing yet, or lacks one that is no longer kept, needs the whole
state::

    deltas      1   2   3   4   5          n2 has acknowledged all before 3:  3..5 joined
                        ^       ^          n3 all before 5:                   5
                        n2      n3         n4 nothing in this life:           everything

Source: Almeida, Shoker and Baquero, "Delta State Replicated Data Types", Journal of Parallel and
Distributed Computing 111, 2018, algorithm 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

Delta = TypeVar("Delta")


class Due(NamedTuple, Generic[Delta]):
    """What a peer is to be sent.

    Attributes:
        deltas: those of the interval; None: it needs the whole state.
        until: the number of the first delta that is not in it.
    """

    deltas: tuple[Delta, ...] | None
    until: int


class Intervals(Generic[Delta]):
    """The deltas of one server in one of its lives; all of it is in memory only.

    Args:
        peers: who is to hear of them.
        keep: the most that are kept for who lacks them.

    Attributes:
        until: the number of the next delta.
    """

    def __init__(self, peers: Iterable[str], keep: int) -> None:
        self._keep = keep
        self._deltas: dict[int, Delta] = {}
        self.until = 1
        self._heard = dict.fromkeys(peers, 0)

    def add(self, delta: Delta) -> None:
        """The server's state has changed by this."""
        self._deltas[self.until] = delta
        self.until += 1
        self._forget()

    def acknowledge(self, peer: str, until: int) -> None:
        """A peer has all before this number, and cannot lose it."""
        self._heard[peer] = max(self._heard[peer], until)
        self._forget()

    def due(self, peer: str, until: int) -> Due[Delta] | None:
        """What to send to a peer of all before a number; None: it has that."""
        heard = self._heard[peer]
        if heard >= until:
            return None
        if heard not in self._deltas:
            return Due(None, until)
        return Due(tuple(self._deltas[n] for n in range(heard, until)), until)

    def _forget(self) -> None:
        """Drop what everybody has, and the oldest beyond what is kept."""
        needed = max(min(self._heard.values(), default=self.until), self.until - self._keep)
        while self._deltas and (first := next(iter(self._deltas))) < needed:
            del self._deltas[first]
