"""Parts of a hunt for several machines that know nothing of each other.

The seeds that nobody has tried are dealt out by their places, `BLOCK` to each shard in turn: shards
that begin with the same memory share no seed and leave none out, and what they remember is put
together afterwards (`splitbrain.harness.hunting.merging`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from splitbrain.harness.plan import InvalidPlan

BLOCK = 12
"""Seeds in a row: several, since workloads come in turn by the seed."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The part `number` (from 1) of `total`."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """What is written as ``3/8``.

        Raises:
            InvalidPlan: it is no such thing.
        """
        number, slash, total = text.partition("/")
        if not (slash and number.isdecimal() and total.isdecimal()):
            raise InvalidPlan(f"--shard is {text!r}: write 3/8 for the third of eight")
        if not 1 <= int(number) <= int(total):
            raise InvalidPlan(
                f"--shard is {text!r}: shards of {total} are 1/{total} to {total}/{total}"
            )
        return cls(int(number), int(total))

    def has(self, place: int) -> bool:
        """Whether what stands at this place, from 0, is this shard's, of things that are few."""
        return place % self.total == self.number - 1

    def of(self, seeds: Iterable[int]) -> Iterator[int]:
        """Those of the seeds that are this shard's."""
        return (seed for place, seed in enumerate(seeds) if self.has(place // BLOCK))


WHOLE = Shard(1, 1)
