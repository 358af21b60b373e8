"""A B-tree that copies what it changes: pages on disk, never overwritten while anybody needs them.

The problem (DDIA chapter 3, "B-Trees"): keys in order, found with a few reads however many there
are, changed in place. But a change touches several pages, and a crash in between leaves half of it;
even a single page can be torn.

The idea (Rodeh, "B-trees, Shadowing, and Clones", ACM TOS 2008; LMDB): nothing is changed in place.
A commit writes the changed nodes to free pages, up to a new root, and syncs; then it writes a small
page that says where the root is, and syncs again. That page is the commit::

    [meta 0: commit 7, root 5] [meta 1: commit 8, root 9]      the later one that is whole counts

         5 ....            9
        /|   \\           / |      commit 8 changed a key on page 3: it wrote 8 and 9, and gives up
       2 3    4   ----> 2  8   4  5 and 3, which are free once no snapshot needs commit 7

Many batches are one commit (group commit). Snapshots are roots.

Guarantees are those of `splitbrain.systems.storage.engine`. Invariants (``verify``):

1. In each node keys are in order, and not before what the parent says; all leaves are equally deep;
   nodes that have neighbours are split when they are full and joined when they are nearly empty.
2. A page is in the tree once at most, and no free page is in it.
3. A page that the last durable tree has, or a snapshot, is not written.
4. The pages of a commit are durable before a meta page tells of it.
5. Who refers to a page knows which commit wrote it, and its checksum: a write that was lost or
   went elsewhere is noticed.

The free list is not on disk: it is what the tree does not have, found at the start by walking it,
which finds damage, too.

Layout: `pages` is the format, `tree` how trees change, `engine` the file and its commits.

Left out: values that do not fit four to a page; several commits at a time; a free list that saves
the walk.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.b_tree.bugs import BUGS
from splitbrain.systems.storage.b_tree.engine import BTree, BTreeServer, SmallBTree
from splitbrain.systems.storage.b_tree.pictures import PAGES
from splitbrain.systems.storage.claims import CHECKERS, CLAIMS
from splitbrain.systems.storage.client import StorageClient
from splitbrain.systems.storage.pictures import DISK

__all__ = ["SYSTEM", "BTree", "BTreeServer", "SmallBTree"]

_PLACE = "engine_class."

SYSTEM = System(
    name="b-tree",
    title="a copy-on-write B-tree (chapter 3)",
    server=BTreeServer,
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
    ),
    pictures=(PAGES, DISK),
)
"""The system, by its name in plans."""
