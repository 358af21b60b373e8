"""What the servers say to each other: immutable tuples, kind first; the network tells the sender.

Slots of the log count from 1. A ballot is a whole number, of which each server has its own; 0 is
before all. What clients ask is in `splitbrain.systems.consensus.asking`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PREPARE = "prepare"
PROMISE = "promise"
ACCEPT = "accept"
ACCEPTED = "accepted"
NACK = "nack"
HEARTBEAT = "heartbeat"
ALIVE = "alive"
FETCH = "fetch"
LEARN = "learn"
SNAPSHOT = "snapshot"

NOTHING = None
"""The command that does nothing: it fills slots of which nothing is known."""


class Prepare(NamedTuple):
    """Phase 1a, for all slots from `first` on at once: the sender holds all before."""

    kind: str
    ballot: int
    first: int


class Promised(NamedTuple):
    """Phase 1b: the sender's votes from `first` on, as (slot, ballot, value)."""

    kind: str
    ballot: int
    first: int
    votes: tuple[tuple[int, int, Any], ...]


class Accept(NamedTuple):
    """Phase 2a: vote for these (slot, value). All up to `chosen` is chosen, as far as is known."""

    kind: str
    ballot: int
    proposals: tuple[tuple[int, Any], ...]
    chosen: int


class Accepted(NamedTuple):
    """Phase 2b: the sender voted so in these slots, durably."""

    kind: str
    ballot: int
    slots: tuple[int, ...]


class Nack(NamedTuple):
    """The sender promised a later ballot than `ballot`, which it was asked in."""

    kind: str
    ballot: int
    promised: int


class Heartbeat(NamedTuple):
    """The owner of the ballot leads; `number` counts those that it has sent in it."""

    kind: str
    ballot: int
    chosen: int
    number: int


class Alive(NamedTuple):
    """When it got this heartbeat the sender had promised no later ballot."""

    kind: str
    ballot: int
    number: int


class Fetch(NamedTuple):
    """What was chosen from this slot on?"""

    kind: str
    first: int


class Learn(NamedTuple):
    """These values were chosen, from `first` on; the sender knows of more up to `chosen`."""

    kind: str
    first: int
    values: tuple[Any, ...]
    chosen: int


class InstallSnapshot(NamedTuple):
    """The state after all slots up to `last`."""

    kind: str
    last: int
    data: bytes
