"""What the journal of a B-tree is for: pages that are torn, and snapshots of pages that change."""

from __future__ import annotations

import errno
from contextlib import suppress

import pytest
from engines import ENGINES
from hypothesis import given
from hypothesis import strategies as st
from store_driver import Crashed, DrivenDisk, applied, contents, done, opened

from splitbrain.harness.bug import planted
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.journalled_b_tree.engine import (
    FILE,
    JOURNAL,
    META,
    pages_of,
    record_of,
)

TREE = ENGINES["journalled-b-tree"]


def filled(disk):
    """A tree of several pages, all of which are in their places, and what is in it."""
    engine, state = opened(TREE, disk), {}
    for number in range(40):
        batch = [(b"%03d" % (number * 7 % 40), b"v%d" % number * 20)]
        done(engine.write([batch]))
        state = applied(state, [batch])
    done(engine.flush())
    return engine, state


def test_a_change_writes_pages_to_where_they_were():
    disk = DrivenDisk()
    engine, _ = filled(disk)
    size, root = disk.size(FILE), engine.root.page
    done(engine.write([[(b"007", b"other")]]))
    done(engine.flush())

    assert disk.size(FILE) == size
    assert {engine.root.page, *engine.free} <= {root, *range(engine.count)}


@pytest.mark.parametrize("calls", range(0, 26, 2))
def test_pages_that_a_crash_tore_are_written_again(calls):
    """The power fails at each call of a checkpoint."""
    disk = DrivenDisk(calls)
    engine, state = filled(disk)
    batches = [[(b"%03d" % number, b"new" * 30)] for number in range(0, 40, 3)]
    done(engine.write(batches))
    disk.left = calls
    try:
        done(engine.flush())
    except Crashed:
        disk.crash("any_subset")
    disk.left = None

    assert contents(opened(TREE, disk)) == applied(state, batches)


@pytest.mark.parametrize("calls", range(30))
def test_a_commit_that_is_in_the_page_cache_alone_changes_no_page_in_its_place(calls):
    """Its sync failed, the process begins again, and then the power fails at each call."""
    disk = DrivenDisk(calls)
    engine, state = filled(disk)
    batches = [[(b"%03d" % number, b"new" * 30)] for number in range(0, 40, 3)]

    async def fails(path):
        raise OSError(errno.EIO, "the sync failed", path)

    disk.__dict__["fsync"] = fails
    with pytest.raises(OSError, match="the sync failed"):
        done(engine.write(batches))
    del disk.__dict__["fsync"]
    disk.left = calls
    with suppress(Crashed):
        opened(TREE, disk)
    disk.crash("keep_prefix")
    disk.left = None

    assert contents(opened(TREE, disk)) in (state, applied(state, batches))


def test_a_page_that_is_neither_in_its_place_nor_in_the_journal_is_damaged():
    disk = DrivenDisk()
    engine, _ = filled(disk)
    disk.write(FILE, engine.root.page * engine.page_bytes + 30, b"torn")

    with pytest.raises(Damaged, match=f"page {engine.root.page} is damaged"):
        opened(TREE, disk)


def test_a_tree_without_its_pages_is_damaged_and_no_new_one():
    disk = DrivenDisk()
    filled(disk)
    disk.remove(FILE)

    with pytest.raises(Damaged, match="pages is not there, and journal is"):
        opened(TREE, disk)


@pytest.mark.parametrize("empty", [True, False])
def test_the_journal_knows_the_root_if_the_disk_loses_the_page_that_tells_of_it(empty):
    """Nothing else would tell of a tree that was empty, or that is."""
    disk = DrivenDisk()
    engine = opened(TREE, disk)
    if not empty:
        done(engine.write([[(b"k", b"v")]]))
        done(engine.flush())
    before = disk.read(FILE, 0, engine.page_bytes)
    done(engine.write([[(b"k", b"v" if empty else None)]]))
    done(engine.flush())
    disk.write(FILE, 0, before)

    assert contents(opened(TREE, disk)) == ({b"k": b"v"} if empty else {})


def test_a_snapshot_that_is_taken_while_a_commit_waits_for_the_disk_stays_as_it_was():
    disk = DrivenDisk()
    engine, state = filled(disk)
    taken, sync = [], disk.fsync

    async def fsync(path):
        taken.append(engine.snapshot())
        await sync(path)

    disk.__dict__["fsync"] = fsync
    done(engine.write([[(key, b"after") for key in state]]))

    assert dict(taken[0].scan(None, 100)) == state
    taken[0].close()
    assert set(dict(engine.snapshot().scan(None, 100)).values()) == {b"after"}


def test_the_journal_is_cut_off_when_it_is_long_and_only_then():
    disk, longest = DrivenDisk(), 10_000
    engine, sizes = opened(planted(TREE, journal_bytes=longest), disk), []
    for number in range(12):
        done(engine.write([[(b"k", b"%d" % number)]]))
        sizes.append(disk.size(JOURNAL))
        done(engine.settle())
        assert (disk.size(JOURNAL) < sizes[-1]) == (sizes[-1] + 100 > longest)

    assert max(sizes) < longest + 3 * engine.page_bytes
    assert engine.images.keys() >= {META}


def test_the_format_of_records_does_not_change():
    assert record_of({3: b"page", 0: b"meta"}).hex() == "929203c404706167659200c4046d657461"


@given(st.binary(max_size=200))
def test_any_bytes_are_pages_or_damaged(data):
    with suppress(Damaged):
        assert all(isinstance(image, bytes) for _, image in pages_of(data))
