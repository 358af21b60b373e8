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
