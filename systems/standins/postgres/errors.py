"""What a statement is refused with: an SQLSTATE and a sentence.

Codes: appendix A of PostgreSQL's documentation.
"""

from __future__ import annotations

SYNTAX = "42601"
UNSUPPORTED = "0A000"
SERIALIZATION = "40001"
DEADLOCK = "40P01"
UNIQUE = "23505"
NOT_NULL = "23502"
ABORTED = "25P02"
READ_ONLY = "25006"
CANCELED = "57014"
LOCKED = "55P03"
NO_TABLE = "42P01"
NO_COLUMN = "42703"
TABLE_EXISTS = "42P07"
MISMATCH = "42804"
BAD_TEXT = "22P02"
OUT_OF_RANGE = "22003"
DIVISION = "22012"
NO_STATEMENT = "26000"
NO_SAVEPOINT = "3B001"
MANY_ROWS = "21000"
PROTOCOL = "08P01"


class SqlError(Exception):
    """A statement failed.

    Attributes:
        code: the SQLSTATE.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def unsupported(what: str) -> SqlError:
    """For what PostgreSQL can do and the stand-in can't."""
    return SqlError(UNSUPPORTED, f"the stand-in for PostgreSQL does not know {what}")
