"""Runs a program in a process of its own: how one is started on real processes.

python -m splitbrain.harness.programs.standalone shop.main:main asyncio 'json:"x"' port=json:80
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import trio

from splitbrain.harness.plan import InvalidPlan

_JSON = "json:"


def encoded(value: Any) -> str:
    """An argument as a word of a command line; texts stay texts, so that they can be filled in.

    Raises:
        InvalidPlan: JSON cannot hold it.
    """
    if isinstance(value, str):
        return f"text:{value}"
    try:
        return _JSON + json.dumps(value)
    except TypeError as error:
        raise InvalidPlan(f"a program's argument is {value!r}, which JSON cannot hold") from error


def _decoded(word: str) -> Any:
    return json.loads(word[len(_JSON) :]) if word.startswith(_JSON) else word.partition(":")[2]


def _run(main: str, library: str, *words: str) -> None:
    from splitbrain.harness.programs.source import source_of

    given = [word for word in words if word.startswith((_JSON, "text:"))]
    named = [word.partition("=") for word in words if word not in given]
    function, _ = source_of(main).fresh()
    arguments = [_decoded(word) for word in given]
    keywords = {name: _decoded(value) for name, _, value in named}

    async def whole() -> None:
        await function(*arguments, **keywords)

    if library == "trio":
        trio.run(whole)
    else:
        asyncio.run(whole())


if __name__ == "__main__":
    _run(*sys.argv[1:])
