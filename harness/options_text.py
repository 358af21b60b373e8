"""Options as a person types them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from splitbrain.harness.plan import InvalidPlan


def parse_options(options: Iterable[str], what: str = "--option") -> dict[str, Any]:
    """``NAME=VALUE`` pairs as options; a value is JSON if it reads as such, else a string; `what`
    they are of the command line.

    Raises:
        InvalidPlan: not of that form.
    """
    parsed: dict[str, Any] = {}
    for option in options:
        name, equals, text = option.partition("=")
        if not equals or not name:
            raise InvalidPlan(f"{what} {option!r}: write NAME=VALUE")
        try:
            parsed[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            parsed[name] = text
    return parsed
