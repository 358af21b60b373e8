"""Streams on disk: what is live is what the log makes, with a snapshot or without."""

from __future__ import annotations

from random import Random

import pytest
import trio

from splitbrain.checkers.streams.rebuilding import folded
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.streams.event_store.streams import SNAPSHOT, Append, Streams


class Disk(SimulatedDisk):
    """A disk whose syncs are over at once."""

    async def fsync(self, path):
        await trio.lowlevel.checkpoint()

    async def fsync_dir(self):
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("every", [1, 3, 100])
def test_a_store_that_starts_anew_has_what_it_had(every):
    disk, random = Disk(Random(1)), Random(every)

    async def lives():
        expected = {}
        for _ in range(4):
            streams = Streams(disk)
            streams.every = every
            await streams.open()
            assert {name: live.state for name, live in streams.live.items()} == {
                name: folded(events, 0) for name, events in expected.items()
            }
            for _ in range(random.randint(1, 5)):
                name = random.choice("ab")
                values = tuple(random.randrange(100) for _ in range(random.randint(1, 3)))
                before = expected.setdefault(name, [])
                streams.write(Append(name, len(before), values))
                before += values
                await streams.snapshot()
            assert {name: streams.rebuilt(name) for name in expected} == expected
        assert disk.exists(SNAPSHOT) == (every < 100)

    trio.run(lives)
