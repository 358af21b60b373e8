"""`watch`: what must hold while an explored test runs, asked after each step of any task."""

from __future__ import annotations

import asyncio

import pytest
import trio

from splitbrain import explore, watch
from splitbrain.harness.exploring import Explored
from splitbrain.harness.exploring.exploration import Untried
from splitbrain.harness.oracle import always, eventually, leads_to, sometimes

ONE_HOLDER = always("one-holder", lambda seen: len(seen["holders"]) <= 1)


async def both_take_it(library):
    """A lock that is looked at and taken in two steps; nobody holds it when the test ends."""
    holders, free = set(), [True]
    watch(ONE_HOLDER, holders=holders, free=free)
    pause = trio.lowlevel.checkpoint if library == "trio" else lambda: asyncio.sleep(0)

    async def take(name):
        while not free[0]:
            await pause()
        await pause()
        free[0] = False
        holders.add(name)
        await pause()
        holders.discard(name)
        free[0] = True

    if library == "asyncio":
        await asyncio.gather(take("a"), take("b"))
        return
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take, "a")
        nursery.start_soon(take, "b")


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_breach_ends_the_run_where_it_is(library):
    with pytest.raises(Explored) as failed:
        explore(runs=50, library=library)(both_take_it)(library)
    told = str(failed.value)

    assert "Broken: one-holder: it does not hold" in told
    assert "holders = {'a', 'b'}\n  free = [False]" in str(failed.value.__cause__)
    last = told.partition("\n\nrepeat it")[0].splitlines()[-1]
    assert last.endswith("in take: await pause()")


def test_what_holds_between_steps_is_asked_after_each_one():
    states = []

    @explore(runs=1, library="asyncio")
    async def counted():
        count = [0]
        watch(always("seen", lambda seen: states.append(seen["count"][0]) or True), count=count)

        async def add():
            count[0] += 1

        await asyncio.gather(*(add() for _ in range(5)))

    counted()
    assert set(range(6)) <= set(states)


def within(statement, **options):
    """A test in which the statement is watched while something is put into a queue for 5 s."""

    @explore(runs=3, library="asyncio", **options)
    async def test():
        queue = []
        watch(statement, queue=queue)
        await asyncio.sleep(2.0)
        queue.append("a letter")
        await asyncio.sleep(5.0)
        queue.clear()
        await asyncio.sleep(60.0)

    return test


def full(seen):
    return bool(seen["queue"])


def empty(seen):
    return not seen["queue"]


HOLDS = [
    eventually("filled", full, within=3.0),
    leads_to("emptied", full, empty, within=6.0),
    sometimes("filled", full),
]
BROKEN = {
    "did not come true within 1 s": eventually("filled", full, within=1.0),
    "was not followed within 4 s": leads_to("emptied", full, empty, within=4.0),
}


@pytest.mark.parametrize("statement", HOLDS, ids=lambda s: s.name)
def test_what_comes_in_time_is_no_breach(statement):
    within(statement)()


@pytest.mark.parametrize(("said", "statement"), BROKEN.items(), ids=BROKEN)
def test_what_comes_late_is_told_though_nobody_does_anything_then(said, statement):
    with pytest.raises(Explored) as failed:
        within(statement)()
    assert said in str(failed.value)


@pytest.mark.parametrize("options", [{}, {"strategy": "systematic"}])
def test_what_never_comes_true_in_any_run_is_told(options):
    with pytest.raises(Untried, match="was it ever so: two letters"):
        within(sometimes("two letters", lambda seen: len(seen["queue"]) == 2), **options)()


def test_it_is_for_explored_tests_alone():
    with pytest.raises(RuntimeError, match="@explore"):
        watch(ONE_HOLDER)
