"""The engines that the tests of this folder try, small, so that everything happens soon."""

from splitbrain.harness.bug import planted
from splitbrain.systems.storage.b_tree import SmallBTree
from splitbrain.systems.storage.bitcask import SmallBitcask
from splitbrain.systems.storage.journalled_b_tree import SmallJournalledBTree
from splitbrain.systems.storage.lsm_tree import SmallLsmTree
from splitbrain.systems.storage.write_ahead_log import LogStore

ENGINES = {
    "write-ahead-log": planted(LogStore, slack=64),
    "b-tree": planted(SmallBTree, page_bytes=1600),
    "journalled-b-tree": planted(SmallJournalledBTree, page_bytes=1600),
    "bitcask": planted(SmallBitcask, segment_bytes=400, most_closed=2),
    "lsm-tree": planted(SmallLsmTree, memory_bytes=200, level_bytes=600),
}
