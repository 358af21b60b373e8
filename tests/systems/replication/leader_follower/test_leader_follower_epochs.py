"""Majorities, ownership of epochs, and where two logs part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.systems.replication.leader_follower.epochs import (
    common_prefix,
    majority,
    next_epoch,
    reached_by,
)


@pytest.mark.parametrize(("servers", "expected"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
def test_majority(servers, expected):
    assert majority(servers) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4], 4),
        ([4, 2], 2),
        ([9, 3, 5], 5),
        ([9, 9, 1], 9),
        ([8, 7, 3, 2, 1], 3),
        ([1, 2, 3, 4], 2),
    ],
)
def test_what_a_majority_has_reached(values, expected):
    assert reached_by(majority(len(values)), values) == expected


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, 1000))))
def test_every_epoch_belongs_to_exactly_one_server(case):
    servers, above = case
    owned = [next_epoch(above, position, servers) for position in range(servers)]
    assert sorted(owned) == list(range(above + 1, above + 1 + servers))


@given(st.integers(1, 9), st.integers(0, 100), st.integers(0, 100), st.data())
def test_an_epoch_has_the_same_owner_wherever_one_counts_from(servers, one, other, data):
    first = data.draw(st.integers(0, servers - 1))
    second = data.draw(st.integers(0, servers - 1))
    same = next_epoch(one, first, servers) == next_epoch(other, second, servers)
    assert not same or first == second


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ((), (), 0),
        (((1, 3),), (), 0),
        (((1, 3),), ((1, 5),), 3),
        (((1, 3), (4, 5)), ((1, 3), (4, 9)), 5),
        (((1, 3), (4, 5)), ((1, 3), (6, 5)), 3),
        (((1, 3), (4, 5)), ((1, 2), (6, 5)), 2),
        (((2, 2),), ((3, 2),), 0),
    ],
)
def test_common_prefix(ours, theirs, expected):
    assert common_prefix(ours, theirs) == expected
    assert common_prefix(theirs, ours) == expected
