"""A small language of queries and updates, as JSON values in the style of document databases.

A query names fields, which must all match::

    {"color": "red"}                         equal
    {"age": {"$gte": 18, "$lt": 65}}         $eq $ne $gt $gte $lt $lte $in $exists
    {"$or": [{"a": 1}, {"b": 2}]}            $or $and of queries, $not of one

An order compares numbers with numbers and texts with texts, and holds of nothing else; a field that
is not there is equal to nothing. An update says what becomes of fields, all at once::

    {"$set": {"color": "blue"}, "$unset": ["age"], "$inc": {"visits": 1}, "$push": {"tags": "new"}}

What is not understood is refused in one sentence, with the place in the value: "query.$or[1].age.
$gtt: there is no such operator; there are $eq, ...".

>>> query = parsed({"age": {"$gte": 18}, "$not": {"color": "red"}})
>>> query.matches({"age": 20, "color": "blue"}), query.matches({"color": "blue"})
(True, False)
>>> updated({"visits": 1, "age": 3}, {"$inc": {"visits": 1}, "$unset": ["age"]})
{'visits': 2}

Source: DDIA chapter 2, "Query Languages for Data"; the operators are MongoDB's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple

Matches = Callable[[Mapping[str, Any]], bool]

_MISSING = object()

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}

_CONDITIONS = sorted(("$eq", "$ne", "$in", "$exists", *_ORDERS))
_COMBINERS = ("$and", "$not", "$or")
_UPDATES = ("$inc", "$push", "$set", "$unset")

_DEEPEST = 32


class BadQuery(Exception):
    """A query or an update that can't be understood; says where and why."""


class Query(NamedTuple):
    """A query that was understood.

    Attributes:
        matches: whether fields do.
        equal: values that fields must have for it to match, for an index to begin with.
    """

    matches: Matches
    equal: tuple[tuple[str, Any], ...]


def parsed(query: Any, path: str = "query", depth: int = 0) -> Query:
    """A query, understood.

    Raises:
        BadQuery: it isn't one.
    """
    if depth > _DEEPEST:
        raise BadQuery(f"{path}: queries are nested no deeper than {_DEEPEST}")
    parts = []
    equal: list[tuple[str, Any]] = []
    for name, value in _entries(query, path):
        at = f"{path}.{name}"
        if name in ("$and", "$or"):
            parts.append(_combined(name, value, at, depth))
        elif name == "$not":
            parts.append(_negated(parsed(value, at, depth + 1).matches))
        elif name.startswith("$"):
            raise BadQuery(f"{at}: there is no such operator; there are {', '.join(_COMBINERS)}")
        elif not name:
            raise BadQuery(f"{path}: '' is no name of a field")
        elif isinstance(value, Mapping):
            if not value:
                raise BadQuery(f"{at}: give a condition: {', '.join(_CONDITIONS)}")
            parts += [_condition(name, f, wanted, f"{at}.{f}") for f, wanted in _entries(value, at)]
        else:
            wanted = plain(value, at)
            equal.append((name, wanted))
            parts.append(_equals(name, wanted))
    return Query(lambda fields: all(part(fields) for part in parts), tuple(equal))


def updated(fields: Mapping[str, Any], update: Any) -> dict[str, Any]:
    """The fields after an update.

    Raises:
        BadQuery: it isn't one, or a field has no number to add to, or no list to push to.
    """
    after = dict(fields)
    changed: dict[str, str] = {}
    for name, value in _entries(update, "update"):
        at = f"update.{name}"
        if name == "$unset":
            for position, field in enumerate(_list(value, at)):
                where = f"{at}[{position}]"
                after.pop(_name(field, where), None)
                _once(changed, field, name, where)
        elif name in _UPDATES:
            for field, argument in _entries(value, at):
                where = f"{at}.{_name(field, at)}"
                _once(changed, field, name, where)
                before = after.get(field, _MISSING)
                after[field] = _changed(name, before, plain(argument, where), where)
        else:
            raise BadQuery(f"{at}: there is no such operator; there are {', '.join(_UPDATES)}")
    return after


