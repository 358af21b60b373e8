"""The lock manager: shared and exclusive locks on keys and on predicates.

Two locks of different transactions *conflict* unless both are shared or what they cover does not
overlap. A lock on a prefix covers every key that begins with it, existing or not (predicate locks:
Eswaran et al., "The Notions of Consistency and Predicate Locks in a Database System", CACM 1976).

Invariants:

1. No two granted locks conflict.
2. A request waits for every conflicting lock held, and for conflicting requests that came before
   it. Only an upgrade (its transaction holds a lock on the same thing) goes before the queue, since
   those behind it wait for its transaction anyway.
3. A transaction waits for one lock at most.

Who waits for whom is a graph; a cycle in it is a deadlock (DDIA chapter 7, "Implementation of
two-phase locking"; Gray and Reuter, "Transaction Processing", section 7.11).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Mode = Literal["shared", "exclusive"]


class Target(NamedTuple):
    """What a lock covers: one key, or all keys with a prefix."""

    name: str
    prefix: bool = False

    def overlaps(self, other: Target) -> bool:
        """Whether some key is covered by both."""
        if self.prefix and other.name.startswith(self.name):
            return True
        if other.prefix and self.name.startswith(other.name):
            return True
        return self == other


class Lock(NamedTuple):
    """A lock held or asked for."""

    txn: str
    target: Target
    mode: Mode


class LockManager:
    """The locks of one server.

    Attributes:
        held: granted locks of each transaction, by target.
        queue: requests that wait, in the order in which they may be granted.
    """

    def __init__(self) -> None:
        self.held: dict[str, dict[Target, Mode]] = {}
        self.queue: list[Lock] = []

    def acquire_lock(self, txn: str, target: Target, mode: Mode) -> bool:
        """Grant a lock, or let the transaction wait for it; whether it was granted."""
        if self.holds(txn, target, mode):
            return True
        request = Lock(txn, target, mode)
        if not self.blockers(request):
            self._grant(request)
            return True
        self.queue.append(request)
        return False

    def release_locks(self, txn: str) -> list[str]:
        """Release all that a transaction holds and asks for; those who can go on now, in order."""
        self.held.pop(txn, None)
        self.queue = [request for request in self.queue if request.txn != txn]
        return self._grant_waiting()

    def release_lock(self, txn: str, target: Target) -> list[str]:
        """Release one lock; those who can go on now, in order."""
        self.held.get(txn, {}).pop(target, None)
        return self._grant_waiting()

    def give_up(self, txn: str) -> list[str]:
        """Wait for nothing any more; those who can go on now, in order."""
        self.queue = [request for request in self.queue if request.txn != txn]
        return self._grant_waiting()

    def waits(self, txn: str) -> bool:
        """Whether a transaction waits for a lock."""
        return any(request.txn == txn for request in self.queue)

    def holds(self, txn: str, target: Target, mode: Mode) -> bool:
        """Whether a transaction holds a lock at least as strong."""
        return self.held.get(txn, {}).get(target) in (mode, "exclusive")

    def blockers(self, request: Lock) -> list[str]:
        """The transactions that a request waits for, each once."""
        waiting_for = [
            txn
            for txn, locks in self.held.items()
            for target, mode in locks.items()
            if _conflict(request, Lock(txn, target, mode))
        ]
        if not self._upgrades(request):
            waiting_for += [other.txn for other in self._before(request)]
        return list(dict.fromkeys(waiting_for))

    def deadlock(self, txn: str) -> list[str]:
        """The transactions of a cycle of waiting that `txn` is part of; empty if there is none."""
        came_from: dict[str, str] = {}
        frontier = [txn]
        while frontier:
            waiter = frontier.pop()
            for holder in self._waits_for(waiter):
                if holder == txn:
                    return _path(came_from, txn, waiter)
                if holder not in came_from:
                    came_from[holder] = waiter
                    frontier.append(holder)
        return []

    def _waits_for(self, txn: str) -> list[str]:
        return [b for request in self.queue if request.txn == txn for b in self.blockers(request)]

    def _before(self, request: Lock) -> Iterable[Lock]:
        for other in self.queue:
            if other == request:
                return
            if _conflict(request, other):
                yield other

    def _upgrades(self, request: Lock) -> bool:
        return request.target in self.held.get(request.txn, {})

    def _grant(self, request: Lock) -> None:
        locks = self.held.setdefault(request.txn, {})
        if locks.get(request.target) != "exclusive":
            locks[request.target] = request.mode

    def _grant_waiting(self) -> list[str]:
        granted = []
        for request in list(self.queue):
            if not self.blockers(request):
                self.queue.remove(request)
                self._grant(request)
                granted.append(request.txn)
        return granted


def _conflict(one: Lock, other: Lock) -> bool:
    if one.txn == other.txn or one.mode == other.mode == "shared":
        return False
    return one.target.overlaps(other.target)


def _path(came_from: dict[str, str], start: str, end: str) -> list[str]:
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
