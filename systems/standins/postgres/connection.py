"""One client's connection: messages in, statements done, messages out.

A statement outside a transaction is one of its own; what fails inside one leaves it aborted until
it is rolled back. After an error in the extended protocol everything up to Sync is ignored.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import trio
from trio import SocketStream

from splitbrain.systems.standins.postgres import wire
from splitbrain.systems.standins.postgres.control import Transactions
from splitbrain.systems.standins.postgres.database import Database
from splitbrain.systems.standins.postgres.errors import (
    CANCELED,
    NO_STATEMENT,
    PROTOCOL,
    SYNTAX,
    SqlError,
)
from splitbrain.systems.standins.postgres.parser import statements_of
from splitbrain.systems.standins.postgres.queries import Result
from splitbrain.systems.standins.postgres.syntax import Control, Statement
from splitbrain.systems.standins.postgres.types import TEXT, Type
from splitbrain.systems.standins.postgres.wire import Fields, message

SETTINGS = {
    "server_version": "15.5",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}
"""What a client is told when it connects."""


@dataclass(slots=True)
class Prepared:
    """A statement by a name: what it is given and shows. None: an empty query."""

    statement: Statement | None
    parameters: list[Type]
    columns: list[tuple[str, Type]]


@dataclass(slots=True)
class Portal:
    """A statement with its values, and what is left of its rows once it was done."""

    prepared: Prepared
    values: list[Any]
    formats: list[int]
    result: Result | None = None
    shown: int = field(default=0)


class Connection:
    """See the module.

    Args:
        number: tells it from the server's others.
        cancel: cancels what another connection does, by number and secret.

    Attributes:
        secret: who knows it may cancel what this does.
    """

    def __init__(
        self,
        stream: SocketStream,
        database: Database,
        number: int,
        dice: random.Random,
        cancel: Callable[[int, int], None],
    ) -> None:
        self._stream, self._database = stream, database
        self._number, self.secret = number, dice.randrange(1 << 31)
        self._cancel_other = cancel
        self._transactions = Transactions(database, dict(SETTINGS))
        self._statements: dict[str, Prepared] = {}
        self._portals: dict[str, Portal] = {}
        self._unread = b""
        self._out: list[bytes] = []
        self._failed = False  # until Sync
        self._running: trio.CancelScope | None = None
        self._handlers = {
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
        }

    def cancel(self) -> None:
        """End the statement that is under way, if there is one."""
        if self._running is not None:
            self._running.cancel()

    async def run(self) -> None:
        """Serve until the client goes; what it left open is rolled back."""
        try:
            if await self._begin():
                while (found := await self._message()) is not None:
                    kind, body = found
                    if kind == b"X":
                        return
                    await self._handle(kind, Fields(body))
        except trio.BrokenResourceError:
            return
        finally:
            self._transactions.leave()

    # Bytes

    async def _bytes(self, size: int) -> bytes | None:
        while len(self._unread) < size:
            more = await self._stream.receive_some()
            if not more:
                return None
            self._unread += more
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    async def _message(self) -> tuple[bytes, bytes] | None:
        head = await self._bytes(5)
        body = await self._bytes(struct.unpack(">i", head[1:])[0] - 4) if head else None
        return None if head is None or body is None else (head[:1], body)

    async def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if data:
            await self._stream.send_all(data)

    async def _begin(self) -> bool:
        """The start of the protocol; whether to go on."""
        while True:
            head = await self._bytes(4)
            body = await self._bytes(struct.unpack(">i", head)[0] - 4) if head else None
            if body is None:
                return False
            fields = Fields(body)
            code = fields.number(">i")
            if code in (wire.SSL, wire.GSS):
                await self._stream.send_all(b"N")
                continue
            if code == wire.CANCEL:
                self._cancel_other(fields.number(">i"), fields.number(">i"))
                return False
            break
        if code != wire.PROTOCOL_3:
            self._out.append(wire.error(SqlError(PROTOCOL, "only protocol 3.0 is known here")))
            await self._flush()
            return False
        self._out.append(message(b"R", struct.pack(">i", 0)))
        for name, value in SETTINGS.items():
            self._out.append(message(b"S", wire.text(name), wire.text(value)))
        self._out.append(message(b"K", struct.pack(">ii", self._number, self.secret)))
        await self._ready()
        return True

    async def _ready(self) -> None:
        self._out.append(message(b"Z", self._transactions.status))
        await self._flush()

    # Messages

    async def _handle(self, kind: bytes, fields: Fields) -> None:
        if kind == b"Q":
            await self._simple(fields.text())
        elif kind == b"S":
            await self._sync()
        elif kind == b"H":
            await self._flush()
        elif not self._failed:
            try:
                if kind not in self._handlers:
                    raise SqlError(PROTOCOL, f"messages of type {kind!r} are not known here")
                await self._uncanceled(self._handlers[kind], fields)
            except SqlError as problem:
                self._fail(problem)
                self._failed = True

    async def _uncanceled(self, does: Callable[..., Any], *arguments: Any) -> None:
        """Do something that the client may cancel.

        Raises:
            SqlError: it did.
        """
        with trio.CancelScope() as self._running:
            await does(*arguments)
        canceled, self._running = self._running.cancelled_caught, None
        if canceled:
            raise SqlError(CANCELED, "canceling statement due to user request")

    def _fail(self, problem: SqlError) -> None:
        self._out.append(wire.error(problem))
        self._transactions.failed()

    async def _sync(self) -> None:
        if not self._failed:
            try:
                await self._transactions.settle()
            except SqlError as problem:
                self._fail(problem)
        self._failed = False
        self._transactions.drop_implicit()
        if self._transactions.status == b"I":
            self._portals.clear()
        await self._ready()

    async def _simple(self, text: str) -> None:
        """A query string: its statements are one transaction unless they say otherwise."""
        try:
            statements = statements_of(text)
            if not statements:
                self._out.append(message(b"I"))
            for statement in statements:
                await self._uncanceled(self._one, statement)
            await self._transactions.settle()
        except SqlError as problem:
            self._fail(problem)
        self._transactions.drop_implicit()
        await self._ready()

    async def _one(self, statement: Statement) -> None:
        made = self._prepare(statement, [])
        result = await self._transactions.do(statement, [], [])
        if made.columns:
            self._out.append(wire.columns(made.columns, []))
        self._show(made, result.rows, [])
        self._out.append(message(b"C", wire.text(result.tag)))

    def _show(self, made: Prepared, rows: Sequence[Sequence[Any]], formats: Sequence[int]) -> None:
        types = [kind for _, kind in made.columns]
        self._out += [wire.row(row, types, formats) for row in rows]

    # The extended protocol

    def _prepare(self, statement: Statement | None, given: list[Type | None]) -> Prepared:
        if statement is None:
            return Prepared(None, [], [])
        if isinstance(statement, Control):
            shows = [(statement.name, TEXT)] if statement.kind == "show" else []
            return Prepared(statement, [], shows)
        query = self._transactions.made_ready(statement, given)
        return Prepared(statement, [each or TEXT for each in given], query.columns)

    async def _parse(self, fields: Fields) -> None:
        name, statements = fields.text(), statements_of(fields.text())
        if len(statements) > 1:
            raise SqlError(SYNTAX, "cannot insert multiple commands into a prepared statement")
        given = [wire.known_type(oid) for oid in fields.numbers(">i")]
        self._statements[name] = self._prepare(next(iter(statements), None), given)
        self._out.append(message(b"1"))

    async def _bind(self, fields: Fields) -> None:
        portal, prepared = fields.text(), self._known(self._statements, fields.text())
        values = wire.read_parameters(fields, prepared.parameters)
        self._portals[portal] = Portal(prepared, values, fields.numbers(">h"))
        self._out.append(message(b"2"))

    async def _describe(self, fields: Fields) -> None:
        kind, name = fields.byte(), fields.text()
        if kind == b"S":
            prepared = self._known(self._statements, name)
            self._out.append(wire.parameters(prepared.parameters))
            self._out.append(wire.columns(prepared.columns, []))
        else:
            portal = self._known(self._portals, name)
            self._out.append(wire.columns(portal.prepared.columns, portal.formats))

    async def _execute(self, fields: Fields) -> None:
        portal, most = self._known(self._portals, fields.text()), fields.number(">i")
        prepared = portal.prepared
        if prepared.statement is None:
            self._out.append(message(b"I"))
            return
        if portal.result is None:
            types: list[Type | None] = [*prepared.parameters]
            portal.result = await self._transactions.do(prepared.statement, portal.values, types)
        end = portal.shown + most if most else len(portal.result.rows)
        self._show(prepared, portal.result.rows[portal.shown : end], portal.formats)
        portal.shown = end
        if end < len(portal.result.rows):
            self._out.append(message(b"s"))
        else:
            self._out.append(message(b"C", wire.text(portal.result.tag)))

    async def _close(self, fields: Fields) -> None:
        kind, name = fields.byte(), fields.text()
        (self._statements if kind == b"S" else self._portals).pop(name, None)
        self._out.append(message(b"3"))

    def _known(self, among: dict[str, Any], name: str) -> Any:
        if name not in among:
            raise SqlError(NO_STATEMENT, f'"{name}" does not exist')
        return among[name]
