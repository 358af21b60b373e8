"""Arithmetic of the reference form: quorums, who may lead which epoch, where two logs part.

All pure functions; the protocol that uses them is in `core`.
"""

from __future__ import annotations

from collections.abc import Iterable

EpochHistory = tuple[tuple[int, int], ...]
"""A log's shape: for each epoch that has entries in it, in order, the epoch and the log's length
after its last entry. ``((1, 3), (4, 5))``: three entries of epoch 1, then two of epoch 4."""


def majority(servers: int) -> int:
    """The least number of servers such that any two groups of that many share one."""
    return servers // 2 + 1


def reached_by(count: int, values: Iterable[float]) -> float:
    """The greatest value that so many servers have reached, given every server's value."""
    return sorted(values, reverse=True)[count - 1]


def quorums(servers: int, copies: int | None) -> tuple[int, int]:
    """How many servers must have an entry before it is acknowledged, and how many must promise an
    epoch before it is led: any so many and any so many share one (Gifford, SOSP 1979).

    Args:
        servers: how many there are.
        copies: how many must have an entry, if there are so many; None: a majority. Fewer copies
            take more promises, so that no copy is overlooked; never fewer than a majority, or two
            would outbid each other.
    """
    most = majority(servers)
    to_store = most if copies is None else min(copies, servers)
    return to_store, max(most, servers - to_store + 1)


def next_epoch(above: int, position: int, servers: int) -> int:
    """The least epoch greater than `above` that the server at `position` (from 0) may lead.

    Server `position` of n owns the epochs ``position + 1 (mod n)``, as views belong to primaries
    in Viewstamped Replication (section 4): no two servers ever lead the same one. Epoch 0 is
    nobody's.
    """
    return above + 1 + (position - above) % servers


def common_prefix(ours: EpochHistory, theirs: EpochHistory) -> int:
    """The length of the longest prefix that two logs share, from their shapes alone.

    Sound because entries of one epoch come from one leader, which only appends: two logs that both
    hold an entry of epoch e at the same place agree up to there (log matching, Raft section 5.3).
    The exchange of shapes instead of entries is that of Kafka's KIP-101.
    """
    ends = dict(theirs)
    return max((min(end, ends[epoch]) for epoch, end in ours if epoch in ends), default=0)
