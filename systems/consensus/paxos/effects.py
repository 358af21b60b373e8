"""What the core wants done besides sending (`splitbrain.systems.consensus.sending`): things to make
durable, in order, and news for the shell."""

from __future__ import annotations

from typing import Any, NamedTuple


class SavePromise(NamedTuple):
    """Make a promise durable."""

    ballot: int


class SaveVotes(NamedTuple):
    """Make votes in a ballot, and the promise that they imply, durable: (slot, value) each."""

    ballot: int
    votes: tuple[tuple[int, Any], ...]


class Snapshot(NamedTuple):
    """The state machine after applying all slots up to `last`."""

    last: int
    data: bytes


class Stored(NamedTuple):
    """What a disk holds: all that an acceptor promised and voted, but what its snapshot settles.

    Attributes:
        promised: the latest ballot promised.
        votes: the latest vote in each slot after the base, as (slot, ballot, value).
        base: no votes up to here are kept; not after the snapshot's last slot.
        snapshot: the state, if there is any yet.
    """

    promised: int
    votes: tuple[tuple[int, int, Any], ...]
    base: int
    snapshot: Snapshot | None


NOTHING_STORED = Stored(0, (), 0, None)


class SaveAll(NamedTuple):
    """Put this in the place of all that was saved before."""

    stored: Stored


class RoleChanged(NamedTuple):
    """This server is now a follower, preparing, or leading in this ballot."""

    role: str
    ballot: int


class SnapshotInstalled(NamedTuple):
    """The state came from another server."""

    last: int


Save = SavePromise | SaveVotes | SaveAll
Effect = Any
