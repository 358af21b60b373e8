"""`explore`: what only some order of ready tasks shows is found, made small, and told."""

from __future__ import annotations

import asyncio
import random
import re
import time

import pytest
import trio

from splitbrain import explore
from splitbrain.harness.exploring import Explored
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.simulation.strategies import MOST_IN_A_ROW, ByPriority

on_asyncio = explore(runs=50, library="asyncio")
on_trio = explore(runs=50, library="trio")


def failure(test) -> Explored:
    with pytest.raises(Explored) as failed:
        test()
    return failed.value


@on_asyncio
async def uses_before_it_is_set():
    """Right as long as tasks run in the order in which they were made."""
    settings = {}

    async def setup():
        settings["ready"] = True

    async def use():
        assert settings["ready"]

    async def bystander():
        for _ in range(5):
            await asyncio.sleep(0)

    await asyncio.gather(bystander(), setup(), use(), bystander())


@on_trio
async def lost_update():
    """Two tasks may read before either writes; in the order of readiness they do not."""
    account = {"balance": 0}

    async def deposit(pause):
        await trio.sleep(pause)
        balance = account["balance"]
        await trio.lowlevel.checkpoint()
        account["balance"] = balance + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deposit, 1)
        nursery.start_soon(deposit, 1)
    assert account["balance"] == 2


@on_asyncio
async def locks_in_two_orders_of_asyncio():
    one, other = asyncio.Lock(), asyncio.Lock()

    async def both(first, second, rounds):
        for _ in range(rounds):
            await asyncio.sleep(0)
        async with first:
            await asyncio.sleep(0)
            async with second:
                pass

    await asyncio.gather(both(one, other, 0), both(other, one, 2))


@on_trio
async def locks_in_two_orders_of_trio():
    one, other = trio.Lock(), trio.Lock()

    async def both(first, second):
        async with first:
            await trio.lowlevel.checkpoint()
            async with second:
                pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(both, one, other)
        nursery.start_soon(both, other, one)


def test_an_order_that_the_loop_never_takes_is_found_and_told_with_its_lines():
    found = failure(uses_before_it_is_set)

    assert isinstance(found.__cause__, KeyError)
    assert 1 <= len(found.departures) <= 2
    assert f"seed {found.seed} fails" in str(found)
    assert f"{len(found.departures)} departure" in str(found)
    assert "in bystander: await asyncio.sleep(0)" in str(found)


def test_a_lost_update_is_found_under_trio():
    found = failure(lost_update)
    assert isinstance(found.__cause__, AssertionError)


@pytest.mark.parametrize("test", [locks_in_two_orders_of_asyncio, locks_in_two_orders_of_trio])
def test_a_deadlock_is_told_with_who_waits_where_and_for_what(test):
    text = str(failure(test))
    assert "fails" in text
    assert "deadlock" in text
    assert text.count("in Lock.__aenter__") == 2
    assert text.count("held by both") == (2 if test is locks_in_two_orders_of_trio else 0)
    assert text.count("test_explore.py") >= 2


@pytest.mark.parametrize("test", [locks_in_two_orders_of_asyncio, locks_in_two_orders_of_trio])
def test_the_interleaving_ends_where_the_test_does(test):
    """What its tasks do when they are cancelled, since it is over, is no part of it."""
    moments = re.findall(r"^\W+(\d+\.\d{3}) s .* goes on at", str(failure(test)), re.MULTILINE)
    assert moments
    assert max(map(float, moments)) < 60.0  # it is looked for deadlocks once in a minute


def test_the_same_is_found_again():
    one, other = failure(uses_before_it_is_set), failure(uses_before_it_is_set)
    assert str(one) == str(other)


def test_a_failure_of_every_schedule_needs_no_departure():
    @on_asyncio
    async def wrong():
        await asyncio.sleep(1)
        assert 1 == 2

    found = failure(wrong)
    assert (found.seed, found.departures) == (0, ())
    assert "0 departures" in str(found)


def test_what_is_right_passes_and_its_time_is_virtual():
    seen = []

    @explore(runs=20, library="asyncio")
    async def right():
        lock = asyncio.Lock()
        account = {"balance": 0}

        async def deposit():
            async with lock:
                balance = account["balance"]
                await asyncio.sleep(random.random() * 100)
                account["balance"] = balance + 1

        before = time.monotonic()
        await asyncio.gather(*(deposit() for _ in range(5)))
        seen.append(time.monotonic() - before)
        assert account["balance"] == 5

    right()
    assert len(seen) == 20
    assert len(set(seen)) == 20
    assert all(10 < seconds < 500 for seconds in seen)


def test_a_test_may_have_servers_and_clients_of_its_own():
    @explore(runs=5, library="trio")
    async def served():
        async def echo(stream):
            await stream.send_all(await stream.receive_some())

        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_tcp, echo, 7000)
            async with await trio.open_tcp_stream("localhost", 7000) as stream:
                await stream.send_all(b"x")
                assert await stream.receive_some() == b"x"
            nursery.cancel_scope.cancel()

    served()


def test_one_that_never_ends_is_told():
    @explore(runs=1, library="trio", time_limit="1min")
    async def endless():
        while True:
            await trio.sleep(10)

    assert "had not ended after 60 s of virtual time" in str(failure(endless))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InvalidPlan, match="runs is 0"):
        explore(runs=0)
    with pytest.raises(TypeError, match="decorates an async function"):
        explore()(lambda: None)


# By priorities


async def needs_one_task_to_starve():
    """Right unless one task waits while four others take thirty turns each."""
    done = []

    async def late():
        done.append(True)

    async def busy():
        for _ in range(30):
            await asyncio.sleep(0)
        assert done

    await asyncio.gather(*(busy() for _ in range(4)), late())


def test_priorities_find_what_needs_a_task_to_starve():
    found = failure(explore(runs=20, library="asyncio", strategy="pct")(needs_one_task_to_starve))
    assert isinstance(found.__cause__, AssertionError)
    explore(runs=20, library="asyncio", strategy="random")(needs_one_task_to_starve)()


def test_the_one_with_the_highest_priority_goes_and_falls_at_the_changes():
    tasks = ["a", "b", "c"]
    by_priority = ByPriority(seed=5, decisions=4)
    by_priority._changes = frozenset({2})
    chosen = []
    for number in range(5):
        order, going = by_priority.order(number, tasks)
        assert going == 1
        assert sorted(order) == [0, 1, 2]
        assert order[1:] == sorted(order[1:])
        chosen.append(tasks[order[0]])
    first, second = chosen[0], chosen[2]
    assert chosen == [first, first, second, second, second]
    assert first != second


def test_a_task_that_spins_falls():
    by_priority = ByPriority(seed=5, decisions=0)
    chosen = [by_priority.order(number, ["a", "b"])[0][0] for number in range(3 * MOST_IN_A_ROW)]
    assert set(chosen[:MOST_IN_A_ROW]) == {chosen[0]}
    assert chosen[MOST_IN_A_ROW] != chosen[0]


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_who_waits_by_spinning_does_not_stop_the_others(library):
    async def spinning():
        checkpoint = asyncio.sleep if library == "asyncio" else trio.sleep
        flag = []

        async def waits():
            while not flag:
                await checkpoint(0)

        async def sets():
            await checkpoint(0)
            flag.append(True)

        if library == "asyncio":
            await asyncio.gather(waits(), sets())
        else:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(waits)
                nursery.start_soon(sets)

    explore(runs=10, library=library, strategy="pct")(spinning)()


def test_an_unknown_strategy_is_refused():
    with pytest.raises(InvalidPlan, match="strategy is 'best'"):
        explore(strategy="best")
