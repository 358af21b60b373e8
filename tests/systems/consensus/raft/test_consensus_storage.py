"""The write-ahead log and the snapshot survive crashes, torn writes and each other's absence."""

from __future__ import annotations

import random

import pytest
import trio
from raft_cluster import after_save

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.consensus.raft.bugs.protocol import CutsDamage
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.effects import (
    NOTHING_STORED,
    LogImage,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    Snapshot,
    Stored,
)
from splitbrain.systems.consensus.raft.messages import Entry
from splitbrain.systems.consensus.raft.storage import SNAPSHOT, WAL, Storage
from splitbrain.systems.storage.engine import Damaged

MEMBERS = Configuration(("n1", "n2"), (), ("n3",))


class Crash(Exception):
    """The disk stops at its n-th operation."""


class CrashingDisk:
    """A `splitbrain.harness.node.Disk` without time, that stops after some operations."""

    def __init__(self, disk: SimulatedDisk, operations: int) -> None:
        self.disk = disk
        self.left = operations

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Crash

    def exists(self, path):
        return self.disk.exists(path)

    def size(self, path):
        return self.disk.size(path)

    def read(self, path, offset=0, length=None):
        return self.disk.read(path, offset, length)

    def write(self, path, offset, data):
        self.step()
        return self.disk.write(path, offset, data)

    def remove(self, path):
        self.step()
        self.disk.remove(path)

    def truncate(self, path, size):
        self.step()
        self.disk.truncate(path, size)

    def rename(self, old, new):
        self.step()
        self.disk.rename(old, new)

    async def fsync(self, path):
        pending = self.disk.begin_sync(path)
        self.step()
        self.disk.end_sync(pending)

    async def fsync_dir(self):
        pending = self.disk.begin_sync_dir()
        self.step()
        self.disk.end_sync(pending)


def recover(disk, operations=10**9):
    storage = Storage(CrashingDisk(disk, operations))
    return storage, trio.run(storage.recover)


def save(storage, *saves):
    trio.run(storage.save, saves)


def fresh():
    return SimulatedDisk(random.Random(1))


def entries(*terms):
    return tuple(Entry(term, ("command", i, f"value {term}")) for i, term in enumerate(terms))


def test_an_empty_disk_holds_nothing():
    _, stored = recover(fresh())

    assert stored == NOTHING_STORED


def test_what_was_saved_is_recovered_after_a_power_loss():
    disk = fresh()
    storage, _ = recover(disk)
    save(storage, SaveState(3, "n2"), SaveEntries(1, entries(1, 3, 3)))
    save(storage, SaveEntries(3, entries(3)), SaveState(4, None))

    disk.power_loss("drop_unsynced")

    expected = LogImage(4, None, 0, 0, entries(1, 3) + entries(3))
    assert recover(disk)[1] == Stored(None, expected)


def test_a_snapshot_replaces_the_log():
    disk = fresh()
    storage, _ = recover(disk)
    snapshot = Snapshot(2, 3, b"state", MEMBERS)
    image = LogImage(3, "n1", 1, 1, entries(3, 3))
    save(storage, SaveState(3, "n1"), SaveEntries(1, entries(1, 3, 3)))

    save(storage, SaveSnapshot(snapshot, image), SaveState(5, "n3"))
    disk.power_loss("drop_unsynced")

    assert recover(disk)[1] == Stored(snapshot, image._replace(term=5, vote="n3"))


@pytest.mark.parametrize(
    ("log", "kept"),
    [
        ((1, 1, 2, 2), (1, 1, 2, 2)),  # continues the snapshot
        ((1, 1), ()),  # too short
        ((1, 1, 1, 1), ()),  # another entry where the snapshot ends
    ],
)
def test_a_log_is_kept_only_if_it_continues_the_snapshot(log, kept):
    """A crash between the two renames leaves the new snapshot and the old log."""
    disk = fresh()
    storage, _ = recover(disk)
    save(storage, SaveState(2, None), SaveEntries(1, entries(*log)))
    image = LogImage(2, None, 3, 2, ())

    storage.disk.left = 4  # write, fsync, rename, fsync_dir: the snapshot, not the log
    with pytest.raises(Crash):
        save(storage, SaveSnapshot(Snapshot(3, 2, b"state", MEMBERS), image))
    disk.power_loss("drop_unsynced")

    stored = recover(disk)[1]
    assert stored.snapshot == Snapshot(3, 2, b"state", MEMBERS)
    assert tuple(entry.term for entry in stored.log.entries) == kept


def test_a_log_older_than_its_snapshot_is_replaced_before_anything_follows_it():
    """A crash between the two leaves it; entries behind the snapshot would have a hole before."""
    disk = fresh()
    storage, _ = recover(disk)
    save(storage, SaveEntries(1, entries(1)))
    storage.disk.left = 4  # write, fsync, rename, fsync_dir: the snapshot, not the log
    with pytest.raises(Crash):
        save(storage, SaveSnapshot(Snapshot(5, 1, b"state", MEMBERS), LogImage(1, None, 5, 1, ())))
    disk.power_loss("drop_unsynced")

    storage, stored = recover(disk)
    assert (stored.snapshot.last_index, stored.log.base_index, stored.log.entries) == (5, 5, ())
    save(storage, SaveEntries(6, entries(1)))
    _, again = recover(disk)
    assert (again.log.base_index, again.log.entries) == (5, entries(1))


