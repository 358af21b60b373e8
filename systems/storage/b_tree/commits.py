"""A change of a tree under way: which pages it takes, and what will be written to them."""

from __future__ import annotations

from typing import Protocol

from splitbrain.systems.storage.b_tree.pages import Branch, Node, Ref, encoded


def kind_of(node: Node) -> str:
    """A node's kind in a trace."""
    return "branch" if isinstance(node, Branch) else "leaf"


class Home(Protocol):
    """An engine that commits changes of its tree.

    Attributes:
        room: bytes of entries that fit on a page.
        generation: the last commit.
        count: pages in the file.
    """

    room: int
    generation: int
    count: int

    @property
    def page_bytes(self) -> int:
        """Bytes of a page."""
        ...

    def read(self, ref: Ref) -> Node:
        """The node at a place."""
        ...

    def reusable(self) -> list[int]:
        """Pages that a commit may take."""
        ...


class Commit:
    """The pages that a change takes and gives back; `tree.Pages` to the tree."""

    def __init__(self, engine: Home) -> None:
        self._engine = engine
        self.room = engine.room
        self.generation = engine.generation + 1
        self.free = engine.reusable()
        self.count = engine.count
        self.nodes: dict[int, Node] = {}
        self.pages: dict[int, bytes] = {}
        self.dropped: list[int] = []

    def read(self, ref: Ref) -> Node:
        """See `tree.Pages`."""
        found = self.nodes.get(ref.page) if ref.generation == self.generation else None
        return self._engine.read(ref) if found is None else found

    def place(self, node: Node) -> Ref:
        """See `tree.Pages`."""
        if self.free:
            page = self.free.pop()
        else:
            page, self.count = self.count, self.count + 1
        ref, self.pages[page] = encoded(node, page, self.generation, self._engine.page_bytes)
        self.nodes[page] = node
        return ref

    def drop(self, ref: Ref) -> None:
        """See `tree.Pages`."""
        if ref.generation == self.generation:
            del self.nodes[ref.page], self.pages[ref.page]
            self.free.append(ref.page)
        else:
            self.dropped.append(ref.page)
