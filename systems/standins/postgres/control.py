"""The transactions of one connection, one after the other: begun, aborted, ended; and its settings.

``idle``: none; ``implicit``: of one statement or query string; ``open``: begun by BEGIN;
``aborted``: something in it failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from splitbrain.systems.standins.postgres.database import Database
from splitbrain.systems.standins.postgres.engine import READ_COMMITTED
from splitbrain.systems.standins.postgres.errors import (
    ABORTED,
    NO_SAVEPOINT,
    READ_ONLY,
    SqlError,
)
from splitbrain.systems.standins.postgres.queries import Query, Result, Session
from splitbrain.systems.standins.postgres.statements import ready
from splitbrain.systems.standins.postgres.syntax import Control, Statement
from splitbrain.systems.standins.postgres.types import EPOCH, Type

_DEFAULT_LEVEL = "default_transaction_isolation"


class Transactions:
    """See the module.

    Args:
        settings: what SHOW tells and SET changes.
    """

    def __init__(self, database: Database, settings: dict[str, str]) -> None:
        self._database = database
        self._settings = settings
        self._state = "idle"
        self._txn = ""
        self._now = 0
        self._read_only = False
        self._savepoints: list[tuple[str, dict[str, Any]]] = []

    @property
    def status(self) -> bytes:
        """What ReadyForQuery says."""
        return {"open": b"T", "aborted": b"E"}.get(self._state, b"I")

    def made_ready(self, statement: Statement, parameters: list[Type | None]) -> Query:
        """A statement's meaning.

        Raises:
            SqlError: it has none, or the transaction is aborted.
        """
        self._refuse_aborted()
        self._begin_implicit()
        return ready(self._database, self._txn, statement, parameters)

    async def do(
        self, statement: Statement, values: Sequence[Any], types: list[Type | None]
    ) -> Result:
        """Do a statement.

        Raises:
            SqlError: it fails.
        """
        if isinstance(statement, Control):
            return await self._control(statement)
        query = self.made_ready(statement, types)
        if self._read_only and query.writes:
            raise SqlError(READ_ONLY, "cannot change anything in a read-only transaction")
        self._database.engine.statement_begins(self._txn)
        return await query.run(Session(self._database, self._txn, self._now, values))

    def failed(self) -> None:
        """A statement failed. What a savepoint may bring back is kept, else all is undone."""
        if self._state == "open":
            if not self._savepoints:
                self._database.rollback(self._txn)
            self._state = "aborted"

    async def settle(self) -> None:
        """The end of a statement outside a transaction: commit it."""
        if self._state == "implicit":
            await self._commit()

    def drop_implicit(self) -> None:
        """Roll back what is left of it, if something failed."""
        if self._state == "implicit":
            self.leave()

    def leave(self) -> None:
        """Roll back."""
        self._database.rollback(self._txn)
        self._state, self._savepoints = "idle", []

    # Inside

    def _begin_implicit(self) -> None:
        if self._state == "idle":
            self._begin("implicit", None, False)

    def _begin(self, state: str, level: str | None, read_only: bool) -> None:
        level = level or self._settings.get(_DEFAULT_LEVEL, READ_COMMITTED)
        self._txn = self._database.begin(level)
        moment = datetime.fromtimestamp(self._database.now, UTC) - EPOCH
        self._now = moment // timedelta(microseconds=1)
        self._state, self._read_only = state, read_only

    async def _commit(self) -> None:
        self._state, self._savepoints = "idle", []
        await self._database.commit(self._txn)

    def _refuse_aborted(self) -> None:
        if self._state == "aborted":
            raise SqlError(
                ABORTED,
                "current transaction is aborted, commands ignored until end of transaction block",
            )

    async def _control(self, asked: Control) -> Result:
        if asked.kind not in ("commit", "rollback", "rollback-to"):
            self._refuse_aborted()
        match asked.kind:
            case "begin":
                self._open(asked)
            case "commit" if self._state == "aborted":
                self.leave()
                return Result("ROLLBACK")
            case "commit":
                if self._state != "idle":
                    await self._commit()
            case "rollback":
                self.leave()
            case "savepoint" | "release" | "rollback-to":
                self._savepoint(asked)
            case "set-level" if asked.level and self._state in ("open", "implicit"):
                self._database.engine.levels[self._txn] = asked.level
            case "set":
                value = asked.value.removeprefix("to ").removeprefix("= ")
                self._settings[asked.name] = value
            case "show":
                return Result("SHOW", [[self._settings.get(asked.name, "")]])
        return Result(asked.tag)

    def _open(self, asked: Control) -> None:
        """BEGIN; inside a transaction it changes nothing, as in PostgreSQL, which warns."""
        if self._state == "implicit":
            self._state = "open"
        elif self._state == "idle":
            self._begin("open", asked.level, asked.read_only)

    def _savepoint(self, asked: Control) -> None:
        """Savepoints keep what was written until then; locks stay until the end."""
        if asked.kind == "savepoint":
            writes = self._database.engine.active[self._txn].writes
            self._savepoints.append((asked.name, dict(writes)))
            return
        names = [name for name, _ in self._savepoints]
        if asked.name not in names:
            raise SqlError(NO_SAVEPOINT, f'savepoint "{asked.name}" does not exist')
        at = len(names) - 1 - names[::-1].index(asked.name)
        if asked.kind == "release":
            del self._savepoints[at:]
            return
        del self._savepoints[at + 1 :]
        self._database.engine.active[self._txn].writes = dict(self._savepoints[at][1])
        self._state = "open"
