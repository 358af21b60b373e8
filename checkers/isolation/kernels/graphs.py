"""Kernels over directed graphs: adjacency, strong components, shortest ways back.

A graph is two arrays, ``source`` and ``target``, one entry an edge; `adjacency` turns it into
``offsets`` (of each node, plus the end) and ``targets``. Nodes from ``first_auxiliary`` on stand
for no transaction but for many edges at once, and cost nothing to pass (see `dependencies`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import EVERY, NONE
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]

UNREACHABLE = -1
OVER_BUDGET = -2


@jit
def adjacency(
    source: Array, target: Array, kind: Array, mask: int, nodes: int
) -> tuple[Array, Array]:
    """Offsets and targets of the edges of whose kind all bits are in ``mask``."""
    # Two places further than they begin, until edges are put in place and each moves on by its own.
    if len(source) >= 2**31:
        raise MemoryError("more than two thousand million dependencies")
    offsets = np.zeros(nodes + 2, np.int32)
    # One test for many kinds at once: an edge is in if it has no bit outside.
    outside = EVERY ^ mask
    for edge in range(len(source)):
        if kind[edge] & outside == 0:
            offsets[source[edge] + 2] += 1
    for node in range(nodes):
        offsets[node + 2] += offsets[node + 1]
    targets = np.empty(offsets[nodes + 1], np.int32)
    # Counted first and then put in place (counting sort): no edge is moved twice, and edges of a
    # node keep their order, which makes verdicts the same in every run.
    for edge in range(len(source)):
        if kind[edge] & outside == 0:
            node = source[edge]
            targets[offsets[node + 1]] = target[edge]
            offsets[node + 1] += 1
    return offsets[: nodes + 1], targets


@jit
def strong_components(offsets: Array, targets: Array) -> tuple[Array, int]:
    """Tarjan's algorithm (SIAM J. Comput. 1972), without recursion.

    Returns:
        Each node's component, and their number. Components are numbered in reverse topological
        order: an edge never leads to a component of a higher number.
    """
    nodes = len(offsets) - 1
    number = np.zeros(nodes, np.int32)
    # As in the paper: `number` in order of discovery, from 1, and `low` the least number that is
    # known to be in the same component, here by depth. `path` and `next_edge` stand for the
    # recursion, which a chain of a million transactions would overflow. A node that has its
    # component c needs its number no more, and has -1 - c: of a large graph each array counts.
    low = np.zeros(nodes, np.int32)
    open_nodes = np.empty(nodes, np.int32)
    path = np.empty(nodes, np.int32)
    next_edge = np.empty(nodes, np.int32)
    opened, visited, components = 0, 0, 0
    for root in range(nodes):
        if number[root] != 0:
            continue
        visited += 1
        number[root] = visited
        low[0] = visited
        open_nodes[opened] = root
        opened += 1
        path[0] = root
        next_edge[0] = offsets[root]
        depth = 1
        while depth > 0:
            node = path[depth - 1]
            edge = next_edge[depth - 1]
            if edge < offsets[node + 1]:
                # Before going down: coming back to this node goes on with the next edge.
                next_edge[depth - 1] = edge + 1
                other = targets[edge]
                if number[other] == 0:
                    visited += 1
                    number[other] = visited
                    low[depth] = visited
                    open_nodes[opened] = other
                    opened += 1
                    path[depth] = other
                    next_edge[depth] = offsets[other]
                    depth += 1
                # A node that has its component cannot lead back here, or this one would be in it.
                elif 0 < number[other] < low[depth - 1]:
                    low[depth - 1] = number[other]
                continue
            depth -= 1
            if depth > 0 and low[depth] < low[depth - 1]:
                low[depth - 1] = low[depth]
            # Nothing below leads further back: all that was opened since is its component.
            if low[depth] == number[node]:
                other = NONE
                while other != node:
                    opened -= 1
                    other = open_nodes[opened]
                    number[other] = -1 - components
                components += 1
    for node in range(nodes):
        number[node] = -1 - number[node]
    return number, components


@jit
def way(
    offsets: Array,
    targets: Array,
    group: Array,
    rank: Array,
    first_auxiliary: int,
    start: int,
    end: int,
    scratch: Array,
    stamp: int,
    budget: Array,
) -> int:
    """Length of the shortest way from ``start`` to ``end`` within their group.

    Args:
        group: only nodes of ``start``'s group are entered.
        rank: component numbers of the same graph: no edge leads to a higher one, so nodes of a
            lower rank than ``end``'s cannot lead there.
        first_auxiliary: nodes from here on add nothing to the length.
        scratch: four rows as long as there are nodes: stamps, parents, two layers.
        stamp: a number that no call with the same scratch used before.
        budget: one element, the edges that may yet be looked at; what is used is taken off.

    Returns:
        Edges into nodes that are not auxiliary, `UNREACHABLE` or `OVER_BUDGET`. Parents of the
        nodes on the way are left in ``scratch[1]``.
    """
    stamps, parents, layer, following = scratch[0], scratch[1], scratch[2], scratch[3]
    # No way leaves a group, and none climbs to a component of a higher rank: most questions end
    # here, without a search.
    if group[end] != group[start] or rank[end] > rank[start]:
        return UNREACHABLE
    stamps[start] = stamp
    parents[start] = NONE
    if start == end:
        return 0
    layer[0] = start
    width, length = 1, 0
    while width > 0:
        at, next_width = 0, 0
        while at < width:
            node = layer[at]
            at += 1
            # Charged before it is done, so that one node of very many edges cannot overdraw.
            budget[0] -= offsets[node + 1] - offsets[node]
            if budget[0] < 0:
                return OVER_BUDGET
            for edge in range(offsets[node], offsets[node + 1]):
                other = targets[edge]
                if stamps[other] == stamp or group[other] != group[start]:
                    continue
                # From a lower component nothing leads up again.
                if rank[other] < rank[end]:
                    continue
                stamps[other] = stamp
                parents[other] = node
                if other == end:
                    return length + 1
                # An auxiliary node adds no length, so it joins the layer that is being gone
                # through, and not the next: the layer grows at its end while it is read.
                if other >= first_auxiliary:
                    layer[width] = other
                    width += 1
                else:
                    following[next_width] = other
                    next_width += 1
        # The two rows change places; nothing is copied.
        layer, following = following, layer
        width = next_width
        length += 1
    return UNREACHABLE


@jit
def best_closing_edges(
    offsets: Array,
    targets: Array,
    group: Array,
    rank: Array,
    first_auxiliary: int,
    tails: Array,
    heads: Array,
    edge_group: Array,
    groups: int,
    tries: int,
    budget: Array,
) -> tuple[Array, Array]:
    """For each group the edge (tail to head) with the shortest way back from its head to its tail.

    Edges are tried in order; once a group has a way back, only ``tries`` more of its edges are.

    Returns:
        For each group the number of its best edge, or `NONE`, and the length of the way back.
        ``budget[0]`` is below zero afterwards if it ran out, and edges were left untried.
    """
    nodes = len(offsets) - 1
    scratch = np.zeros((4, nodes), np.int32)
    best = np.full(groups, NONE, np.int64)
    length = np.zeros(groups, np.int64)
    left = np.full(groups, tries, np.int64)
    for edge in range(len(tails)):
        where = edge_group[edge]
        if best[where] != NONE:
            # There is none shorter than one step back, and the shortest is for the reader only: the
            # anomaly is certain with any.
            if left[where] == 0 or length[where] <= 1:
                continue
            left[where] -= 1
        found = way(
            offsets,
            targets,
            group,
            rank,
            first_auxiliary,
            heads[edge],
            tails[edge],
            scratch,
            edge + 1,
            budget,
        )
        # What was found so far stands; that edges were left untried is in the budget.
        if found == OVER_BUDGET:
            break
        if found != UNREACHABLE and (best[where] == NONE or found < length[where]):
            best[where] = edge
            length[where] = found
    return best, length


@jit
def without_adjacent(
    source: Array,
    target: Array,
    kind: Array,
    plain: int,
    marked: int,
    first_auxiliary: int,
) -> tuple[Array, Array]:
    """The graph in which no two ``marked`` edges (in a row) can be taken.

    Node v becomes 2v, and 2v + 1 if a marked edge led there. Auxiliary nodes are no transaction, so
    passing one keeps what led to it.
    """
    # Every plain edge is there twice, for either state; a marked one once, from where none was just
    # taken.
    count = 0
    not_plain, not_either = EVERY ^ plain, EVERY ^ (plain | marked)
    for edge in range(len(source)):
        if kind[edge] & not_plain == 0:
            count += 2
        elif kind[edge] & not_either == 0:
            count += 1
    sources = np.empty(count, np.int32)
    targets = np.empty(count, np.int32)
    at = 0
    for edge in range(len(source)):
        tail, head = source[edge], target[edge]
        if kind[edge] & not_plain == 0:
            sources[at] = 2 * tail
            targets[at] = 2 * head
            sources[at + 1] = 2 * tail + 1
            targets[at + 1] = 2 * head + (1 if tail >= first_auxiliary else 0)
            at += 2
        elif kind[edge] & not_either == 0:
            sources[at] = 2 * tail
            targets[at] = 2 * head + 1
            at += 1
    return sources, targets
