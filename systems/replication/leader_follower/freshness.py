"""How old what a replica shows is at most, told by its own clock alone.

A follower cannot tell how old its copy is from when the leader says that it wrote: that compares
two clocks (DDIA chapter 8, "Unreliable Clocks"). So the follower sends a *mark*, what its own clock
shows, and the leader sends it back with a *proof*: how much of the log was committed at some moment
after the mark had come. That takes a round of the leader's that began after that and that a quorum
has answered, as a strong read does, or somebody else might have led long since. Once the follower
has applied so much, it shows all that was acknowledged before its clock showed the mark::

    follower   5.00 --mark 5.00-->          <--proof (5.00, 17)-- applied 17 at 5.08
    leader              | round 9, answered by a quorum, 17 committed |
                                                   read at 5.30: it is 0.30 s old at most

That holds while the follower's clock runs no slower than time does; it may show any time of day.
"""

from __future__ import annotations

Mark = tuple[float, float]
"""A follower's monotonic clock: when it started, which tells its lives apart, and now."""

Proof = tuple[Mark, int]
"""A mark, and so many entries of the log: all that was acknowledged before it."""


class Marks:
    """What a leader knows of its followers' marks."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Mark, int]] = {}
        self._proofs: dict[str, Proof] = {}

    def note(self, follower: str, mark: Mark, round_: int) -> None:
        """A mark came in, after the leader's round of this number began."""
        self._waiting.setdefault(follower, (mark, round_))

    def confirm(self, round_: int, committed: int) -> None:
        """A quorum has answered that round, when so many entries were committed."""
        for follower, (mark, before) in tuple(self._waiting.items()):
            if before < round_:
                del self._waiting[follower]
                self._proofs[follower] = mark, committed

    def proof(self, follower: str) -> Proof | None:
        """The latest proof for a follower, if there is any."""
        return self._proofs.get(follower)
