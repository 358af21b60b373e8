"""The B-tree's pages, and trees that grow, shrink and lose pages."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_driver import DrivenDisk, applied, contents, done, opened

from splitbrain.systems.storage.b_tree import SmallBTree
from splitbrain.systems.storage.b_tree.engine import FILE
from splitbrain.systems.storage.b_tree.pages import (
    Branch,
    Leaf,
    Ref,
    decoded,
    encoded,
    meta_decoded,
    meta_encoded,
)
from splitbrain.systems.storage.b_tree.tree import split
from splitbrain.systems.storage.engine import Damaged

LEAF = Leaf([(b"a", b"1"), (b"b", b"")])
BRANCH = Branch([(b"a", Ref(3, 7, 1)), (b"m", Ref(4, 6, 1 << 31))])
ROOT = Ref(9, 12, 13)


def page(node, number=5, generation=7, page_bytes=512):
    return encoded(node, number, generation, page_bytes)


def test_the_format_does_not_change():
    nodes = page(LEAF, page_bytes=56)[1] + page(BRANCH, page_bytes=56)[1]
    pages = nodes + meta_encoded(1, ROOT, 12, 56)

    assert pages.hex() == (
        "82f28479100000000500000000000000070000000000000092c39292c40161c4013192c40162c400000000"
        "0000000000000000000000000095c653bf170000000500000000000000070000000000000092c29292c401"
        "619303070192c4016d930406ce80000000000000000000000000cc648ad80400000001000000000000000c"
        "0000000000000093090c0d00000000000000000000000000000000000000000000000000000000"
    )


@pytest.mark.parametrize("node", [LEAF, BRANCH])
def test_a_node_comes_back(node):
    here, data = page(node)

    assert decoded(data, here) == node


@pytest.mark.parametrize("root", [None, ROOT])
def test_a_root_comes_back(root):
    assert meta_decoded(meta_encoded(1, root, 12, 512), 1) == (12, root)


def test_a_page_at_another_place_is_damaged():
    here, data = page(LEAF)

    with pytest.raises(Damaged, match="page 6 is damaged"):
        decoded(data, here._replace(page=6))


def test_a_page_that_was_not_written_is_noticed():
    here, data = page(LEAF)

    with pytest.raises(Damaged, match="page 5 is of commit 7, not of 8: a write was lost"):
        decoded(data, here._replace(generation=8))


def test_a_page_of_a_commit_that_a_crash_undid_is_not_taken_for_that_of_the_next():
    """Both have the number 7."""
    expected, undone = page(Leaf([(b"a", b"2")]))[0], page(LEAF)[1]

    with pytest.raises(Damaged, match="page 5 is of another commit 7: a write was lost"):
        decoded(undone, expected)


@given(st.integers(0, 2**32), st.sampled_from([LEAF, BRANCH]))
def test_a_mutated_page_is_damaged_or_reads_as_it_was(seed, node):
    dice, (here, whole) = random.Random(seed), page(node)
    data = bytearray(whole)
    for _ in range(dice.randint(1, 3)):
        data[dice.randrange(60)] ^= 1 << dice.randrange(8)
    if dice.random() < 0.2:
        data = data[: dice.randrange(len(data))]
    with suppress(Damaged):
        assert decoded(bytes(data), here) == node


@given(st.binary(max_size=600))
def test_any_bytes_are_no_page(data):
    with pytest.raises(Damaged):
        decoded(data, page(LEAF)[0])
    with pytest.raises(Damaged):
        meta_decoded(data, 0)


@given(st.lists(st.integers(0, 100), max_size=60))
def test_parts_of_a_node_fit_into_pages_and_are_not_too_many(sizes):
    leaf = Leaf([(b"%05d" % number, bytes(size)) for number, size in enumerate(sizes)])
    parts = split(leaf, 480)

    assert [entry for part in parts for entry in part.entries] == list(leaf.entries)
    assert all(0 < sum(part.sizes()) <= 480 for part in parts)
    assert len(parts) <= sum(leaf.sizes()) // 240 + 1


def grown(seed, rounds, keys):
    """A tree after many writes, beside a dictionary; most keys are deleted in the end."""
    dice, disk = random.Random(seed), DrivenDisk(seed)
    engine, state = opened(SmallBTree, disk), {}
    for number in range(rounds):
        deletes = 0.8 if number > rounds * 2 / 3 else 0.2
        batch = [
            (
                b"%04d" % dice.randrange(keys),
                None if dice.random() < deletes else bytes(dice.randrange(80)),
            )
            for _ in range(dice.randint(1, 8))
        ]
        done(engine.write([batch]))
        state = applied(state, [batch])
        if number % 20 == 0:
            done(engine.settle())
            assert engine.verify() == []
    return engine, state, disk


@pytest.mark.parametrize("seed", range(3))
def test_a_tree_grows_and_shrinks_and_holds_what_it_should(seed):
    engine, state, disk = grown(seed, 250, 200)

    assert contents(engine) == state
    assert engine.verify() == []
    disk.crash("drop_unsynced")
    assert contents(opened(SmallBTree, disk)) == state


def test_pages_are_used_again_and_given_back():
    engine, _, disk = grown(5, 400, 100)
    size = disk.size(FILE)
    assert size < 120 * engine.page_bytes
    everything = [[(key, None) for key in contents(engine)]]
    done(engine.write(everything))
    done(engine.write([[(b"last", b"")]]))
    done(engine.compact())

    assert contents(engine) == {b"last": b""}
    assert disk.size(FILE) < size / 2


def test_leaves_that_are_nearly_empty_are_joined():
    engine, state, _ = grown(7, 300, 150)
    pages = len(engine._walk())

    assert len(state) > 5
    assert pages * engine.room < 8 * sum(len(k) + len(v) + 11 for k, v in state.items()) + 3000


def test_the_page_of_a_root_that_is_torn_gives_the_commit_before():
    disk = DrivenDisk()
    engine = opened(SmallBTree, disk)
    done(engine.write([[(b"k", b"1")]]))
    done(engine.settle())
    done(engine.write([[(b"k", b"2")]]))
    disk.write(FILE, engine._slot * engine.page_bytes + 3, b"torn")

    assert contents(opened(SmallBTree, disk)) == {b"k": b"1"}


def test_without_any_root_the_tree_is_damaged():
    disk = DrivenDisk()
    opened(SmallBTree, disk)
    for slot in range(2):
        disk.write(FILE, slot * SmallBTree.page_bytes, bytes(8))

    with pytest.raises(Damaged, match="no page tells where the root is"):
        opened(SmallBTree, disk)
