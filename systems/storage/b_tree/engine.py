"""The engine: a file of pages, two of which say where the root is."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.b_tree import tree
from splitbrain.systems.storage.b_tree.commits import Commit, kind_of
from splitbrain.systems.storage.b_tree.pages import (
    METAS,
    Node,
    Ref,
    capacity,
    decoded,
    meta_decoded,
    meta_encoded,
    metas_astray,
)
from splitbrain.systems.storage.engine import Batch, Damaged, Engine
from splitbrain.systems.storage.files import PIECE, read_all, replace, write_all
from splitbrain.systems.storage.server import StorageServer

FILE = "tree"


class BTreeSnapshot:
    """A root whose pages are not used again as long as this is open."""

    def __init__(self, engine: BTree) -> None:
        self._engine = engine
        self.root = engine.root
        self.generation = engine.generation

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        return list(islice(tree.after(self._engine, self.root, after), limit))

    def close(self) -> None:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        self._engine.snapshots.pop(self, None)


class BTree(Engine):
    """See `splitbrain.systems.storage.b_tree`.

    Attributes:
        root: where the root is; None if there are no keys.
        generation: the last commit.
        count: pages in the file, metas included.
        free: pages that no tree has that anybody may want.
        dropped: pages that commits gave up, by commit: their trees may still be wanted.
        snapshots: those that are open.
    """

    commit_class: ClassVar[type[Commit]] = Commit
    page_bytes: ClassVar[int] = 4096
    cached_pages: ClassVar[int] = 1024

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.root: Ref | None = None
        self.generation = 0
        self.count = METAS
        self.free: list[int] = []
        self.dropped: list[tuple[int, list[int]]] = []
        self.snapshots: dict[BTreeSnapshot, None] = {}
        self.room = capacity(self.page_bytes)
        self.longest = self.room // 4
        self._slot = 0
        self._settled = True
        self._cache: dict[Ref, Node] = {}

    async def open(self) -> None:
        """See `Engine.open`."""
        if not self.disk.exists(FILE):
            empty = [meta_encoded(slot, None, 0, self.page_bytes) for slot in range(METAS)]
            await replace(self.disk, FILE, b"".join(empty))
        # The file may have its name in the page cache alone.
        await self.disk.fsync_dir()
        self.generation, self.root, self._slot = self._newest()
        # So may the root be known there alone; nothing is built on it before it is durable.
        await self._write_meta(self._slot)
        await self._write_meta(1 - self._slot)
        nodes = self._walk()
        used = {ref.page for ref, _, _ in nodes}
        held = tuple((ref.page, kind_of(node), ref.generation) for ref, node, _ in nodes)
        self.note("tree", self.generation, 0 if self.root is None else self.root.page, held)
        self.count = max(used, default=METAS - 1) + 1
        self.free = [page for page in range(METAS, self.count) if page not in used]

    def _newest(self) -> tuple[int, Ref | None, int]:
        """The last commit, its root, and the meta page that tells of it.

        Raises:
            Damaged: no meta page is what was written.
        """
        found = []
        for slot in range(METAS):
            data = read_all(self.disk, FILE, slot * self.page_bytes, self.page_bytes)
            try:
                found.append((*meta_decoded(data, slot), slot))
            except Damaged:
                continue  # a crash tore it, or it is told below that none is left
        if not found:
            raise Damaged(f"{FILE}: no page tells where the root is: restore it from a copy")
        newest = max(found, key=lambda each: each[0])
        astray = max(self._astray(), default=0)
        if astray > newest[0]:
            raise Damaged(f"{FILE}: the page that tells of commit {astray} is not in its place")
        return newest

    def _astray(self) -> Iterator[int]:
        """See `metas_astray`; the file is read piece by piece."""
        for start in range(0, self.disk.size(FILE), PIECE):
            data = read_all(self.disk, FILE, start, PIECE + self.page_bytes)
            yield from metas_astray(data, start, self.page_bytes)

    async def _write_meta(self, slot: int) -> None:
        page = meta_encoded(slot, self.root, self.generation, self.page_bytes)
        write_all(self.disk, FILE, slot * self.page_bytes, page)
        await self.sync_meta()

    async def sync_meta(self) -> None:
        """Make a meta page durable."""
        await self.disk.fsync(FILE)

    # Reads

    def read(self, ref: Ref) -> Node:
        """See `tree.Pages`."""
        node = self._cache.get(ref)
        if node is None:
            data = read_all(self.disk, FILE, ref.page * self.page_bytes, self.page_bytes)
            node = self._cache[ref] = decoded(data, ref)
            if len(self._cache) > self.cached_pages:
                del self._cache[next(iter(self._cache))]
        return node

    def place(self, node: Node) -> Ref:
        """Only a commit places nodes."""
        raise AssertionError("a tree that is read does not change")

    def drop(self, ref: Ref) -> None:
        """Only a commit drops nodes."""
        raise AssertionError("a tree that is read does not change")

    def get(self, key: bytes) -> bytes | None:
        """See `Engine.get`."""
        return tree.find(self, self.root, key)

    def snapshot(self) -> BTreeSnapshot:
        """See `Engine.snapshot`."""
        snapshot = BTreeSnapshot(self)
        self.snapshots[snapshot] = None
        return snapshot

    def _walk(self) -> list[tuple[Ref, Node, int]]:
        return [] if self.root is None else list(tree.walk(self, self.root))

    # Writes

    def reusable(self) -> list[int]:
        """The free pages, after those have joined them that no snapshot needs any more."""
        oldest = min((s.generation for s in self.snapshots), default=self.generation)
        for generation, pages in self.dropped:
            if generation <= oldest:
                self.free += pages
        self.dropped = [each for each in self.dropped if each[0] > oldest]
        return list(self.free)

    async def write(self, batches: Sequence[Batch]) -> int:
        """See `Engine.write`: all of them, or none."""
        writes = {key: value for batch in batches for key, value in batch}
        commit = self.commit_class(self)
        try:
            root = tree.changed(commit, self.root, sorted(writes.items()))
            self._write_pages(commit)
            written = tuple((page, kind_of(node)) for page, node in commit.nodes.items())
            self.note("pages", commit.generation, written, tuple(commit.dropped))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return 0
        await self.sync_pages()
        self._cache = {
            ref: node for ref, node in self._cache.items() if ref.page not in commit.nodes
        }
        before = self.root, self.generation
        self._slot = 1 - self._slot
        try:
            await self._install(commit, root)
        except OSError:
            self.root, self.generation = before
            raise
        self.note("root", commit.generation, 0 if root is None else root.page)
        self.free, self.count = commit.free, commit.count
        self.dropped.append((commit.generation, commit.dropped))
        self._settled = False
        return len(batches)

    def _write_pages(self, commit: Commit) -> None:
        for page, data in commit.pages.items():
            write_all(self.disk, FILE, page * self.page_bytes, data)

    async def sync_pages(self) -> None:
        """Make the pages of a commit durable, before any meta page tells of them."""
        await self.disk.fsync(FILE)

    async def _install(self, commit: Commit, root: Ref | None) -> None:
        page = meta_encoded(self._slot, root, commit.generation, self.page_bytes)
        write_all(self.disk, FILE, self._slot * self.page_bytes, page)
        await self.sync_meta()
        self.root, self.generation = root, commit.generation

    async def settle(self) -> bool:
        """See `Engine.settle`: both meta pages tell of the last commit, so that one may rot."""
        if not self._settled:
            await self._write_meta(1 - self._slot)
            self._settled = True
        return True

    async def compact(self) -> None:
        """See `Engine.compact`: give back the free pages at the end of the file."""
        reusable = set(self.reusable())
        while self.count - 1 in reusable:
            self.count -= 1
        self.free = sorted(page for page in reusable if page < self.count)
        self.disk.truncate(FILE, self.count * self.page_bytes)

    def verify(self) -> list[str]:
        """See `Engine.verify`."""
        return tree.problems(self, self.root, self.free)


class SmallBTree(BTree):
    """The engine with pages so small that a few keys fill them, as simulated runs need it."""

    page_bytes = 512
    cached_pages = 2


class BTreeServer(StorageServer):
    """The engine on the network."""

    engine_class = SmallBTree
