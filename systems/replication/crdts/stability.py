"""When what was erased is known everywhere, for good: *causal stability*.

A tombstone may go once no message can come that depends on its absence. Each server tells what it
has on disk, with the vector of the updates that are in it. Once each of the others has told a
vector that covers the erasure, all have it erased, and have told all that was done there before
they did: nothing that was typed behind the letter is still to come::

    n1   erases x                   seen n1:5
    n2   types y behind x           seen n1:4 n2:3     it can come as long as n2 has not told
    n2   hears of n1:5, tells that  seen n1:5 n2:3     <- y came with it; n2 can add nothing more

What a server has only in memory does not count: after a crash x would be there again, for others to
type behind it.

Sources: Baquero, Almeida and Shoker, "Making Operation-Based CRDTs Operation-Based", DAIS 2014
(causal stability); Shapiro and others, INRIA RR-7506, section 4.2 (garbage collection).

>>> stability = Stability(["n2", "n3"])
>>> x = (1, "n1/1")
>>> stability.note([x], (("n1/1", 5),))
>>> stability.hear("n2", (("n1/1", 5), ("n2/1", 3)))
>>> stability.everywhere()
set()
>>> stability.hear("n3", (("n1/1", 6),))
>>> stability.everywhere()
{(1, 'n1/1')}
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable

from splitbrain.systems.clocks.vectors import Vector, covers, joined


class Stability:
    """What one server knows of what the others have erased; in memory only, it is learned again.

    Args:
        peers: the others: all of them, those that are down, too.
    """

    def __init__(self, peers: Iterable[str]) -> None:
        self._heard: dict[str, Vector] = dict.fromkeys(peers, ())
        self._noted: dict[Hashable, Vector] = {}

    def note(self, erased: Collection[Hashable], seen: Vector) -> None:
        """These are erased here, durably, in a document with these updates."""
        self._noted = {each: self._noted.get(each, seen) for each in erased}

    def hear(self, peer: str, seen: Vector) -> None:
        """A peer has told all of a document that it has on disk, which has these updates."""
        self._heard[peer] = joined(self._heard[peer], seen)

    def everywhere(self) -> set[Hashable]:
        """What is erased everywhere, with nothing typed behind it still to come."""
        return {
            each
            for each, seen in self._noted.items()
            if all(covers(heard, seen) for heard in self._heard.values())
        }
