"""Planted bugs of the B-tree with a journal: the tree as it is, with one thing wrong."""

from __future__ import annotations

from collections.abc import Mapping

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.storage.b_tree.pages import HEADER, Node, Ref
from splitbrain.systems.storage.files import write_all
from splitbrain.systems.storage.journalled_b_tree.engine import (
    FILE,
    META,
    Images,
    JournalledBTreeServer,
    SmallJournalledBTree,
    record_of,
)


class SplitsInTwo(SmallJournalledBTree):
    """Writes the halves of a page to the journal, and then, as a record of its own, the parent that
    tells of them."""

    def append(self, images: Images) -> None:
        """Leaves first."""
        leaves = {p: image for p, image in images.items() if p != META and _is_leaf(image)}
        others = {page: image for page, image in images.items() if page not in leaves}
        for part in filter(None, (leaves, others)):
            self.journal.append(record_of(part))


class CutsJournalFirst(SmallJournalledBTree):
    """Begins another journal while the pages of this one are in the page cache alone."""

    async def write_pages(self) -> None:
        """Leave it to the operating system when they reach the disk."""
        for page, image in sorted(self.images.items()):
            write_all(self.disk, FILE, page * self.page_bytes, image)


class ReusesReadPages(SmallJournalledBTree):
    """Writes to pages that an open snapshot still has to read, and keeps nothing of what they
    were."""

    def keep(self, replaced: Mapping[Ref, Node]) -> None:
        """Whoever reads them is told that they are damaged."""


def _is_leaf(image: bytes) -> bool:
    """A node begins with whether it is a leaf: an array of two, and true (MessagePack)."""
    return image[HEADER.size : HEADER.size + 2] == b"\x92\xc3"


_LOST = ("no-progress", "lost", "resurrected", "fractured", "hole", "nonlinearizable")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="BT-02",
        title="a split is two records of the journal: a crash leaves pages without their parent",
        server=planted(JournalledBTreeServer, engine_class=SplitsInTwo),
        workload="store",
        faults=("process.power_loss",),
        nodes=1,
        seeds=60,
        shows=_LOST,
        source="DDIA chapter 3, Making B-trees reliable",
        options={"disk": {"fsync_latency": 0.1}},
    ),
    Bug(
        id="BT-03",
        title="the journal is cut off before the pages that it has are durable in their places",
        server=planted(JournalledBTreeServer, engine_class=CutsJournalFirst),
        workload="store",
        faults=("process.power_loss",),
        nodes=1,
        seeds=60,
        shows=_LOST,
        source="DDIA chapter 3; seen in a public teaching implementation",
    ),
    Bug(
        id="BT-05",
        title="a page is written anew while a scan that began before has yet to read it",
        server=planted(JournalledBTreeServer, engine_class=ReusesReadPages),
        workload="store",
        faults=("net.latency",),
        nodes=1,
        seeds=60,
        shows=("damage-is-real/false-damage",),
        source="Petrov, Database Internals, chapter 5, Latches; LMDB's table of readers",
    ),
)
