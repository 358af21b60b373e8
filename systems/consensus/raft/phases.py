"""The phases of a server's life, each with what only that role needs.

A server is in one of them (`splitbrain.systems.consensus.raft.state.Server.phase`). Whatever a
phase remembers is gone with it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, NamedTuple

from splitbrain.systems.consensus.raft.effects import Snapshot

FOLLOWER = "follower"
PRE_CANDIDATE = "pre-candidate"
CANDIDATE = "candidate"
LEADER = "leader"


class Progress:
    """What a leader knows of one follower (nextIndex, matchIndex and more).

    Attributes:
        next: index of the next entry to send; always greater than `match`.
        match: the highest index known to be durable there and equal to ours; never decreases.
        probing: `next` is a guess; ask without entries, one message at a time, until the logs are
            known to meet.
        flight: the messages under way, oldest first: number, and when it was sent (seconds, local
            clock). Those before a lost one stay until a heartbeat finds them overdue.
        sent_at: when we last sent.
        heard_at: when it last answered in our term; when we took office, if it never did.
        vouched_at: when we sent the latest message that it has answered: from then on it voted for
            nobody else for the shortest election timeout. Never decreases.
        sent: number of the last message sent there; at most the leader's `Leadership.sent`.
        answered: the greatest number answered; at most `sent`, and never decreases.
        snapshot: the snapshot that is being sent, if one is; the log goes on where it ends.
        offset: how much of it the follower has, in bytes; less than all.
    """

    __slots__ = (
        "answered",
        "flight",
        "heard_at",
        "match",
        "next",
        "offset",
        "probing",
        "sent",
        "sent_at",
        "snapshot",
        "vouched_at",
    )

    def __init__(self, following: int, now: float) -> None:
        self.next = following
        self.match = 0
        self.probing = True
        self.flight: deque[tuple[int, float]] = deque()
        self.sent_at = self.heard_at = now
        self.vouched_at = -inf
        self.sent = self.answered = self.offset = 0
        self.snapshot: Snapshot | None = None

    def full(self, window: int) -> bool:
        """Whether the next message has to wait for an answer or the heartbeat."""
        return len(self.flight) >= (1 if self.probing else window)


class Read(NamedTuple):
    """A query that waits: for a majority to answer messages numbered `after` or later, and for
    `read_index` to be applied.
    """

    after: int
    read_index: int
    client: str
    id: int
    operation: Any


@dataclass(slots=True)
class Incoming:
    """A snapshot of which a follower has the beginning.

    Attributes:
        last_index, last_term: which one it is.
        data: what came of it, without gaps.
    """

    last_index: int
    last_term: int
    data: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Following:
    """A follower's: it votes, and takes entries.

    Attributes:
        leader: who leads our term; None until it is heard of. Never another one in the same term.
        incoming: the snapshot that it is sending us, if it is.
    """

    role: ClassVar[str] = FOLLOWER
    leader: str | None
    incoming: Incoming | None = None


@dataclass(slots=True)
class Canvass:
    """A pre-candidate's: it has changed nothing yet, and asks who would vote for it (thesis 9.6).

    Attributes:
        ends: when it asks anew (seconds, local clock); never before the deadline.
        would: who would vote for us, ourselves included; less than a majority.
    """

    role: ClassVar[str] = PRE_CANDIDATE
    leader: ClassVar[None] = None
    ends: float
    would: set[str]


@dataclass(slots=True)
class Candidacy:
    """A candidate's: it has voted for itself in our term, and asks for the others' votes.

    Attributes:
        vote_save: the save by which our own vote becomes durable; it doesn't count before.
        ends: when another election begins (seconds, local clock); never before the deadline.
        transfer: whether the leader before us wants us to lead.
        votes: who has granted a vote in our term; less than a majority.
    """

    role: ClassVar[str] = CANDIDATE
    leader: ClassVar[None] = None
    vote_save: int
    ends: float
    transfer: bool
    votes: set[str] = field(default_factory=set)


class Transfer(NamedTuple):
    """A leader's wish that `target` lead: it takes no commands until `until` (local clock), and
    tells the target to campaign once that has all of the log. The client waits until it is told.
    """

    target: str
    until: float
    client: str
    id: int
    told: bool = False


@dataclass(slots=True)
class Leadership:
    """A leader's, in one term.

    Attributes:
        leader: our own name.
        progress: what is known of each other server.
        unsaved: pairs of a save and the index up to which it makes our own log durable, for saves
            under way; both increase.
        term_start: index of the term's first entry, the no-op; 0 in a term without one.
        durable_index: how far our own log is known to be durable; it counts as ours in majorities.
        pending: by index, the clients that wait for an entry of our term to be applied; each index
            is past what is applied.
        reads: queries that wait, in order of coming; their `after` never decreases.
        sent: how many messages were sent to followers, which are numbered by it.
        transfer: to whom we are handing over, if to anybody.
        settled: index of the last configuration that was committed in our term, as far as it was
            seen to.
        changing: the client that waits for a change of the members that goes in two steps, during
            the first.
        released: whether we told anybody to campaign: from then on nobody vouches for us any more.
        voters: whose votes made us leader.
    """

    role: ClassVar[str] = LEADER
    leader: str
    progress: dict[str, Progress]
    unsaved: deque[tuple[int, int]]
    term_start: int
    durable_index: int = 0
    pending: dict[int, tuple[str, int]] = field(default_factory=dict)
    reads: deque[Read] = field(default_factory=deque)
    sent: int = 0
    transfer: Transfer | None = None
    settled: int = -1
    changing: tuple[str, int] | None = None
    released: bool = False
    voters: frozenset[str] = frozenset()


Phase = Following | Canvass | Candidacy | Leadership
