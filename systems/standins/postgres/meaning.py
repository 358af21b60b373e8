"""What expressions mean: their types, found before anything is done, and their values.

A `Meaning` goes through an expression once, decides the type of each parameter by what it stands
beside, and leaves a function of a `Place` (a row and its surroundings) that gives the value. NULL
is None, and comparisons with it are NULL (three-valued logic).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.systems.standins.postgres.errors import (
    MISMATCH,
    NO_COLUMN,
    SYNTAX,
    SqlError,
    unsupported,
)
from splitbrain.systems.standins.postgres.operations import (
    ARITHMETIC,
    COMPARE,
    TEXTS,
    WHOLE,
    checked,
    is_like,
    mean,
)
from splitbrain.systems.standins.postgres.syntax import (
    Cast,
    Column,
    Expression,
    Literal,
    Member,
    Operator,
    Parameter,
    Select,
    Subquery,
)
from splitbrain.systems.standins.postgres.types import (
    BOOL,
    FLOAT8,
    INT4,
    INT8,
    INTERVAL,
    TEXT,
    TIMESTAMPTZ,
    VOID,
    Type,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression is asked.

    Attributes:
        parameters: values of ``$1``, ``$2``, ...
        now: when the transaction began, in microseconds.
        found: what each query inside gave: the values of its first column.
        row: by column.
        excluded: the row that could not be inserted.
        group: the rows that an aggregate goes over.
    """

    parameters: Sequence[Any]
    now: int
    found: Mapping[Select, Sequence[Any]]
    row: Row
    excluded: Row | None = None
    group: Sequence[Row] = ()

    def at(self, row: Row, excluded: Row | None = None) -> Place:
        """The same at another row."""
        return replace(self, row=row, excluded=excluded)


Value = Callable[[Place], Any]
Typed = tuple[Type, Value]

AGGREGATES = ("count(*)", "count", "sum", "min", "max", "avg")


