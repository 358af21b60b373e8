"""Whom a fault strikes."""

import pytest

from splitbrain.harness.nemesis.targets import Targets, majority, minority, resolve_target
from splitbrain.harness.streams import stream

FIVE = ("n1", "n2", "n3", "n4", "n5")


def resolved(target, servers=FIVE, leader=None, seed=0):
    return resolve_target(target, servers, leader, stream(seed, "fault", "f1"))


@pytest.mark.parametrize(
    ("nodes", "most_missing", "fewest_deciding"),
    [(1, 0, 1), (2, 0, 2), (3, 1, 2), (4, 1, 3), (5, 2, 3), (6, 2, 4), (7, 3, 4)],
)
def test_minority_and_majority(nodes, most_missing, fewest_deciding):
    assert (minority(nodes), majority(nodes)) == (most_missing, fewest_deciding)


@pytest.mark.parametrize(
    ("target", "struck"),
    [
        ("n2", ("n2",)),
        ("n4,n2", ("n2", "n4")),
        ("all", FIVE),
        ("leader", ("n3",)),
        ("followers", ("n1", "n2", "n4", "n5")),
    ],
)
def test_targets_that_leave_no_choice(target, struck):
    assert resolved(target, leader="n3") == Targets(struck)


@pytest.mark.parametrize(("target", "size"), [("one", 1), ("minority", 2), ("majority", 3)])
def test_targets_by_lot_are_in_order_and_reach_every_server(target, size):
    draws = [resolved(target, seed=seed).nodes for seed in range(50)]

    assert all(len(nodes) == size and list(nodes) == sorted(set(nodes)) for nodes in draws)
    assert {name for nodes in draws for name in nodes} == set(FIVE)


def test_servers_come_in_the_plans_order_not_the_alphabets():
    ten = tuple(f"n{i + 1}" for i in range(10))

    assert resolved("n10,n9,n2", ten).nodes == ("n2", "n9", "n10")


def test_without_a_leader_some_server_is_taken_for_it():
    leader, followers = resolved("leader"), resolved("followers")

    assert len(leader.nodes) == 1
    assert len(followers.nodes) == 4
    assert leader.note == followers.note == "no leader was known; one server taken for it"


def test_two_servers_have_no_minority():
    assert resolved("minority", ("n1", "n2")) == Targets((), "2 servers have no minority")


def test_the_choice_is_the_streams_alone():
    assert resolved("minority", seed=3) == resolved("minority", seed=3)
