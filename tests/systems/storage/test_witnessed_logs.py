"""Logs with a witness: what a disk cuts off, or never wrote, does not pass for a shorter log."""

from __future__ import annotations

import errno
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_driver import DrivenDisk, done

from splitbrain.systems.storage import witness
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.witness import SECTOR, Position
from splitbrain.systems.storage.witnessed_log import WitnessedLog, fresh, parsed, read_log

LOG = "log"

GOLDEN_BEGINNING = (
    "03000000246a83ce01000000000000000000000000000000424c5053920704"
    "03000000658dafc502000000000000000100000000000000246a83ce616263"
)
"""The first frame of log 7, which begins with one record, and that record: abc."""

GOLDEN_SLOT = "0df52c4d07000000000000000500000000000000efbeadde"
"""Log 7 is durable up to frame 5."""


def begun(records=(b"one", b"two")):
    disk = DrivenDisk()
    log = WitnessedLog(disk, LOG)
    done(log.begin(records))
    return disk, log


def settled(log, *records):
    for record in records:
        log.append(record)
    done(log.sync())
    assert done(log.mark())


def read(disk):
    return WitnessedLog(disk, LOG).read()


def test_the_formats_do_not_change():
    disk = DrivenDisk()
    done(witness.note(disk, LOG, Position(7, 5, 0xDEADBEEF)))

    assert fresh(7, [b"abc"])[1].hex().startswith(GOLDEN_BEGINNING)
    assert disk.read(witness.name_of(LOG)).hex() == GOLDEN_SLOT


def test_records_come_back_and_later_logs_have_later_epochs():
    disk, log = begun()
    settled(log, b"three")
    again = WitnessedLog(disk, LOG)
    records = again.read()
    done(again.begin(records))

    assert records == read(disk) == [b"one", b"two", b"three"]
    assert (log.epoch, again.epoch) == (1, 2)


@pytest.mark.parametrize("left", range(0, 100, 7))
def test_a_log_that_is_shorter_than_it_began_is_damaged(left):
    disk, _ = begun()
    disk.truncate(LOG, left)

    with pytest.raises(Damaged, match=r"lost its beginning|began with 5 frames"):
        read(disk)


def test_a_log_that_is_shorter_than_its_witness_says_is_damaged():
    disk, log = begun()
    end = log.chain.end
    settled(log, b"three")
    disk.truncate(LOG, end)

    with pytest.raises(Damaged, match="log ends at frame 5: frame 8 was durable"):
        read(disk)


def test_another_log_of_the_same_length_is_not_the_one_that_the_witness_saw():
    disk, log = begun()
    settled(log, b"three")
    _, other = begun()
    other.append(b"THREE")
    for _ in range(2):
        other.append(b"")
    disk.write(LOG, 0, other.disk.read(LOG))

    with pytest.raises(Damaged, match="frame 8 was durable"):
        read(disk)


def test_a_log_of_before_is_damaged_and_a_later_one_is_not():
    disk, log = begun()
    before = disk.read(LOG)
    settled(log, b"three")
    done(log.begin([b"new"]))
    assert read(disk) == [b"new"]
    settled(log, b"newer")
    disk.truncate(LOG, 0)
    disk.write(LOG, 0, before)

    with pytest.raises(Damaged, match="log is log 1 of its name: log 2 was durable"):
        read(disk)


def test_one_slot_of_a_witness_may_be_torn():
    disk, log = begun()
    settled(log, b"three")
    settled(log, b"four")
    disk.write(witness.name_of(LOG), SECTOR + 9, b"torn")

    assert witness.heard(disk, LOG).sequence == 8
    assert read(disk) == [b"one", b"two", b"three", b"four"]


def test_what_was_appended_since_may_be_torn():
    disk, log = begun()
    settled(log, b"three")
    log.append(b"four")
    disk.truncate(LOG, disk.size(LOG) - 1)

    assert read(disk) == [b"one", b"two", b"three"]


def test_a_witness_that_finds_no_room_is_asked_again(monkeypatch):
    disk, log = begun()
    log.append(b"three")
    done(log.sync())

    async def full(*_):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(witness, "note", full)
        assert not done(log.mark())
    assert witness.heard(disk, LOG) is None
    assert done(log.mark())
    assert witness.heard(disk, LOG).sequence == log.chain.sequence


@given(st.binary(max_size=1200))
def test_any_bytes_are_no_witness(data):
    disk = DrivenDisk()
    disk.append(witness.name_of(LOG), data)

    assert witness.heard(disk, LOG) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_no_log(data):
    with pytest.raises(Damaged):
        parsed(data, LOG)


@given(st.integers(0, 2**32))
def test_a_mutated_log_or_witness_never_gives_what_was_not_written(seed):
    dice = random.Random(seed)
    disk, log = begun()
    settled(log, b"three")
    settled(log, b"four")
    for _ in range(dice.randint(1, 3)):
        name = dice.choice(disk.list())
        at = dice.randrange(disk.size(name))
        disk.write(name, at, bytes([disk.read(name, at, 1)[0] ^ 1 << dice.randrange(8)]))
    try:
        found = [frame.payload for frame in read_log(disk, LOG).records]
    except Damaged:
        return
    assert found == [b"one", b"two", b"three", b"four"]