def test_a_torn_tail_is_dropped_before_anything_follows_it():
    disk = fresh()
    storage, _ = recover(disk)
    save(storage, SaveState(1, "n1"), SaveEntries(1, entries(1)))
    save(storage, SaveEntries(2, entries(1)))
    disk.truncate(WAL, disk.size(WAL) - 3)

    storage, stored = recover(disk)

    assert stored.log.entries == entries(1)
    save(storage, SaveEntries(2, entries(1)))
    assert len(recover(disk)[1].log.entries) == 2


def test_a_damaged_snapshot_is_refused():
    disk = fresh()
    storage, _ = recover(disk)
    save(storage, SaveSnapshot(Snapshot(1, 1, b"state", MEMBERS), LogImage(1, None, 1, 1, ())))
    disk.write(SNAPSHOT, 30, b"?")

    with pytest.raises(Damaged, match=SNAPSHOT):
        recover(disk)


def saved_log():
    """A disk with three saves of entries, and a note that all is durable."""
    disk = fresh()
    storage, _ = recover(disk)
    for index in (1, 2, 3):
        save(storage, SaveState(1, "n1"), SaveEntries(index, entries(1)))
    trio.run(storage.mark)
    return disk


def test_a_log_with_a_flipped_bit_is_never_taken_for_a_short_one():
    whole = recover(saved_log())[1]
    size, refused = saved_log().size(WAL), 0

    for position in range(size):
        disk = saved_log()
        disk.write(WAL, position, bytes([disk.read(WAL)[position] ^ 1 << position % 8]))
        try:
            assert recover(disk)[1] == whole  # it was one of the marks behind the last save
        except Damaged:
            refused += 1

    assert refused > size * 3 // 4


def test_the_planted_bug_takes_it_for_a_short_one():
    disk = saved_log()
    disk.write(WAL, disk.size(WAL) // 2, b"?")

    stored = trio.run(CutsDamage(CrashingDisk(disk, 10**9)).recover)

    assert 0 < len(stored.log.entries) < 3


def test_what_an_fsync_failed_to_save_is_written_again():
    """The page cache shows it, and the next fsync would say that it is durable (ATC 2020)."""
    disk = fresh()
    storage, _ = recover(disk)
    save(storage, SaveState(1, "n1"))
    storage.disk.left = 1  # the write, not the fsync
    with pytest.raises(Crash):
        save(storage, SaveState(2, "n2"))
    disk.drop_sync(disk.begin_sync(WAL))  # it failed, and what it was to save counts as clean

    _, stored = recover(disk)
    disk.power_loss("drop_unsynced")

    assert recover(disk)[1] == stored
    assert stored.log.term == 2


class Scenario:
    """Random saves to a disk that crashes anywhere, also while it recovers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.disk = SimulatedDisk(random.Random(seed + 1))

    def next_batch(self, stored: Stored):
        """One call's worth of saves that a Raft server could make."""
        log, rng = stored.log, self.random
        last = log.base_index + len(log.entries)
        kind = rng.random()
        if kind < 0.3:
            return [SaveState(log.term + 1, rng.choice((None, "n1", "n2")))]
        if kind < 0.5 and last > (stored.snapshot.last_index if stored.snapshot else 0):
            done = stored.snapshot.last_index if stored.snapshot else 0
            index = rng.randint(done + 1, last)
            base = rng.randint(max(log.base_index, index - 2), index)
            term = log.entries[index - log.base_index - 1].term
            base_term = ([log.base_term] + [e.term for e in log.entries])[base - log.base_index]
            rest = log.entries[base - log.base_index :]
            image = LogImage(log.term, log.vote, base, base_term, rest)
            return [
                SaveSnapshot(Snapshot(index, term, b"s" * rng.randint(1, 2000), MEMBERS), image)
            ]
        first = rng.randint(max(log.base_index, last - 2) + 1, last + 1)
        done = stored.snapshot.last_index if stored.snapshot else 0
        new = [Entry(log.term, ("command", rng.random(), "x" * rng.choice((1, 700))))]
        return [SaveEntries(max(first, done + 1), tuple(new * rng.randint(1, 3)))]

    def live(self, stored: Stored):
        """Save until the crash. The states that may be found afterwards, the first one certain."""
        operations = self.random.choice((3, 6, 10, 20, 40))
        try:
            storage, found = recover(self.disk, operations)
        except Crash:
            return [stored]
        assert found == stored
        while True:
            batch = self.next_batch(stored)
            after = stored
            for one in batch:
                after = after_save(after, one)
            try:
                save(storage, *batch)
            except Crash:
                return [stored, after]
            stored = after

    def crash(self) -> None:
        policy = self.random.choice((None, *POWER_LOSS_POLICIES))
        if policy is None:
            self.disk.kill()
        else:
            self.disk.power_loss(policy)


def content(stored: Stored):
    """What a stored state means: how long the log is before its snapshot doesn't matter."""
    log, snapshot = stored.log, stored.snapshot
    skipped = max(0, (snapshot.last_index if snapshot else 0) - log.base_index)
    return log.term, log.vote, snapshot, log.entries[skipped:]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_was_saved_survives_crashes_at_any_moment(seed):
    scenario = Scenario(seed)
    stored = NOTHING_STORED
    for _ in range(12):
        possible = scenario.live(stored)
        scenario.crash()
        _, stored = recover(scenario.disk)

        assert content(stored) in [content(state) for state in possible]
