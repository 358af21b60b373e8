"""A B-tree that is changed in place, with a journal for what a crash leaves half done.

The problem (DDIA chapter 3, "Making B-trees reliable"): a page that is overwritten when the power
fails is neither what it was nor what it should be, and a split overwrites several.

The idea (InnoDB's doublewrite buffer, SQLite's write-ahead log, PostgreSQL's full-page images):
what pages become is written to a journal first, whole, as one record a commit. Once that is durable
the commit counts. The pages go to their places later, many commits together; only when they are
durable there is the journal cut off. Whoever opens the tree writes all pages of the journal to
their places again: that may be done any number of times::

    journal   [pages 3, 4, root 1] [page 4, root 1] ...    a commit each
                   |  checkpoint: write, sync, and only then begin another journal
                   v
    pages     [meta] [1] [2] [3] [4] ...                   torn, old, or new: the journal knows

It is the other way to do it beside `splitbrain.systems.storage.b_tree`, which overwrites nothing:
here a page keeps its place, and is written twice.

Guarantees are those of `splitbrain.systems.storage.engine`. Invariants (``verify``):

1. Those of the tree: keys in order, leaves equally deep, no page twice, no free page in it.
2. A page is written to its place only when the journal has it, durably.
3. The journal is cut off only when its pages are durable in their places.
4. Who refers to a page knows which commit wrote it, and its checksum.

Snapshots keep the nodes that are replaced meanwhile, in memory.

Left out: pages that are written in the background; a journal that does not fit into memory; a free
list that saves the walk at the start.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.b_tree.pictures import PAGES
from splitbrain.systems.storage.claims import CHECKERS, CLAIMS
from splitbrain.systems.storage.client import StorageClient
from splitbrain.systems.storage.journalled_b_tree.bugs import BUGS
from splitbrain.systems.storage.journalled_b_tree.engine import (
    JournalledBTree,
    JournalledBTreeServer,
    SmallJournalledBTree,
)
from splitbrain.systems.storage.pictures import DISK

__all__ = ["SYSTEM", "JournalledBTree", "JournalledBTreeServer", "SmallJournalledBTree"]

_PLACE = "engine_class."

SYSTEM = System(
    name="journalled-b-tree",
    title="a B-tree changed in place, with a journal (chapter 3)",
    server=JournalledBTreeServer,
    client=StorageClient,
    workloads=("store", "kv"),
    nodes=1,
    sizes=SINGLE_SERVER,
    claims=CLAIMS,
    checkers=CHECKERS,
    bugs=BUGS,
    knobs=(
        Knob("page", 512, 4096, "bytes of a page", _PLACE + "page_bytes"),
        Knob("cache", 0, 64, "pages that are kept in memory", _PLACE + "cached_pages"),
        Knob(
            "journal",
            512,
            65536,
            "bytes of a journal until it is cut off",
            _PLACE + "journal_bytes",
        ),
    ),
    pictures=(PAGES, DISK),
)
"""The system, by its name in plans."""
