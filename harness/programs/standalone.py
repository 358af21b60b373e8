"""Runs a program in a process of its own: how one is started on real processes.

python -m splitbrain.harness.programs.standalone shop.main:main asyncio 'json:"x"' port=json:80
"""

from __future__ import annotations

import asyncio
import sys

import trio

from splitbrain.harness.programs.arguments import decoded, is_argument


def _run(main: str, library: str, *words: str) -> None:
    from splitbrain.harness.programs.source import source_of

    given = [word for word in words if is_argument(word)]
    named = [word.partition("=") for word in words if not is_argument(word)]
    function, _ = source_of(main).fresh()
    arguments = [decoded(word) for word in given]
    keywords = {name: decoded(value) for name, _, value in named}

    async def whole() -> None:
        await function(*arguments, **keywords)

    if library == "trio":
        trio.run(whole)
    else:
        asyncio.run(whole())


if __name__ == "__main__":
    _run(*sys.argv[1:])
