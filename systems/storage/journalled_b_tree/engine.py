"""The engine: pages that are changed in place, and a journal of what they become."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import ClassVar

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.b_tree import tree
from splitbrain.systems.storage.b_tree.commits import Commit, kind_of
from splitbrain.systems.storage.b_tree.pages import (
    Node,
    Ref,
    capacity,
    decoded,
    meta_decoded,
    meta_encoded,
)
from splitbrain.systems.storage.engine import Batch, Damaged, Engine, Full
from splitbrain.systems.storage.files import read_all, replace, write_all
from splitbrain.systems.storage.server import StorageServer
from splitbrain.systems.storage.witnessed_log import WitnessedLog

FILE = "pages"
JOURNAL = "journal"
META = 0
"""The page that says where the root is."""

Images = Mapping[int, bytes]
"""What pages become, by number."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[int, bytes]]).decode


class InPlace(Commit):
    """A commit that writes a changed node to the page where it was, or to any that is free.

    Attributes:
        replaced: the nodes of before that are not in the tree any more.
    """

    def __init__(self, engine: JournalledBTree) -> None:
        super().__init__(engine)
        self._read: dict[Ref, Node] = {}
        self.replaced: dict[Ref, Node] = {}

    def read(self, ref: Ref) -> Node:
        """See `tree.Pages`."""
        node = self._read[ref] = super().read(ref)
        return node

    def drop(self, ref: Ref) -> None:
        """The page is free at once: the journal has what it becomes."""
        if ref.generation == self.generation:
            super().drop(ref)
        else:
            self.replaced[ref] = self._read[ref]
            self.free.append(ref.page)


class PagesSnapshot:
    """A root; nodes below it that are replaced meanwhile are kept in memory."""

    def __init__(self, engine: JournalledBTree) -> None:
        self._engine = engine
        self.root = engine.root

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        return list(islice(tree.after(self._engine, self.root, after), limit))

    def close(self) -> None:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        self._engine.snapshots.pop(self, None)
        if not self._engine.snapshots:
            self._engine.kept.clear()


