"""An acceptor's durable state: a write-ahead log of MessagePack records::

    ["promise", ballot]
    ["votes", ballot, [[slot, value], ...]]
    ["all", promised, [[slot, ballot, value], ...], base, snapshot]     in the place of all before

The last comes alone at the beginning of a new log, which is renamed into place: a snapshot and what
is forgotten behind it are never apart.

Invariants:

1. After `save` returns, its records survive a power loss; until then no promise rests on them.
2. A log of which something durable was altered is never taken for a short one: that would forget
   promises and votes. Recovery raises `Damaged`, and the server takes part no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.consensus.paxos.effects import (
    Save,
    SaveAll,
    SavePromise,
    Snapshot,
    Stored,
)
from splitbrain.systems.consensus.sessions import immutable
from splitbrain.systems.storage.wal import WriteAheadLog

WAL = "acceptor"
_encode = msgspec.msgpack.encode


class Storage:
    """The file of one server. One task writes; it awaits each call before the next.

    Every method raises ``OSError`` if the disk failed, and `Full` if it has no room. Nobody knows
    then what is durable, and no later sync will tell: only `recover` makes sure again.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.log = WriteAheadLog(disk, WAL)

    async def recover(self) -> Stored:
        """Read what survived, and make sure that it is durable.

        Raises:
            Damaged: something that was durable was altered.
        """
        replay = _Replay()
        for payload in self.log.read():
            replay.apply(*immutable(msgspec.msgpack.decode(payload)))
        stored = replay.result()
        await self.log.begin([whole(stored)])
        return stored

    async def save(self, saves: Iterable[Save]) -> None:
        """Make the saves durable, in order."""
        records: list[bytes] = []
        for save in saves:
            if isinstance(save, SaveAll):
                records.clear()  # it contains them
                await self.save_all(save.stored)
            elif isinstance(save, SavePromise):
                records.append(_encode(("promise", save.ballot)))
            else:
                records.append(_encode(("votes", save.ballot, save.votes)))
        if records:
            for record in records:
                self.log.append(record)
            await self.log.sync()

    async def save_all(self, stored: Stored) -> None:
        """Have this and nothing else."""
        await self.log.begin([whole(stored)])

    async def mark(self) -> None:
        """Note that all is durable, for there is nothing else to write."""
        await self.log.mark()


def whole(stored: Stored) -> bytes:
    """All of it as one record."""
    return _encode(("all", *stored))


class _Replay:
    """Applies the records of a log in order."""

    def __init__(self) -> None:
        self.promised = self.base = 0
        self.votes: dict[int, tuple[int, int, Any]] = {}
        self.snapshot: Snapshot | None = None

    def apply(self, kind: str, *fields: Any) -> None:
        if kind == "all":
            self.promised, votes, self.base, snapshot = fields
            self.votes = {vote[0]: vote for vote in votes}
            self.snapshot = None if snapshot is None else Snapshot(*snapshot)
        else:
            self.promised = max(self.promised, fields[0])
            for slot, value in fields[1] if kind == "votes" else ():
                self.votes[slot] = (slot, fields[0], value)

    def result(self) -> Stored:
        return Stored(self.promised, tuple(self.votes.values()), self.base, self.snapshot)
