"""What SQL statements are made of, once they are read: expressions and statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splitbrain.systems.standins.postgres.types import Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, a truth value or NULL; a text takes the type that it stands beside."""

    value: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """``$1``, counted from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column, maybe of a named table; ``excluded`` is the row that could not be inserted."""

    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator or function of one or more operands, by its sign or name."""

    sign: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """``CAST(x AS type)``, ``x::type``."""

    operand: Expression
    type: Type


@dataclass(frozen=True, slots=True)
class Member:
    """``x IN (...)``: one of some values; a query among them stands for all that it gives."""

    operand: Expression
    among: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Subquery:
    """The one value that a query gives, or whether it gives any row."""

    select: Select
    exists: bool = False


Expression = Literal | Parameter | Column | Operator | Cast | Member | Subquery


@dataclass(frozen=True, slots=True)
class Output:
    """What is shown of each row; no expression: ``*``."""

    expression: Expression | None
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``SELECT``.

    Attributes:
        locking: the lock taken on each row: ``exclusive``, ``shared`` or none.
        wait: what is done about a row that another holds: ``wait``, ``skip`` or ``nowait``.
    """

    outputs: tuple[Output, ...]
    table: str | None = None
    alias: str | None = None
    where: Expression | None = None
    groups: tuple[Expression, ...] = ()
    order: tuple[tuple[Expression, bool], ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    locking: str = ""
    wait: str = "wait"


@dataclass(frozen=True, slots=True)
class Insert:
    """``INSERT``; a value of None is ``DEFAULT``.

    Attributes:
        conflict: the columns of ``ON CONFLICT``; empty for any; None if it isn't there.
        changes: what to set instead; nothing: ``DO NOTHING``.
    """

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression | None, ...], ...]
    conflict: tuple[str, ...] | None = None
    changes: tuple[tuple[str, Expression], ...] = ()
    where: Expression | None = None
    returning: tuple[Output, ...] = ()
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """``UPDATE``."""

    table: str
    changes: tuple[tuple[str, Expression], ...]
    where: Expression | None
    returning: tuple[Output, ...]
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """``DELETE``."""

    table: str
    where: Expression | None
    returning: tuple[Output, ...]
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a table.

    Attributes:
        serial: whether it counts by itself where nothing is given.
    """

    name: str
    type: Type
    required: bool = False
    default: Expression | None = None
    serial: bool = False


@dataclass(frozen=True, slots=True)
class CreateTable:
    """``CREATE TABLE``.

    Attributes:
        keys: columns that are unique together; the primary key first, if there is one.
        primary: whether there is one.
        text: the statement as it was written.
    """

    table: str
    columns: tuple[ColumnSpec, ...]
    keys: tuple[tuple[str, ...], ...]
    primary: bool
    unless_exists: bool
    text: str


@dataclass(frozen=True, slots=True)
class DropTable:
    """``DROP TABLE``."""

    table: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Control:
    """Of transactions and settings: ``begin``, ``commit``, ``rollback``, ``savepoint``,
    ``release``, ``rollback-to``, ``set-level``, ``set``, ``show`` and ``nothing``.

    Attributes:
        tag: what its completion is called.
        name: the savepoint or setting.
        level: the isolation level; None if none is named.
        read_only: whether ``READ ONLY`` was said.
    """

    kind: str
    tag: str
    name: str = ""
    value: str = ""
    level: str | None = None
    read_only: bool = False


Statement = Select | Insert | Update | Delete | CreateTable | DropTable | Control
