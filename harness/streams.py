"""Named streams of randomness.

Everything random in a run derives from the plan's seed *by name* (``stream(7, "link", "n1",
"n3")``), never from one shared generator: removing a fault or an operation from a plan then
leaves the other streams as they were, which is what makes shrinking work.
"""

from __future__ import annotations

import random


def stream(seed: int | str, *name: int | str) -> random.Random:
    """The generator of this name under this seed; the same in every process and on every machine.

    Seeding with a string hashes it with SHA-512, independently of PYTHONHASHSEED.
    """
    return random.Random("/".join(map(str, (seed, *name))))


class Streams:
    """The streams that were made under one seed, which may turn them all to others.

    Attributes:
        seed: what they are made under now.
    """

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._made: list[tuple[random.Random, tuple[int | str, ...]]] = []

    def stream(self, *name: int | str) -> random.Random:
        """The stream of randomness of this name under the seed."""
        made = stream(self.seed, *name)
        self._made.append((made, name))
        return made

    def turn(self, number: int) -> None:
        """See `splitbrain.harness.ground.Turning.turn`: from here on all dice are others."""
        self.seed = f"{self.seed}/turn/{number}"
        for made, name in self._made:
            made.setstate(stream(self.seed, *name).getstate())
