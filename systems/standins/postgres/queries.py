"""Statements made ready and done: what they are given and show, which rows they find and change.

`Query` is a statement with its meaning: the types of its parameters and of its columns are known
before it is done. Doing it goes as PostgreSQL does: find rows in the snapshot, lock each, look
whether it has changed since (READ COMMITTED: whether it still is wanted), then write.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from splitbrain.systems.standins.postgres.database import Database, row_key, row_prefix
from splitbrain.systems.standins.postgres.engine import READ_COMMITTED, not_serializable
from splitbrain.systems.standins.postgres.errors import MANY_ROWS, NO_COLUMN, SqlError
from splitbrain.systems.standins.postgres.meaning import (
    Meaning,
    Place,
    Row,
    Value,
    aggregates,
    refuse_aggregates,
)
from splitbrain.systems.standins.postgres.syntax import (
    Column,
    CreateTable,
    Expression,
    Literal,
    Operator,
    Output,
    Parameter,
    Select,
)
from splitbrain.systems.standins.postgres.types import INT8, Type
from splitbrain.systems.transactions.two_phase_locking.locks import Mode


@dataclass(slots=True)
class Session:
    """Who asks: the transaction, and the settings that matter to a statement.

    Attributes:
        txn: the transaction's name.
        now: when it began, in microseconds since 2000.
    """

    database: Database
    txn: str
    now: int
    parameters: Sequence[Any] = ()
    found: dict[Select, Sequence[Any]] = field(default_factory=dict)

    def place(self, row: Row) -> Place:
        """Where expressions of a row are asked."""
        return Place(self.parameters, self.now, self.found, row)

    @property
    def read_committed(self) -> bool:
        """Whether it goes on with the newest version of a row."""
        return self.database.engine.levels[self.txn] == READ_COMMITTED


@dataclass(slots=True)
class Result:
    """What a statement shows: rows of values, and its command tag."""

    tag: str
    rows: list[list[Any]] = field(default_factory=list)


Does = Callable[[Session], Awaitable[Result]]


@dataclass(slots=True)
class Query:
    """A statement made ready.

    Attributes:
        columns: names and types of what it shows.
        does: does it.
        queries: those inside, done first.
        writes: whether it changes anything.
    """

    columns: list[tuple[str, Type]]
    does: Does
    queries: Sequence[tuple[Select, Query]] = ()
    writes: bool = True

    async def run(self, session: Session) -> Result:
        """Do it, and the queries inside it before."""
        for select, query in self.queries:
            result = await query.run(session)
            session.found[select] = [row[0] for row in result.rows]
        return await self.does(session)


class Table:
    """A table in the meaning of one statement, with how to find and lock its rows."""

    def __init__(self, made: CreateTable, alias: str | None) -> None:
        self.made = made
        self.name = made.table
        self.called = [alias] if alias else [made.table]
        self.types: Mapping[str, Type] = {each.name: each.type for each in made.columns}

    def row(self, values: Sequence[Any]) -> Row:
        """A row as it is stored, by column."""
        return dict(zip(self.types, values, strict=True))

    def stored(self, row: Row) -> tuple[Any, ...]:
        """A row as it is stored."""
        return tuple(row[name] for name in self.types)

    def outputs(self, outputs: Sequence[Output]) -> list[Output]:
        """Outputs with ``*`` written out."""
        every = [Output(Column(name), name) for name in self.types]
        return [o for output in outputs for o in (every if output.expression is None else [output])]

    def primary(self, row: Row) -> list[Any]:
        """The values of its primary key."""
        return [row[name] for name in self.made.keys[0]] if self.made.primary else []


@dataclass(slots=True)
class Finder:
    """Finds the rows that a condition wants: by primary key if that is given, else all are seen."""

    table: Table
    condition: Value
    point: Sequence[Value] | None

    def rows(self, session: Session) -> list[tuple[str, Row]]:
        """The rows in the snapshot that are wanted, by key."""
        engine, name = session.database.engine, self.table.name
        if self.point is None:
            stored = engine.scan(session.txn, row_prefix(name))
        else:
            place = session.place({})
            key = row_key(name, [value(place) for value in self.point])
            value = engine.look(session.txn, key)
            stored = () if value is None else ((key, value),)
        rows = [(key, self.table.row(values)) for key, values in stored]
        return [(key, row) for key, row in rows if self.condition(session.place(row))]

    async def locked(
        self, session: Session, key: str, row: Row, mode: Mode = "exclusive", wait: str = "wait"
    ) -> Row | None:
        """Lock a row that was found; its newest version if it is wanted still, else None.

        Raises:
            SqlError: it was changed since, and the level does not allow to go on.
        """
        engine = session.database.engine
        if not await engine.lock(session.txn, key, mode, wait):
            return None
        value, seen = engine.newest(session.txn, key)
        if seen:
            return row
        if not session.read_committed:
            raise not_serializable("concurrent update")
        newest = None if value is None else self.table.row(value)
        return newest if newest is not None and self.condition(session.place(newest)) else None


def finder(table: Table, meaning: Meaning, where: Expression | None) -> Finder:
    """How to find the rows that a WHERE wants."""
    refuse_aggregates(where)
    condition = meaning.condition(where)
    equal = dict(_equalities(where))
    columns = table.made.keys[0] if table.made.primary else ()
    if not columns or not all(name in equal for name in columns):
        return Finder(table, condition, None)
    point = [meaning.assigned(equal[name], name, table.types[name]) for name in columns]
    return Finder(table, condition, point)


def _equalities(where: Expression | None) -> list[tuple[str, Expression]]:
    """Columns that a condition says to be equal to something that depends on no row."""
    match where:
        case Operator("and", (left, right)):
            return _equalities(left) + _equalities(right)
        case Operator("=", (Column(name), Literal() | Parameter() as value)):
            return [(name, value)]
        case Operator("=", (Literal() | Parameter() as value, Column(name))):
            return [(name, value)]
    return []


def meaning_of(
    database: Database, txn: str, table: Table | None, parameters: list[Type | None]
) -> Meaning:
    """The meaning of a statement's expressions."""

    def shape(select: Select) -> Type:
        return select_query(database, txn, select, parameters).columns[0][1]

    if table is None:
        return Meaning({}, (), parameters, shape)
    return Meaning(table.types, table.called, parameters, shape)


