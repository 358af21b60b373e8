"""A statement made ready, by its kind."""

from __future__ import annotations

from splitbrain.systems.standins.postgres.changes import (
    create_query,
    delete_query,
    drop_query,
    insert_query,
    update_query,
)
from splitbrain.systems.standins.postgres.database import Database
from splitbrain.systems.standins.postgres.queries import Query, select_query
from splitbrain.systems.standins.postgres.syntax import (
    Control,
    CreateTable,
    Delete,
    DropTable,
    Insert,
    Select,
    Statement,
    Update,
)
from splitbrain.systems.standins.postgres.types import TEXT, Type


def ready(
    database: Database, txn: str, statement: Statement, parameters: list[Type | None]
) -> Query:
    """A statement made ready.

    Args:
        parameters: types that are known; those that are found are put in.

    Raises:
        SqlError: it means nothing.
    """
    match statement:
        case Select():
            made = select_query(database, txn, statement, parameters)
        case Insert():
            made = insert_query(database, txn, statement, parameters)
        case Update():
            made = update_query(database, txn, statement, parameters)
        case Delete():
            made = delete_query(database, txn, statement, parameters)
        case CreateTable():
            made = create_query(database, statement)
        case DropTable():
            made = drop_query(database, statement)
        case Control():
            raise AssertionError("a session does these itself")
    parameters[:] = [each or TEXT for each in parameters]
    return made
