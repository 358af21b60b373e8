"""What a server holds, over crashes: a range is at its source or at its target, and never half."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.partitioning.database.keymap import KeyMap
from splitbrain.systems.partitioning.database.storage import Cell, Storage

FIRST = KeyMap.first("n1")
TWO = FIRST.split("m")
GOING = TWO.moving("m", "n2")
DONE = GOING.ended(GOING.version, done=True)
OFF = GOING.ended(GOING.version, done=False)
MOVE = GOING.version

LEFT, RIGHT = (
    {"a": Cell(1, ()), "b": Cell(2, ((7, 1, None),))},
    {"m": Cell(3, ()), "x": Cell(4, ())},
)


def opened(name, disk=None):
    storage = Storage(UntimedDisk(disk or SimulatedDisk(random.Random(1))), name, FIRST)
    trio.run(storage.open)
    return storage


def test_a_range_that_leaves_is_served_until_it_is_frozen_and_kept_until_it_is_gone():
    source = opened("n1")
    for key, cell in {**LEFT, **RIGHT}.items():
        source.put(key, cell)
    source.learn(GOING)
    assert source.serves("m")
    assert source.serves("a")

    source.freeze(MOVE)
    assert not source.serves("m")
    assert source.serves("a")
    assert source.cells == {**LEFT, **RIGHT}

    source.learn(DONE)
    assert not source.serves("m")
    assert source.cells == LEFT


def test_a_range_that_was_frozen_is_served_again_when_its_move_is_called_off():
    source = opened("n1")
    source.put("m", RIGHT["m"])
    source.learn(GOING)
    source.freeze(MOVE)
    source.learn(OFF)

    assert source.serves("m")
    assert source.cells == {"m": RIGHT["m"]}


@pytest.mark.parametrize(("after", "cells"), [(DONE, RIGHT), (OFF, {})])
def test_what_arrived_is_part_of_the_data_when_a_map_says_so(after, cells):
    target = opened("n2")
    target.learn(GOING)
    assert target.stage(MOVE, 1, 0, (("m", RIGHT["m"]),), last=False)
    assert target.arrived() == ()
    assert target.stage(MOVE, 1, 1, (("x", RIGHT["x"]),), last=True)
    assert (target.arrived(), target.serves("m"), target.cells) == ((MOVE,), False, {})

    target.learn(after)
    assert (target.serves("m"), target.cells, target.staged) == (after is DONE, cells, {})


def test_parts_are_kept_in_their_order_and_a_later_attempt_begins_anew():
    target = opened("n2")
    target.learn(GOING)

    assert target.stage(MOVE, 1, 0, (("m", RIGHT["m"]),), last=False)
    assert not target.stage(MOVE, 1, 2, (), last=True), "a part is missing"
    assert target.stage(MOVE, 1, 0, (("m", Cell(9, ())),), last=False), "it is there already"
    assert not target.stage(MOVE, 2, 1, (), last=True), "of the new attempt nothing is there"
    assert target.stage(MOVE, 2, 0, (("x", RIGHT["x"]),), last=True)

    target.learn(DONE)
    assert target.cells == {"x": RIGHT["x"]}


def test_an_earlier_map_changes_nothing():
    storage = opened("n1")
    storage.learn(DONE)

    assert not storage.learn(GOING)
    assert not storage.learn(DONE)
    assert storage.map == DONE


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(10))
def test_after_a_power_loss_a_server_is_as_it_was_after_some_record(policy, seed):
    """And not before the last one that was durable."""
    draw = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(draw)
    states, durable = [], 0

    def state(storage):
        staged = {n: (s.cells, s.chunks, s.complete) for n, s in storage.staged.items()}
        return storage.map, dict(storage.cells), set(storage.frozen), staged

    steps = [
        lambda s: s.put("a", Cell(draw.random(), ())),
        lambda s: s.learn(GOING),
        lambda s: s.put("m", Cell(draw.random(), ())),
        lambda s: s.freeze(MOVE),
        lambda s: s.put("b", Cell(draw.random(), ())),
        lambda s: s.learn(DONE),
    ]

    async def live():
        nonlocal durable
        storage = Storage(StallingDisk(disk, draw.randrange(2, 9)), "n1", FIRST)
        states.append(state(storage))
        with trio.move_on_after(1):
            await storage.open()
            for step in steps:
                step(storage)
                states.append(state(storage))
                if draw.random() < 0.5:
                    now = len(states)
                    await storage.sync()
                    durable = now - 1

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss(policy)

    assert state(opened("n1", disk)) in states[durable:]


def test_a_long_log_is_written_anew_and_says_the_same():
    disk = SimulatedDisk(random.Random(1))
    before = opened("n2", disk)
    before.learn(GOING)
    for number in range(40):
        before.put("a", Cell(number, ((7, number, None),)))
    for chunk, (key, cell) in enumerate(RIGHT.items()):
        before.stage(MOVE, 1, chunk, ((key, cell),), last=key == "x")
    size = disk.size("data")

    after = Storage(UntimedDisk(disk), "n2", FIRST, compact_at=10)
    trio.run(after.open)

    assert disk.size("data") < size / 2
    again = opened("n2", disk)
    for each in (after, again):
        assert (each.map, each.cells, each.frozen) == (GOING, before.cells, before.frozen)
        assert each.staged[MOVE].cells == RIGHT
        assert each.arrived() == (MOVE,)
    assert again.life == after.life + 1