def _once(changed: dict[str, str], field: str, operator: str, path: str) -> None:
    """Note that a field is changed: by one operator, since all that an update says is at once."""
    if field in changed:
        raise BadQuery(f"{path}: {changed[field]} changes the field already")
    changed[field] = operator


def plain(value: Any, path: str, deeper: int = _DEEPEST) -> Any:
    """A value of a field: a text, a number, a truth value, null, or a list of these as a tuple.

    Args:
        value: what may be one.
        path: where it is.
        deeper: how many lists may be within each other.

    Raises:
        BadQuery: it is something else.
    """
    if deeper < 0:
        raise BadQuery(f"{path}: lists are nested no deeper than {_DEEPEST}")
    if isinstance(value, float) and not isfinite(value):
        raise BadQuery(f"{path}: a number is finite")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise BadQuery(f"{path}: a whole number has 64 bits at most")
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        parts = enumerate(value)
        return tuple(plain(each, f"{path}[{number}]", deeper - 1) for number, each in parts)
    raise BadQuery(f"{path}: a {type(value).__name__} is no value of a field")


def _combined(name: str, queries: Any, path: str, depth: int) -> Matches:
    each = [
        parsed(query, f"{path}[{position}]", depth + 1).matches
        for position, query in enumerate(_list(queries, path))
    ]
    how = all if name == "$and" else any
    return lambda fields: how(matches(fields) for matches in each)


def _negated(matches: Matches) -> Matches:
    return lambda fields: not matches(fields)


def _equals(field: str, wanted: Any) -> Matches:
    return lambda fields: same(fields.get(field, _MISSING), wanted)


def _condition(field: str, name: str, value: Any, path: str) -> Matches:
    if name == "$exists":
        if not isinstance(value, bool):
            raise BadQuery(f"{path}: give true or false")
        return lambda fields: (field in fields) is value
    if name == "$in":
        several = [plain(each, f"{path}[{n}]") for n, each in enumerate(_list(value, path))]
        return lambda fields: any(same(fields.get(field, _MISSING), each) for each in several)
    wanted = plain(value, path)
    if name in _ORDERS:
        if _kind(wanted) is None:
            raise BadQuery(f"{path}: give a number or a text to compare with")
        return _ordered(field, _ORDERS[name], wanted)
    if name == "$eq":
        return _equals(field, wanted)
    if name == "$ne":
        return _negated(_equals(field, wanted))
    raise BadQuery(f"{path}: there is no such operator; there are {', '.join(_CONDITIONS)}")


def _ordered(field: str, holds: Callable[[Any, Any], bool], wanted: Any) -> Matches:
    def matches(fields: Mapping[str, Any]) -> bool:
        value = fields.get(field)
        return _kind(value) == _kind(wanted) and holds(value, wanted)

    return matches


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; a truth value is no number."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _kind(value: Any) -> str | None:
    """What values are in one order with this one; None if none is."""
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else None


def _changed(name: str, before: Any, argument: Any, path: str) -> Any:
    if name == "$set":
        return argument
    if name == "$push":
        held = () if before is _MISSING else before
        if not isinstance(held, tuple):
            raise BadQuery(f"{path}: the field is no list to push to")
        return (*held, argument)
    held = 0 if before is _MISSING else before
    if _kind(argument) != "number":
        raise BadQuery(f"{path}: give a number to add")
    if _kind(held) != "number":
        raise BadQuery(f"{path}: the field is no number to add to")
    try:
        total = held + argument
    except OverflowError:
        raise BadQuery(f"{path}: the sum is too large") from None
    return plain(total, path)


def _entries(value: Any, path: str) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise BadQuery(f"{path}: give an object, by names")
    return list(value.items())


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise BadQuery(f"{path}: give a list")
    return list(value)


def _name(field: Any, path: str) -> str:
    if not isinstance(field, str) or field.startswith("$") or not field:
        raise BadQuery(f"{path}: {field!r} is no name of a field")
    return field
