"""The broker's log over crashes: events, outputs and offsets are there together, or not."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.streams.partitioned_log.partitions import Partitions


def opened(disk):
    log = Partitions(UntimedDisk(disk), 2)
    trio.run(log.open)
    return log


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(15))
def test_what_was_acknowledged_survives_and_outputs_stand_for_their_offsets(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    appended, booked = {}, []

    async def live():
        log = Partitions(StallingDisk(disk, rng.randrange(2, 14)), 2)
        with trio.move_on_after(1):
            await log.open()
            for request in range(12):
                place = await log.append((request, f"k{request % 3}", 1))
                appended[request] = place
                partition, offset = place
                if rng.random() < 0.5:
                    first = log.committed[partition]
                    effects = tuple(log.events[partition][first : offset + 1])
                    await log.commit(partition, offset + 1, effects)
                    booked.extend(effects)

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss(policy)
    log = opened(disk)

    assert {request: log.offsets[request] for request in appended} == appended
    assert set(booked) <= set(log.outputs)
    done = [e for p, upto in enumerate(log.committed) for e in log.events[p][:upto]]
    assert sorted(log.outputs) == sorted(done)


def test_a_request_that_comes_twice_is_one_event_also_after_a_crash():
    disk = SimulatedDisk(random.Random(1))
    places = []
    for _ in range(2):
        log = opened(disk)
        places += [trio.run(log.append, (7, "k", 1)) for _ in range(2)]
        disk.power_loss("drop_unsynced")

    assert len(set(places)) == 1
    assert sum(map(len, opened(disk).events)) == 1
