"""What a replica said that it has, it has after any crash."""

from __future__ import annotations

import random

import pytest
import trio
from untimed_disks import Crash, CrashingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.replication.abd.storage import Storage
from splitbrain.systems.replication.abd.versions import REGISTER, Cell, Version, newest

COMPACT_AT = 5


def opened(disk) -> Storage:
    storage = Storage(disk, COMPACT_AT)
    trio.run(storage.open)
    return storage


def live(disk, cells) -> list[Cell]:
    """One life of a server that stores these cells, one after the other, until its disk stops;
    which of them it said that it has."""
    acknowledged = []

    async def store(storage, scope):
        for each in cells:
            await storage.store((each,))
            acknowledged.append(each)
        scope.cancel()

    async def serve():
        storage = Storage(disk, COMPACT_AT)
        await storage.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store, storage, nursery.cancel_scope)
            await storage.write()

    try:
        trio.run(serve)
    except* Crash:
        pass  # that is the end of this life
    return acknowledged


def some_cells(rng, count=25) -> list[Cell]:
    return [
        Cell(REGISTER, rng.choice("xyz"), Version(rng.randrange(9), rng.choice("ab"), 1), i)
        for i in range(count)
    ]


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(12))
def test_what_was_acknowledged_survives_a_power_loss_at_any_step(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    cells = some_cells(rng)

    acknowledged = live(CrashingDisk(disk, rng.randrange(2, 90)), cells)
    disk.power_loss(policy)
    held = opened(UntimedDisk(disk)).cells

    for place, cell in newest(acknowledged).items():
        assert held[place].version >= cell.version
    assert set(held.values()) <= set(cells)


def test_each_start_is_another_life_whatever_a_crash_left_of_the_one_before():
    disk = SimulatedDisk(random.Random(1))
    lives = []
    for _ in range(5):
        lives.append(opened(UntimedDisk(disk)).life)
        disk.power_loss("drop_unsynced")

    assert lives == [1, 2, 3, 4, 5]


def test_a_log_that_has_grown_long_is_written_anew():
    disk = SimulatedDisk(random.Random(1))
    cells = [Cell(REGISTER, "x", Version(n, "a", 1), n) for n in range(1, 200)]

    assert live(UntimedDisk(disk), cells) == cells
    assert disk.size("cells") < 40 * (COMPACT_AT + 3)
    assert opened(UntimedDisk(disk)).cells == {(REGISTER, "x"): cells[-1]}


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
def test_a_request_that_was_begun_is_known_in_the_next_life_though_the_log_was_written_anew(policy):
    disk = SimulatedDisk(random.Random(2))
    requests = range(3 * COMPACT_AT)

    async def begin(storage, scope):
        assert [await storage.begin(number) for number in requests] == [True] * len(requests)
        scope.cancel()

    async def serve():
        storage = Storage(UntimedDisk(disk), COMPACT_AT)
        await storage.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(begin, storage, nursery.cancel_scope)
            await storage.write()

    trio.run(serve)
    disk.power_loss(policy)
    again = opened(UntimedDisk(disk))

    assert list(again.requests) == list(requests)
    assert not trio.run(again.begin, 0)
