"""What the servers of two-phase commit say to each other, and who has which key.

    coordinator                                   participant
    ("do", txn, n, operation)                ->                     the n-th operation there
                                             <-   ("did", txn, n, boot, answer)
    ("prepare", txn, n, boot)                ->                     can you commit? n were done
                                             <-   ("vote", txn, yes, reason)
    ("decide", txn, commit)                  ->
                                             <-   ("ack", txn)      commits only
                                             <-   ("inquire", txn)  I voted yes; what became of it?

``boot`` is the number of the participant's start: one that started again has forgotten what it did,
and must not vote yes for a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32


def partition_of(name: str, servers: Sequence[str]) -> str:
    """The server that has a key, or all keys with a prefix: by what stands before the slash."""
    return servers[crc32(name.partition("/")[0].encode()) % len(servers)]


def coordinator_of(txn: str) -> str:
    """The server that coordinates a transaction: its name begins so."""
    return txn.partition(".")[0]
