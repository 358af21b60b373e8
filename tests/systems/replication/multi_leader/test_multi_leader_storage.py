"""What a leader showed, it has after any crash."""

from __future__ import annotations

import random

import pytest
import trio
from untimed_disks import Crash, CrashingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.replication.multi_leader.changes import Change, Copy
from splitbrain.systems.replication.multi_leader.storage import PATH, Storage

COMPACT_AT = 6


def opened(disk, keep=4) -> tuple[Copy, Storage]:
    copy = Copy(keep)
    storage = Storage(UntimedDisk(disk), copy, COMPACT_AT)
    trio.run(storage.open)
    return copy, storage


def live(disk, records) -> tuple[Copy, int]:
    """One life of a leader that puts these records until its disk stops; the copy as last shown."""
    copy = Copy(keep=4)
    done = 0

    async def act(storage, scope):
        nonlocal done
        for record in records:
            await storage.applied(storage.put(*record))
            done += 1
        scope.cancel()

    async def serve():
        storage = Storage(disk, copy, COMPACT_AT)
        await storage.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(act, storage, nursery.cancel_scope)
            await storage.write()

    try:
        trio.run(serve)
    except* Crash:
        pass  # that is the end of this life
    return copy, done


def some_records(rng, count=25) -> list[tuple]:
    other, records = Copy(keep=4), []
    for number in range(1, count + 1):
        key = ("value", rng.choice("xyz"))
        other.apply(Change("n2/1", number, (), key, other.seen, (number,)))
        if number % 5 == 0:
            records.append(("merge", other.snapshot()))
        change = Change("n1/1", number, (), key, (), (-number,))
        records.append(("change", change, number))
    return records


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(12))
def test_what_was_shown_survives_a_power_loss_at_any_step(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    records = some_records(rng)

    shown, done = live(CrashingDisk(disk, rng.randrange(2, 90)), records)
    disk.power_loss(policy)
    copy, storage = opened(disk)

    assert all(copy.vector.get(origin, 0) >= number for origin, number in shown.seen)
    asked = [request for f, *_, request in records[:done] if f == "change"]
    assert all(request in storage.requests for request in asked)


def test_a_log_that_has_grown_long_is_written_anew_and_says_the_same():
    disk = SimulatedDisk(random.Random(1))
    records = some_records(random.Random(2), 60)
    shown, done = live(UntimedDisk(disk), records)
    copy, _ = opened(disk)

    assert done == len(records)
    assert (copy.seen, copy.snapshot(), copy.floor) == (shown.seen, shown.snapshot(), shown.floor)
    assert copy.recent == shown.recent
    assert disk.size(PATH) < 4000
