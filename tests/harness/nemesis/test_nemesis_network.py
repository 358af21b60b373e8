"""Partitions, and links that delay, lose or duplicate."""

import pytest
from nemesis_fake import performing, starts, stops

from splitbrain.harness.nemesis.kinds.network import majorities_ring
from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.plan import Fault


def partition(id, at, duration, target="one", **options):
    return Fault("net.partition", at, duration, target, options, id=id)


def reachable(world, source):
    """The servers that hear of `source`."""
    return [name for name in world.servers if name != source and world.send(source, name)]


def test_one_server_against_the_rest():
    world, _ = performing(partition("f1", 1.0, 1.0, "n2", shape="one"))
    world.run_until(1.5)

    assert reachable(world, "n1") == ["n3"]
    assert reachable(world, "n2") == []
    assert world.send("c1", "n2") == 1
    assert world.send("n2", "c1") == 1
    world.run_until(2.0)

    assert reachable(world, "n2") == ["n1", "n3"]
    assert starts(world)["f1"]["detail"] == {"shape": "one", "groups": [["n2"], ["n1", "n3"]]}
    assert stops(world)["f1"]["effect"] == {"messages_dropped": 3}


def test_the_leader_against_the_rest():
    world, _ = performing(partition("f1", 1.0, 1.0, shape="leader"))
    world.announce("n3", term=4)
    world.run_until(1.5)

    assert starts(world)["f1"]["targets"] == ["n3"]
    assert reachable(world, "n3") == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("nodes", "smaller"), [(2, 1), (3, 1), (4, 1), (5, 2), (7, 3)])
def test_halves_are_a_minority_with_the_target_and_a_majority(nodes, smaller, seed):
    world, _ = performing(partition("f1", 1.0, 1.0, "n2"), nodes=nodes, seed=seed)
    world.run_until(1.5)

    side, rest = starts(world)["f1"]["detail"]["groups"]
    assert "n2" in side
    assert (len(side), len(rest)) == (smaller, nodes - smaller)
    for name in side:
        assert reachable(world, name) == [other for other in side if other != name]


@pytest.mark.parametrize("nodes", [4, 5, 6, 7, 8, 9])
def test_in_a_ring_everybody_sees_just_a_majority_and_no_two_the_same_one(nodes):
    world, _ = performing(partition("f1", 1.0, 1.0, shape="majorities-ring"), nodes=nodes)
    world.run_until(1.5)

    seen = {name: frozenset([name, *reachable(world, name)]) for name in world.servers}
    # One more than a bare majority where neighbors on both sides make the number odd.
    assert {len(group) for group in seen.values()} == {2 * ((nodes // 2 + 1) // 2) + 1}
    assert all(len(group) > nodes / 2 for group in seen.values())
    assert len(set(seen.values())) == nodes


def test_three_servers_in_a_ring_lose_one_link():
    assert majorities_ring(("n2", "n3", "n1")) == [("n2", "n3")]
    assert majorities_ring(("n1", "n2")) == []


@pytest.mark.parametrize(
    ("direction", "hears_n2", "n2_hears"), [("out", False, True), ("in", True, False)]
)
def test_a_oneway_partition_leaves_the_other_direction(direction, hears_n2, n2_hears):
    fault = Fault("net.partition_oneway", 1.0, 1.0, "n2", {"direction": direction}, id="f1")
    world, _ = performing(fault)
    world.run_until(1.5)

    assert bool(world.send("n2", "n1")) is hears_n2
    assert bool(world.send("n1", "n2")) is n2_hears
    assert world.send("n1", "n3") == 1


def test_nested_partitions_end_one_by_one():
    world, _ = performing(
        partition("f1", 1.0, 3.0, "n1", shape="one"), partition("f2", 2.0, 1.0, "n2", shape="one")
    )
    reached = {}
    for time in (1.5, 2.5, 3.5, 4.5):
        world.run_until(time)
        reached[time] = [len(reachable(world, name)) for name in world.servers]

    assert reached == {1.5: [0, 1, 1], 2.5: [0, 0, 0], 3.5: [0, 1, 1], 4.5: [2, 2, 2]}


def test_the_same_partition_twice_is_lifted_when_both_have_ended():
    first, second = (partition(id, 1.0, d, "n1", shape="one") for id, d in (("f1", 1), ("f2", 2)))
    world, _ = performing(first, second)
    world.run_until(2.5)

    assert reachable(world, "n1") == []
    world.run_until(3.0)
    assert reachable(world, "n1") == ["n2", "n3"]
    assert world.rules == []


def test_a_partition_of_links_that_nobody_uses_is_reported_as_such():
    world, _ = performing(partition("f1", 1.0, 1.0))
    world.run_until(2.0)

    assert (stops(world)["f1"]["effect"], stops(world)["f1"]["observed"]) == ({}, False)


@pytest.mark.parametrize(
    ("kind", "options", "effect"),
    [
        ("net.latency", {"delay": 0.2}, "messages_delayed"),
        ("net.loss", {"probability": 1.0}, "messages_dropped"),
        ("net.duplicate", {"probability": 1.0}, "messages_duplicated"),
    ],
)
@pytest.mark.parametrize(("scope", "links"), [("servers", 4), ("all", 6)])
def test_bad_links_are_those_that_touch_the_target(kind, options, effect, scope, links):
    world, _ = performing(Fault(kind, 1.0, 1.0, "n2", {**options, "scope": scope}, id="f1"))
    world.run_until(1.5)
    hosts = (*world.servers, *world.clients)
    for source in hosts:
        for destination in hosts:
            world.send(source, destination)
    world.run_until(2.0)

    assert stops(world)["f1"]["effect"] == {effect: links}
    assert world.rules == []


def test_rules_carry_what_the_network_needs():
    world, _ = performing(
        Fault("net.latency", 1.0, 1.0, "n1", {"delay": 0.2}, id="f1"),
        Fault("net.loss", 1.0, 1.0, "n1", {"probability": 0.3}, id="f2"),
        Fault("net.duplicate", 1.0, 1.0, "n1", {"probability": 0.4, "later": 0.1}, id="f3"),
        Fault("client.duplicate", 1.0, 1.0, "c1", {"probability": 0.4, "later": 0.3}, id="f4"),
    )
    world.run_until(1.5)

    assert [(r.name, r.block, r.delay, r.loss, r.duplicate, r.later) for r in world.rules] == [
        ("f1", False, 0.2, 0.0, 0.0, 0.0),
        ("f2", False, 0.0, 0.3, 0.0, 0.0),
        ("f3", False, 0.0, 0.0, 0.4, 0.1),
        ("f4", False, 0.0, 0.0, 0.4, 0.3),
    ]


@pytest.mark.parametrize(
    "field", [{"delay": -1.0}, {"loss": 1.1}, {"duplicate": -0.1}, {"later": -0.1}]
)
def test_a_rule_that_makes_no_sense_is_refused(field):
    with pytest.raises(ValueError, match=r"rule f1: \w+ is"):
        LinkRule("f1", frozenset(), **field)
