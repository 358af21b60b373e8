"""Merkle trees: whoever follows what differs comes to the cells that differ, and to few others."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.systems.replication.leaderless.merkle import ROOT, MerkleTree, below
from splitbrain.systems.replication.leaderless.siblings import EMPTY, written

KEYS = [f"k{i}" for i in range(40)]


def cells(draw):
    chosen = draw.sample(KEYS, draw.randrange(len(KEYS)))
    return {key: written(EMPTY, (), draw.choice("ab"), draw.randrange(3)) for key in chosen}


def leaves_that_differ(one, other):
    """What two servers do: one node after another, from the root down."""
    nodes, leaves = [ROOT], []
    while nodes:
        node = nodes.pop()
        if one.digest(node) != other.digest(node):
            if one.is_leaf(node):
                leaves.append(node)
            else:
                nodes += below(node)
    return sorted(leaves)


@pytest.mark.parametrize("depth", [1, 4, 8])
@pytest.mark.parametrize("seed", range(20))
def test_the_leaves_that_differ_have_all_that_differs(seed, depth):
    draw = Random(f"{seed}/{depth}")
    mine = cells(draw)
    theirs = {**mine, **{k: c for k, c in cells(draw).items() if draw.random() < 0.2}}
    for key in draw.sample(sorted(theirs), len(theirs) // 10):
        del theirs[key]
    one, other = MerkleTree(mine, depth), MerkleTree(theirs, depth)

    leaves = leaves_that_differ(one, other)
    sent = {key for leaf in leaves for tree in (one, other) for key, _ in tree.cells(leaf)}
    differ = {key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key)}

    assert differ <= sent
    assert (one.digest(ROOT) == other.digest(ROOT)) == (mine == theirs)
    alike = [leaf for leaf in leaves if one.cells(leaf) == other.cells(leaf)]
    assert alike == []


def test_each_key_is_in_one_leaf():
    draw = Random(1)
    tree = MerkleTree(cells(draw), 4)
    nodes = [node for node in range(ROOT, 40) if node in tree]

    assert nodes == list(range(1, 32))
    found = [key for node in nodes if tree.is_leaf(node) for key, _ in tree.cells(node)]
    assert sorted(found) == sorted(set(found)) == sorted(cells(Random(1)))