class Meaning:
    """The meaning of the expressions of one statement.

    Args:
        columns: types of the table's columns.
        tables: what the table may be called.
        parameters: types of parameters, None where that is to be found; added to as needed.

    Attributes:
        queries: queries inside, whose values are wanted first.
    """

    def __init__(
        self,
        columns: Mapping[str, Type],
        tables: Sequence[str],
        parameters: list[Type | None],
        shape: Callable[[Select], Type],
    ) -> None:
        self._columns, self._tables, self._shape = columns, tables, shape
        self.parameters = parameters
        self.queries: list[Select] = []

    def of(self, expression: Expression, expected: Type | None = None) -> Typed:
        """Its type, and how it is found.

        Args:
            expected: the type that a text or a parameter takes here.

        Raises:
            SqlError: it has none.
        """
        match expression:
            case Literal(value):
                return self._literal(value, expected)
            case Parameter(number):
                return self._parameter(number, expected)
            case Column(name, table):
                return self._column(name, table)
            case Cast(operand, to):
                return self._cast(operand, to)
            case Member(operand, among):
                return self._member(operand, among)
            case Subquery(select, exists):
                return self._subquery(select, exists)
            case Operator(sign, operands):
                return self._operator(sign, operands, expected)

    def assigned(self, expression: Expression, name: str, to: Type) -> Value:
        """How to find what a column is set to."""
        kind, value = self.of(expression, to)
        if kind.family != to.family:
            raise SqlError(
                MISMATCH,
                f'column "{name}" is of type {to.name} but expression is of type {kind.name}',
            )
        return lambda place: to.fitting(value(place))

    def condition(self, expression: Expression | None) -> Value:
        """How to find whether a row is wanted."""
        if expression is None:
            return lambda place: True
        kind, value = self.of(expression, BOOL)
        if kind is not BOOL:
            raise SqlError(MISMATCH, f"argument of WHERE must be type boolean, not {kind.name}")
        return lambda place: value(place) is True

    # Leaves

    def _literal(self, value: Any, expected: Type | None) -> Typed:
        if isinstance(value, bool):
            return BOOL, lambda place: value
        if isinstance(value, int):
            return INT4 if abs(value) < 1 << 31 else INT8, lambda place: value
        if isinstance(value, float):
            return FLOAT8, lambda place: value
        kind = expected or TEXT
        meant = None if value is None else kind.of_text(value)
        return kind, lambda place: meant

    def _parameter(self, number: int, expected: Type | None) -> Typed:
        while len(self.parameters) < number:
            self.parameters.append(None)
        kind = self.parameters[number - 1] or expected or TEXT
        self.parameters[number - 1] = kind
        return kind, lambda place: place.parameters[number - 1]

    def _column(self, name: str, table: str | None) -> Typed:
        if name not in self._columns or table not in (None, "excluded", *self._tables):
            told = name if table is None else f"{table}.{name}"
            raise SqlError(NO_COLUMN, f'column "{told}" does not exist')
        if table == "excluded":
            return self._columns[name], lambda place: (place.excluded or {})[name]
        return self._columns[name], lambda place: place.row[name]

    def _subquery(self, select: Select, exists: bool) -> Typed:
        self.queries.append(select)
        if exists:
            return BOOL, lambda place: bool(place.found[select])
        return self._shape(select), lambda place: next(iter(place.found[select]), None)

    # What has parts

    def _cast(self, operand: Expression, to: Type) -> Typed:
        kind, value = self.of(operand, to)
        if kind.family == to.family:
            return to, lambda place: to.fitting(value(place))

        def converted(place: Place) -> Any:
            found = value(place)
            return None if found is None else to.of_text(kind.text(found))

        return to, converted

    def _alike(self, operands: Sequence[Expression], expected: Type | None = None) -> list[Typed]:
        """Operands of one type: what says its own decides for those that don't."""
        made: list[Typed | None] = [
            None if self._open(each) else self.of(each, expected) for each in operands
        ]
        known = next((typed[0] for typed in made if typed is not None), expected or TEXT)
        full = [typed or self.of(each, known) for typed, each in zip(made, operands, strict=True)]
        for kind, _ in full:
            if kind.family != known.family:
                raise SqlError(MISMATCH, f"{known.name} and {kind.name} cannot be compared")
        return full

    def _open(self, expression: Expression) -> bool:
        """Whether an expression takes the type that it stands beside."""
        match expression:
            case Literal(value):
                return value is None or isinstance(value, str)
            case Parameter(number):
                return len(self.parameters) < number or self.parameters[number - 1] is None
        return False

    def _member(self, operand: Expression, among: Sequence[Expression]) -> Typed:
        values = self._alike([operand, *among])
        wanted = values[0][1]
        ones = [
            (each.select, value) if isinstance(each, Subquery) else (None, value)
            for each, (_, value) in zip(among, values[1:], strict=True)
        ]

        def found(place: Place) -> bool | None:
            this = wanted(place)
            others: list[Any] = []
            for select, value in ones:
                others += [value(place)] if select is None else place.found[select]
            if this is None:
                return None
            return True if this in others else (None if None in others else False)

        return BOOL, found

    def _operator(self, sign: str, operands: Sequence[Expression], expected: Type | None) -> Typed:
        if sign in ("and", "or", "not"):
            return BOOL, _logic(sign, [self.of(each, BOOL)[1] for each in operands])
        if sign in COMPARE:
            (_, left), (_, right) = self._alike(operands)
            return BOOL, _strict(COMPARE[sign], left, right)
        if sign == "is-same":
            (_, left), (_, right) = self._alike(operands)
            return BOOL, lambda place: left(place) == right(place)
        if sign == "is-null":
            _, value = self.of(operands[0])
            return BOOL, lambda place: value(place) is None
        if sign in AGGREGATES:
            return self._aggregate(sign, operands)
        if sign in ("+", "-", "*", "/", "%", "negative"):
            return self._arithmetic(sign, operands)
        return self._function(sign, operands, expected)

    def _arithmetic(self, sign: str, operands: Sequence[Expression]) -> Typed:
        if sign == "negative":
            kind, value = self.of(operands[0])
            return kind, _strict(operator.neg, value)
        first, second = operands
        if not self._open(first) and self.of(first)[0] is TIMESTAMPTZ and sign in "+-":
            left = self.of(first)[1]
            kind, right = self.of(second, INTERVAL)
            does = operator.add if sign == "+" else operator.sub
            return INTERVAL if kind is TIMESTAMPTZ else TIMESTAMPTZ, _strict(does, left, right)
        (kind, left), (other, right) = self._alike(operands, INT4)
        if kind.family not in ("number", "interval"):
            raise SqlError(MISMATCH, f"operator does not exist: {kind.name} {sign} {other.name}")
        wide = FLOAT8 if FLOAT8 in (kind, other) else max(kind, other, key=lambda each: each.size)
        does = ARITHMETIC[sign] if wide is FLOAT8 else WHOLE.get(sign, ARITHMETIC[sign])
        value = _strict(checked(does), left, right)
        return wide, lambda place: wide.fitting(value(place))

    def _aggregate(self, name: str, operands: Sequence[Expression]) -> Typed:
        if name == "count(*)":
            return INT8, lambda place: len(place.group)
        kind, value = self.of(operands[0])

        def values(place: Place) -> list[Any]:
            each = (value(place.at(row)) for row in place.group)
            return [one for one in each if one is not None]

        if name == "count":
            return INT8, lambda place: len(values(place))
        if name == "avg":
            return FLOAT8, lambda place: mean(values(place))
        if name == "sum":
            wide = INT8 if kind.family == "number" and kind is not FLOAT8 else kind
            return wide, lambda place: sum(found) if (found := values(place)) else None
        picks = min if name == "min" else max
        return kind, lambda place: picks(values(place), default=None)

    def _function(self, name: str, operands: Sequence[Expression], expected: Type | None) -> Typed:
        if name == "now":
            return TIMESTAMPTZ, lambda place: place.now
        if name in ("coalesce", "greatest", "least"):
            typed = self._alike(operands, expected)
            return typed[0][0], _chosen(name, [value for _, value in typed])
        if name == "||":
            (_, left), (_, right) = (self._as_text(each) for each in operands)
            return TEXT, _strict(operator.add, left, right)
        if name == "like":
            (_, left), (_, right) = (self.of(each, TEXT) for each in operands)
            return BOOL, _strict(is_like, left, right)
        if name in TEXTS:
            kind, does = TEXTS[name]
            return kind, _strict(does, self.of(operands[0], TEXT)[1])
        if name == "abs":
            kind, value = self.of(operands[0])
            return kind, _strict(abs, value)
        if name == "pg_advisory_unlock_all":
            return VOID, lambda place: ""
        raise unsupported(f"the function {name}")

    def _as_text(self, expression: Expression) -> Typed:
        kind, value = self.of(expression, TEXT)
        return TEXT, _strict(kind.text, value)


