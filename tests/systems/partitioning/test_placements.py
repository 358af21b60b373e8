"""What placements owe: few keys move, loads are even, everybody agrees; and what breaks each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.invariants.placement import imbalance, needless_moves
from splitbrain.systems.partitioning import jump, rendezvous
from splitbrain.systems.partitioning.hashing import point
from splitbrain.systems.partitioning.ring import Ring
from splitbrain.systems.partitioning.summary import SketchedRing

KEYS = [f"user{number}" for number in range(2_000)]
NODES = tuple(f"n{number}" for number in range(1, 9))


def by_ring(nodes):
    return Ring.of(nodes).owner


def by_rendezvous(nodes):
    return lambda key: rendezvous.preference(key, nodes)[0]


def by_jump(nodes):
    return lambda key: jump.owner(key, tuple(nodes))


def by_sketch(nodes):
    return SketchedRing(nodes).node_for


def by_modulo(nodes):
    """PART-03: ``hash mod N``."""
    return lambda key: nodes[point(key) % len(nodes)]


GOOD = (by_ring, by_rendezvous, by_jump)


def placed(place, nodes, keys=KEYS):
    owner = place(nodes)
    return {key: owner(key) for key in keys}


@pytest.mark.parametrize("place", GOOD)
def test_when_a_node_comes_keys_move_to_it_and_to_no_other(place):
    before, after = placed(place, NODES[:-1]), placed(place, NODES)

    assert needless_moves(before, after, NODES[-1:]) == []
    assert 0.5 < sum(before[k] != after[k] for k in KEYS) / (len(KEYS) / len(NODES)) < 1.5


def test_hash_mod_n_moves_nearly_all_keys():
    before, after = placed(by_modulo, NODES[:-1]), placed(by_modulo, NODES)

    assert len(needless_moves(before, after, NODES[-1:])) > len(KEYS) * 0.6


@pytest.mark.parametrize("place", [by_ring, by_rendezvous])
@pytest.mark.parametrize("gone", NODES)
def test_when_any_node_goes_only_its_keys_move_and_all_others_share_them(place, gone):
    keys = KEYS[:500]
    rest = tuple(node for node in NODES if node != gone)
    before, after = placed(place, NODES, keys), placed(place, rest, keys)
    heirs = {after[key] for key in keys if before[key] == gone}

    assert needless_moves(before, after, [gone]) == []
    assert len(heirs) >= 5


@pytest.mark.parametrize(("place", "most"), [(by_ring, 1.4), (by_rendezvous, 1.2), (by_jump, 1.2)])
def test_no_node_has_much_more_than_its_share(place, most):
    assert imbalance(placed(place, NODES), NODES) < most


def test_the_sketched_ring_is_wildly_uneven():
    """PART-07: names that are alike stand side by side, numbered keys with them."""
    assert imbalance(placed(by_sketch, NODES), NODES) > 3


def test_one_point_a_node_is_uneven_too_and_bounded_loads_hold_what_they_say():
    ring = Ring.of(NODES, virtual=1)

    assert imbalance({key: ring.owner(key) for key in KEYS}, NODES) > 1.5
    most = ceil(1.25 * len(KEYS) / len(NODES))
    assert max(Counter(ring.bounded(KEYS, 1.25).values()).values()) == most


@settings(max_examples=50, deadline=None)
@given(
    st.sets(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=6),
    st.text(max_size=5),
    st.integers(1, 8),
)
def test_copies_are_on_different_nodes(nodes, key, count):
    """PART-05: virtual nodes must not make one machine hold two copies."""
    owners = Ring.of(nodes, virtual=8).owners(key, count)

    assert len(owners) == len(set(owners)) == min(count, len(nodes))
    assert set(owners) <= nodes


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_a_bucket_is_one_of_those_there_are_and_a_new_one_takes_its_share(count):
    for key in range(200):
        before, after = jump.bucket(key, count), jump.bucket(key, count + 1)
        assert 0 <= before < count
        assert after in (before, count)


@pytest.mark.parametrize(
    ("key", "count", "expected"), [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 1, 0), (256, 1024, 520)]
)
def test_jump_hash_gives_what_other_implementations_of_it_give(key, count, expected):
    assert jump.bucket(key, count) == expected


def test_every_process_places_alike():
    """PART-04: ``hash`` of a string is another in each process."""
    code = (
        "from splitbrain.systems.partitioning import jump, rendezvous\n"
        "from splitbrain.systems.partitioning.ring import Ring\n"
        "nodes = ('n1', 'n2', 'n3')\n"
        "for key in ('x', 'y', 'ä'):\n"
        "    print(Ring.of(nodes).owner(key), rendezvous.preference(key, nodes), "
        "jump.owner(key, nodes))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(answers) == 1


def test_a_ring_without_nodes_is_refused():
    with pytest.raises(ValueError, match="owns no key"):
        Ring.of(["n1"]).without_node("n1")
    with pytest.raises(ValueError, match="hold no key"):
        jump.bucket(1, 0)
    with pytest.raises(ValueError, match="not all keys fit"):
        Ring.of(["n1"]).bounded(["x"], 0.9)
