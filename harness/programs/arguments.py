"""Arguments of a program as words of a command line."""

from __future__ import annotations

import json
from typing import Any

from splitbrain.harness.plan import InvalidPlan

_JSON, _TEXT = "json:", "text:"


def encoded(value: Any) -> str:
    """An argument as a word of a command line; texts stay texts, so that they can be filled in.

    Raises:
        InvalidPlan: JSON cannot hold it.
    """
    if isinstance(value, str):
        return f"{_TEXT}{value}"
    try:
        return _JSON + json.dumps(value)
    except TypeError as error:
        raise InvalidPlan(f"a program's argument is {value!r}, which JSON cannot hold") from error


def decoded(word: str) -> Any:
    """What was encoded."""
    return json.loads(word[len(_JSON) :]) if word.startswith(_JSON) else word.partition(":")[2]


def is_argument(word: str) -> bool:
    """Whether a word is an argument, encoded."""
    return word.startswith((_JSON, _TEXT))
