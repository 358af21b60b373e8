"""A hash that is the same in each process and on each machine; ``hash`` of a string is not."""

from __future__ import annotations

from hashlib import blake2b

BITS = 64
"""Points are numbers of so many bits."""


def point(text: str) -> int:
    """Where a text is on the circle of 2**64 points."""
    return int.from_bytes(blake2b(text.encode(), digest_size=BITS // 8).digest(), "big")
