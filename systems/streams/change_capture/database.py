"""The server of the database: a store as it is, and who reads its log for others.

The store is `splitbrain.systems.storage.write_ahead_log`, with its files, its server and what
clients say to it; a write's answer has its position. Who follows talks to the same server::

client -> database   ("request", id, "end")                           -> up to where it is durable
view -> database     ("follow", life, position)
                     ("snapshot", life, last key)
database -> view     ("changes", life, from, changes, where to go on)      once there is something
                     ("restart", life)                 what is missing can't be told any more
                     ("part", life, last key, position, keys and values, whether that is all, end)
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.node import Node
from splitbrain.systems.storage.engine import Batch, Snapshot
from splitbrain.systems.storage.log_tail import FollowedLog, LogTail
from splitbrain.systems.storage.server import OK
from splitbrain.systems.storage.write_ahead_log.engine import LOG, LogStoreServer, SmallLogStore


def as_text(batch: Batch) -> tuple[tuple[str, str | None], ...]:
    """A batch as views are told it."""
    return tuple((key.decode(), None if value is None else value.decode()) for key, value in batch)


class FollowedStore(SmallLogStore):
    """The store, with a log whose place is known."""

    log_class = FollowedLog
    log: FollowedLog


class Database(LogStoreServer):
    """The one server that is written to.

    Invariants: what is told to others is durable; a copy is of one position; who follows is told
    every record of the log behind its position, in order, or that it must begin anew.

    Attributes:
        batch: most records, or keys, in a message.
    """

    engine_class = FollowedStore
    engine: FollowedStore
    batch = 4

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._tail = LogTail(node.disk, LOG)
        self._following: dict[str, tuple[int, int]] = {}  # by view: its life and position
        self._copies: dict[str, tuple[int, Snapshot]] = {}  # by view: the one that it takes
        self._answers: dict[str, tuple[int, str, Any]] = {}  # by client: the last one
        self._first = 0
        self._told = 0  # the number of the log that was shown last

    @property
    def log(self) -> FollowedLog:
        """The store's log."""
        return self.engine.log

    def _receive(self, client: str, *message: Any) -> None:
        match message:
            case ("follow", int() as life, int() as position):
                self._following[client] = life, position
                self._tell()
            case ("snapshot", int() as life, after) if not self.problem:
                self._copy(client, life, after)
            case ("snapshot", *_):
                pass  # it asks again
            case ("request", id, *_) if self._answers.get(client, (None,))[0] == id:
                super()._answer(client, *self._answers[client])
            case ("request", id, "end") if not self.problem:
                self._tell()  # a log that was written anew meanwhile
                self._answer(client, id, OK, self.log.end)
            case _:
                super()._receive(client, *message)

    def _answer(self, client: str, id: int, status: str, value: Any = None) -> None:
        self._answers[client] = id, status, value
        super()._answer(client, id, status, value)

    # Writes

    async def commit(self, writes: Any) -> None:
        """See `StorageServer.commit`; who follows hears of it."""
        self._first = self.log.written + 1
        await super().commit(writes)
        for position in range(self._first, self.log.written + 1):
            self.node.show("wrote", position)
        self._tell()

    def said(self, position: int) -> int:
        """The write's position in the log: one batch is one record."""
        return self._first + position

    # Followers

    def _tell(self) -> None:
        """Tell those that wait what has come."""
        if self.problem:
            return
        if self._told != self.log.epoch:
            self._told = self.log.epoch
            self.node.show("log", self._told)
        for view, (life, position) in list(self._following.items()):
            start = self.next_of(position)
            if start is None:
                told: tuple[Any, ...] = ("restart", life)
            else:
                records = self._tail.behind(start, self.log.end, self.batch)
                upto = records[-1].position if records else start
                changes = tuple((each.position, as_text(each.batch)) for each in records)
                told = ("changes", life, position, changes, upto)
                if upto == position:
                    continue  # there is nothing new
            del self._following[view]
            self.node.network.send(view, told)

    def next_of(self, position: int) -> int | None:
        """Where in the log who has read up to a position goes on; None if it must begin anew."""
        return self.log.next_of(position)

    def _copy(self, view: str, life: int, after: str | None) -> None:
        """A part of all keys and values as they were when the first part was asked for: at the
        position up to which the log is durable, since the store shows what is, and no more."""
        if after is None:
            self._copies[view] = self.log.end, self.engine.snapshot()
        if view not in self._copies:
            self.node.network.send(view, ("restart", life))
            return
        position, snapshot = self._copies[view]
        some = snapshot.scan(None if after is None else after.encode(), self.batch)
        is_all = len(some) < self.batch
        told = ("part", life, after, position, as_text(some), is_all, self.log.end)
        self.node.network.send(view, told)
