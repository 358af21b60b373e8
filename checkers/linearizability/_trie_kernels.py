"""Kernels for strings that grow by appends: which have a number, and what an append makes of one.

What matters of a string is which observed string it may yet become by appends: those of which it
is a beginning. So only beginnings of observed strings have numbers, the nodes of a tree with a byte
on each edge (Fredkin, "Trie memory", CACM 1960); every key has a tree of its own. Strings are
UTF-8, whose concatenation is that of the strings.

``tree`` is three arrays:

* ``nodes``, a row for each node: its first child, its next sibling, its byte, its parent; 0 is no
  child, for no root is one. A key's nodes are neighbours, its root the first;
* ``starts``: where the bytes of each string begin, and where those of the last end;
* ``letters``: the bytes of all strings.
"""

from __future__ import annotations

from checkers.kernels import borrowing, inlined
from checkers.linearizability.search_layout import ANY, EXTENDS, FAR_FUTURE, Array, Tree

CHILD, SIBLING, LETTER, PARENT = range(4)

GET, PUT, APPEND, CAS, DELETE = range(5)
"""Operations of key-value stores by number."""

ABSENT_KEY, UNOBSERVED = -3, -4
"""What `number` writes for values that are no nodes, which get numbers after all nodes."""


@inlined
def child(nodes: Array, node: int, letter: int) -> int:
    """The child of a node by a byte, 0 if there is none."""
    found = nodes[node, CHILD]
    while found != 0 and nodes[found, LETTER] != letter:
        found = nodes[found, SIBLING]
    return int(found)


@inlined
def reached(tree: Tree, node: int, string: int) -> int:
    """The node that a string leads to from a node, or -1."""
    nodes, starts, letters = tree
    for i in range(starts[string], starts[string + 1]):
        node = child(nodes, node, letters[i])
        if node == 0:
            return -1
    return node


@borrowing
def extended(tree: Tree, state: int, string: int, dead: int, absent: int, empty: int) -> int:
    """What appending a string makes of a value.

    Args:
        tree: see the module.
        state: the value before: a node, ``dead`` or ``absent``.
        string: what is appended.
        dead: the value that stands for all that nobody observes.
        absent: the value of an absent key; an append takes it for the empty string.
        empty: the key's empty string, the root of its tree.
    """
    if state == dead:
        return dead
    node = reached(tree, empty if state == absent else state, string)
    return dead if node < 0 else node


@borrowing
def number(
    tree: Tree,
    start: Array,
    order: Array,
    f: Array,
    matters: Array,
    need: Array,
    leave: Array,
    as_empty: bool,
    roots: Array,
    needs: Array,
    leaves: Array,
) -> int:
    """Give every string that an operation needs, and its beginnings, a node of its key's tree.

    What operations need and leave is numbered: by nodes, `ABSENT_KEY` or `UNOBSERVED`.

    Args:
        tree: its nodes are filled; there is room for as many as there are bytes and keys.
        start: where each key's operations begin in ``order``.
        order: operations by key.
        f: by operation, what it is.
        matters: by operation, whether it may have happened.
        need: by operation, the number of the string that it needs; negative for null.
        leave: by operation, the string that it leaves, or appends; negative for null.
        as_empty: whether an absent key is the same as an empty string.
        roots: filled: by key the node of its empty string.
        needs: filled: what is needed, numbered.
        leaves: filled: what is left, numbered; of an append the string appended.

    Returns:
        How many nodes there are.
    """
    count = 0
    for key in range(len(roots)):
        root = roots[key] = count
        count += 1
        initial = root if as_empty else ABSENT_KEY
        for at in range(start[key], start[key + 1]):
            i = order[at]
            if f[i] != GET and f[i] != CAS:
                needs[i] = EXTENDS if f[i] == APPEND else ANY
            elif need[i] < 0:
                needs[i] = ABSENT_KEY if f[i] == GET else initial
            elif matters[i]:
                needs[i], count = _insert(tree, root, need[i], count)
            else:
                needs[i] = UNOBSERVED
        for at in range(start[key], start[key + 1]):
            i = order[at]
            if f[i] == GET:
                leaves[i] = needs[i]
            elif f[i] == APPEND:
                leaves[i] = leave[i]
            elif leave[i] < 0:
                leaves[i] = initial
            else:
                node = reached(tree, root, leave[i])
                leaves[i] = UNOBSERVED if node < 0 else node
    return count


@inlined
def _insert(tree: Tree, root: int, string: int, count: int) -> tuple[int, int]:
    """Give a string and its beginnings nodes below a root; its own, and how many there are then."""
    nodes, starts, letters = tree
    node = root
    for i in range(starts[string], starts[string + 1]):
        following = child(nodes, node, letters[i])
        if following == 0:
            following = count
            nodes[following, SIBLING] = nodes[node, CHILD]
            nodes[following, LETTER] = letters[i]
            nodes[following, PARENT] = node
            nodes[node, CHILD] = following
            count += 1
        node = following
    return node, count


@borrowing
def drop_unobservable_strings(
    tree: Tree,
    roots: Array,
    absent: int,
    start: Array,
    need: Array,
    leave: Array,
    optional: Array,
    invoked: Array,
    completed: Array,
    until: Array,
    kept: Array,
) -> None:
    """Strike optional operations whose effect no remaining one of their key can observe after them.

    A value is observed in its extensions, too: ``until`` is, by value, the latest completion of an
    operation that needs it or, for a node, one below it. An append is observed in any string that
    has what it appended in it. Whatever follows an operation struck, up to what overwrites it, fits
    every state, so a linearization is one without it.

    ``until`` has -1 for each value, dead included; ``kept`` 1 for each operation. The other
    arguments are those of `number`, by key; optional operations complete in the far future.
    """
    for key in range(len(start) - 1):
        last = roots[key + 1] if key + 2 < len(start) else absent
        changed = False
        for i in range(start[key], start[key + 1]):
            changed = changed or optional[i] != 0
        while changed:
            changed = False
            until[roots[key] : last] = -1
            until[absent] = -1
            for i in range(start[key], start[key + 1]):
                if kept[i] and need[i] >= 0:
                    ends = FAR_FUTURE if optional[i] else completed[i]
                    until[need[i]] = max(until[need[i]], ends)
            for node in range(last - 1, roots[key], -1):
                parent = tree[0][node, PARENT]
                until[parent] = max(until[parent], until[node])
            until[absent] = max(until[absent], until[roots[key]])
            until[absent + 1] = -1
            for i in range(start[key], start[key + 1]):
                if kept[i] and optional[i]:
                    latest = -1
                    if need[i] != EXTENDS:
                        latest = until[leave[i]]
                    else:
                        for node in range(roots[key], last):
                            after = reached(tree, node, leave[i])
                            if after >= 0:
                                latest = max(latest, until[after])
                    if latest <= invoked[i]:
                        kept[i] = 0
                        changed = True
