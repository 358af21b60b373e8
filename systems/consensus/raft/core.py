"""The door to the core: three stimuli in, effects out.

``receive`` (a message came), ``tick`` (time passed) and ``saved`` (the disk caught up) are all that
ever happens to a Raft server. Each returns the effects in order
(`splitbrain.systems.consensus.raft.effects`).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from splitbrain.systems.consensus.asking import OK, REFUSED, REQUEST, Request
from splitbrain.systems.consensus.raft import (
    election,
    following,
    handing_over,
    leading,
    membership,
    reads,
    roles,
)
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.effects import NOTHING_STORED, Effect, Stored
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import (
    APPEND,
    APPENDED,
    PRE_VOTE,
    RECEIVED,
    REJECTED,
    REQUEST_VOTE,
    SNAPSHOT,
    TIMEOUT_NOW,
    VOTE,
    WOULD_VOTE,
)
from splitbrain.systems.consensus.raft.outbox import Outbox
from splitbrain.systems.consensus.raft.phases import Candidacy, Canvass, Following, Leadership
from splitbrain.systems.consensus.raft.replica import Machine, Replica
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.state import Ballot, Server, Settings, Timer

HANDLERS: dict[str, Callable[[Server, str, Any], None]] = {
    APPEND: following.on_append,
    APPENDED: leading.on_appended,
    REJECTED: leading.on_rejected,
    RECEIVED: leading.on_received,
    REQUEST_VOTE: election.on_request_vote,
    VOTE: election.on_vote,
    PRE_VOTE: election.on_pre_vote,
    WOULD_VOTE: election.on_would_vote,
    TIMEOUT_NOW: election.on_timeout_now,
    SNAPSHOT: following.on_snapshot,
}


class Raft:
    """One server of a Raft cluster, without network, disk or clock. `server` is its state.

    `stored` is what its disk held; time is its local clock, in seconds.

    Example:
        >>> from random import Random
        >>> from splitbrain.systems.consensus.kv import KeyValue
        >>> from splitbrain.systems.consensus.sessions import Sessions
        >>> alone = Raft("n1", (), Sessions(KeyValue()), random=Random(7))
        >>> [effect.__class__.__name__ for effect in alone.tick(1.0)]
        ['SaveState', 'RoleChanged']
        >>> [effect.__class__.__name__ for effect in alone.saved(1.0, 1)]
        ['RoleChanged', 'SaveEntries']
    """

    def __init__(
        self,
        name: str,
        peers: tuple[str, ...],
        machine: Machine,
        *,
        stored: Stored = NOTHING_STORED,
        random: Random,
        now: float = 0.0,
        settings: Settings = Settings(),  # noqa: B008  (immutable)
        rules: Rules = Rules(),  # noqa: B008  (immutable)
    ) -> None:
        log = stored.log
        replica, timer = (
            Replica(machine, stored, first_members(name, peers, settings)),
            Timer(random, now, now, now),
        )
        assert log.term >= replica.log.last_term, "the log is of a later term than the saved one"
        timer.restart(settings)
        self.server = Server(
            name,
            settings=settings,
            rules=rules,
            ballot=Ballot(log.term, log.vote),
            replica=replica,
            timer=timer,
            outbox=Outbox(),
            phase=Following(None),
        )

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return self.server.timer.deadline

    @property
    def name(self) -> str:
        """Who we are."""
        return self.server.name

    @property
    def role(self) -> str:
        """What we are: ``follower``, ``candidate`` or ``leader``."""
        return self.server.phase.role

    @property
    def leader(self) -> str | None:
        """Who leads our term, as far as we know."""
        return self.server.phase.leader

    @property
    def term(self) -> int:
        """The latest term that we heard of."""
        return self.server.ballot.term

    @property
    def vote(self) -> str | None:
        """For whom we voted in it."""
        return self.server.ballot.vote

    @property
    def log(self) -> Log:
        """Our log."""
        return self.server.replica.log

    @property
    def commit(self) -> int:
        """How far it is known to be committed."""
        return self.server.replica.commit

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """Handle a message from another server or a client."""
        server = self.server
        server.timer.now = now
        kind = message[0]
        if kind == REQUEST:
            start(server, sender, Request(*message))
        else:
            # All messages of servers have their term here.
            if message[1] > server.ballot.term and election.believes(server, kind, message):
                roles.follow(server, message[1], None)
            HANDLERS[kind](server, sender, message)
        return self.finish()

    def tick(self, now: float) -> list[Effect]:
        """Do what is due at `now`; nothing before `deadline`."""
        server = self.server
        server.timer.now = now
        if now >= server.timer.deadline:
            phase = server.phase
            if isinstance(phase, Leadership):
                election.heartbeat(server, phase)
            elif isinstance(phase, Candidacy) and now < phase.ends:
                election.request_votes(server, phase)
            elif isinstance(phase, Canvass) and now < phase.ends:
                election.request_pre_votes(server, phase)
            else:
                election.time_out(server)
        return self.finish()

    def saved(self, now: float, number: int) -> list[Effect]:
        """The first `number` saves of this incarnation are durable."""
        server = self.server
        server.timer.now = now
        server.outbox.saves_done = number
        phase = server.phase
        if isinstance(phase, Candidacy):
            election.own_vote_saved(server, phase)
        elif isinstance(phase, Leadership):
            leading.own_log_saved(server, phase)
        return self.finish()

    def finish(self) -> list[Effect]:
        """Release reads that can be, and hand over the effects."""
        server = self.server
        phase = server.phase
        if isinstance(phase, Leadership) and phase.reads:
            reads.release_reads(server, phase)
        outbox = server.outbox
        effects, outbox.effects = outbox.effects, []
        return effects


def first_members(name: str, peers: tuple[str, ...], settings: Settings) -> Configuration:
    """Who are the members before any are in a log: all, or the first so many of them."""
    names = sorted((name, *peers), key=lambda each: (len(each), each))
    return Configuration(tuple(names[: settings.members or len(names)]))


def start(server: Server, client: str, request: Request) -> None:
    """Start on a client's request."""
    id, body, outbox = request.id, request.body, server.outbox
    kind = body[0]
    if kind == "query":
        reads.query(server, client, id, body[1])
    elif kind in ("command", "register"):
        leading.propose(server, client, id, body)
    elif kind == "transfer":
        handing_over.transfer(server, client, id, body[1])
    elif kind == "members":
        membership.tell_members(server, client, id)
    elif kind == "change":
        membership.change(server, client, id, body[1], body[2])
    elif kind == "state":
        outbox.reply(client, id, OK, server.replica.machine.state())
    else:
        outbox.reply(client, id, REFUSED, f"unknown request {kind!r}")
