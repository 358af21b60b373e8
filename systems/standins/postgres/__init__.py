"""A stand-in for PostgreSQL (`splitbrain.systems.standins.postgres.server`).

server.py        listens
connection.py    one client: the protocol's messages (wire.py), transactions, settings
statements.py    a statement made ready: queries.py, changes.py
meaning.py       expressions: types (types.py) and values (operations.py)
parser.py        reads SQL (reading.py) into syntax.py
database.py      transactions, log and tables, over engine.py: isolation levels and row locks
"""

from __future__ import annotations

from splitbrain.systems.standins.postgres.server import Postgres, postgres

__all__ = ["Postgres", "postgres"]