def aggregates(expression: Expression) -> bool:
    """Whether an expression goes over many rows."""
    match expression:
        case Operator(sign, operands):
            return sign in AGGREGATES or any(map(aggregates, operands))
        case Cast(operand, _):
            return aggregates(operand)
    return False


def _strict(does: Callable[..., Any], *values: Value) -> Value:
    """A function of values that is NULL where one of them is."""

    def found(place: Place) -> Any:
        given = [value(place) for value in values]
        return None if None in given else does(*given)

    return found


def _logic(sign: str, values: Sequence[Value]) -> Value:
    if sign == "not":
        return _strict(operator.not_, values[0])
    decisive = sign == "or"

    def found(place: Place) -> bool | None:
        unknown = False
        for value in values:
            this: bool | None = value(place)
            if this is decisive:
                return decisive
            unknown = unknown or this is None
        return None if unknown else not decisive

    return found


def _chosen(name: str, values: Sequence[Value]) -> Value:
    def found(place: Place) -> Any:
        known = (this for value in values if (this := value(place)) is not None)
        if name == "coalesce":
            return next(known, None)
        return (max if name == "greatest" else min)(known, default=None)

    return found


def refuse_aggregates(expression: Expression | None) -> None:
    """WHERE goes over rows one by one.

    Raises:
        SqlError: there is an aggregate.
    """
    if expression is not None and aggregates(expression):
        raise SqlError(SYNTAX, "aggregate functions are not allowed in WHERE")
