"""Changes that count at once and are durable when somebody waits: a prefix of them survives."""

from __future__ import annotations

import random

import pytest
import trio
from untimed_disks import Crash, CrashingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.data_models.tree import DataTree
from splitbrain.systems.storage.committing import Commits, TooLong

CHANGES = [
    {("a", n % 3): (n, 3000 * "v"), ("b", n): None if n % 2 else n, ("b", n - 1): n}
    for n in range(24)
]
"""Changes of several entries each; they are enough that the tree merges."""


def after(changes):
    """What the entries are after some changes."""
    entries = {}
    for change in changes:
        entries.update(change)
    return {key: value for key, value in entries.items() if value is not None}


async def survivors(disk):
    return dict(await Commits(DataTree(UntimedDisk(disk))).open())


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
def test_what_survives_a_power_loss_at_any_step_is_a_prefix_with_all_that_was_waited_for(policy):
    async def write(commits, durable):
        await commits.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(commits.keep_house)
            for number, change in enumerate(CHANGES, 1):
                commits.add(commits.batch(change))
                if number % 2:
                    await commits.sync()
                    durable.append(number)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    steps, finished = 0, False
    while not finished:
        disk, durable = SimulatedDisk(random.Random(steps)), [0]
        try:
            trio.run(write, Commits(DataTree(CrashingDisk(disk, steps))), durable)
        except* (Crash, OSError):  # the other task hears that the engine failed
            pass
        else:
            finished = True
        disk.power_loss(policy)

        found = trio.run(survivors, disk)

        prefixes = [after(CHANGES[:number]) for number in range(durable[-1], len(CHANGES) + 1)]
        assert found in prefixes, (steps, durable[-1])
        steps += 1
    assert steps > 30


def test_who_waits_meanwhile_shares_the_sync():
    disk = SimulatedDisk(random.Random(1))
    commits = Commits(DataTree(UntimedDisk(disk)))
    written = []

    async def write_all():
        await commits.open()
        write = commits.engine.write

        async def counted(batches):
            written.append(len(batches))
            return await write(batches)

        commits.engine.write = counted
        async with trio.open_nursery() as nursery:
            for change in CHANGES[:5]:
                commits.add(commits.batch(change))
                nursery.start_soon(commits.sync)

    trio.run(write_all)

    assert sum(written) == 5
    assert len(written) <= 2
    assert trio.run(survivors, disk) == after(CHANGES[:5])


def test_an_entry_that_is_too_long_is_told_with_its_size():
    commits = Commits(DataTree(UntimedDisk(SimulatedDisk(random.Random(1)))))

    with pytest.raises(TooLong, match=r"document c/x takes 70,.* an entry has 65,536 at most"):
        commits.batch({("document", "c", "x"): 70_000 * "v"})
