"""Reads statements of SQL: a query string, or the one statement of the extended protocol."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from splitbrain.systems.standins.postgres.errors import SqlError, unsupported
from splitbrain.systems.standins.postgres.reading import Reader, tokens_of
from splitbrain.systems.standins.postgres.syntax import (
    Cast,
    Column,
    ColumnSpec,
    Control,
    CreateTable,
    Delete,
    DropTable,
    Expression,
    Insert,
    Operator,
    Output,
    Select,
    Statement,
    Subquery,
    Update,
)

LEVELS = ("serializable", "repeatable read", "read committed")
"""Isolation levels by their names. READ UNCOMMITTED is READ COMMITTED, as in PostgreSQL."""

_AFTER_A_TABLE = frozenset(
    [
        "where",
        "set",
        "order",
        "group",
        "limit",
        "offset",
        "for",
        "returning",
        "join",
        "inner",
        "left",
    ]
)
_NO_COLUMN_NAMES = ("unique", "primary", "check", "foreign", "constraint")


@lru_cache(maxsize=512)
def statements_of(text: str) -> tuple[Statement, ...]:
    """The statements of a text.

    Raises:
        SqlError: it is no SQL, or none that the stand-in knows.
    """
    return Parser(text).statements()


class Parser(Reader):
    """Reads the statements of one text."""

    def __init__(self, text: str) -> None:
        super().__init__(tokens_of(text))
        self._text = text

    def statements(self) -> tuple[Statement, ...]:
        """All of them."""
        found = []
        while self.at < len(self.tokens):
            if not self.takes(";"):
                found.append(self._statement())
                if self.at < len(self.tokens):
                    self.wants(";")
        return tuple(found)

    def _statement(self) -> Statement:
        kinds: dict[str, Callable[[], Statement]] = {
            "select": self.select,
            "insert": self._insert,
            "update": self._update,
            "delete": self._delete,
            "create": self._create,
            "drop": self._drop,
        }
        if self.here.kind == "word" and self.here.says in kinds:
            return kinds[self.here.says]()
        return self._control()

    # Queries

    def select(self) -> Select:
        """``SELECT``."""
        self.wants("select")
        outputs = self._outputs()
        table, alias = None, None
        if self.takes("from"):
            table = self._table()
            alias = self._alias()
            if self.sees(",") or self.sees("join") or self.sees("inner") or self.sees("left"):
                raise unsupported("joins: select from one table")
        where = self.expression() if self.takes("where") else None
        groups: tuple[Expression, ...] = ()
        if self.takes("group", "by"):
            groups = self._among()
        order = self._order() if self.takes("order", "by") else ()
        limit = offset = None
        while self.sees("limit") or self.sees("offset"):
            if self.takes("limit"):
                limit = self.expression()
            elif self.takes("offset"):
                offset = self.expression()
        locking, wait = self._locking()
        return Select(outputs, table, alias, where, groups, order, limit, offset, locking, wait)

    def _primary(self) -> Expression:
        if self.sees("exists", "(") or self.sees("(", "select"):
            exists = self.takes("exists")
            self.wants("(")
            made = Subquery(self.select(), exists)
            self.wants(")")
            return made
        return super()._primary()

    def _among(self) -> tuple[Expression, ...]:
        if self.sees("select"):
            return (Subquery(self.select()),)
        return super()._among()

    def _outputs(self) -> tuple[Output, ...]:
        found = [self._output()]
        while self.takes(","):
            found.append(self._output())
        return tuple(found)

    def _output(self) -> Output:
        if self.takes("*"):
            return Output(None, "*")
        made = self.expression()
        if self.takes("as"):
            return Output(made, self.name())
        return Output(made, _name_of(made))

    def _order(self) -> tuple[tuple[Expression, bool], ...]:
        found = []
        while True:
            key = self.expression()
            descends = self.takes("desc")
            if not descends:
                self.takes("asc")
            found.append((key, descends))
            if not self.takes(","):
                return tuple(found)

    def _locking(self) -> tuple[str, str]:
        if not self.takes("for"):
            return "", "wait"
        if self.takes("update") or self.takes("no", "key", "update"):
            mode = "exclusive"
        elif self.takes("share") or self.takes("key", "share"):
            mode = "shared"
        else:
            raise self.surprise()
        if self.takes("skip", "locked"):
            return mode, "skip"
        return mode, "nowait" if self.takes("nowait") else "wait"

    # Changes

    def _insert(self) -> Insert:
        self.wants("insert", "into")
        table, alias = self._table(), None
        if self.takes("as"):
            alias = self.name()
        columns = self.names() if self.sees("(") else ()
        self.wants("values")
        rows = [self._row()]
        while self.takes(","):
            rows.append(self._row())
        conflict: tuple[str, ...] | None = None
        changes: tuple[tuple[str, Expression], ...] = ()
        where = None
        if self.takes("on", "conflict"):
            conflict = self.names() if self.sees("(") else ()
            self.wants("do")
            if not self.takes("nothing"):
                self.wants("update", "set")
                changes = self._changes()
                where = self.expression() if self.takes("where") else None
        returning = self._outputs() if self.takes("returning") else ()
        return Insert(table, columns, tuple(rows), conflict, changes, where, returning, alias)

    def _row(self) -> tuple[Expression | None, ...]:
        self.wants("(")
        found: list[Expression | None] = []
        while True:
            found.append(None if self.takes("default") else self.expression())
            if not self.takes(","):
                self.wants(")")
                return tuple(found)

    def _changes(self) -> tuple[tuple[str, Expression], ...]:
        found = []
        while True:
            name = self.name()
            self.wants("=")
            found.append((name, self.expression()))
            if not self.takes(","):
                return tuple(found)

    def _update(self) -> Update:
        self.wants("update")
        table, alias = self._table(), self._alias()
        self.wants("set")
        changes = self._changes()
        where = self.expression() if self.takes("where") else None
        return Update(table, changes, where, self._returning(), alias)

    def _delete(self) -> Delete:
        self.wants("delete", "from")
        table, alias = self._table(), self._alias()
        where = self.expression() if self.takes("where") else None
        return Delete(table, where, self._returning(), alias)

    def _returning(self) -> tuple[Output, ...]:
        return self._outputs() if self.takes("returning") else ()

    def _table(self) -> str:
        name = self.name()
        if self.takes("."):
            schema, name = name, self.name()
            if schema != "public":
                raise unsupported(f"schemas, such as {schema}")
        return name

    def _alias(self) -> str | None:
        if self.takes("as"):
            return self.name()
        if self.here.kind in ("word", "name") and self.here.says not in _AFTER_A_TABLE:
            return self.name()
        return None

    # Tables

    def _create(self) -> CreateTable:
        begin = self.at
        self.wants("create", "table")
        unless_exists = self.takes("if", "not", "exists")
        table = self._table()
        columns: list[ColumnSpec] = []
        keys: list[tuple[str, ...]] = []
        primary: tuple[str, ...] = ()
        self.wants("(")
        while True:
            if self.here.says in _NO_COLUMN_NAMES:
                is_primary = self.takes("primary", "key")
                if not is_primary:
                    self._only("unique")
                named = self.names()
                primary = named if is_primary else primary
                keys += [] if is_primary else [named]
            else:
                column, is_primary, unique = self._column()
                columns.append(column)
                primary = (column.name,) if is_primary else primary
                keys += [(column.name,)] if unique else []
            if not self.takes(","):
                break
        self.wants(")")
        made = [primary, *keys] if primary else keys
        first = self.tokens[begin - 1].end if begin else 0
        text = self._text[first : self.tokens[self.at - 1].end].strip()
        return CreateTable(table, tuple(columns), tuple(made), bool(primary), unless_exists, text)

    def _only(self, word: str) -> None:
        if not self.takes(word):
            raise unsupported(f"{self.here.says.upper()} in a table")

    def _column(self) -> tuple[ColumnSpec, bool, bool]:
        """A column, and whether it is the primary key, and unique."""
        name = self.name()
        serial = self.here.says in ("serial", "bigserial")
        made = self.type()
        required, primary, unique = serial, False, False
        default: Expression | None = None
        while self.here.kind == "word":
            if self.takes("not", "null"):
                required = True
            elif self.takes("primary", "key"):
                primary = True
            elif self.takes("unique"):
                unique = True
            elif self.takes("default"):
                default = self._joined()
            elif self.takes("generated"):
                if not self.takes("always"):
                    self.wants("by", "default")
                self.wants("as", "identity")
                serial = required = True
            elif not self.takes("null"):
                raise unsupported(f"{self.here.says.upper()} of a column")
        return ColumnSpec(name, made, required or primary, default, serial), primary, unique

    def _drop(self) -> DropTable:
        self.wants("drop", "table")
        if_exists = self.takes("if", "exists")
        return DropTable(self._table(), if_exists)

    # Transactions and settings

    def _control(self) -> Control:
        if self.takes("begin") or self.takes("start", "transaction"):
            self._transaction_word()
            return Control("begin", "BEGIN", **self._modes())
        if self.takes("commit") or self.takes("end"):
            self._transaction_word()
            return Control("commit", "COMMIT")
        if self.takes("rollback") or self.takes("abort"):
            self._transaction_word()
            if self.takes("to"):
                self.takes("savepoint")
                return Control("rollback-to", "ROLLBACK", self.name())
            return Control("rollback", "ROLLBACK")
        if self.takes("savepoint"):
            return Control("savepoint", "SAVEPOINT", self.name())
        if self.takes("release"):
            self.takes("savepoint")
            return Control("release", "RELEASE", self.name())
        if self.takes("set", "transaction"):
            return Control("set-level", "SET", **self._modes())
        if self.takes("show"):
            return Control("show", "SHOW", self._rest())
        for word, tag in (("close", "CLOSE CURSOR"), ("unlisten", "UNLISTEN"), ("reset", "RESET")):
            if self.takes(word):
                return Control("nothing", tag, self._rest())
        if self.takes("set"):
            self.takes("session")
            name = self.name()
            return Control("set", "SET", name, self._rest())
        if self.takes("discard", "all") or self.takes("deallocate", "all"):
            return Control("nothing", "DISCARD ALL")
        raise self._unknown()

    def _unknown(self) -> SqlError:
        if self.here.kind != "word":
            return self.surprise()
        return unsupported(f"the statement {self.here.says.upper()}")

    def _transaction_word(self) -> None:
        if not self.takes("transaction"):
            self.takes("work")

    def _modes(self) -> dict[str, Any]:
        level: str | None = None
        read_only = False
        while self.here.kind == "word" or self.sees(","):
            if self.takes("isolation", "level"):
                level = self._level()
            elif self.takes("read", "only"):
                read_only = True
            elif not (self.takes("read", "write") or self.takes(",") or self._deferrable()):
                raise self.surprise()
        return {"level": level, "read_only": read_only}

    def _deferrable(self) -> bool:
        return self.takes("not", "deferrable") or self.takes("deferrable")

    def _level(self) -> str:
        for level in LEVELS:
            if self.takes(*level.split(" ")):
                return level
        if self.takes("read", "uncommitted"):
            return "read committed"
        raise self.surprise()

    def _rest(self) -> str:
        said = []
        while self.at < len(self.tokens) and not self.sees(";"):
            said.append(self.any_token().says)
        return " ".join(said)


def _name_of(made: Expression) -> str:
    """What a result's column is called that is given no name."""
    match made:
        case Column(name):
            return name
        case Operator(sign, _) if sign.rstrip("(*)").isidentifier():
            return sign.removesuffix("(*)")
        case Cast(operand, _):
            return _name_of(operand)
        case Subquery(Select((output, *_))):
            return output.name
    return "?column?"
