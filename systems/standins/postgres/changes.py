"""INSERT, UPDATE, DELETE, and tables themselves."""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.systems.standins.postgres.database import (
    Database,
    row_key,
    row_prefix,
    unique_key,
)
from splitbrain.systems.standins.postgres.engine import not_serializable
from splitbrain.systems.standins.postgres.errors import (
    NO_TABLE,
    NOT_NULL,
    SYNTAX,
    TABLE_EXISTS,
    UNIQUE,
    SqlError,
)
from splitbrain.systems.standins.postgres.meaning import Meaning, Row, Value
from splitbrain.systems.standins.postgres.queries import (
    Finder,
    Query,
    Result,
    Session,
    Table,
    at_most_once,
    finder,
    inner_queries,
    known_column,
    meaning_of,
    returned,
)
from splitbrain.systems.standins.postgres.syntax import (
    CreateTable,
    Delete,
    DropTable,
    Expression,
    Insert,
    Update,
)
from splitbrain.systems.standins.postgres.types import Type


def insert_query(
    database: Database, txn: str, insert: Insert, parameters: list[Type | None]
) -> Query:
    """An ``INSERT`` made ready."""
    table = Table(database.table(txn, insert.table), insert.alias)
    meaning = meaning_of(database, txn, table, parameters)
    rows = [_new_row(table, meaning, insert.columns, row) for row in insert.rows]
    changes = _setters(table, meaning, insert.changes)
    condition = meaning.condition(insert.where)
    shown, show = returned(table, meaning, insert.returning)
    judges = _judging(table, insert.conflict)

    async def does(session: Session) -> Result:
        result, touched, count = Result(""), [], 0
        for setters in rows:
            row = _filled(session, table, setters)
            key = await _conflicting(session, table, row, judges)
            if key is None:
                key = _key_of(session, table, row)
                await _write(session, table, key, None, row)
            elif not changes:
                continue
            else:
                found = await _newest(session, table, key)
                place = session.place(found).at(found, row)
                if condition(place) is not True:
                    continue
                row = {**found, **{name: value(place) for name, value in changes.items()}}
                key = await _moved(session, table, key, found, row)
            touched.append(key)
            count += 1
            if insert.returning:
                result.rows.append(show(session, row))
        if changes:
            at_most_once(touched)
        result.tag = f"INSERT 0 {count}"
        return result

    return Query(shown, does, inner_queries(database, txn, meaning))


def update_query(
    database: Database, txn: str, update: Update, parameters: list[Type | None]
) -> Query:
    """An ``UPDATE`` made ready."""
    table = Table(database.table(txn, update.table), update.alias)
    meaning = meaning_of(database, txn, table, parameters)
    changes = _setters(table, meaning, update.changes)
    finds = finder(table, meaning, update.where)
    shown, show = returned(table, meaning, update.returning)

    async def does(session: Session) -> Result:
        result, count = Result(""), 0
        for key, found in await _all_locked(session, finds):
            place = session.place(found)
            row = {**found, **{name: value(place) for name, value in changes.items()}}
            await _moved(session, table, key, found, row)
            count += 1
            if update.returning:
                result.rows.append(show(session, row))
        result.tag = f"UPDATE {count}"
        return result

    return Query(shown, does, inner_queries(database, txn, meaning))


def delete_query(
    database: Database, txn: str, delete: Delete, parameters: list[Type | None]
) -> Query:
    """A ``DELETE`` made ready."""
    table = Table(database.table(txn, delete.table), delete.alias)
    meaning = meaning_of(database, txn, table, parameters)
    finds = finder(table, meaning, delete.where)
    shown, show = returned(table, meaning, delete.returning)

    async def does(session: Session) -> Result:
        result, count = Result(""), 0
        for key, row in await _all_locked(session, finds):
            await _write(session, table, key, row, None)
            count += 1
            if delete.returning:
                result.rows.append(show(session, row))
        result.tag = f"DELETE {count}"
        return result

    return Query(shown, does, inner_queries(database, txn, meaning))


async def _all_locked(session: Session, finds: Finder) -> list[tuple[str, Row]]:
    """The rows that are wanted, locked, in their newest versions."""
    locked = []
    for key, row in finds.rows(session):
        newest = await finds.locked(session, key, row)
        if newest is not None:
            locked.append((key, newest))
    return locked


# New rows

Setters = dict[str, Value | None]
"""How each column of a new row is found; None: it counts by itself."""


def _setters(
    table: Table, meaning: Meaning, changes: Sequence[tuple[str, Expression]]
) -> dict[str, Value]:
    return {
        name: meaning.assigned(value, name, known_column(table, name)) for name, value in changes
    }


def _new_row(
    table: Table,
    meaning: Meaning,
    names: Sequence[str],
    values: Sequence[Expression | None],
) -> Setters:
    named = names or list(table.types)[: len(values)]
    if len(named) != len(values):
        raise SqlError(SYNTAX, "INSERT has not as many expressions as target columns")
    given = dict(zip(named, values, strict=True))
    for name in given:
        known_column(table, name)
    made: Setters = {}
    for column in table.made.columns:
        value = given.get(column.name)
        if value is None and column.serial:
            made[column.name] = None
        else:
            value = column.default if value is None else value
            made[column.name] = (
                _null if value is None else meaning.assigned(value, column.name, column.type)
            )
    return made


def _null(place: object) -> None:
    """What a column has that nothing is given for."""


def _filled(session: Session, table: Table, setters: Setters) -> Row:
    place = session.place({})
    row = {
        name: session.database.next_id(table.made, name) if value is None else value(place)
        for name, value in setters.items()
    }
    _check(table, row)
    return row


