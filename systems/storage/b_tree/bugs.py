"""Planted bugs of the B-tree: the tree as it is, with one thing wrong."""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.storage.b_tree import tree
from splitbrain.systems.storage.b_tree.engine import FILE, BTreeServer, Commit, SmallBTree
from splitbrain.systems.storage.b_tree.pages import Ref, meta_encoded
from splitbrain.systems.storage.engine import Batch
from splitbrain.systems.storage.files import write_all


class WritesInPlace(Commit):
    """Writes a changed node to the page where it was."""

    def drop(self, ref: Ref) -> None:
        """The page is free at once."""
        if ref.generation == self.generation:
            super().drop(ref)
        else:
            self.free.append(ref.page)


class ForgetsSplit(SmallBTree):
    """Tells the parent of a split in the next commit only; until then it knows the way itself."""

    def __init__(self, disk: object) -> None:
        super().__init__(disk)  # type: ignore[arg-type]
        self._new: dict[bytes, bytes | None] = {}

    async def write(self, batches: Sequence[Batch]) -> int:
        """Leave out the keys of a page that is new, and write those that were left out before."""
        writes = {key: value for batch in batches for key, value in batch}
        before, self._new = self._new, {}
        leaves = self._leaves()
        writes = {**before, **writes}
        done = await super().write([list(writes.items())])
        if self._leaves() > leaves:
            last = max(writes)
            self._new = {last: writes[last]}
            await super().write([[(last, None)]])
        return len(batches) if done else 0

    def _leaves(self) -> int:
        return 0 if self.root is None else sum(1 for _ in tree.walk(self, self.root))

    def get(self, key: bytes) -> bytes | None:
        """Look among the new ones, too."""
        return self._new[key] if key in self._new else super().get(key)


class SyncsOnce(SmallBTree):
    """Writes pages and root, and syncs both together."""

    async def sync_pages(self) -> None:
        """The root's sync is enough."""


class ForgetsOldRoot(SyncsOnce):
    """Writes over the page that tells of the commit before, while the new pages are not durable: as
    if a log were cut off before what it is the log of is synced."""

    async def _install(self, commit: Commit, root: Ref | None) -> None:
        """Both pages tell of the new commit at once."""
        page = meta_encoded(1 - self._slot, root, commit.generation, self.page_bytes)
        write_all(self.disk, FILE, (1 - self._slot) * self.page_bytes, page)
        await super()._install(commit, root)


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
        "BT-02",
        "a split is told to the parent later: a crash leaves keys that the root does not lead to",
        planted(BTreeServer, engine_class=ForgetsSplit),
        ("process.kill",),
        _LOST,
        "DDIA chapter 3, Making B-trees reliable",
        slow=False,
    ),
    _bug(
        "BT-03",
        "what recovery would go back to is overwritten before the new pages are durable",
        planted(BTreeServer, engine_class=ForgetsOldRoot),
        ("process.power_loss",),
        _LOST,
        "DDIA chapter 3; a log that is cut off too early",
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
