"""Time, clocks and scheduling in the simulated world, as plain trio programs see them."""

from __future__ import annotations

import pytest
import trio
from small_worlds import kinds, run, world_of

from splitbrain.harness.simulation.world import World

pytestmark = pytest.mark.usefixtures("both_ways_of_driving_nodes")


def test_time_in_a_node_is_its_own_and_costs_nothing():
    seen = []

    async def sleeper(node):
        start = trio.current_time()
        await trio.sleep(3600)
        seen.append(trio.current_time() - start)

    run(world_of(sleeper), until=4000)

    assert seen == [3600]


def test_a_paused_node_stands_still_and_then_catches_up():
    ticks = []

    async def ticker(node):
        while True:
            await trio.sleep(0.1)
            ticks.append(round(world.now, 6))

    world = world_of(ticker)
    world.heap.at(0.35, world.pause, "n1")
    world.heap.at(1.05, world.resume, "n1")
    run(world, 1.4)

    assert ticks == [0.1, 0.2, 0.3, 1.05, 1.15, 1.25, 1.35]


@pytest.mark.parametrize(("rate", "true_seconds"), [(0.5, 2.0), (1.0, 1.0), (2.0, 0.5)])
def test_sleeps_and_timeouts_follow_the_nodes_own_clock(rate, true_seconds):
    took = []

    async def sleeper(node):
        await trio.sleep(0.2)
        start = world.now
        with trio.move_on_after(1.0):
            await trio.sleep_forever()
        took.append(world.now - start)

    world = world_of(sleeper)
    world.heap.at(0.1, world.set_clock_rate, "n1", rate)
    run(world, 5.0)

    assert took == pytest.approx([true_seconds])


def test_a_rate_that_changes_during_a_sleep_counts_from_then_on():
    woke = []

    async def sleeper(node):
        await trio.sleep(1.0)
        woke.append(world.now)

    world = world_of(sleeper)
    world.heap.at(0.5, world.set_clock_rate, "n1", 2.0)
    run(world)

    assert woke == pytest.approx([0.75])


def test_wall_clocks_jump_and_monotonic_clocks_do_not():
    seen = []

    async def reader(node):
        before = node.clock.time(), node.clock.monotonic()
        await trio.sleep(1.0)
        seen.append((node.clock.time() - before[0], node.clock.monotonic() - before[1]))

    world = world_of(reader)
    world.heap.at(0.5, world.jump_clock, "n1", -30.0)
    run(world)

    assert seen == [pytest.approx((-29.0, 1.0))]


def test_hosts_do_not_agree_on_their_clocks():
    seen = {}

    async def reader(node):
        seen[node.name] = (node.clock.time(), node.clock.monotonic())

    run(world_of(reader, reader))

    assert seen["n1"][0] != seen["n2"][0]
    assert seen["n1"][1] != seen["n2"][1]


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_sleep_that_makes_no_sense_is_refused_as_by_trio(seconds):
    async def program(node):
        await trio.sleep(seconds)

    assert isinstance(run(world_of(program)).failures[0][2], ValueError)


def test_sleeps_are_cancelled_like_any_other_wait():
    woke = []

    async def program(node):
        with trio.move_on_after(0.5):
            await trio.sleep(1)
            woke.append("too late")
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep(1)
            woke.append("cancelled")
        await trio.sleep(0)
        await trio.sleep_until(trio.current_time() - 1)
        woke.append(round(world.now, 6))

    world = world_of(program)
    run(world)

    assert woke == [0.5]


def test_the_leader_is_the_running_node_of_the_highest_term():
    async def leads(node):
        await trio.sleep(0.1 if node.name == "n1" else 0.2)
        node.announce("leader", {"term": 1 if node.name == "n1" else 2})
        await trio.sleep_forever()

    world = world_of(leads, leads)
    seen = []
    for moment in (0.05, 0.15, 0.25, 0.35):
        world.heap.at(moment, lambda: seen.append(world.leader()))
    world.heap.at(0.3, world.kill, "n2")
    run(world)

    assert seen == [None, "n1", "n2", "n1"]


def test_listeners_hear_of_events_outside_the_nodes_step():
    async def leads(node):
        node.announce("leader", {"term": 1})
        await trio.sleep_forever()

    world = world_of(leads)
    world.subscribe(lambda kind, name, details: world.kill(name))
    run(world)

    assert kinds(world)[:3] == ["boot", "announce", "kill"]


def test_a_world_inside_a_trio_program_is_refused():
    async def main():
        with pytest.raises(RuntimeError, match="synchronous"), World().booted():
            pass

    trio.run(main)


def test_waiting_for_all_tasks_to_block_works_inside_a_node(request):
    if "guest" in request.node.name:
        pytest.skip("trio's guest mode looks for idleness only between real waits")
    order = []

    async def program(node):
        async def other():
            for _ in range(5):
                await trio.lowlevel.checkpoint()
            order.append("other")
            await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await trio.testing.wait_all_tasks_blocked()
            order.append("main")

    import trio.testing

    run(world_of(program))

    assert order == ["other", "main"]
