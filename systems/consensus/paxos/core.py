"""The door to the core: three stimuli in, effects out.

``receive`` (a message came), ``tick`` (time passed) and ``saved`` (the disk caught up) are all that
ever happens to a server.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from splitbrain.systems.consensus.asking import OK, REFUSED, REQUEST, Request
from splitbrain.systems.consensus.paxos import accepting, learning, proposing
from splitbrain.systems.consensus.paxos import messages as sent
from splitbrain.systems.consensus.paxos.effects import NOTHING_STORED, Effect, Stored
from splitbrain.systems.consensus.paxos.phases import Following, Leading, Preparing
from splitbrain.systems.consensus.paxos.replica import Replica
from splitbrain.systems.consensus.paxos.rules import Rules
from splitbrain.systems.consensus.paxos.state import Acceptor, Outbox, Server, Settings, Timer
from splitbrain.systems.consensus.paxos.synod import Vote
from splitbrain.systems.consensus.sessions import Sessions

HANDLERS: dict[str, tuple[type, Callable[[Server, str, Any], None]]] = {
    sent.PREPARE: (sent.Prepare, accepting.on_prepare),
    sent.ACCEPT: (sent.Accept, accepting.on_accept),
    sent.HEARTBEAT: (sent.Heartbeat, accepting.on_heartbeat),
    sent.PROMISE: (sent.Promised, proposing.on_promised),
    sent.ACCEPTED: (sent.Accepted, proposing.on_accepted),
    sent.ALIVE: (sent.Alive, proposing.on_alive),
    sent.NACK: (sent.Nack, proposing.on_nack),
    sent.FETCH: (sent.Fetch, learning.on_fetch),
    sent.LEARN: (sent.Learn, learning.on_learn),
    sent.SNAPSHOT: (sent.InstallSnapshot, learning.on_snapshot),
}

IN_A_BALLOT = (sent.PREPARE, sent.ACCEPT, sent.HEARTBEAT)
"""Kinds of messages whose first field is their sender's ballot."""


class Paxos:
    """One server of a Multi-Paxos cluster, without network, disk or clock; `server` is its state.

    `stored` is what its disk held when this life began; time is its local clock, in seconds.
    """

    def __init__(
        self,
        name: str,
        peers: tuple[str, ...],
        machine: Sessions,
        *,
        stored: Stored = NOTHING_STORED,
        random: Random,
        now: float = 0.0,
        settings: Settings = Settings(),  # noqa: B008  (immutable)
        rules: Rules = Rules(),  # noqa: B008  (immutable)
    ) -> None:
        self.stored = stored
        votes = {slot: Vote(*vote) for slot, *vote in stored.votes}
        timer = Timer(random, now, now, now)
        timer.restart(settings)
        self.server = Server(
            name,
            everybody=tuple(sorted((name, *peers), key=lambda each: (len(each), each))),
            settings=settings,
            rules=rules,
            acceptor=Acceptor(stored.promised, votes),
            replica=Replica(machine, stored),
            timer=timer,
            outbox=Outbox(),
            phase=Following(None),
            seen=stored.promised,
        )

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return self.server.timer.deadline

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """Handle a message from another server, ourselves, or a client."""
        server = self.server
        server.timer.now = now
        kind = message[0]
        if kind == REQUEST:
            start(server, sender, Request(*message))
        else:
            if kind in IN_A_BALLOT:
                server.seen = max(server.seen, message[1])
            made, handle = HANDLERS[kind]
            handle(server, sender, made(*message))
        return server.outbox.take()

    def tick(self, now: float) -> list[Effect]:
        """Do what is due at `now`; nothing before `deadline`."""
        server = self.server
        server.timer.now = now
        if now >= server.timer.deadline:
            phase = server.phase
            if isinstance(phase, Leading):
                proposing.heartbeat(server, phase)
            elif isinstance(phase, Preparing) and now < phase.ends:
                proposing.prepare(server, phase)
            else:
                proposing.campaign(server)
        return server.outbox.take()

    def saved(self, now: float, number: int) -> list[Effect]:
        """The first `number` saves of this life are durable. Nothing waits for that but messages,
        which the shell holds back: we are told of our own votes like everybody else."""
        server = self.server
        server.timer.now = now
        server.outbox.saves_done = number
        return server.outbox.take()


def start(server: Server, client: str, request: Request) -> None:
    """Start on a client's request."""
    id, body, outbox = request.id, request.body, server.outbox
    kind = body[0]
    if kind == "query":
        proposing.query(server, client, id, body[1])
    elif kind in ("command", "register"):
        proposing.propose(server, client, id, body)
    elif kind == "state":
        outbox.reply(client, id, OK, server.replica.machine.state())
    else:
        outbox.reply(client, id, REFUSED, f"unknown request {kind!r}")
