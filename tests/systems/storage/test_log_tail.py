"""A log that somebody else reads: every record once, in order, and across a log written anew."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
import trio
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.storage.log_tail import LOG, FollowedLog, LogTail
from splitbrain.systems.storage.write_ahead_log.engine import SmallLogStore, apply

PATH = "log"


class Store(SmallLogStore):
    """With a log that is written anew all the time."""

    log_class = FollowedLog
    slack = 200


def drawn(rng):
    """A batch of one to three writes."""
    return [
        (rng.choice((b"a", b"b", b"c")), rng.choice((b"x", b"y", None)))
        for _ in range(rng.randint(1, 3))
    ]


class Reader:
    """Who has read up to a position, and what that makes; it reads a few records at a time."""

    def __init__(self, store, tail):
        self.store, self.tail = store, tail
        self.position, self.values = store.log.end, dict(store.values)

    def read(self, most):
        """Read on; False if that cannot be: there is nothing left then but to begin anew."""
        start = self.store.log.next_of(self.position)
        if start is None:
            return False
        self.position = start
        for record in self.tail.behind(start, self.store.log.end, most):
            self.position = record.position
            apply(self.values, record.batch)
        return True


def test_a_reader_has_at_every_position_what_the_store_had_there():
    began_anew, logs = 0, []

    async def steps(rng):
        nonlocal began_anew
        store = Store(UntimedDisk(SimulatedDisk(rng)))
        await store.open()
        tail = LogTail(store.disk, PATH)
        reader, had = Reader(store, tail), {}
        for _ in range(60):
            had[store.log.end] = dict(store.values)
            if rng.random() < 0.6 and not reader.read(rng.choice((1, 5, 50))):
                reader, began_anew = Reader(store, tail), began_anew + 1
                logs.append(0)
            logs.append(reader.position // LOG)
            assert reader.values == had[reader.position]
            for batch in [drawn(rng) for _ in range(rng.randint(0, 2))]:
                await store.write([batch])
                had[store.log.end] = dict(store.values)
            if rng.random() < 0.5:
                await store.settle()
        while reader.position < store.log.end and reader.read(5):
            pass
        if reader.position == store.log.end:
            assert reader.values == store.values

    for seed in range(20):
        trio.run(steps, random.Random(seed))
        logs.append(0)
    assert began_anew
    assert any(0 < one < other for one, other in pairwise(logs)), "some reader went over"


def test_what_is_written_and_not_durable_is_told_to_nobody():
    async def steps():
        store = Store(UntimedDisk(SimulatedDisk(random.Random(1))))
        await store.open()
        tail, end = LogTail(store.disk, PATH), store.log.end
        store.append([(b"a", b"x")])
        assert store.log.written == end + 1
        assert tail.behind(end, store.log.end, 9) == []
        await store.log.sync()
        told = tail.behind(end, store.log.end, 9)
        assert [(each.position - end, each.batch) for each in told] == [(1, ((b"a", b"x"),))]

    trio.run(steps)


def test_a_new_log_in_the_place_of_the_old_one_is_not_read_as_the_old_one():
    async def steps():
        disk = UntimedDisk(SimulatedDisk(random.Random(1)))
        store = Store(disk)
        await store.open()
        await store.write([[(b"a", b"x")]])
        end = store.log.end
        other = Store(disk)  # as if the file had been put in place, and nobody told yet
        await other.open()
        assert LogTail(disk, PATH).behind(end - 1, end, 9) == []
        assert other.log.end > end

    trio.run(steps)


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(6))
def test_what_a_reader_was_told_is_there_after_the_power_was_lost(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    readers = []

    async def live():
        store = Store(StallingDisk(disk, rng.randrange(3, 16)))
        await store.open()
        tail = LogTail(store.disk, PATH)
        readers.append(Reader(store, tail))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(written, store)
            for _ in range(100):
                await trio.lowlevel.checkpoint()
                readers[:] = readers if readers[0].read(9) else [Reader(store, tail)]
            nursery.cancel_scope.cancel()

    async def written(store):
        while True:
            await store.write([drawn(rng)])
            await store.settle()

    async def reopened():
        store = Store(UntimedDisk(disk))
        await store.open()
        for reader in readers:
            reader.store, reader.tail = store, LogTail(disk, PATH)
            if reader.read(9):
                assert reader.position == store.log.end
                assert reader.values == store.values

    trio.run(live)
    disk.power_loss(policy)
    trio.run(reopened)
