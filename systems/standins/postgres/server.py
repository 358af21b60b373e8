"""A stand-in for PostgreSQL: one server that unmodified clients (asyncpg) talk to.

It speaks version 3 of the wire protocol, simple and extended queries, over a small SQL: tables with
primary and unique keys, INSERT with ON CONFLICT and RETURNING, SELECT from one table with WHERE,
GROUP BY, ORDER BY, LIMIT and FOR UPDATE (SKIP LOCKED, NOWAIT), queries inside conditions, UPDATE,
DELETE, transactions of all levels with savepoints. No joins, arrays, views, triggers, LISTEN or
COPY. Isolation and row locks are PostgreSQL's: `splitbrain.systems.standins.postgres.engine`.

What a crash takes of commits that were acknowledged is a setting of PostgreSQL's own,
``synchronous_commit``: ``on`` nothing, ``off`` those of up to the last 0.2 s, even if only the
process dies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import trio
from trio import SocketStream

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.surroundings.surrounding import surround, surround_clients
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.systems.standins.postgres.connection import Connection
from splitbrain.systems.standins.postgres.database import Database

PORT = 5432

SynchronousCommit = Literal["on", "off"]


class Postgres:
    """The server of one node."""

    def __init__(self, node: Node, synchronous_commit: SynchronousCommit) -> None:
        if not isinstance(node, Incarnation):
            raise InvalidPlan("a stand-in runs in simulation only: leave out the ground")
        self._node = node
        self._database = Database(node, synchronous_commit == "on")
        self._recovered = trio.Event()
        self._connections: dict[int, Connection] = {}

    async def run(self) -> None:
        """Recover from the log, then serve."""
        assert isinstance(self._node, Incarnation)
        surround(self._node)
        surround_clients(self._node)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_tcp, self._serve, PORT)
            await self._database.recover()
            self._recovered.set()
            await self._database.write_log()

    async def _serve(self, stream: SocketStream) -> None:
        """One client, who waits while the log is read (the real one says to come again)."""
        await self._recovered.wait()
        number = max(self._connections, default=0) + 1
        connection = Connection(stream, self._database, number, self._node.random, self._cancel)
        self._connections[number] = connection
        try:
            await connection.run()
        finally:
            del self._connections[number]

    def _cancel(self, number: int, secret: int) -> None:
        """A client asks to cancel what another of its connections does."""
        asked = self._connections.get(number)
        if asked is not None and asked.secret == secret:
            asked.cancel()


def postgres(synchronous_commit: SynchronousCommit = "on") -> Callable[[Node], Postgres]:
    """A server factory: a PostgreSQL that listens on port 5432 and lets everybody in.

    Args:
        synchronous_commit: whether a commit waits for the disk; see the module.

    Raises:
        InvalidPlan: there is no such setting.
    """
    if synchronous_commit not in get_args(SynchronousCommit):
        raise InvalidPlan(f"synchronous_commit is {synchronous_commit!r}: give one of on, off")

    def server(node: Node) -> Postgres:
        return Postgres(node, synchronous_commit)

    return server
