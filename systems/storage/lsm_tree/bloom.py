"""Bloom filters: which keys are certainly not in a table (Bloom, CACM 13(7), 1970).

Ten bits a key and six probes leave about one wrong "perhaps" in a hundred; a "no" is never wrong.
The probes come from two hashes (Kirsch and Mitzenmacher, "Less Hashing, Same Performance", 2006).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import adler32, crc32

BITS_A_KEY = 10
PROBES = 6


@dataclass(frozen=True, slots=True)
class Bloom:
    """A filter; its bits are as they are on disk."""

    bits: bytes

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> Bloom:
        """The filter of some keys."""
        bits = bytearray(max(8, (len(keys) * BITS_A_KEY + 7) // 8))
        for key in keys:
            for place in _places(key, 8 * len(bits)):
                bits[place // 8] |= 1 << place % 8
        return cls(bytes(bits))

    def __contains__(self, key: bytes) -> bool:
        return all(self.bits[p // 8] >> p % 8 & 1 for p in _places(key, 8 * len(self.bits)))


def _places(key: bytes, size: int) -> Iterator[int]:
    first, step = crc32(key), adler32(key[::-1], 0x9E37) | 1
    return ((first + probe * step) % size for probe in range(PROBES))
