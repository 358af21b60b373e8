"""Properties of nodes: the index agrees with them, whatever is written and whatever crashes."""

from __future__ import annotations

import random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from untimed_disks import UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.data_models.graph.forms import Refused
from splitbrain.systems.data_models.graph.store import Graph

NODES = st.sampled_from("abc")
PROPERTIES = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 1)).map(
    lambda properties: tuple(sorted(properties.items()))
)
STEPS = st.one_of(
    st.tuples(st.just("add"), NODES),
    st.tuples(st.just("set"), NODES, PROPERTIES),
    st.tuples(st.just("remove"), NODES),
)


def link(edge, one, other, relationship="knows", *properties):
    return "link", edge, one, other, relationship, properties


def opened(disk):
    graph = Graph(UntimedDisk(disk))
    trio.run(graph.open)
    return graph


@settings(max_examples=40)
@given(
    st.lists(st.lists(STEPS, min_size=1, max_size=3), max_size=12),
    st.sampled_from(POWER_LOSS_POLICIES),
    st.integers(0, 99),
)
def test_what_is_found_is_what_nodes_are_also_after_a_power_loss(transactions, policy, seed):
    disk = SimulatedDisk(random.Random(seed))
    graph = opened(disk)
    wanted = {}

    async def write():
        for number, steps in enumerate(transactions):
            try:
                await graph.transact(number, steps)
            except Refused:
                continue
            for f, node, *properties in steps:
                if f == "remove":
                    wanted.pop(node, None)
                elif f == "set":
                    wanted[node] = properties[0]
        await graph.commits.sync()

    trio.run(write)
    disk.power_loss(policy)

    for each in (graph, opened(disk)):
        for entry in [(name, value) for name in "xy" for value in (0, 1)]:
            found = {node: held for node, held in wanted.items() if entry in held}
            assert dict(each.find(*entry)) == found


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((7,), "steps[0]: 7 is no step: give (add, node)"),
        ((("add", "c"), ("jump", "a")), "steps[1]: ('jump', 'a') is no step"),
        ((("add", 7),), "steps[0][1]: 7 is no name of a node"),
        ((("link", 1, "a", "b"),), "steps[0]: ('link', 1, 'a', 'b') is no step"),
        ((link("x", "a", "b"),), "steps[0][1]: 'x' is no number of an edge"),
        ((link(True, "a", "b"),), "steps[0][1]: True is no number of an edge"),
        ((link(2**64, "a", "b"),), "steps[0][1]: 18446744073709551616 is no number of an edge"),
        ((link(1, "a", None),), "steps[0][3]: None is no name of a node"),
        ((link(1, "a", "b", ""),), "steps[0][4]: '' is no name of a relationship"),
        ((link(1, "a", "b", "knows", 7),), "steps[0][5][0]: 7 is no property"),
        ((link(1, "a", "z"),), "steps[0]: there is no node z, so link cannot be made"),
        ((link(1, "a", "a"),), "steps[0]: an edge leads from a to another node"),
        ((("add", 201 * "n"),), "steps[0][1]: 'nnnnnnnnnnnnnnnnnnnn'... has 201 characters"),
        ((("set", "a", (("x", 70_000 * "v"),)),), "steps[0]: edge set/a"),
        ((("remove", "a"), ("set", "a", ())), "steps[1]: there is no node a, so set cannot"),
        ((("set", "a", (("x", [1]),)),), "steps[0][2][0]: ('x', [1]) is no property"),
    ],
)
def test_a_transaction_that_cannot_be_made_is_refused_with_the_place_and_not_written(steps, said):
    disk = SimulatedDisk(random.Random(1))
    graph = opened(disk)
    trio.run(graph.transact, 1, (("add", "a"), ("add", "b")))

    with pytest.raises(Refused) as refused:
        trio.run(graph.transact, 2, steps)
    trio.run(graph.commits.sync)

    assert str(refused.value).startswith(said)
    assert opened(disk).nodes == {"a": {}, "b": {}}


def test_what_was_refused_stays_refused_when_its_request_comes_again_later():
    disk = SimulatedDisk(random.Random(1))
    graph = opened(disk)
    with pytest.raises(Refused, match="there is no node a"):
        trio.run(graph.transact, 1, (("remove", "a"),))
    trio.run(graph.transact, 2, (("add", "a"),))
    trio.run(graph.commits.sync)

    for each in (graph, opened(disk)):
        with pytest.raises(Refused, match="there is no node a"):
            trio.run(each.transact, 1, (("remove", "a"),))
        assert each.nodes == {"a": {}}


def test_an_edge_is_the_same_at_both_ends_also_after_a_restart_and_goes_with_either():
    disk = SimulatedDisk(random.Random(1))
    graph = opened(disk)
    trio.run(graph.transact, 1, (("add", "a"), ("add", "b"), ("add", "c")))
    trio.run(graph.transact, 2, (link(7, "a", "b", "knows", ("since", 2001)), link(8, "b", "c")))
    trio.run(graph.commits.sync)

    for each in (graph, opened(disk)):
        assert each.nodes == {
            "a": {7: ("b", "knows", (("since", 2001),))},
            "b": {7: ("a", "knows", (("since", 2001),)), 8: ("c", "knows", ())},
            "c": {8: ("b", "knows", ())},
        }

    graph = opened(disk)
    trio.run(graph.transact, 3, (("remove", "b"),))
    trio.run(graph.commits.sync)
    assert graph.nodes == opened(disk).nodes == {"a": {}, "c": {}}
