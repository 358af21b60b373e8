"""Transactions: several operations as one, in spite of concurrency and crashes (DDIA chapter 7).

`locking` is two-phase locking with a write-ahead log, `snapshot` snapshot isolation and its
serializable form, `commit` two-phase commit over partitions (chapter 9), `summary` the sketch with
its weaknesses; `bugs` has each with one decision wrong.
"""

from splitbrain.systems.transactions.bugs import BUGS
from splitbrain.systems.transactions.client import TransactionClient
from splitbrain.systems.transactions.commit.core import CommitServer
from splitbrain.systems.transactions.server import (
    LockingServer,
    SerializableSnapshotServer,
    SnapshotServer,
)
from splitbrain.systems.transactions.summary import SummaryServer

__all__ = [
    "BUGS",
    "CommitServer",
    "LockingServer",
    "SerializableSnapshotServer",
    "SnapshotServer",
    "SummaryServer",
    "TransactionClient",
]
