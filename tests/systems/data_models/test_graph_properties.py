"""Properties of nodes: the index agrees with them, whatever is written and whatever crashes."""

from __future__ import annotations

import random

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from untimed_disks import UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.data_models.graph.store import Graph, Refused

NODES = st.sampled_from("abc")
PROPERTIES = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 1)).map(
    lambda properties: tuple(sorted(properties.items()))
)
STEPS = st.one_of(
    st.tuples(st.just("add"), NODES),
    st.tuples(st.just("set"), NODES, PROPERTIES),
    st.tuples(st.just("remove"), NODES),
)


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
        await graph.log.sync()

    trio.run(write)
    disk.power_loss(policy)

    for each in (graph, opened(disk)):
        for entry in [(name, value) for name in "xy" for value in (0, 1)]:
            found = {node: held for node, held in wanted.items() if entry in held}
            assert dict(each.find(*entry)) == found
