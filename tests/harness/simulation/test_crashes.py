"""Nodes that are killed or fail, as plain trio programs see it and as it is told."""

from __future__ import annotations

import pytest
import trio
from small_worlds import kinds, run, silent, world_of

from splitbrain.harness.node import NodeDead

pytestmark = pytest.mark.usefixtures("both_ways_of_driving_nodes")


def test_nothing_that_a_killed_node_does_leaves_it():
    got, inside = [], []

    async def dying(node):
        node.disk.append("log", b"")
        try:
            await trio.sleep_forever()
        finally:
            node.network.send("n2", ("from", "finally"))
            node.announce("leader", {"term": 9})
            try:
                node.disk.append("log", b"zombie")
            except NodeDead:
                inside.append("disk refused")

    async def receiver(node):
        while True:
            got.append(await node.network.receive())

    world = world_of(dying, receiver)
    announced = []
    world.on_announcement = lambda *event: announced.append(event)
    world.heap.at(0.5, world.kill, "n1")
    run(world)

    assert (got, announced, inside) == ([], [], ["disk refused"])
    assert world.hosts["n1"].disk.read("log") == b""
    assert "zombie" not in kinds(world)


def test_tasks_of_a_killed_node_unwind_at_once_whatever_they_wait_for():
    ended = []

    async def shielded(node):
        with trio.CancelScope(shield=True):
            await trio.sleep(100)
            ended.append(world.now)
        await trio.sleep_forever()

    world = world_of(shielded)
    world.heap.at(0.5, world.kill, "n1")
    run(world)

    assert ended == [0.5]


def test_a_task_that_refuses_to_end_is_told_of():
    stop = []

    async def stubborn(node):
        while not stop:
            try:
                await trio.sleep(1)
            except trio.Cancelled:
                continue

    world = world_of(stubborn)
    world.heap.at(0.5, world.kill, "n1")
    with world.booted():
        world.run_until(1.0)
        assert "zombie" in kinds(world)
        stop.append(True)


def test_a_node_that_runs_in_circles_is_ended_with_an_error():
    async def spinning(node):
        while True:
            await trio.lowlevel.checkpoint()

    world = run(world_of(spinning, silent))

    assert "without waiting" in str(world.failures[0][2])
    assert world.now == 2.0


def test_a_node_that_comes_back_has_its_disk_and_nothing_else():
    lives = []

    async def program(node):
        lives.append((node.disk.list(), node.random.random()))
        node.disk.append("life", b"x")
        await node.disk.fsync("life")
        await trio.sleep_forever()

    world = world_of(program)
    world.heap.at(0.5, world.power_loss, "n1")
    world.heap.at(0.6, world.start, "n1")
    run(world)

    assert [files for files, _ in lives] == [[], ["life"]]
    assert lives[0][1] != lives[1][1]


def test_an_error_in_a_nodes_code_ends_that_node_alone():
    async def broken(node):
        await trio.sleep(1)
        raise ValueError("broken invariant")

    beats = []

    async def healthy(node):
        while True:
            await trio.sleep(0.5)
            beats.append(world.now)

    world = world_of(broken, healthy)
    announced = []
    world.on_announcement = lambda *event: announced.append(event)
    run(world, 3.1)

    ((name, kind, told),) = announced
    assert (name, kind, told["error"]) == ("n1", "died", "ValueError: broken invariant")
    assert len(beats) == 6


def test_a_nurserys_wrapping_of_a_single_error_is_left_out():
    async def broken(node):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise ValueError("broken invariant")

    assert repr(run(world_of(broken)).failures[0][2]) == "ValueError('broken invariant')"


def test_killing_from_inside_a_node_is_a_mistake_that_is_named():
    async def suicidal(node):
        world.kill("n1")

    world = world_of(suicidal)

    assert "world.after" in str(run(world).failures[0][2])


def test_an_error_in_the_worlds_loop_still_unwinds_every_node():
    unwound = []

    async def program(node):
        try:
            await trio.sleep_forever()
        finally:
            unwound.append(node.name)

    world = world_of(program, program)
    world.heap.at(0.5, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(world)

    assert unwound == ["n1", "n2"]


def test_a_crash_is_told_with_its_lines_and_with_what_the_node_did_last():
    async def broken(node):
        node.trace("step", 1)
        message = await node.network.receive()
        handle(message)

    def handle(message):
        raise ValueError(f"bad {object()!r}")

    async def other(node):
        node.network.send("n1", ("hello", 1))
        await trio.sleep_forever()

    world = world_of(broken, other)
    announced = []
    world.on_announcement = lambda *event: announced.append(event)
    run(world, 1.0)

    ((_, _, told),) = announced
    assert told["error"] == "ValueError: bad <object object at 0x...>"
    assert [line.split(": ", 1)[1] for line in told["traceback"]] == [
        "handle(message)",
        'raise ValueError(f"bad {object()!r}")',
    ]
    assert [line.split(" ", 1)[1] for line in told["last"]] == [
        "step 1",
        'receive "n2" ["hello",1]',
    ]


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_an_async_generator_that_is_left_behind_ends_in_its_own_node():
    async def numbers(node):
        try:
            yield 1
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.5)
            node.trace("closed", trio.current_time() - node.clock.monotonic())

    async def leaving(node):
        async for _ in numbers(node):
            break
        await trio.sleep(1.0)

    world = run(world_of(leaving, leaving))

    closed = [event[2:] for event in world.trace.events if event[1] == "closed"]
    assert sorted(closed) == [("n1", 0.0), ("n2", 0.0)]
