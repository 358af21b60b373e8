"""Jump consistent hashing: a key's bucket, of any number of buckets, from the key alone.

The key draws, from a generator that it seeds, the numbers of buckets at which it jumps to the new
one: of n + 1 buckets, each key is in the last with probability 1 / (n + 1), and else where it was.

Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014, figure 1.

>>> [bucket(10, n) for n in (1, 2, 3, 4)] == sorted(bucket(10, n) for n in (1, 2, 3, 4))
True
"""

from __future__ import annotations

from splitbrain.systems.partitioning.hashing import point

_MULTIPLIER = 2862933555777941757
_WORD = 2**64 - 1


def bucket(key: int, count: int) -> int:
    """The bucket of a key (64 bits), from 0 up to one less than `count`.

    Raises:
        ValueError: there are no buckets.
    """
    if count < 1:
        raise ValueError(f"{count} buckets hold no key")
    here, jump = -1, 0
    while jump < count:
        here = jump
        key = (key * _MULTIPLIER + 1) & _WORD
        jump = int((here + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return here


def owner(key: str, nodes: tuple[str, ...]) -> str:
    """The node that has a key; nodes are numbered by their place, and only the last may go."""
    return nodes[bucket(point(key), len(nodes))]
