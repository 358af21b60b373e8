"""Segments and hints of the hash index."""

from __future__ import annotations

import random

import pytest
from engines import ENGINES
from hypothesis import given
from hypothesis import strategies as st
from store_driver import Crashed, DrivenDisk, contents, done, opened

from splitbrain.systems.storage.bitcask.segments import data_name, hint_name, hinted
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.witness import name_of as witness_name

BITCASK = ENGINES["bitcask"]


def filled(seed=0):
    """A store with closed segments, and what is in it."""
    disk = DrivenDisk(seed)
    engine = opened(BITCASK, disk)
    for number in range(9):
        done(engine.write([[(b"k%d" % (number % 4), b"v%d" % number * 10)]]))
        if number % 4 == 3:
            done(engine.flush())
    done(engine.write([[(b"k1", None)]]))
    return disk, engine, {b"k0": b"v8" * 10, b"k2": b"v6" * 10, b"k3": b"v7" * 10}


def test_closed_segments_have_hints_that_tell_what_is_in_them():
    disk, engine, state = filled()

    assert contents(engine) == state
    assert engine.closed == [2, 4]
    assert set(hinted(disk, 4)) == {b"k0", b"k1", b"k2", b"k3"}
    assert engine.verify() == []


def test_a_start_with_hints_reads_no_closed_segment():
    disk, _, state = filled()
    read = []
    disk.__dict__["read"] = lambda path, *where: (read.append(path), disk.disk.read(path, *where))[
        1
    ]
    engine = opened(BITCASK, disk)

    assert {data_name(2), data_name(4)}.isdisjoint(read)
    del disk.__dict__["read"]
    assert contents(engine) == state


@pytest.mark.parametrize("harm", [b"", b"xx", b"\0" * 200])
def test_a_hint_that_is_not_whole_is_not_believed(harm):
    disk, _, state = filled()
    disk.truncate(hint_name(4), 0)
    disk.append(hint_name(4), harm)

    assert hinted(disk, 4) is None
    assert contents(opened(BITCASK, disk)) == state


def test_a_hint_of_another_length_is_not_believed():
    disk, _, _ = filled()
    disk.append(data_name(4), b"more")

    assert hinted(disk, 4) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_no_hint(data):
    disk, _, _ = filled()
    disk.truncate(hint_name(4), 0)
    disk.append(hint_name(4), data)

    assert hinted(disk, 4) is None


def test_a_closed_segment_that_is_cut_off_is_damaged():
    disk, _, _ = filled()
    disk.remove(hint_name(2))
    disk.truncate(data_name(2), disk.size(data_name(2)) - 1)

    with pytest.raises(Damaged, match=r"000002\.data ends at frame 8: frame 9 was durable"):
        opened(BITCASK, disk)


def test_a_closed_segment_that_is_cut_off_is_damaged_though_its_witness_is_gone():
    disk, _, _ = filled()
    disk.remove(hint_name(2))
    disk.remove(witness_name(data_name(2)))
    disk.truncate(data_name(2), disk.size(data_name(2)) - 1)

    with pytest.raises(Damaged, match=r"000002\.data: frame \d+ is damaged"):
        opened(BITCASK, disk)


def test_a_merge_after_a_merge_that_a_crash_cut_short_takes_nobody_s_number():
    """What is merged stands between its inputs and the active segment, whatever a crash left."""
    for calls in range(200):
        disk, engine, state = filled()
        disk.left = calls
        try:
            done(engine.compact())
        except Crashed:
            pass
        else:
            assert calls > 30
            break
        disk.crash("any_subset")
        engine = opened(BITCASK, disk)
        done(engine.compact())
        assert contents(engine) == state
        assert contents(opened(BITCASK, disk)) == state


def test_deletes_are_not_gone_before_what_they_delete():
    dice = random.Random(4)
    for seed in range(40):
        disk, engine, state = filled(seed)
        disk.left = dice.randrange(10, 60)
        try:
            done(engine.compact())
        except Crashed:
            disk.crash(dice.choice(["drop_unsynced", "keep_prefix", "any_subset"]))
        disk.left = None
        assert contents(opened(BITCASK, disk)) == state
