"""How a tree changes: nodes are never altered; a change makes others, up to a new root."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from splitbrain.systems.storage.b_tree.pages import Branch, Leaf, Node, Ref, size

Writes = Sequence[tuple[bytes, bytes | None]]
"""In order of keys, each key once; None deletes."""


class Pages(Protocol):
    """Where nodes come from and go to while a tree is changed."""

    room: int

    def read(self, ref: Ref) -> Node:
        """The node at a place."""
        ...

    def place(self, node: Node) -> Ref:
        """Give a new node a page."""
        ...

    def drop(self, ref: Ref) -> None:
        """The node at this place is not in the tree any more."""
        ...


def changed(pages: Pages, root: Ref | None, writes: Writes) -> Ref | None:
    """The root of a tree with these writes done; None if nothing is left.

    Raises:
        Damaged: a node that is needed is not what was written.
    """
    nodes = _filled(writes, pages.room) if root is None else _change(pages, root, writes)
    while len(nodes) > 1:
        branch = Branch([(node.entries[0][0], pages.place(node)) for node in nodes])
        nodes = split(branch, pages.room)
    if not nodes:
        return None
    top = nodes[0]
    while isinstance(top, Branch) and len(top.entries) == 1:
        only = top.entries[0][1]
        below = pages.read(only)
        if isinstance(below, Leaf) or len(below.entries) > 1:
            return only
        pages.drop(only)
        top = below
    return pages.place(top)


def _filled(writes: Writes, room: int) -> list[Node]:
    return split(Leaf([(key, value) for key, value in writes if value is not None]), room)


def _change(pages: Pages, ref: Ref, writes: Writes) -> list[Node]:
    """What comes in the place of a node: none, one, or several of its level."""
    node = pages.read(ref)
    pages.drop(ref)
    if isinstance(node, Leaf):
        values: dict[bytes, bytes | None] = {**dict(node.entries), **dict(writes)}
        return _filled(sorted(values.items()), pages.room)
    below: list[Ref | Node] = []
    firsts = [first for first, _ in node.entries]
    for number, (_, child) in enumerate(node.entries):
        concerned = _within(writes, firsts, number)
        below += _change(pages, child, concerned) if concerned else [child]
    entries = []
    for each in _joined(pages, below):
        if isinstance(each, Ref):
            entries.append((firsts[[child for _, child in node.entries].index(each)], each))
        else:
            entries.append((each.entries[0][0], pages.place(each)))
    return split(Branch(entries), pages.room)


def _within(writes: Writes, firsts: Sequence[bytes], number: int) -> Writes:
    """The writes that concern a child: those behind its first key and before the next child's."""
    keys = [key for key, _ in writes]
    start = _place(keys, firsts[number]) if number else 0
    end = _place(keys, firsts[number + 1]) if number + 1 < len(firsts) else len(keys)
    return writes[start:end]


def _place(keys: Sequence[bytes], key: bytes) -> int:
    place = bisect_right(keys, key)
    return place - 1 if place and keys[place - 1] == key else place


def _joined(pages: Pages, below: list[Ref | Node]) -> list[Ref | Node]:
    """The same, where no new node that has neighbours is less than a quarter full."""
    number = 0
    while number < len(below):
        each = below[number]
        if isinstance(each, Ref) or size(each) * 4 >= pages.room or len(below) == 1:
            number += 1
            continue
        left = max(0, number - 1)
        pair = [_taken(pages, below[left]), _taken(pages, below[left + 1])]
        below[left : left + 2] = split(_together(*pair), pages.room)
        number = left
    return below


def _taken(pages: Pages, each: Ref | Node) -> Node:
    if not isinstance(each, Ref):
        return each
    node = pages.read(each)
    pages.drop(each)
    return node


def _together(one: Node, other: Node) -> Node:
    if isinstance(one, Leaf):
        assert isinstance(other, Leaf), "neighbours are of one level"
        return Leaf([*one.entries, *other.entries])
    assert isinstance(other, Branch), "neighbours are of one level"
    return Branch([*one.entries, *other.entries])


def split(node: Node, room: int) -> list[Node]:
    """The node in as few parts as fit into pages, about equally full; none if it is empty."""
    sizes = node.sizes()
    parts = -(-sum(sizes) // room)
    while True:
        cuts = _cuts(sizes, parts)
        if all(sum(sizes[a:b]) <= room for a, b in cuts):
            return [type(node)(node.entries[a:b]) for a, b in cuts]  # type: ignore[arg-type]
        parts += 1


def _cuts(sizes: Sequence[int], parts: int) -> list[tuple[int, int]]:
    """Where to cut, so that each part has about the same size."""
    cuts: list[tuple[int, int]] = []
    start = held = 0
    share = sum(sizes) / parts if parts else 0.0
    for number, each in enumerate(sizes):
        held += each
        if held >= share or number == len(sizes) - 1:
            cuts.append((start, number + 1))
            start, held = number + 1, 0
    return cuts


def find(pages: Pages, root: Ref | None, key: bytes) -> bytes | None:
    """The value of a key; None if it is absent."""
    while root is not None:
        node = pages.read(root)
        place = bisect_right(node.entries, key, key=lambda entry: entry[0]) - 1
        if isinstance(node, Leaf):
            found = node.entries[place] if place >= 0 else None
            return found[1] if found is not None and found[0] == key else None
        root = node.entries[max(0, place)][1]
    return None


def after(pages: Pages, root: Ref | None, key: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """All keys behind one (None: all) with their values, in order."""
    if root is None:
        return
    node = pages.read(root)
    if isinstance(node, Leaf):
        yield from (entry for entry in node.entries if key is None or entry[0] > key)
        return
    start = 0
    if key is not None:
        start = max(0, bisect_right(node.entries, key, key=lambda entry: entry[0]) - 1)
    for _, child in node.entries[start:]:
        yield from after(pages, child, key)


def walk(pages: Pages, ref: Ref, depth: int = 0) -> Iterator[tuple[Ref, Node, int]]:
    """Every node of a tree with its place and depth, parents first."""
    node = pages.read(ref)
    yield ref, node, depth
    if isinstance(node, Branch):
        for _, child in node.entries:
            yield from walk(pages, child, depth + 1)


def problems(pages: Pages, root: Ref | None, free: Iterable[int]) -> list[str]:
    """Which invariants of a tree do not hold, each in a sentence.

    Raises:
        Damaged: a node is not what was written.
    """
    nodes = [] if root is None else list(walk(pages, root))
    found = []
    numbers = [ref.page for ref, _, _ in nodes]
    if len(set(numbers)) < len(numbers):
        found.append("a page is in the tree twice")
    if shared := set(numbers) & set(free):
        found.append(f"pages {sorted(shared)} are in the tree, and free")
    if len({depth for _, node, depth in nodes if not isinstance(node, Branch)}) > 1:
        found.append("leaves are not all equally deep")
    firsts = {c: k for _, n, _ in nodes if isinstance(n, Branch) for k, c in n.entries}
    for ref, node, _ in nodes:
        keys = [key for key, _ in node.entries]
        if keys != sorted(set(keys)) or size(node) > pages.room:
            found.append(f"page {ref.page}: keys are not in order, or too many")
        if keys[0] < firsts.get(ref, keys[0]):
            found.append(f"page {ref.page} begins before its parent says")
    every = [key for key, _ in after(pages, root, None)]
    if every != sorted(set(every)):
        found.append("leaves are not in order")
    return found
