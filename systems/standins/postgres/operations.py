"""What operators and functions of SQL do with values that are not NULL."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from splitbrain.systems.standins.postgres.errors import DIVISION, SqlError
from splitbrain.systems.standins.postgres.types import INT4, TEXT, Type

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""Comparisons by their signs."""


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}
"""Of numbers that are not whole."""

TEXTS: dict[str, tuple[Type, Callable[[str], Any]]] = {
    "lower": (TEXT, str.lower),
    "upper": (TEXT, str.upper),
    "length": (INT4, len),
}
"""Functions of a text, with the types of their results."""


def _quotient(left: int, right: int) -> int:
    """Towards zero."""
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


def _remainder(left: int, right: int) -> int:
    return left - right * _quotient(left, right)


WHOLE: dict[str, Callable[[Any, Any], Any]] = {"/": _quotient, "%": _remainder}
"""Of whole numbers."""


def checked(does: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The same, with the error of a division by zero."""

    def done(left: Any, right: Any) -> Any:
        try:
            return does(left, right)
        except ZeroDivisionError:
            raise SqlError(DIVISION, "division by zero") from None

    return done


def mean(values: Sequence[Any]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None


def is_like(text: str, pattern: str) -> bool:
    """``LIKE``."""
    parts = {"%": ".*", "_": "."}
    shape = "".join(parts.get(letter) or re.escape(letter) for letter in pattern)
    return re.fullmatch(shape, text, re.DOTALL) is not None
