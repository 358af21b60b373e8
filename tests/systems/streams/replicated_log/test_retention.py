"""Retention: what is forgotten of a partition, what is still known of it, and that of the disk."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.streams.replicated_log.partition import (
    ABORT,
    COMMIT,
    COMPACTED,
    DATA,
    OPEN,
    START,
    Base,
    Entry,
    Partition,
)
from splitbrain.systems.streams.replicated_log.retention import SEGMENT, Retention
from splitbrain.systems.streams.replicated_log.store import Store


def made(count, stable=None, key="k"):
    partition = Partition()
    for number in range(count):
        partition.append(Entry(1, "p", 0, number, DATA, key, number))
    partition.durable = partition.end
    partition.high_watermark = count if stable is None else stable
    return partition


def reachable(partition, start=None):
    first = partition.start if start is None else start
    return [value for _, _, value in partition.read(first, 999)[1]]


@pytest.mark.parametrize(
    ("count", "stable", "start"),
    [(20, 20, 8), (20, 17, 4), (20, 14, 4), (20, 13, 0), (9, 9, 0)],
)
def test_so_many_stable_entries_stay_and_segments_go_as_a_whole(count, stable, start):
    retention = Retention(keep=10, keep_s=60.0)

    assert retention.start(made(count, stable), 0.0) == (start, 10)


def test_what_has_been_stable_for_so_long_goes_however_little_it_is():
    retention, partition = Retention(keep=100, keep_s=5.0), made(6)
    assert retention.start(partition, 1.0) == (0, 100)
    for number in range(6, 12):
        partition.append(Entry(1, "p", 0, number, DATA, "k", number))
    partition.high_watermark = 12

    assert retention.start(partition, 5.0) == (0, 100)
    assert retention.start(partition, 6.0) == (SEGMENT, 0)
    assert retention.start(partition, 10.0) == (3 * SEGMENT, 0)


def test_the_compacted_topic_is_not_forgotten():
    partition = made(9)
    partition.append(Entry(1, "p", 0, 9, DATA, f"{COMPACTED}a", 1))
    for number in range(10, 40):
        partition.append(Entry(1, "p", 0, number, DATA, "k", number))
    partition.high_watermark = partition.end

    assert Retention(keep=4, keep_s=60.0).start(partition, 0.0) == (8, 4)


def test_it_is_due_once_the_entry_that_says_so_is_committed_and_never_goes_back():
    partition = made(12)
    for start in (8, 4):
        partition.append(Entry(1, "", 0, -1, START, "", (start, 2)))
    assert (partition.due, partition.proposed) == (None, 8)

    partition.high_watermark = 14
    assert partition.due.start == 8
    partition.forget(partition.due.start)

    assert partition.due is None
    assert (partition.start, partition.end, reachable(partition)) == (8, 14, [8, 9, 10, 11])


def test_who_is_behind_begins_where_the_leader_does_and_knows_producers():
    leader, follower = made(12), made(3)
    leader.forget(8)

    follower.restore(Base(*leader.base))
    for entry in leader.between(8, 12):
        follower.append(entry)
    follower.high_watermark = follower.end

    assert reachable(follower) == [8, 9, 10, 11]
    assert follower.known("p", 0, 11) == 11
    assert follower.agrees(8, 1)
    assert not follower.agrees(7, 1)
    follower.cut(8)
    assert follower.known("p", 0, 7) == 7
    assert follower.refuses("p", 0, 5)


def drawn(rng, whole):
    """An entry that a leader may append."""
    kind = rng.choice((DATA, DATA, OPEN, COMMIT, ABORT))
    producer = rng.choice("pq") if kind == DATA else rng.choice("tu")
    epoch = 0 if kind == DATA else rng.randint(1, 3)
    while kind in (OPEN, COMMIT, ABORT) and whole.refuses(producer, epoch, whole.end):
        epoch += 1
    return Entry(1 + whole.end // 5, producer, epoch, whole.end, kind, "k", whole.end)


def test_a_partition_that_forgets_says_what_one_says_that_has_all():
    for seed in range(120):
        rng = random.Random(seed)
        whole, short = Partition(), Partition()
        for _ in range(rng.randint(1, 40)):
            action = rng.random()
            if action < 0.6:
                entry = drawn(rng, whole)
                for each in (whole, short):
                    each.append(entry)
            elif action < 0.8:
                upto = rng.randint(whole.high_watermark, whole.end)
                whole.high_watermark = short.high_watermark = upto
            elif action < 0.9:
                end = rng.randint(whole.high_watermark, whole.end)
                whole.cut(end)
                short.cut(end)
            else:
                short.forget(rng.randint(short.start, short.last_stable))
            agree(rng, whole, short)


def agree(rng, whole, short):
    assert (short.end, short.last_stable) == (whole.end, whole.last_stable)
    assert reachable(short) == reachable(whole, short.start)
    for end in range(short.start, short.end + 1):
        assert short.epoch_before(end) == whole.epoch_before(end)
    for name in "pqtu":
        asked = rng.randint(0, 4), rng.randrange(whole.end + 1)
        assert short.known(name, *asked) == whole.known(name, *asked)
        assert short.refuses(name, *asked) == whole.refuses(name, *asked)
        assert short.marked(name, asked[0]) == whole.marked(name, asked[0])


class Small(Store):
    least = 4


async def kept_up(disk, rng, synced):
    """Appends, forgets, and writes the file anew beside both; notes what was synced."""
    store = Small(disk, 1, Partition)
    await store.open()
    (log,) = store.partitions
    async with trio.open_nursery() as nursery:
        for number in range(60):
            store.append(0, [Entry(1, "p", 0, number, DATA, "k", number)])
            log.high_watermark = log.durable
            if rng.random() < 0.3 and log.high_watermark > log.start + 3:
                store.forget(0, log.high_watermark - 2)
            if store.is_long:
                nursery.start_soon(store.shorten)
                await trio.lowlevel.checkpoint()
            await store.sync()
            synced.append(log.durable)


def after(disk, policy, syncs, seed):
    """What is read after a power loss, and what was synced before."""
    synced = [0]

    async def live():
        with trio.move_on_after(1):
            await kept_up(StallingDisk(disk, syncs), random.Random(seed), synced)

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    size = disk.size("entries")
    disk.power_loss(policy)
    store = Small(UntimedDisk(disk), 1, Partition)
    trio.run(store.open)
    (log,) = store.partitions
    log.high_watermark = log.end
    return log, synced[-1], size


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(12))
def test_a_file_that_is_written_anew_has_what_was_synced_wherever_the_power_goes(policy, seed):
    rng = random.Random(f"{policy}/{seed}")

    log, synced, _ = after(SimulatedDisk(rng), policy, rng.randrange(4, 90), seed)

    assert log.end >= synced
    assert log.end == 0 or log.known("p", 0, log.end - 1) == log.end - 1
    assert reachable(log) == list(range(log.start, log.end))


def test_what_is_forgotten_takes_no_room_any_more():
    disk = SimulatedDisk(random.Random(0))

    log, synced, size = after(disk, "drop_unsynced", 1000, 1)

    assert (log.end, synced) == (60, 60)
    whole = SimulatedDisk(random.Random(0))
    trio.run(written_without_forgetting, whole)
    assert size < whole.size("entries") / 2


async def written_without_forgetting(disk):
    store = Store(UntimedDisk(disk), 1, Partition)
    await store.open()
    store.append(0, [Entry(1, "p", 0, number, DATA, "k", number) for number in range(60)])
