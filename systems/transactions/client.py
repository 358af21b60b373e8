"""Clients: interactive transactions, and what the workloads ask for made of them.

A client that gives up before it has asked for the commit knows that the transaction will not
happen: nobody else can ask. It says nothing to the server, as if it had died; the server has to
notice. Once it has asked for the commit it asks again until it is told, and else it doesn't know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.frames import frozen
from splitbrain.systems.transactions.operations import Value

ATTEMPT_S = 0.4
"""How long to wait for an answer before asking again, in seconds."""

PATIENCE_S = 1.0
"""How long a transaction may take up to its commit, in seconds."""

THINK_S = 0.04
"""Longest time between two operations of a transaction, in seconds: real clients think."""

_COUNTER, _QUEUE, _HOLDER = "counter", "queue", "lock/holder"
"""Keys of the counter, of the queue, and of who holds the lock."""

_OPERATIONS = {"append": "append", "w": "write"}


SNAPSHOT_WORKLOADS = (
    "list-append",
    "rw-register",
    "bank",
    "counter",
    "queue",
    "lock",
    "long-fork",
)
"""What the client serves, if the system claims snapshot isolation."""

WORKLOADS = (*SNAPSHOT_WORKLOADS, "doctors", "booking")
"""What the client serves, if the system claims serializability."""


class TransactionClient:
    """A client with one transaction at a time.

    Args:
        node: the client's own host.
        server: the server to ask; another one if it is silent and there are more.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
        self._txn = ""
        self._number = 0

    # One step at a time

    async def begin(self) -> None:
        """Begin a transaction."""
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, self._server, "begin")
                self._txn, self._number = str(answer[1]), 0
                return
            servers = self._node.peers
            self._server = servers[(servers.index(self._server) + 1) % len(servers)]

    async def operate(self, *operation: Any) -> Value:
        """Do an operation (`splitbrain.systems.transactions.operations`).

        Raises:
            Definite: the transaction was rolled back.
        """
        self._number += 1
        message = ("operate", self._txn, self._number, frozen(operation))
        return _result(await request(self._node, self._server, *message))

    async def commit(self) -> None:
        """Commit; asks until it is told.

        Raises:
            Definite: the transaction was rolled back.
        """
        await self._insist("commit")

    async def rollback(self) -> None:
        """Roll back.

        Raises:
            Definite: always, once it has happened.
        """
        await self._insist("rollback")

    async def _insist(self, what: str) -> None:
        while True:
            with trio.move_on_after(ATTEMPT_S):
                _result(await request(self._node, self._server, what, self._txn))
                return

    # Whole transactions

    @asynccontextmanager
    async def atomically(self) -> AsyncIterator[None]:
        """A transaction around what is done inside: committed at its end, given up if it takes
        longer than `PATIENCE_S`.

        Raises:
            Definite: it did not happen.
        """
        with trio.move_on_after(PATIENCE_S) as patience:
            await self.begin()
            yield
        if patience.cancelled_caught:
            raise Definite(f"given up after {PATIENCE_S:g} s, before committing")
        await self.commit()

    async def transaction(self, micro_operations: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Do micro-operations as one transaction; the same, with what the reads saw.

        Raises:
            Definite: it did not happen.
        """
        completed = []
        async with self.atomically():
            for f, key, value in micro_operations:
                await self._think()
                if f == "r":
                    seen = await self.operate("read", str(key))
                    completed.append([f, key, list(seen) if isinstance(seen, tuple) else seen])
                else:
                    await self.operate(_OPERATIONS[f], str(key), value)
                    completed.append([f, key, value])
            await self._think()
        return completed

    async def transfer(self, source: str, target: str, amount: int, opening: int) -> bool:
        """Move money if there is enough; an account never written holds `opening`."""
        async with self.atomically():
            have = await self._balance(source, opening)
            await self._think()
            held = await self._balance(target, opening)
            await self._think()
            if have >= amount:
                await self.operate("write", f"account/{source}", have - amount)
                await self.operate("write", f"account/{target}", held + amount)
        return have >= amount

    async def balances(self, accounts: Sequence[str], opening: int) -> Mapping[str, int]:
        """What each account holds, in one transaction."""
        found = {}
        async with self.atomically():
            for account in accounts:
                found[account] = await self._balance(account, opening)
                await self._think()
        return found

    async def _balance(self, account: str, opening: int) -> int:
        value = await self.operate("read", f"account/{account}")
        return opening if value is None else int(value)

    async def on_call(self, shift: str, doctors: Sequence[str]) -> list[str]:
        """Who is on call; everybody is, to begin with."""
        async with self.atomically():
            found = await self._on_call(shift, doctors)
        return found

    async def leave(self, shift: str, doctor: str, doctors: Sequence[str]) -> bool:
        """Take a doctor off call if another one stays; whether it was done."""
        async with self.atomically():
            found = await self._on_call(shift, doctors)
            may = doctor in found and len(found) > 1
            await self._think()
            if may:
                await self.operate("write", f"{shift}/{doctor}", False)
        return may

    async def join(self, shift: str, doctor: str) -> None:
        """Put a doctor on call."""
        async with self.atomically():
            await self.operate("write", f"{shift}/{doctor}", True)

    async def _on_call(self, shift: str, doctors: Sequence[str]) -> list[str]:
        present = [(name, await self.operate("read", f"{shift}/{name}")) for name in doctors]
        return [name for name, value in present if value is not False]

    async def book(self, room: str, start: int, end: int, guest: int) -> bool:
        """Book a room for hours [start, end) if it is free then; whether it was."""
        async with self.atomically():
            rows = await self.operate("scan", f"{room}/")
            free = all(end <= first or last <= start for _, (first, last, _) in rows)
            await self._think()
            if free:
                await self.operate("write", f"{room}/{guest}", (start, end, guest))
        return free

    async def bookings(self, room: str) -> list[list[int]]:
        """All bookings of a room: start, end, guest."""
        async with self.atomically():
            rows = await self.operate("scan", f"{room}/")
        return [list(booking) for _, booking in rows]

    async def add(self, amount: int) -> None:
        """Add to the counter."""
        async with self.atomically():
            total = await self.operate("read", _COUNTER)
            await self._think()
            await self.operate("write", _COUNTER, (total or 0) + amount)

    async def read(self) -> int:
        """The counter's value."""
        async with self.atomically():
            total = await self.operate("read", _COUNTER)
        return int(total or 0)

    async def enqueue(self, element: int) -> None:
        """Put an element at the end of the queue."""
        async with self.atomically():
            await self.operate("append", _QUEUE, element)

    async def dequeue(self) -> int | None:
        """Take the first element of the queue; None if there is none."""
        async with self.atomically():
            first, *rest = await self.operate("read", _QUEUE) or (None,)
            await self._think()
            if first is not None:
                await self.operate("write", _QUEUE, tuple(rest))
        return first

    async def acquire(self) -> bool:
        """Take the lock if nobody holds it; whether it was taken.

        Whoever holds it is written there, so that a client that gave up after it had asked for the
        commit leaves it taken for good: a lock without leases does that.
        """
        async with self.atomically():
            free = await self.operate("read", _HOLDER) is None
            await self._think()
            if free:
                await self.operate("write", _HOLDER, self._txn)
        return free

    async def release(self, token: int | None) -> None:
        """Give the lock back."""
        async with self.atomically():
            await self.operate("delete", _HOLDER)

    async def _think(self) -> None:
        await trio.sleep(self._node.random.uniform(0, THINK_S))


def _result(answer: Message) -> Value:
    match answer:
        case ("done", result):
            return result
        case ("aborted", reason):
            raise Definite(str(reason))
    return None