def inner_queries(database: Database, txn: str, meaning: Meaning) -> list[tuple[Select, Query]]:
    """The queries inside a statement."""
    return [
        (select, select_query(database, txn, select, meaning.parameters))
        for select in dict.fromkeys(meaning.queries)
    ]


def select_query(
    database: Database, txn: str, select: Select, parameters: list[Type | None]
) -> Query:
    """A ``SELECT`` made ready."""
    table = Table(database.table(txn, select.table), select.alias) if select.table else None
    meaning = meaning_of(database, txn, table, parameters)
    outputs = table.outputs(select.outputs) if table else list(select.outputs)
    typed = [meaning.of(cast(Expression, output.expression)) for output in outputs]
    finds = finder(table, meaning, select.where) if table else None
    groups = [meaning.of(each)[1] for each in select.groups]
    whole = bool(groups) or any(aggregates(cast(Expression, o.expression)) for o in outputs)
    named = {output.name: output.expression for output in outputs}
    order = [(meaning.of(_key(key, outputs, named, table))[1], down) for key, down in select.order]
    bounds = [
        None if each is None else meaning.of(each, INT8)[1]
        for each in (select.offset, select.limit)
    ]

    async def does(session: Session) -> Result:
        found = finds.rows(session) if finds else [("", {})]
        places = [(key, session.place(row)) for key, row in found]
        if whole:
            places = _grouped(places, groups, session)
        for value, down in reversed(order):
            places.sort(key=lambda pair: _sorting(value(pair[1])), reverse=down)
        start, most = (None if b is None else int(b(session.place({})) or 0) for b in bounds)
        if select.locking and finds:
            wanted = None if most is None else (start or 0) + most
            places = await _lock_all(session, finds, places, select, wanted)
        end = None if most is None else (start or 0) + most
        rows = [[value(p) for _, value in typed] for _, p in places[start or 0 : end]]
        return Result(f"SELECT {len(rows)}", rows)

    shown = [(o.name, kind) for o, (kind, _) in zip(outputs, typed, strict=True)]
    inside = inner_queries(database, txn, meaning)
    return Query(shown, does, inside, writes=bool(select.locking))


async def _lock_all(
    session: Session,
    finds: Finder,
    places: Sequence[tuple[str, Place]],
    select: Select,
    most: int | None,
) -> list[tuple[str, Place]]:
    """Lock rows in their order, until there are enough."""
    locked: list[tuple[str, Place]] = []
    for key, place in places:
        if most is not None and len(locked) >= most:
            break
        mode = cast(Mode, select.locking)
        row = await finds.locked(session, key, place.row, mode, select.wait)
        if row is not None:
            locked.append((key, session.place(row)))
    return locked


def _key(
    key: Expression,
    outputs: Sequence[Output],
    named: Mapping[str, Expression | None],
    table: Table | None,
) -> Expression:
    """What to sort by: an expression, an output's number or its name."""
    match key:
        case Literal(int(number)) if 0 < number <= len(outputs):
            return outputs[number - 1].expression or key
        case Column(name, None) if name in named and (table is None or name not in table.types):
            return named[name] or key
    return key


def _sorting(value: Any) -> tuple[bool, Any]:
    """NULL is larger than all others."""
    return (value is None, 0 if value is None else value)


def _grouped(
    places: Sequence[tuple[str, Place]], groups: Sequence[Value], session: Session
) -> list[tuple[str, Place]]:
    """One place for each group of rows; without groups one for all."""
    found: dict[str, list[Row]] = {} if groups else {"[]": []}
    for _, place in places:
        found.setdefault(json.dumps([value(place) for value in groups]), []).append(place.row)
    return [
        (
            "",
            Place(
                session.parameters, session.now, session.found, rows[0] if rows else {}, None, rows
            ),
        )
        for rows in found.values()
    ]


def returned(
    table: Table, meaning: Meaning, outputs: Sequence[Output]
) -> tuple[list[tuple[str, Type]], Callable[[Session, Row], list[Any]]]:
    """What ``RETURNING`` shows of a row."""
    full = table.outputs(outputs)
    typed = [meaning.of(cast(Expression, output.expression)) for output in full]

    def show(session: Session, row: Row) -> list[Any]:
        return [value(session.place(row)) for _, value in typed]

    return [(o.name, kind) for o, (kind, _) in zip(full, typed, strict=True)], show


def known_column(table: Table, name: str) -> Type:
    """The type of a column that is to be set.

    Raises:
        SqlError: there is none of this name.
    """
    if name not in table.types:
        raise SqlError(NO_COLUMN, f'column "{name}" of relation "{table.name}" does not exist')
    return table.types[name]


def at_most_once(keys: Sequence[str]) -> None:
    """One INSERT may not change a row twice.

    Raises:
        SqlError: it does.
    """
    if len(set(keys)) < len(keys):
        raise SqlError(MANY_ROWS, "ON CONFLICT DO UPDATE command cannot affect row a second time")