class JournalledBTree(Engine):
    """See `splitbrain.systems.storage.journalled_b_tree`.

    Attributes:
        root: where the root is; None if there are no keys.
        generation: the last commit.
        count: pages in the file, the meta page included.
        free: pages that the tree does not have.
        images: pages that are in the journal, and not yet in their places.
        snapshots: those that are open.
        kept: nodes that only snapshots have.
    """

    page_bytes: ClassVar[int] = 4096
    cached_pages: ClassVar[int] = 1024
    journal_bytes: ClassVar[int] = 4 << 20
    """How long the journal grows before its pages are written to their places."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.journal = WitnessedLog(disk, JOURNAL)
        self.root: Ref | None = None
        self.generation = 0
        self.count = META + 1
        self.free: list[int] = []
        self.images: dict[int, bytes] = {}
        self.snapshots: dict[PagesSnapshot, None] = {}
        self.kept: dict[Ref, Node] = {}
        self._cache: dict[Ref, Node] = {}
        self.room = capacity(self.page_bytes)
        self.longest = self.room // 4

    async def open(self) -> None:
        """See `Engine.open`."""
        if not self.disk.exists(FILE):
            if self.disk.exists(JOURNAL):
                raise Damaged(f"{FILE} is not there, and {JOURNAL} is: restore them from a copy")
            await replace(self.disk, FILE, meta_encoded(META, None, 0, self.page_bytes))
        await self.disk.fsync_dir()  # the file may have its name in the page cache alone
        records = self.journal.read()
        if records:
            # What the page cache shows of it need not be on the platter, and must be before any
            # page is written to its place: a crash would leave pages of a commit that is nowhere.
            await self.journal.begin(records)
        for record in records:
            self.images.update(pages_of(record))
        self.generation, self.root = meta_decoded(self._page(META), META)
        nodes = [] if self.root is None else list(tree.walk(self, self.root))
        used = {ref.page for ref, _, _ in nodes}
        held = tuple((ref.page, kind_of(node), ref.generation) for ref, node, _ in nodes)
        self.note("tree", self.generation, 0 if self.root is None else self.root.page, held)
        self.count = max(used, default=META) + 1
        self.free = [page for page in range(META + 1, self.count) if page not in used]
        await self.checkpoint()

    def _page(self, page: int) -> bytes:
        image = self.images.get(page)
        if image is None:
            image = read_all(self.disk, FILE, page * self.page_bytes, self.page_bytes)
        return image

    # Reads

    def read(self, ref: Ref) -> Node:
        """See `tree.Pages`."""
        node = self.kept.get(ref) or self._cache.get(ref)
        if node is None:
            node = self._cache[ref] = decoded(self._page(ref.page), ref)
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

    def snapshot(self) -> PagesSnapshot:
        """See `Engine.snapshot`."""
        snapshot = PagesSnapshot(self)
        self.snapshots[snapshot] = None
        return snapshot

    # Writes

    def reusable(self) -> list[int]:
        """The free pages."""
        return list(self.free)

    async def write(self, batches: Sequence[Batch]) -> int:
        """See `Engine.write`: all of them, or none."""
        writes = {key: value for batch in batches for key, value in batch}
        commit = InPlace(self)
        root = tree.changed(commit, self.root, sorted(writes.items()))
        meta = meta_encoded(META, root, commit.generation, self.page_bytes)
        images = {**commit.pages, META: meta}
        try:
            self.append(images)
        except Full:
            return 0
        await self.journal.sync()
        written = tuple((page, kind_of(node)) for page, node in commit.nodes.items())
        gone = {ref.page for ref in commit.replaced} - commit.nodes.keys()
        self.note("pages", commit.generation, written, tuple(sorted(gone)))
        self.note("root", commit.generation, 0 if root is None else root.page)
        self.keep(commit.replaced)
        self.images.update(images)
        self.root, self.generation = root, commit.generation
        self.free, self.count = commit.free, commit.count
        return len(batches)

    def keep(self, replaced: Mapping[Ref, Node]) -> None:
        """Keep nodes whose pages are given away, if a snapshot is open: some may have come while
        the journal was synced."""
        if self.snapshots:
            self.kept.update(replaced)

    def append(self, images: Images) -> None:
        """Write to the journal what pages become, as one record.

        Raises:
            Full: no room; nothing was changed.
            OSError: the disk failed.
        """
        self.journal.append(record_of(images))

    async def settle(self) -> bool:
        """See `Engine.settle`."""
        marked = await self.journal.mark()
        if self.journal.chain.end <= self.journal_bytes:
            return marked
        try:
            await self.checkpoint()
        except Full:
            return False
        return marked

    async def checkpoint(self) -> None:
        """Write the pages of the journal to their places, and then begin another journal, which has
        the meta page alone: so the root is told of twice.

        Raises:
            Full: no room; the journal still has all.
            OSError: the disk failed.
        """
        await self.write_pages()
        meta = {META: meta_encoded(META, self.root, self.generation, self.page_bytes)}
        await self.journal.begin([record_of(meta)])
        self.images = meta

    async def write_pages(self) -> None:
        """Write the pages of the journal to their places, durably.

        Raises:
            Full: no room.
            OSError: the disk failed.
        """
        try:
            for page, image in sorted(self.images.items()):
                write_all(self.disk, FILE, page * self.page_bytes, image)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise Full(f"no room for a page of {FILE}") from error
        await self.disk.fsync(FILE)

    async def flush(self) -> None:
        """See `Engine.flush`."""
        await self.checkpoint()

    async def compact(self) -> None:
        """See `Engine.compact`: give back the free pages at the end of the file."""
        free = set(self.free)
        while self.count - 1 in free:
            self.count -= 1
        self.free = sorted(page for page in free if page < self.count)
        self.images = {page: image for page, image in self.images.items() if page < self.count}
        await self.checkpoint()
        self.disk.truncate(FILE, self.count * self.page_bytes)

    def verify(self) -> list[str]:
        """See `Engine.verify`."""
        return tree.problems(self, self.root, self.free)


class SmallJournalledBTree(JournalledBTree):
    """The engine with pages and a journal that are soon full, as simulated runs need it."""

    page_bytes = 512
    cached_pages = 2
    journal_bytes = 6 << 10


class JournalledBTreeServer(StorageServer):
    """The engine on the network."""

    engine_class = SmallJournalledBTree


def record_of(images: Images) -> bytes:
    """A record of the journal."""
    return _encode(list(images.items()))


def pages_of(record: bytes) -> Iterable[tuple[int, bytes]]:
    """What a record of the journal tells.

    Raises:
        Damaged: it is none.
    """
    try:
        return _decode(record)
    except msgspec.MsgspecError as error:
        raise Damaged(f"{JOURNAL}: a record is no list of pages: {error}") from None
