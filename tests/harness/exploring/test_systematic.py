"""All schedules with few departures: they find what chance finds, with fewer departures, or prove
that there is nothing to find."""

from __future__ import annotations

import asyncio
import itertools

import pytest
import trio

from splitbrain import explore
from splitbrain.harness.exploring import Explored
from splitbrain.harness.exploring.course import Course
from splitbrain.harness.exploring.schedule import Schedule
from splitbrain.harness.exploring.systematic import search
from splitbrain.harness.exploring.trying import tried
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.simulation.strategies import MIXED, strategy_for

LIBRARIES = {"asyncio": asyncio.sleep, "trio": trio.sleep}
libraries = pytest.mark.parametrize("library", LIBRARIES)


async def together(library, *mains):
    if library == "asyncio":
        await asyncio.gather(*(main() for main in mains))
        return
    async with trio.open_nursery() as nursery:
        for main in mains:
            nursery.start_soon(main)


def interleaved(library, lengths, orders):
    """A test of tasks with so many steps each, which notes down the order of steps."""

    async def main():
        steps = []

        def task(name, length):
            async def run():
                for _ in range(length):
                    steps.append(name)
                    await LIBRARIES[library](0)

            return run

        await together(
            library, *(task(name, many) for name, many in zip("abc", lengths, strict=False))
        )
        orders.add("".join(steps))

    return main


def all_of(main, library, departures):
    return search(
        lambda schedule: tried(main, library, Course(schedule), 0, 60.0), departures, 20_000
    )


@libraries
def test_with_enough_departures_it_is_every_interleaving(library):
    orders = set()
    made = all_of(interleaved(library, [2, 2], orders), library, 3)
    every = {"".join(order) for order in itertools.permutations("aabb")}
    assert made.complete
    assert orders == every


@libraries
@pytest.mark.parametrize("lengths", [[1, 2], [2, 1]])
def test_chance_finds_nothing_that_it_does_not(library, lengths):
    by_chance, systematic = set(), set()
    main = interleaved(library, lengths, by_chance)
    for seed in range(40):
        tried(main, library, Course(Schedule(strategy_for(seed, MIXED, 8))), seed, 60.0)
    assert all_of(interleaved(library, lengths, systematic), library, 4).complete
    assert by_chance <= systematic


def lost_update(library, locked):
    """Two tasks read and write; apart by one step, so that it takes a departure to mix them."""

    async def main():
        account = {"balance": 0}
        lock = asyncio.Lock() if library == "asyncio" else trio.Lock()

        async def add():
            balance = account["balance"]
            await LIBRARIES[library](0)
            account["balance"] = balance + 1

        async def first():
            if locked:
                async with lock:
                    await add()
            else:
                await add()

        async def second():
            for _ in range(3):
                await LIBRARIES[library](0)
            await first()

        await together(library, first, second)
        assert account["balance"] == 2, "an update is lost"

    return main


@libraries
def test_what_fails_first_has_the_fewest_departures(library):
    test = explore(strategy="systematic", departures=4, library=library)(
        lost_update(library, locked=False)
    )
    with pytest.raises(Explored, match="none with fewer departures does") as failed:
        test()
    few = len(failed.value.departures)
    assert few >= 1
    assert all_of(lost_update(library, locked=False), library, few - 1).complete


@libraries
def test_what_cannot_fail_is_proven_up_to_the_bound(library, capsys):
    made = all_of(lost_update(library, locked=True), library, 2)
    assert made.complete
    explore(strategy="systematic", library=library)(lost_update(library, locked=True))()
    said = f"none of {made.schedules} schedules with at most 2 departures"
    assert said in capsys.readouterr().out


def test_what_is_given_up_is_no_proof(capsys):
    test = explore(strategy="systematic", runs=5, departures=3, library="trio")(
        lost_update("trio", locked=True)
    )
    test()
    assert "no proof: the first 5 schedules" in capsys.readouterr().out


def test_a_number_of_departures_that_is_none_is_refused():
    with pytest.raises(InvalidPlan, match="departures is -1"):
        explore(strategy="systematic", departures=-1)
