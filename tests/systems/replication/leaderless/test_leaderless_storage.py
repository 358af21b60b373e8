"""What a server said that it keeps, it keeps after any crash."""

from __future__ import annotations

import random

import pytest
import trio
from untimed_disks import Crash, CrashingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.replication.leaderless.siblings import EMPTY, merged, written
from splitbrain.systems.replication.leaderless.storage import Storage

COMPACT_AT = 5


def opened(disk) -> Storage:
    storage = Storage(UntimedDisk(disk), COMPACT_AT)
    trio.run(storage.open)
    return storage


def live(disk, steps) -> list[tuple]:
    """One life of a server that does these steps until its disk stops; which were durable."""
    acknowledged = []

    async def act(storage, scope):
        for f, *arguments in steps:
            getattr(storage, f)(*arguments)
            await storage.durable()
            acknowledged.append((f, *arguments))
        scope.cancel()

    async def serve():
        storage = Storage(disk, COMPACT_AT)
        await storage.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(act, storage, nursery.cancel_scope)
            await storage.write()

    try:
        trio.run(serve)
    except* Crash:
        pass  # that is the end of this life
    return acknowledged


def some_steps(rng, count=25) -> list[tuple]:
    cells, steps = dict.fromkeys("xyz", EMPTY), []
    for value in range(count):
        key = rng.choice("xyz")
        cells[key] = written(cells[key], (), rng.choice("ab"), value)
        kind = rng.randrange(4)
        if kind == 0:
            steps.append(("hint", "n2", key, cells[key]))
        elif kind == 1:
            steps.append(("begin", value))
        else:
            steps.append(("merge", key, cells[key]))
    return steps


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(12))
def test_what_was_durable_survives_a_power_loss_at_any_step(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)

    acknowledged = live(CrashingDisk(disk, rng.randrange(2, 90)), some_steps(rng))
    disk.power_loss(policy)
    storage = opened(disk)

    for f, *arguments in acknowledged:
        if f == "merge":
            key, cell = arguments
            assert merged(storage.cells[key], cell) == storage.cells[key]
        elif f == "hint":
            home, key, cell = arguments
            assert merged(storage.hints[home, key], cell) == storage.hints[home, key]
        else:
            assert not storage.begin(*arguments)


def test_a_hint_that_was_handed_over_is_gone():
    disk = SimulatedDisk(random.Random(1))
    cell = written(EMPTY, (), "a", 1)
    live(UntimedDisk(disk), [("hint", "n2", "x", cell), ("handed", "n2", "x")])

    assert opened(disk).hints == {}


def test_a_log_that_has_grown_long_is_written_anew():
    disk = SimulatedDisk(random.Random(1))
    cells = [EMPTY]
    for value in range(200):
        cells.append(written(cells[-1], cells[-1].context, "a", value))
    live(UntimedDisk(disk), [("merge", "x", cell) for cell in cells[1:]])

    assert disk.size("cells") < 50 * (COMPACT_AT + 3)
    assert opened(disk).cells == {"x": cells[-1]}
