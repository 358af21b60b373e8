"""A log in a file: what an fsync says when the file was replaced while it was under way."""

from __future__ import annotations

import random

import trio
import trio.testing
from untimed_disks import UntimedDisk

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.log_file import LogFile


class SlowOnce(UntimedDisk):
    """The first fsync of the log after `slow` is set takes a second."""

    slow = False

    async def fsync(self, path):
        if self.slow and path == "log":
            self.slow = False
            await trio.sleep(1)
        await super().fsync(path)


def test_an_fsync_of_a_file_that_was_replaced_says_nothing_of_the_new_one():
    disk = SimulatedDisk(random.Random(1))

    async def live():
        slow = SlowOnce(disk)
        log = LogFile(slow, "log", 7)
        await log.open()
        log.append([("old", number) for number in range(5)])
        slow.slow = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.sync)
            await trio.sleep(0.5)
            await log.replace([("new", 0)])
        log.append([("new", 1)])
        await log.sync()

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss("drop_unsynced")

    log = LogFile(UntimedDisk(disk), "log", 7)
    assert trio.run(log.open) == [("new", 0), ("new", 1)]
