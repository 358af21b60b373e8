"""The log manager: what survives a crash is a prefix of what was written."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.harness.streams import stream
from splitbrain.systems.transactions.log import PATH, LogManager

RECORDS = [("update", "T1", "x", None, (1, 2)), ("commit", "T1"), ("boot",), ("end", "T2")]


class Disk:
    """A simulated disk whose syncs take no time."""

    def __init__(self, seed=0):
        self.disk = SimulatedDisk(stream(seed, "disk"))

    def __getattr__(self, name):
        return getattr(self.disk, name)

    async def fsync(self, path):
        self.disk.end_sync(self.disk.begin_sync(path))

    async def fsync_dir(self):
        self.disk.end_sync(self.disk.begin_sync_dir())


def recovered(disk):
    log = LogManager(disk)
    records = trio.run(log.recover)
    assert (log.written, log.durable) == (len(records), len(records))
    return log, records


def test_records_come_back_as_they_were():
    disk = Disk()
    log, records = recovered(disk)
    log.append(RECORDS)

    assert records == []
    assert (log.written, log.durable) == (4, 0)
    assert recovered(disk)[1] == RECORDS


def test_forcing_makes_durable_what_was_written_before():
    log, _ = recovered(Disk())
    log.append(RECORDS[:3])
    trio.run(log.force)
    log.append(RECORDS[3:])

    assert (log.written, log.durable) == (4, 3)


@given(
    st.integers(0, 10**6),
    st.sampled_from(POWER_LOSS_POLICIES),
    st.lists(st.sampled_from([*RECORDS, "force"]), max_size=20),
)
def test_a_power_loss_keeps_what_was_forced_and_a_prefix_of_the_rest(seed, policy, script):
    disk = Disk(seed)
    log, _ = recovered(disk)
    written, forced = [], 0
    for step in script:
        if step == "force":
            trio.run(log.force)
            forced = len(written)
        else:
            log.append([step])
            written.append(step)
    disk.power_loss(policy)
    survived = recovered(disk)[1]

    assert survived == written[: len(survived)]
    assert len(survived) >= forced


@pytest.mark.parametrize("cut", [1, 7, 9])
def test_a_torn_tail_is_cut_off_and_written_over(cut):
    disk = Disk()
    log, _ = recovered(disk)
    log.append(RECORDS)
    disk.truncate(PATH, disk.size(PATH) - cut)
    log, records = recovered(disk)
    log.append([("boot",)])

    assert records == RECORDS[:3]
    assert recovered(disk)[1] == [*RECORDS[:3], ("boot",)]


def test_zero_bytes_are_no_records():
    disk = Disk()
    recovered(disk)
    disk.append(PATH, bytes(64))

    assert recovered(disk)[1] == []


def test_reading_stops_at_a_record_that_was_damaged():
    disk = Disk()
    log, _ = recovered(disk)
    log.append(RECORDS)
    second = len(disk.read(PATH)) // 2
    disk.write(PATH, second, bytes([disk.read(PATH)[second] ^ 1]))

    assert recovered(disk)[1] == RECORDS[:1]


def test_an_old_record_behind_a_new_one_is_not_read():
    disk, other = Disk(), Disk()
    for each, first in ((disk, ("commit", "T1")), (other, ("commit", "T2"))):
        log, _ = recovered(each)
        log.append([first, ("end", "T3")])
    half = other.size(PATH) - len(b"\x08" * 8) - len(b"\x92\xa3end\xa2T3")
    disk.write(PATH, half, other.read(PATH, half))

    assert recovered(disk)[1] == [("commit", "T1")]
