"""The storage engine below documents and graphs: the LSM tree, with files of middling size."""

from __future__ import annotations

from splitbrain.systems.storage.lsm_tree.engine import LsmTree


class DataTree(LsmTree):
    """Files so small that a run fills some, and so large that few changes wait for a merge."""

    memory_bytes = 4096
    table_bytes = 4096
    block_bytes = 512
    level_bytes = 16384
