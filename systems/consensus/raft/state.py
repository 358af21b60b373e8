"""The state of one Raft server (figure 2), and what all parts of the protocol share.

What only a role needs exists only in that role: `Following`, `Candidacy` and `Leadership` are the
three phases of a server's life, of which `RaftState.phase` is one. Whatever a phase remembers is
gone with it.

What a server does is told in classes stacked on each other, each knowing only those before it::

    RaftState -> Snapshots -> Replication -> Reads -> Elections -> Raft (core.py)

Every decision of the protocol is a small method of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, NamedTuple, Protocol

from splitbrain.systems.consensus.raft.effects import (
    Effect,
    LogImage,
    RoleChanged,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    Send,
    Snapshot,
    Stored,
)
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import REDIRECT, REPLY, Reply

FOLLOWER = "follower"
CANDIDATE = "candidate"
LEADER = "leader"


class Settings(NamedTuple):
    """Times are in seconds of the server's own monotonic clock.

    The paper asks for broadcast time << election timeout << time between failures (5.6): with round
    trips of some ten milliseconds, three lost heartbeats in a row start an election.

    Attributes:
        heartbeat: the longest silence of a leader; also the delay after which it repeats a message.
        election_min, election_max: a follower waits a random time between these for its leader.
        batch: the most entries in one AppendEntries.
        snapshot_every: how many entries are applied between two snapshots.
        snapshot_keeps: how many entries before the snapshot stay, for followers a little behind.
    """

    heartbeat: float = 0.1
    election_min: float = 0.3
    election_max: float = 0.6
    batch: int = 64
    snapshot_every: int = 128
    snapshot_keeps: int = 32


class Machine(Protocol):
    """What the log is applied to; it must be deterministic. Results are (status, value)."""

    def apply(self, index: int, command: Any) -> tuple[str, Any]:
        """Apply the command at this log index (None for a no-op) and return its result."""
        ...

    def query(self, operation: Any) -> tuple[str, Any]:
        """The result of an operation that changes nothing."""
        ...

    def state(self) -> Any:
        """The applied state as an immutable value, for inspection."""
        ...

    def snapshot(self) -> bytes:
        """All of the state; equal states give equal bytes."""
        ...

    def restore(self, data: bytes) -> None:
        """Become the state that `snapshot` described."""
        ...


class Progress:
    """What a leader knows of one follower (nextIndex, matchIndex and more).

    Attributes:
        next: index of the next entry to send; always greater than `match`.
        match: the highest index known to be durable there and equal to ours; never decreases.
        probing: `next` is a guess; ask without entries until the logs are known to meet.
        busy: a message is on its way; the next one waits for the reply or the heartbeat.
        sent_at: when we last sent (seconds, local clock).
        heard_at: when it last answered in our term; when we took office, if it never did.
        sent: number of the last message sent there; at most the leader's `Leadership.sent`.
        answered: the greatest number answered; at most `sent`, and never decreases.
    """

    __slots__ = ("answered", "busy", "heard_at", "match", "next", "probing", "sent", "sent_at")

    def __init__(self, following: int, now: float) -> None:
        self.next = following
        self.match = 0
        self.probing = True
        self.busy = False
        self.sent_at = self.heard_at = now
        self.sent = self.answered = 0


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
class Following:
    """A follower's: it votes, and takes entries.

    Attributes:
        leader: who leads our term; None until it is heard of. Never another one in the same term.
    """

    role: ClassVar[str] = FOLLOWER
    leader: str | None


@dataclass(slots=True)
class Candidacy:
    """A candidate's: it has voted for itself in our term, and asks for the others' votes.

    Attributes:
        vote_save: the save by which our own vote becomes durable; it doesn't count before.
        ends: when another election begins (seconds, local clock); never before `deadline`.
        votes: who has granted a vote in our term; fewer than a majority.
    """

    role: ClassVar[str] = CANDIDATE
    leader: ClassVar[None] = None
    vote_save: int
    ends: float
    votes: set[str] = field(default_factory=set)


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
            is past `applied`.
        reads: queries that wait, in order of coming; their `after` never decreases.
        sent: how many messages were sent to followers, which are numbered by it.
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


class RaftState:
    """One server's state. `stored` is what its disk held; time is its local clock, in seconds.

    Attributes:
        name, peers: this server and the others; no server is added or removed.
        majority: how many servers are one, ourselves included; any two share a server.
        machine: what committed entries are applied to, in order, each once.
        random: drawn from for election timeouts only.
        now: the time of what is being handled; never decreases.
        effects: what the stimulus that is being handled wants done; empty between stimuli.
        term: the latest term heard of; never decreases.
        vote: for whom we voted in `term`; once it is set, it changes only with the term.
        snapshot: the last that was taken or installed; never past `applied`.
        log: the entries after its base, which is never past the snapshot; no term in it is later
            than `term`.
        phase: what only the present role needs.
        commit: the greatest index known to be committed; at most the log's last, never decreases.
        applied: how far the machine is; at most `commit`, and equal between stimuli.
        saves: how many saves were asked for.
        saves_done: how many are durable; at most `saves`.
        deadline: when `tick` has something to do.
    """

    def __init__(
        self,
        name: str,
        peers: tuple[str, ...],
        machine: Machine,
        stored: Stored,
        random: Random,
        now: float,
        settings: Settings,
    ) -> None:
        self.name = name
        self.peers = peers
        self.majority = (len(peers) + 1) // 2 + 1
        self.machine = machine
        self.random = random
        self.settings = settings
        self.now = now
        self.effects: list[Effect] = []
        # Persistent state; the log continues the snapshot.
        self.term = stored.log.term
        self.vote = stored.log.vote
        self.snapshot = stored.snapshot
        self.log = Log(stored.log.base_index, stored.log.base_term, stored.log.entries)
        # Volatile state.
        self.phase: Following | Candidacy | Leadership = Following(None)
        self.commit = self.applied = 0
        if stored.snapshot is not None:
            machine.restore(stored.snapshot.data)
            self.commit = self.applied = stored.snapshot.last_index
        self.saves = self.saves_done = 0
        self.deadline = now
        assert self.term >= self.log.last_term, "the log is of a later term than the saved one"
        self.restart_election_timer()

    @property
    def role(self) -> str:
        """What we are: `FOLLOWER`, `CANDIDATE` or `LEADER`."""
        return self.phase.role

    @property
    def leader(self) -> str | None:
        """Who leads our term, as far as we know."""
        return self.phase.leader

    def send(self, to: str, message: tuple[Any, ...]) -> None:
        """Send what needs no promise from our disk (a leader's messages, 10.2.1 of the thesis)."""
        self.effects.append(Send(to, message, False))

    def send_when_durable(self, to: str, message: tuple[Any, ...]) -> None:
        """Send what others will rely on even if we crash, once it is durable here (figure 2)."""
        self.effects.append(Send(to, message, True))

    def reply(self, client: str, id: int, status: str, value: Any) -> None:
        """Answer a client."""
        self.effects.append(Send(client, Reply(REPLY, id, status, value), False))

    def redirect(self, client: str, id: int) -> None:
        """Tell a client who leads, as far as we know."""
        self.reply(client, id, REDIRECT, self.leader)

    def save_state(self) -> None:
        """Ask for term and vote to be made durable."""
        self.saves += 1
        self.effects.append(SaveState(self.term, self.vote))

    def save_entries(self, first: int) -> None:
        """Ask for the log from `first` on to be made durable."""
        self.saves += 1
        entries = self.log.after(first - 1, self.log.last_index - first + 1)
        self.effects.append(SaveEntries(first, entries))

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Ask for a snapshot, and the log as it is left, to be made durable."""
        self.snapshot = snapshot
        self.saves += 1
        log = self.log
        image = LogImage(self.term, self.vote, log.base_index, log.base_term, tuple(log.entries))
        self.effects.append(SaveSnapshot(snapshot, image))

    def become(self, phase: Following | Candidacy | Leadership) -> None:
        """Enter another phase, and tell the shell."""
        self.phase = phase
        self.effects.append(RoleChanged(phase.role, self.term))

    def become_follower(self, term: int, leader: str | None) -> None:
        """Follow `leader` (None: not known yet) in `term` (5.1)."""
        assert term >= self.term
        if term > self.term:
            self.term, self.vote = term, None
            self.save_state()
        before, after = self.phase, Following(leader)
        self.phase = after
        if isinstance(before, Following):
            return
        if isinstance(before, Leadership):
            self.dismiss_clients(before)
        self.become(after)
        self.restart_election_timer()

    def dismiss_clients(self, office: Leadership) -> None:
        """Send waiting clients elsewhere: we cannot tell any more what becomes of their requests.

        Their commands may yet be committed by others; sessions make the retry safe.
        """
        for client, id in office.pending.values():
            self.redirect(client, id)
        for read in office.reads:
            self.redirect(read.client, read.id)

    def restart_election_timer(self) -> None:
        """Wait a random time for a leader; randomness makes split votes rare (5.2)."""
        low, high = self.settings.election_min, self.settings.election_max
        self.deadline = self.now + low + (high - low) * self.random.random()

    def hear_leader(self, term: int, leader: str) -> None:
        """A message of our term's leader came: follow it, and restart the timer (5.2)."""
        assert not (self.role == LEADER and term == self.term), f"two leaders in term {term}"
        if self.role != FOLLOWER or self.leader != leader:
            self.become_follower(term, leader)
        self.restart_election_timer()
