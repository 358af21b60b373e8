"""The database of a server: its transactions, its log, and its tables.

Everything is a key of the engine: ``schema/TABLE`` is the table's CREATE statement,
``row/TABLE/KEY`` a row as a tuple, ``unique/TABLE/NUMBER/VALUES`` the key of the row that has these
values.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.standins.postgres.engine import PostgresEngine, not_serializable
from splitbrain.systems.standins.postgres.errors import NO_TABLE, SqlError
from splitbrain.systems.standins.postgres.parser import statements_of
from splitbrain.systems.standins.postgres.syntax import CreateTable
from splitbrain.systems.transactions.engine import Answer
from splitbrain.systems.transactions.log import LogManager

WAL_WRITER_DELAY_S = 0.2
"""How often the log is written where nobody waits for it (PostgreSQL's default)."""

_SKIPPED_IDS = 33  # a sequence is logged so far ahead, so a crash skips that many


class Database:
    """See the module.

    Args:
        node: the server's.
        synchronous: whether a commit waits for the disk.
    """

    def __init__(self, node: Node, synchronous: bool) -> None:
        self._node, self._synchronous = node, synchronous
        self._log = LogManager(node.disk)
        self._work = trio.Event()
        self._outcomes: dict[str, trio.Event] = {}
        self._ended: dict[str, Answer] = {}
        self._begun = 0
        self._boots = 0
        self._next_ids: dict[tuple[str, str], int] = {}

    async def recover(self) -> None:
        """Read the log."""
        records = await self._log.recover()
        self.engine = PostgresEngine(records)
        self._boots = sum(record == ("boot",) for record in records)
        self.engine.log(("boot",))
        self._write()
        await self._log.force()

    async def write_log(self) -> None:
        """Bring the log to disk, without end."""
        while True:
            if self._synchronous:
                await self._work.wait()
                self._work = trio.Event()
            else:
                await trio.sleep(WAL_WRITER_DELAY_S)
                self._write()
            await self._log.force()
            if self._synchronous:
                self.engine.durable(self._log.durable)
                self._tell()

    def _write(self) -> None:
        self._log.append(self.engine.records)
        self.engine.records.clear()

    # Transactions

    @property
    def now(self) -> float:
        """The host's wall clock."""
        return self._node.clock.time()

    def begin(self, level: str) -> str:
        """Begin a transaction; its name."""
        self._begun += 1
        txn = f"{self._boots}.{self._begun}"
        self.engine.levels[txn] = level
        self.engine.begin(txn)
        return txn

    async def commit(self, txn: str) -> None:
        """Commit, and wait until that lasts.

        Raises:
            SqlError: it may not be.
        """
        self._outcomes[txn] = ended = trio.Event()
        self.engine.commit(txn)
        if self._synchronous:
            if self.engine.records:
                self._write()
                self._work.set()
        else:  # seen by others at once, and lost if the server fails before the log is written
            self.engine.durable(self._log.written + len(self.engine.records))
        self._tell()
        await ended.wait()
        del self._outcomes[txn], self.engine.levels[txn]
        match self._ended.pop(txn):
            case ("aborted", reason):
                raise not_serializable(reason)

    def rollback(self, txn: str) -> None:
        """Undo a transaction that has not ended."""
        if txn in self.engine.active and not self.engine.busy(txn):
            self.engine.rollback(txn, "")
            del self.engine.levels[txn]
            self._tell()

    def _tell(self) -> None:
        for txn, answer in self.engine.answers:
            if txn in self._outcomes:
                self._ended[txn] = answer
                self._outcomes[txn].set()
        self.engine.answers.clear()

    # Tables

    def table(self, txn: str, name: str) -> CreateTable:
        """A table as it was created.

        Raises:
            SqlError: there is none.
        """
        text, _ = self.engine.newest(txn, f"schema/{name}")
        if text is None:
            raise SqlError(NO_TABLE, f'relation "{name}" does not exist')
        (statement,) = statements_of(text)
        assert isinstance(statement, CreateTable)
        return statement

    def next_id(self, table: CreateTable, column: str) -> int:
        """The next number of a column that counts by itself. No transaction gives one back."""
        known = self._next_ids.get((table.table, column))
        if known is None:
            position = [each.name for each in table.columns].index(column)
            rows = self.engine.newest_with(row_prefix(table.table))
            largest = max((row[position] or 0 for _, row in rows), default=0)
            known = largest + (_SKIPPED_IDS if self._boots and rows else 1)
        self._next_ids[table.table, column] = known + 1
        return known

    def forget_ids(self, table: str) -> None:
        """A table is dropped: who creates it again counts from 1."""
        self._next_ids = {key: at for key, at in self._next_ids.items() if key[0] != table}

    def hidden_key(self) -> str:
        """A name for a row without a primary key, never used before."""
        self._begun += 1
        return f"{self._boots}.{self._begun:09}"


def row_prefix(table: str) -> str:
    """What the keys of a table's rows begin with."""
    return f"row/{table}/"


def row_key(table: str, values: Sequence[Any]) -> str:
    """The key of the row with this primary key."""
    return row_prefix(table) + json.dumps(values)


def unique_key(table: str, number: int, values: Sequence[Any]) -> str:
    """The key that says which row has these values in the columns of a unique key."""
    return f"unique/{table}/{number}/{json.dumps(values)}"
