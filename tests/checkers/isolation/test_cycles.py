"""Finding and naming cycles, on graphs drawn by hand."""

import random
from itertools import permutations

import numpy as np
import pytest

from splitbrain.checkers.isolation.consistency import standing
from splitbrain.checkers.isolation.cycle_kinds import SPECIFICATIONS
from splitbrain.checkers.isolation.cycles import find_cycles
from splitbrain.checkers.isolation.dependencies import NAMES, Dependencies
from splitbrain.checkers.isolation.recheck.cycles import kind_of

BITS = {name: bit for bit, name in NAMES.items()}


def graph(nodes, *edges):
    """A graph of edges (source, kind, target)."""
    return Dependencies(
        nodes,
        nodes,
        np.array([s for s, _, _ in edges], np.int32),
        np.array([t for _, _, t in edges], np.int32),
        np.array([BITS[k] for _, k, _ in edges], np.uint8),
    )


def test_an_acyclic_graph_gives_an_order():
    found = find_cycles(graph(3, (2, "ww", 0), (0, "rw", 1)))
    assert found.order.tolist() == [2, 0, 1]
    assert not found.witnesses


def test_a_parallel_edge_counts_as_the_worse_kind():
    found = find_cycles(graph(2, (0, "rw", 1), (0, "ww", 1), (1, "ww", 0)))
    assert list(found.counts) == ["G0", "G-single"]


def test_the_shortest_cycle_is_the_witness():
    long = [(i, "ww", i + 1) for i in range(6)]
    found = find_cycles(graph(7, *long, (6, "wr", 0), (3, "wr", 2)))
    assert [len(cycle.steps) for cycle in found.witnesses] == [2]


def test_components_are_counted_one_by_one():
    edges = []
    for i in range(0, 10, 2):
        edges += [(i, "rw", i + 1), (i + 1, "rw", i)]
    found = find_cycles(graph(10, *edges), limit=2)
    assert found.counts == {"G2-item": 5}
    assert len(found.witnesses) == 2


def test_without_budget_kinds_are_open():
    found = find_cycles(graph(2, (0, "ww", 1), (1, "ww", 0)), budget=0)
    assert "G0" in found.timed_out
    assert not found.counts


def simple_cycles(nodes, edges):
    """All simple cycles of a small graph, as kinds of steps."""
    between = {}
    for s, kind, t in edges:
        between.setdefault((s, t), []).append(kind)
    for size in range(2, nodes + 1):
        for ring in permutations(range(nodes), size):
            if ring[0] != min(ring):
                continue
            pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
            if all(pair in between for pair in pairs):
                yield from _choices([between[pair] for pair in pairs])


def _choices(options, chosen=()):
    if not options:
        yield list(chosen)
        return
    for kind in options[0]:
        yield from _choices(options[1:], (*chosen, kind))


def named(steps):
    """The kind of a cycle, with predicates."""
    kind = kind_of(["rw" if step == "rw-predicate" else step for step in steps])
    if "rw-predicate" not in steps:
        return kind
    for item, predicate in (
        ("G-single", "G-single-predicate"),
        ("G-nonadjacent", "G-nonadjacent-predicate"),
        ("G2-item", "G2"),
    ):
        kind = kind.replace(item, predicate)
    return kind


def ruled_out(kinds):
    found = standing(kinds)
    return {*found.ruled_out, *found.also_ruled_out}


@pytest.mark.parametrize("seed", range(400))
def test_what_is_found_is_there_and_rules_out_all_that_is_ruled_out(seed):
    """Kinds that others imply may be left out."""
    rng = random.Random(seed)
    nodes = rng.randint(2, 5)
    kinds = ["ww", "wr", "rw", "rw", "process", "realtime"]
    if seed % 2:
        kinds += ["rw-predicate", "rw-predicate"]
    edges = []
    for _ in range(rng.randint(2, 9)):
        s, t = rng.sample(range(nodes), 2)
        edges.append((s, rng.choice(kinds), t))
    cycles = list(simple_cycles(nodes, edges))
    # Cycles of time alone are no anomaly, and no history has them.
    anomalies = {named(c) for c in cycles if not {"process", "realtime"}.issuperset(c)}
    found = find_cycles(graph(nodes, *edges))
    assert set(found.counts) <= {named(cycle) for cycle in cycles}
    assert ruled_out(anomalies) <= ruled_out(found.counts)
    worst = [kind for kind in ("G0", "G1c", "G-single") if kind in anomalies]
    assert set(worst) <= set(found.counts)
    for cycle in found.witnesses:
        assert named([step.kind for step in cycle.steps]) == cycle.kind


def test_every_specification_is_of_an_anomaly_that_rules_out_a_model():
    for kind in SPECIFICATIONS:
        assert ruled_out([kind.name]), kind
        assert all(ruled_out([kind.name]) <= ruled_out([worse]) for worse in kind.implied_by)
