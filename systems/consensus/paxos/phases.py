"""The phases of a server as a proposer; whatever one remembers is gone with it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, NamedTuple

from splitbrain.systems.consensus.paxos.synod import Vote

FOLLOWING = "follower"
PREPARING = "preparing"
LEADING = "leader"


@dataclass(slots=True)
class Following:
    """It leaves proposing to another.

    Attributes:
        leader: to whom clients are sent; None if nobody is known.
    """

    role: ClassVar[str] = FOLLOWING
    leader: str | None


@dataclass(slots=True)
class Preparing:
    """Phase 1 of a ballot is under way, for all slots that this server does not know the value of.

    Attributes:
        ballot: ours; the promise of it to ourselves is durable before anybody hears of it.
        ends: when another ballot begins (seconds, local clock).
        promises: by acceptor, how it has voted; less than a majority.
    """

    role: ClassVar[str] = PREPARING
    leader: ClassVar[None] = None
    ballot: int
    ends: float
    promises: dict[str, dict[int, Vote]] = field(default_factory=dict)


@dataclass(slots=True)
class Proposal:
    """A value in a slot, in our ballot; never another one.

    Attributes:
        value: the command.
        sent_at: when it was sent last (seconds, local clock).
        votes: who has voted for it; less than a majority.
    """

    value: Any
    sent_at: float
    votes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Hearing:
    """What a leader knows of one acceptor.

    Attributes:
        heard_at: when it answered last (seconds, local clock).
        answered: the greatest number of a heartbeat that it answered.
        vouched_at: when that was sent, or one before it.
    """

    heard_at: float
    answered: int = 0
    vouched_at: float = -inf


class Read(NamedTuple):
    """A query that waits: for a majority to answer heartbeats numbered `after` or later, and for
    all up to `slot` to be applied."""

    after: int
    slot: int
    client: str
    id: int
    operation: Any


@dataclass(slots=True)
class Leading:
    """Phase 1 is done, for all slots to come: each command takes phase 2 alone.

    Attributes:
        leader: our own name.
        ballot: ours.
        next: the first slot that we have proposed nothing in.
        recovered: the last slot in which anybody may have proposed before us; we have gone on with
            all up to it. Reads wait until it is applied.
        hearing: by acceptor, ourselves included.
        open: proposals that are not chosen yet, by slot.
        pending: by slot, the clients that wait for what they proposed to be applied.
        reads: queries that wait, in order of coming.
        sent: how many heartbeats were sent, which are numbered by it.
        sent_at: when they were, by number; not those before the last that a majority answered.
    """

    role: ClassVar[str] = LEADING
    leader: str
    ballot: int
    next: int
    recovered: int
    hearing: dict[str, Hearing]
    open: dict[int, Proposal] = field(default_factory=dict)
    pending: dict[int, tuple[str, int]] = field(default_factory=dict)
    reads: deque[Read] = field(default_factory=deque)
    sent: int = 0
    sent_at: dict[int, float] = field(default_factory=dict)

    def confirmed(self, majority: int) -> int:
        """The greatest number of a heartbeat that a majority has answered, or a later one."""
        answered = sorted((each.answered for each in self.hearing.values()), reverse=True)
        return answered[majority - 1]


Phase = Following | Preparing | Leading
