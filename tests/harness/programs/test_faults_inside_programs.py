"""asyncio's tasks in another order than they became ready, and branches taken rarely: what these
faults find, and how."""

from __future__ import annotations

import asyncio

import hasty_store
import pytest
from asyncio_worlds import programs
from worlds import run, world_of

from splitbrain import buggify
from splitbrain.harness import Plan, faults
from splitbrain.harness import run as run_plan
from splitbrain.harness.nemesis.rules import ProgramRule
from splitbrain.harness.programs import program
from splitbrain.harness.workloads import register

NAMES = "abcdefgh"


def orders_of(*, rule=None, kill_at=None, lift_at=None):
    """The orders in which eight tasks that are ready at once go on, five times, a second apart; and
    how long each time took."""
    orders, took = [], []

    async def main():
        now = asyncio.get_running_loop().time
        for _ in range(5):
            orders.append("")

            async def go(name):
                orders[-1] += name

            begun = now()
            await asyncio.gather(*map(go, NAMES))
            took.append(now() - begun)
            await asyncio.sleep(1.0)

    world = programs(main)
    if rule is not None:
        world.add_program_rule(rule)
    if lift_at is not None:
        world.at(lift_at, world.remove_program_rule, rule)
    if kill_at is not None:
        world.at(kill_at, world.kill, "n1")
    run(world, 60.0)
    return orders, took


@pytest.mark.parametrize("order", ["random", "pct"])
def test_ready_tasks_go_on_in_any_order_and_all_of_them_do(order):
    rule = ProgramRule("f2", ("n1",), order=order)
    orders, took = orders_of(rule=rule)

    assert len(set(orders)) > 1
    assert all(sorted(each) == sorted(NAMES) for each in orders)
    assert max(took) == 0.0
    assert rule.affected
    assert orders_of(rule=ProgramRule("f2", ("n1",), order=order)) == (orders, took)
    assert orders_of()[0] == [NAMES] * 5


def test_who_is_held_back_waits_as_long_as_it_says_at_most():
    _, took = orders_of(rule=ProgramRule("f2", ("n1",), order="pct", pause=0.5))

    assert min(took) > 0.0
    assert max(took) < len(NAMES) * 0.5


def test_a_process_may_be_killed_while_its_tasks_are_held_back():
    rule = ProgramRule("f2", ("n1",), order="pct", pause=10.0)
    ((went,), took) = orders_of(rule=rule, kill_at=0.01)

    assert len(went) < len(NAMES)
    assert took == []


def test_once_it_is_lifted_tasks_go_on_as_they_become_ready():
    (first, *others), _ = orders_of(rule=ProgramRule("f0", ("n1",), order="pct"), lift_at=0.5)

    assert first != NAMES
    assert others == [NAMES] * 4


def branches(rule, *, library="asyncio"):
    """How often a program took each of three branches at which it came by forty times."""
    taken = dict.fromkeys("xyz", 0)

    async def main():
        for _ in range(40):
            for place in taken:
                taken[place] += buggify(place)

    world = world_of(main, library=library)
    if rule is not None:
        world.add_program_rule(rule)
    run(world)
    told = [event[3] for event in world.trace.events if event[1] == "buggify"]
    assert {place: told.count(place) for place in taken} == taken
    return taken


@pytest.mark.parametrize("library", ["trio", "asyncio"])
def test_a_rare_branch_is_taken_by_some_who_come_by(library):
    rule = ProgramRule("f1", ("n1",), places=1.0, share=0.5)
    taken = branches(rule, library=library)

    assert all(0 < times < 40 for times in taken.values())
    assert rule.taken == set(taken)


def test_only_some_places_are_taken():
    seen = {
        sum(map(bool, branches(ProgramRule(f"f{i}", ("n1",), places=0.4, share=1.0)).values()))
        for i in range(8)
    }

    assert len(seen) > 1


def test_nowhere_else_is_a_rare_branch_taken():
    taken = {}

    def asking(name):
        async def main():
            taken[name] = buggify("x")

        return main

    world = world_of(asking("n1"), asking("n2"), library="asyncio")
    world.add_program_rule(ProgramRule("f1", ("n2",), places=1.0, share=1.0))
    run(world)

    assert taken == {"n1": False, "n2": True}
    assert branches(None) == dict.fromkeys("xyz", 0)
    assert not buggify("x")


def found(main, source, seeds):
    """The signatures of runs of a program of `hasty_store` under these faults."""
    for seed in seeds:
        plan = Plan("", "", nodes=1, clients=3, seed=seed, rate=80.0, time_limit=2.0)
        plan = plan.with_(options={"cas": 0.0, "keys": 2})
        plan = plan.with_(faults=source.draw(seed, plan))
        server = program(f"hasty_store:{main}", library="asyncio")
        yield run_plan(plan.using(server, register(hasty_store.Client))).signature


ANY_ORDER = faults.of("program.reorder", target="all", at=0.1, duration=1.8, pause=0.05)
RARE = faults.of("program.buggify", target="all", at=0.1, duration=1.8, places=1.0)
OTHERS = faults.swarm("latency,partition,pause", density=0.5)


def test_another_order_finds_who_relies_on_asyncios():
    (wrong,) = found("answers_early", ANY_ORDER, [0])

    assert wrong.startswith("linearizable")
    assert list(found("answers_early", faults.none(), [0])) == [""]
    assert list(found("answers_late", ANY_ORDER, [0])) == [""]


def test_rare_branches_find_who_is_wrong_where_hardly_anybody_comes():
    (wrong,) = found("forgets", RARE, [0])

    assert wrong.startswith("linearizable")
    assert list(found("forgets", faults.none(), [0])) == [""]
    assert list(found("evicts", RARE, [0])) == [""]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("main", "source", "how_many"),
    [
        ("answers_early", ANY_ORDER, 10),
        ("answers_early", OTHERS, 0),
        ("answers_late", ANY_ORDER, 0),
        ("forgets", RARE, 10),
        ("evicts", RARE, 0),
    ],
)
def test_so_many_of_twenty_runs_find_it(main, source, how_many):
    wrong = [signature for signature in found(main, source, range(20)) if signature]

    assert len(wrong) >= how_many
    assert wrong == [] or how_many
