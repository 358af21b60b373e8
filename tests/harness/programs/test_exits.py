"""Programs that end themselves, by `sys.exit`, wherever they call it."""

from __future__ import annotations

import asyncio
import sys

import pytest
import trio
from asyncio_worlds import programs
from worlds import run, world_of


def ends_of(main, library):
    """How a program ends: the last events of its trace, and its errors."""
    world = world_of(main, library=library)
    with world.booted():
        world.run_until(5.0)
    told = [event[1:] for event in world.trace.events if event[1] in ("exit", "died")]
    return told, [error for _, _, error in world.failures]


def exits_in_main(status):
    async def main():
        await asyncio.sleep(1)
        sys.exit(status)

    return main


def exits_in_a_task(status):
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(exits_in_main(status)())
            await asyncio.sleep(100)

    return main


def exits_in_a_task_of_its_own(status):
    async def main():
        task = asyncio.create_task(exits_in_main(status)())
        await asyncio.sleep(100)
        await task

    return main


def exits_in_a_callback(status):
    async def main():
        asyncio.get_running_loop().call_later(1, sys.exit, status)
        await asyncio.sleep(100)

    return main


def exits_in_a_thread(status):
    async def main():
        await asyncio.sleep(1)
        await asyncio.to_thread(sys.exit, status)

    return main


@pytest.mark.parametrize(
    "make",
    [
        exits_in_main,
        exits_in_a_task,
        exits_in_a_task_of_its_own,
        exits_in_a_callback,
        exits_in_a_thread,
    ],
)
def test_a_program_of_asyncio_ends_as_under_asyncio_run(make):
    told, (error,) = ends_of(make(3), "asyncio")

    assert told == [("died", "n1", "SystemExit: 3")]
    assert error.code == 3
    assert ends_of(make(0), "asyncio") == ([("exit", "n1")], [])


def test_a_program_of_trio_may_exit_too():
    def exits(status):
        async def child():
            sys.exit(status)

        async def main():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child)

        return main

    assert ends_of(exits("no such file"), "trio")[0] == [("died", "n1", "SystemExit: no such file")]
    assert ends_of(exits(None), "trio") == ([("exit", "n1")], [])


def test_what_it_has_to_put_away_is_put_away_first():
    done = []

    async def keeps():
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(0.5)
            done.append(asyncio.get_running_loop().time())

    async def main():
        keeping = asyncio.create_task(keeps())
        await asyncio.sleep(1)
        begun.append(asyncio.get_running_loop().time())
        asyncio.get_running_loop().call_soon(sys.exit)
        await keeping

    begun = []
    run(programs(main))

    assert [at - begun[0] for at in done] == [pytest.approx(0.5)]


def test_what_nobody_has_retrieved_is_told_in_asyncios_words():
    said = []

    async def fails():
        raise ValueError("broken")

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: said.append(context["message"]))
        task = loop.create_task(fails())
        await asyncio.sleep(1)
        del task

    run(programs(main))

    assert said == ["Task exception was never retrieved"]
