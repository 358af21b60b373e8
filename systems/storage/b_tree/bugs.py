"""Planted bugs of the B-tree: the tree as it is, with one thing wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.storage.b_tree.commits import Commit
from splitbrain.systems.storage.b_tree.engine import BTreeServer, SmallBTree
from splitbrain.systems.storage.b_tree.pages import Ref


class WritesInPlace(Commit):
    """Writes a changed node to the page where it was."""

    def drop(self, ref: Ref) -> None:
        """The page is free at once."""
        if ref.generation == self.generation:
            super().drop(ref)
        else:
            self.free.append(ref.page)


class SyncsOnce(SmallBTree):
    """Writes pages and root, and syncs both together."""

    async def sync_pages(self) -> None:
        """The root's sync is enough."""


class KeepsRootInCache(SmallBTree):
    """Does not sync the page that tells where the root is."""

    async def sync_meta(self) -> None:
        """The next commit will."""


def _bug(
    id: str,
    title: str,
    server: type[BTreeServer],
    faults: tuple[str, ...],
    shows: tuple[str, ...],
    source: str,
    *,
    slow: bool = True,
) -> Bug:
    """On a disk that is `slow`, more is not yet durable at any time."""
    options = {"disk": {"fsync_latency": 0.1}} if slow else {}
    return Bug(id, title, server, "store", faults, 1, 60, shows, source, options=options)


_LOST = ("no-progress", "lost", "resurrected", "fractured", "hole", "nonlinearizable")

BUGS: tuple[Bug, ...] = (
    _bug(
        "BT-01",
        "changed nodes are written in place: a crash leaves pages of two trees, and torn ones",
        planted(BTreeServer, engine_class=planted(SmallBTree, commit_class=WritesInPlace)),
        ("process.power_loss",),
        _LOST,
        "InnoDB's doublewrite buffer, PostgreSQL's full_page_writes; DDIA chapter 3",
    ),
    _bug(
        "BT-04",
        "the page that tells where the root is is not synced with the commit",
        planted(BTreeServer, engine_class=KeepsRootInCache),
        ("process.power_loss",),
        _LOST,
        "seen in a public teaching implementation",
        slow=False,
    ),
    _bug(
        "BT-07",
        "the new root and the pages below it are synced together, in any order",
        planted(BTreeServer, engine_class=SyncsOnce),
        ("process.power_loss",),
        _LOST,
        "LMDB's two syncs; Pillai et al., OSDI 2014",
    ),
)
