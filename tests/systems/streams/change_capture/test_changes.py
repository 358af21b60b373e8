"""The database's log: what compaction leaves says the same, and who may go on from where."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.streams.change_capture.changes import Changes


def run(steps):
    """Runs what is done to a database on a new disk, in virtual time; gives the database back."""

    async def lived():
        changes = Changes(UntimedDisk(SimulatedDisk(random.Random(1))))
        await changes.open()
        await steps(changes)
        return changes

    return trio.run(lived, clock=trio.testing.MockClock(autojump_threshold=0))


def made(changes, position, values):
    """What one who had these values at a position has after the rest of the log."""
    values = dict(values)
    for change in changes.behind(position, 10**6):
        values.pop(change.key, None)
        if change.value is not None:
            values[change.key] = change.value
    return values


@pytest.mark.parametrize("seed", range(20))
def test_who_is_at_the_horizon_comes_to_the_same_by_a_compacted_log(seed):
    rng = random.Random(seed)
    readers = []

    async def steps(changes):
        for number in range(1, 30):
            await changes.write(rng.choice("abcd"), rng.choice(("x", "y", None)), "w", number)
            readers.append((changes.end, dict(changes.values)))
            await trio.sleep(rng.choice((0.0, 0.2)))
            if rng.random() < 0.3:
                await changes.compact()

    changes = run(steps)

    for position, values in readers:
        if changes.may_follow(position):
            assert made(changes, position, values) == changes.values
    assert made(changes, 0, {}) == changes.values
    assert changes.may_follow(changes.end)


def test_a_tombstone_stays_for_a_time_and_then_who_is_behind_it_may_not_go_on():
    async def steps(changes):
        await changes.write("a", "x", "w", 1)
        await changes.write("a", None, "w", 2)
        await changes.compact()
        assert [change.value for change in changes.log] == [None]
        assert changes.may_follow(1)
        await trio.sleep(1)
        await changes.compact()

    changes = run(steps)

    assert changes.log == []
    assert not changes.may_follow(1)
    assert changes.may_follow(2)


def test_a_request_that_comes_twice_is_done_once_and_one_that_was_overtaken_never():
    async def steps(changes):
        assert await changes.write("a", "x", "w", 1) == 1
        assert await changes.write("a", "y", "v", 1) == 2
        await changes.compact()
        assert await changes.write("a", "x", "w", 1) == 1
        assert await changes.write("b", "x", "w", 3) == 3
        assert await changes.write("a", "x", "w", 2) is None

    assert run(steps).values == {"a": "y", "b": "x"}


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(8))
def test_what_was_acknowledged_survives_also_amid_compaction(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    told = {}

    async def live():
        changes = Changes(StallingDisk(disk, rng.randrange(3, 14)))
        with trio.move_on_after(1):
            await changes.open()
            for number in range(1, 12):
                key, value = rng.choice("abc"), rng.choice(("x", "y", None))
                told["open"] = key
                assert await changes.write(key, value, "w", number)
                told.update({key: value, "open": None})
                if rng.random() < 0.3:
                    await changes.compact()

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss(policy)

    async def reopened():
        changes = Changes(UntimedDisk(disk))
        await changes.open()
        return changes

    changes = trio.run(reopened, clock=trio.testing.MockClock(autojump_threshold=0))
    for key in "abc":
        if key != told.get("open"):
            assert changes.values.get(key) == told.get(key)