def _check(table: Table, row: Row) -> None:
    for column in table.made.columns:
        if column.required and row[column.name] is None:
            raise SqlError(
                NOT_NULL,
                f'null value in column "{column.name}" of relation "{table.name}" violates '
                "not-null constraint",
            )


# Keys


def _key_of(session: Session, table: Table, row: Row) -> str:
    if table.made.primary:
        return row_key(table.name, table.primary(row))
    return row_prefix(table.name) + session.database.hidden_key()


def _unique_keys(table: Table, row: Row) -> list[tuple[tuple[str, ...], str]]:
    """The unique keys of a row, its primary key aside: columns and the engine's key. Rows with NULL
    in one are in nobody's way."""
    return [
        (columns, unique_key(table.name, number, [row[name] for name in columns]))
        for number, columns in enumerate(table.made.keys)
        if not (number == 0 and table.made.primary)
        and all(row[name] is not None for name in columns)
    ]


def _judging(table: Table, conflict: tuple[str, ...] | None) -> list[tuple[str, ...]]:
    """The keys whose conflicts ON CONFLICT decides."""
    if conflict is None:
        return []
    if not conflict:
        return list(table.made.keys)
    judges = [key for key in table.made.keys if set(key) == set(conflict)]
    if not judges:
        raise SqlError(
            "42P10",
            "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        )
    return judges


async def _conflicting(
    session: Session, table: Table, row: Row, judges: Sequence[tuple[str, ...]]
) -> str | None:
    """Lock the keys of a new row; the row that it conflicts with where ON CONFLICT decides that.

    Raises:
        SqlError: it conflicts elsewhere.
    """
    engine = session.database.engine
    keys = [(columns, key, "") for columns, key in _unique_keys(table, row)]
    if table.made.primary:
        own = _key_of(session, table, row)
        keys.insert(0, (table.made.keys[0], own, own))
    keys.sort(key=lambda each: each[0] not in judges)  # what ON CONFLICT names is looked at first
    for columns, key, of_row in keys:
        await engine.lock(session.txn, key)
        value, seen = engine.newest(session.txn, key)
        if value is None:
            continue
        if columns not in judges:
            raise _violated(table, columns, row)
        if not seen and not session.read_committed:
            raise not_serializable("concurrent update")
        return of_row or str(value)
    return None


def _violated(table: Table, columns: Sequence[str], row: Row) -> SqlError:
    primary = table.made.primary and columns == table.made.keys[0]
    name = f"{table.name}_pkey" if primary else f"{table.name}_{'_'.join(columns)}_key"
    values = ", ".join(str(row[column]) for column in columns)
    return SqlError(
        UNIQUE,
        f'duplicate key value violates unique constraint "{name}": '
        f"({', '.join(columns)})=({values}) already exists",
    )


async def _newest(session: Session, table: Table, key: str) -> Row:
    """A row that a new one conflicts with, locked, in its newest version."""
    engine = session.database.engine
    await engine.lock(session.txn, key)
    value, _ = engine.newest(session.txn, key)
    return table.row(value)


async def _moved(session: Session, table: Table, key: str, before: Row, after: Row) -> str:
    """Change a row, whose keys may change, too; its key.

    Raises:
        SqlError: another has one of its keys.
    """
    _check(table, after)
    engine = session.database.engine
    new = row_key(table.name, table.primary(after)) if table.made.primary else key
    kept = dict(_unique_keys(table, before))
    wanted = [(c, k) for c, k in _unique_keys(table, after) if kept.get(c) != k]
    wanted += [(table.made.keys[0], new)] if new != key else []
    for columns, each in wanted:
        await engine.lock(session.txn, each)
        if engine.newest(session.txn, each)[0] is not None:
            raise _violated(table, columns, after)
    if new != key:
        await _write(session, table, key, before, None)
        await _write(session, table, new, None, after)
    else:
        await _write(session, table, key, before, after)
    return new


async def _write(
    session: Session, table: Table, key: str, before: Row | None, after: Row | None
) -> None:
    """Write a row and its unique keys; those that it gets are locked, those that it loses not."""
    engine, txn = session.database.engine, session.txn
    old = [] if before is None else [k for _, k in _unique_keys(table, before)]
    new = [] if after is None else [k for _, k in _unique_keys(table, after)]
    for each in old:
        if each not in new:
            await engine.lock(txn, each)
            engine.put(txn, each, None)
    for each in new:
        if each not in old:
            engine.put(txn, each, key)
    engine.put(txn, key, None if after is None else table.stored(after))


# Tables


def create_query(database: Database, create: CreateTable) -> Query:
    """A ``CREATE TABLE`` made ready."""

    async def does(session: Session) -> Result:
        engine, key = session.database.engine, f"schema/{create.table}"
        await engine.lock(session.txn, key)
        if engine.newest(session.txn, key)[0] is None:
            engine.put(session.txn, key, create.text)
        elif not create.unless_exists:
            raise SqlError(TABLE_EXISTS, f'relation "{create.table}" already exists')
        return Result("CREATE TABLE")

    return Query([], does)


def drop_query(database: Database, drop: DropTable) -> Query:
    """A ``DROP TABLE`` made ready."""

    async def does(session: Session) -> Result:
        engine, key = session.database.engine, f"schema/{drop.table}"
        await engine.lock(session.txn, key)
        if engine.newest(session.txn, key)[0] is None:
            if not drop.if_exists:
                raise SqlError(NO_TABLE, f'table "{drop.table}" does not exist')
            return Result("DROP TABLE")
        for prefix in (row_prefix(drop.table), f"unique/{drop.table}/"):
            for row, _ in engine.newest_with(prefix):
                await engine.lock(session.txn, row)
                engine.put(session.txn, row, None)
        engine.put(session.txn, key, None)
        session.database.forget_ids(drop.table)
        return Result("DROP TABLE")

    return Query([], does)
