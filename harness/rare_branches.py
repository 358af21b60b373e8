"""Branches that a program takes rarely, and in a simulation as often as a test wants: `buggify`.

What happens once in a million requests (a full cache, a batch of one, a retry) is where nobody has
looked. A program that says where it could go that way is sent there by the fault
``program.buggify`` (FoundationDB's ``BUGGIFY``: Zhou et al., "FoundationDB: A Distributed Unbundled
Transactional Key Value Store", SIGMOD 2021, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _never(place: str) -> bool:
    return False


_takes: Callable[[str], bool] = _never


def buggify(place: str) -> bool:
    """Whether to take a rare branch here, as `if len(cache) > FULL or buggify("evict"):`.

    False, unless the program runs in a simulation on a host that the fault ``program.buggify``
    strikes: then some of its places are taken, by some who come by, as the plan's seed says. So it
    may stay in the program for good; each branch must be one that the program may take at any time.

    Args:
        place: the branch's name, which the trace and the report tell.
    """
    return _takes(place)


@contextmanager
def branches_taken_by(takes: Callable[[str], bool]) -> Iterator[None]:
    """While active, `takes` decides."""
    global _takes
    outer, _takes = _takes, takes
    try:
        yield
    finally:
        _takes = outer
