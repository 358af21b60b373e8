"""Finding and naming cycles, on graphs drawn by hand."""

import random
from itertools import permutations

import numpy as np
import pytest

from splitbrain.checkers.isolation.cycles import KINDS, find_cycles
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


@pytest.mark.parametrize("seed", range(300))
def test_the_worst_kinds_are_found_exactly_if_they_are_there(seed):
    """Kinds that others imply may be left out; what is reported is always there."""
    rng = random.Random(seed)
    nodes = rng.randint(2, 5)
    edges = []
    for _ in range(rng.randint(2, 9)):
        s, t = rng.sample(range(nodes), 2)
        kind = rng.choice(["ww", "wr", "rw", "rw", "process", "realtime"])
        edges.append((s, kind, t))
    there = {kind_of(steps) for steps in simple_cycles(nodes, edges)}
    # Cycles of time alone are no anomaly, and no history has them.
    there_at_all = {kind_of(s) for s in simple_cycles(nodes, edges) if {"ww", "wr", "rw"} & set(s)}
    found = find_cycles(graph(nodes, *edges))
    assert set(found.counts) <= there
    for suffix in ("", "-process", "-realtime"):
        for kind in KINDS:
            if kind + suffix in there_at_all:
                worse = KINDS[: KINDS.index(kind) + 1] if kind in KINDS[3:] else (kind,)
                weaker = ["", "-process", "-realtime"]
                weaker = weaker[: weaker.index(suffix) + 1]
                assert any(w + s in found.counts for w in worse for s in weaker)
    for cycle in found.witnesses:
        assert kind_of([step.kind for step in cycle.steps]) == cycle.kind
