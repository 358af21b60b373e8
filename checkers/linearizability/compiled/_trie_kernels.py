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

from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled._column_kernels import NO_KEY, NO_STRING
from splitbrain.checkers.linearizability.compiled._problem_kernels import DROPPED
from splitbrain.checkers.linearizability.compiled.layout import (
    COMPLETED_AT,
    EXTENDS,
    INITIAL,
    INVOKED_AT,
    LEAVE,
    NEED,
    OPERATIONS,
    OPTIONAL,
    ROOT,
    Array,
    Tree,
)

CHILD, SIBLING, LETTER, PARENT = range(4)

ABSENT_KEY, UNOBSERVED = -5, -6
"""What `number` writes for values that are no nodes."""


@inlined
def child(nodes: Array, node: int, letter: int) -> int:
    """The child of a node by a byte, 0 if there is none."""
    # A list of siblings: nearly all nodes have one child, and a table for each would be 256 wide.
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
    # Nobody observes it, so nobody observes what it becomes.
    if state == dead:
        return dead
    node = reached(tree, empty if state == absent else state, string)
    return dead if node < 0 else node


@borrowing
def letters_needed(starts: Array, ops: Array) -> int:
    """How many bytes the strings that operations need have together, each as often as needed."""
    total = 0
    for i in range(len(ops)):
        need = ops[i, NEED]
        if need >= 0:
            total += starts[need + 1] - starts[need]
    return total


@borrowing
def number(tree: Tree, keys: Array, ops: Array, as_empty: bool, node_of: Array, path: Array) -> int:
    """Give every string that an operation needs, and its beginnings, a node of its key's tree.

    What operations need and leave is numbered: by nodes, then come the absent key and what nobody
    observes, as it is in `ABSENT_KEY` and `UNOBSERVED` until `settle` has run.

    Args:
        tree: its nodes are filled; there is room for as many as there are bytes and keys.
        keys: the keys' initial values and empty strings are filled.
        ops: by key, with what `_column_kernels.stores` says they need and leave.
        as_empty: whether an absent key is the same as an empty string.
        node_of: zeros for each string, used.
        path: room for a number more than the longest string has bytes, used.

    Returns:
        How many nodes there are.
    """
    count = 0
    for key in range(len(keys) - 1):
        # Strings that operations need come first, so that all beginnings of them have nodes when it
        # is asked what other operations leave.
        root = keys[key, ROOT] = count
        count += 1
        initial = root if as_empty else ABSENT_KEY
        keys[key, INITIAL] = initial
        path[0], last = root, -1
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        for i in range(start, end):
            need = ops[i, NEED]
            if need >= 0:
                # Nodes of other keys have smaller numbers.
                if node_of[need] <= root:
                    node_of[need], count = _insert(tree, path, last, need, count)
                    last = need
                ops[i, NEED] = node_of[need]
            elif need == NO_STRING:
                ops[i, NEED] = ABSENT_KEY
            elif need == NO_KEY:
                ops[i, NEED] = initial
        for i in range(start, end):
            leave = ops[i, LEAVE]
            if ops[i, NEED] == EXTENDS:
                continue
            if leave == NO_STRING:
                ops[i, LEAVE] = ABSENT_KEY
            elif leave == NO_KEY:
                ops[i, LEAVE] = initial
            elif node_of[leave] > root:
                ops[i, LEAVE] = node_of[leave]
            else:
                node = reached(tree, root, leave)
                ops[i, LEAVE] = UNOBSERVED if node < 0 else node
    return count


@borrowing
def settle(keys: Array, ops: Array, nodes: int) -> None:
    """Replace `ABSENT_KEY` and `UNOBSERVED` by the numbers after those of all nodes."""
    for i in range(len(ops)):
        for column in (NEED, LEAVE):
            if ops[i, column] == ABSENT_KEY:
                ops[i, column] = nodes
            elif ops[i, column] == UNOBSERVED:
                ops[i, column] = nodes + 1
    for key in range(len(keys) - 1):
        if keys[key, INITIAL] == ABSENT_KEY:
            keys[key, INITIAL] = nodes


@inlined
def _insert(tree: Tree, path: Array, last: int, string: int, count: int) -> tuple[int, int]:
    """Give a string and its beginnings nodes; its own, and how many there are then.

    `path` has the nodes from the root to that of the string before, ``last`` (-1: the root alone).
    Most strings are the one before with something appended, so most need no walk from the root.
    """
    nodes, starts, letters = tree
    begin, end, depth = starts[string], starts[string + 1], 0
    if last >= 0:
        before, shared = starts[last], min(end - begin, starts[last + 1] - starts[last])
        while depth < shared and letters[before + depth] == letters[begin + depth]:
            depth += 1
    node = path[depth]
    for i in range(begin + depth, end):
        following = child(nodes, node, letters[i])
        if following == 0:
            following = count
            # In front of its siblings: nothing has to be looked for.
            nodes[following, SIBLING] = nodes[node, CHILD]
            nodes[following, LETTER] = letters[i]
            nodes[following, PARENT] = node
            nodes[node, CHILD] = following
            count += 1
        node = following
        path[i - begin + 1] = node
    return int(node), count


@borrowing
def drop_unobservable_strings(
    tree: Tree, keys: Array, absent: int, ops: Array, until: Array
) -> int:
    """Mark optional operations whose effect no remaining one of their key can observe after them.

    Gives how many these are.

    A value is observed in its extensions, too: ``until`` is, by value, the latest completion of an
    operation that needs it or, for a node, one below it. An append is observed in any string that
    has what it appended in it. Whatever follows an operation left out, up to what overwrites it,
    fits every state, so a linearization is one without it.

    ``until`` has -1 for each value, dead included. Operations are marked as in `_problem_kernels`.
    """
    dropped = 0
    for key in range(len(keys) - 1):
        root, last = keys[key, ROOT], absent
        if key + 2 < len(keys):
            last = keys[key + 1, ROOT]
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        changed = False
        for i in range(start, end):
            changed = changed or ops[i, OPTIONAL] != 0
        while changed:
            changed = False
            # Anew each time: what was dropped needs nothing any more.
            until[root:last] = -1
            until[absent] = -1
            for i in range(start, end):
                need = ops[i, NEED]
                if need >= 0 and ops[i, OPTIONAL] != DROPPED:
                    until[need] = max(until[need], ops[i, COMPLETED_AT])
            # A node has a higher number than its parent, so backwards every node is complete before
            # it is passed on.
            for node in range(last - 1, root, -1):
                parent = tree[0][node, PARENT]
                until[parent] = max(until[parent], until[node])
            # An append takes an absent key for an empty string, so what grows from that is observed
            # of both.
            until[absent] = max(until[absent], until[root])
            # That is `dead`: what is left there nobody observes.
            until[absent + 1] = -1
            for i in range(start, end):
                if (
                    ops[i, OPTIONAL] == 1
                    and _seen_until(tree, root, last, ops, until, i) <= (ops[i, INVOKED_AT])
                ):
                    ops[i, OPTIONAL] = DROPPED
                    changed, dropped = True, dropped + 1
    return dropped


@inlined
def _seen_until(tree: Tree, root: int, last: int, ops: Array, until: Array, i: int) -> int:
    """The latest completion of an operation that may observe what this one leaves, or -1."""
    if ops[i, NEED] != EXTENDS:
        return int(until[ops[i, LEAVE]])
    latest = -1
    # An append leaves something else after each string, and any may be there: the latest who might
    # see what it appended to some of them.
    for node in range(root, last):
        after = reached(tree, node, ops[i, LEAVE])
        if after >= 0:
            latest = max(latest, until[after])
    return latest
