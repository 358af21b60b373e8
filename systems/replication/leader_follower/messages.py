"""What the servers of the reference form say to each other.

Immutable tuples whose first field is the kind. Every message carries the epoch in which it was
meant; `core.Core.admit` decides what becomes of one from another epoch.

    canvass  ->  <- support         would you follow me into this epoch? (promises nothing)
    gather   ->  <- held            follow me into this epoch; what does your log hold?
    fetch    ->  <- suffix          your log is the best; give me what mine lacks
    append   ->  <- ack | behind    here is more of my log (or nothing: a heartbeat)
    sync     ->  <- ack             here is all that your log lacks of mine
             <- refuse              that epoch is over
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from splitbrain.systems.replication.leader_follower.epochs import EpochHistory
from splitbrain.systems.replication.leader_follower.freshness import Mark, Proof
from splitbrain.systems.replication.leader_follower.log import Entry, Snapshot


class Canvass(NamedTuple):
    """Would you follow the sender into `epoch`?"""

    kind: Literal["canvass"]
    epoch: int


class Support(NamedTuple):
    """Answer to `Canvass`: whether, and the epoch that the answerer has promised."""

    kind: Literal["support"]
    epoch: int
    granted: bool
    promised: int


class Gather(NamedTuple):
    """Promise `epoch` to the sender, who is about to lead it, and describe your log."""

    kind: Literal["gather"]
    epoch: int


class Held(NamedTuple):
    """Answer to `Gather`: the promise is durable, and this is the log under it."""

    kind: Literal["held"]
    epoch: int
    label: int
    length: int
    history: EpochHistory


class Fetch(NamedTuple):
    """Send your log from place `keep` on."""

    kind: Literal["fetch"]
    epoch: int
    keep: int


class Suffix(NamedTuple):
    """Answer to `Fetch`; with a snapshot, `keep` is its length, and the log begins with it."""

    kind: Literal["suffix"]
    epoch: int
    keep: int
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None


class Append(NamedTuple):
    """The leader's log continues with `entries` at place `start`; `commit` of it is committed.

    `round` numbers the leader's broadcasts: an answer to it confirms that the answerer still
    followed when the message reached it. `proof`: see `freshness`.
    """

    kind: Literal["append"]
    epoch: int
    start: int
    entries: tuple[Entry, ...]
    commit: int
    round: int
    proof: Proof | None


class Sync(NamedTuple):
    """Cut your log to `keep`, continue it with `entries`: then it is the leader's.

    With a snapshot, `keep` is its length, and the log begins with it.
    """

    kind: Literal["sync"]
    epoch: int
    keep: int
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None
    commit: int
    round: int


class Ack(NamedTuple):
    """My log is, durably, the first `length` entries of yours; my clock shows `mark`."""

    kind: Literal["ack"]
    epoch: int
    length: int
    round: int
    mark: Mark


class Behind(NamedTuple):
    """I follow, but my log isn't yours; it has this shape."""

    kind: Literal["behind"]
    epoch: int
    history: EpochHistory
    round: int


class Refuse(NamedTuple):
    """Your epoch is over; I promised `epoch`."""

    kind: Literal["refuse"]
    epoch: int


KINDS: dict[str, type[tuple[object, ...]]] = {
    kind.__name__.lower(): kind
    for kind in (
        Canvass,
        Support,
        Gather,
        Held,
        Fetch,
        Suffix,
        Append,
        Sync,
        Ack,
        Behind,
        Refuse,
    )
}
"""The messages by kind; ``core.Core._on_<kind>`` handles each."""
