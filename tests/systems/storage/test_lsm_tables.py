"""Tables of the LSM tree: whatever bytes there are, what is read is what was written, or damage."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from engines import ENGINES
from hypothesis import given
from hypothesis import strategies as st
from store_driver import DrivenDisk, contents, done, opened

from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.lsm_tree.bloom import Bloom
from splitbrain.systems.storage.lsm_tree.levels import (
    MANIFEST,
    Version,
    due,
    load,
    of_level,
    save,
    shadows,
)
from splitbrain.systems.storage.lsm_tree.tables import Table, encoded, name_of
from splitbrain.systems.storage.wal import whole

ENTRIES = [(b"a", b"1"), (b"b", None), (b"c", b"333")]

GOLDEN = (
    "9392c40161c4013192c40162c092c40163c403333333949194c401610016ceb494964d"
    "c40819440438a0886002c401630316000000000000001b0000008d6d6816"
)
"""`ENTRIES` in one block, as table 1."""


def table(content, number=1):
    disk = DrivenDisk()
    disk.append(name_of(number), content)
    return Table(disk, number)


def read(content, number=1):
    found = table(content, number)
    return list(found.after(None)), [found.find(key) for key, _ in ENTRIES]


def test_what_was_written_is_read():
    found = table(encoded(1, ENTRIES, 2))

    assert list(found.after(None)) == ENTRIES
    assert list(found.after(b"a")) == ENTRIES[1:]
    assert list(found.after(b"c")) == []
    assert [found.find(key) for key in (b"a", b"b", b"bb", b"z")] == [*ENTRIES[:2], None, None]


def test_the_format_does_not_change():
    assert encoded(1, ENTRIES, 1 << 20).hex() == GOLDEN


@given(st.integers(0, 2**32))
def test_a_mutated_table_is_damaged_or_reads_as_it_was(seed):
    dice = random.Random(seed)
    data = bytearray(encoded(1, ENTRIES, dice.choice((2, 100))))
    right = read(bytes(data))
    for _ in range(dice.randint(1, 3)):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    if dice.random() < 0.2:
        data = data[: dice.randrange(len(data))]
    with suppress(Damaged):
        assert read(bytes(data)) == right


@given(st.binary(max_size=300))
def test_any_bytes_are_no_table(data):
    with pytest.raises(Damaged):
        read(data)


def test_a_table_under_another_name_is_damaged():
    with pytest.raises(Damaged, match=r"000002\.sst"):
        read(encoded(1, ENTRIES, 100), number=2)


@given(st.lists(st.binary(max_size=8), max_size=200))
def test_a_filter_never_denies_what_it_has(keys):
    bloom = Bloom.of(keys)

    assert all(key in bloom for key in keys)


def test_a_filter_denies_nearly_all_that_it_does_not_have():
    bloom = Bloom.of([b"key %d" % i for i in range(1000)])

    assert sum(b"other %d" % i in bloom for i in range(2000)) < 80


def made(number, *keys):
    return table(encoded(number, [(key.encode(), b"v") for key in keys], 10), number)


def test_a_merge_takes_what_overlaps_one_level_below():
    newest, deep = (
        (made(5, "c"), made(4, "a", "b")),
        (made(1, "a"), made(2, "c", "e"), made(3, "x")),
    )
    job = of_level(Version((newest, deep)), 0)

    assert [t.number for t in job.inputs] == [5, 4, 1, 2]
    assert job.target == 1


def test_a_merge_is_due_when_a_level_is_full():
    newest = (made(3, "a"), made(2, "b"))

    assert due(Version((newest,)), 2, 10_000) is None
    assert due(Version((newest,)), 1, 10_000).target == 1
    assert due(Version(((), newest)), 1, 10).target == 2


def test_a_tombstone_is_kept_as_long_as_something_may_be_below():
    version = Version(((), (made(2, "a"),), (made(1, "b", "d"),)))

    assert shadows(version, b"c", 1)
    assert not shadows(version, b"c", 2)
    assert not shadows(version, b"x", 1)


def test_files_that_a_crash_left_are_removed_at_the_start():
    disk = DrivenDisk()
    engine = opened(ENGINES["lsm-tree"], disk)
    done(engine.write([[(b"k", b"v" * 100)]]))
    done(engine.flush())
    disk.append("000099.sst", b"half a tab")
    engine = opened(ENGINES["lsm-tree"], disk)

    assert [name for name in disk.list() if name.endswith(".sst")] == ["000001.sst"]
    assert contents(engine) == {b"k": b"v" * 100}


def test_tables_that_a_snapshot_needs_stay_until_it_is_closed():
    disk = DrivenDisk()
    engine = opened(ENGINES["lsm-tree"], disk)
    done(engine.write([[(b"k", b"1")]]))
    done(engine.flush())
    snapshot = engine.snapshot()
    done(engine.write([[(b"k", b"2")]]))
    done(engine.compact())

    assert snapshot.scan(None, 9) == [(b"k", b"1")]
    assert len([name for name in disk.list() if name.endswith(".sst")]) == 2
    snapshot.close()
    assert len([name for name in disk.list() if name.endswith(".sst")]) == 1


GOLDEN_MANIFEST = bytes.fromhex("92029191920116")
"""The next table is 2; level 0 has table 1, whose index has the checksum 22."""


def test_the_format_of_the_manifest_does_not_change():
    disk = DrivenDisk()
    only = made(1, "a")
    only.checksum = 22
    done(save(disk, Version(((only,),), 2)))

    assert GOLDEN_MANIFEST in disk.read(MANIFEST)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_no_manifest(data, framed):
    """Neither as they are, nor as what a frame holds."""
    disk = DrivenDisk()
    disk.append(MANIFEST, whole([data])[1] if framed else data)
    try:
        assert list(load(disk).tables()) == []
    except Damaged:
        return
    assert framed, "only what bears a checksum may be a version, if an empty one"


def test_a_table_that_the_manifest_does_not_mean_is_damaged():
    disk = DrivenDisk()
    old = table(encoded(1, [(b"k", b"old")], 100)).checksum
    disk.append(name_of(1), encoded(1, [(b"k", b"new")], 100))

    with pytest.raises(Damaged, match=r"000001\.sst is not the table that the manifest names"):
        Table(disk, 1, old)
