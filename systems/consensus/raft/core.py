"""The door to the core: three stimuli in, effects out.

``receive`` (a message came), ``tick`` (time passed) and ``saved`` (the disk caught up) are all that
ever happens to a Raft server. Each returns the effects in order
(`splitbrain.systems.consensus.raft.effects`).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from splitbrain.systems.consensus.raft.effects import NOTHING_STORED, Effect, Stored
from splitbrain.systems.consensus.raft.election import Elections
from splitbrain.systems.consensus.raft.messages import (
    APPEND,
    APPENDED,
    OK,
    REFUSED,
    REJECTED,
    REQUEST,
    REQUEST_VOTE,
    SNAPSHOT,
    VOTE,
    Request,
)
from splitbrain.systems.consensus.raft.state import Candidacy, Leadership, Machine, Settings


class Raft(Elections):
    """One server of a Raft cluster, without network, disk or clock.

    Example:
        >>> from random import Random
        >>> from splitbrain.systems.consensus.raft.kv import KeyValue
        >>> from splitbrain.systems.consensus.raft.sessions import Sessions
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
    ) -> None:
        super().__init__(name, peers, machine, stored, random, now, settings)
        self.handlers: dict[str, Callable[[str, Any], None]] = {
            APPEND: self.on_append,
            APPENDED: self.on_appended,
            REJECTED: self.on_rejected,
            REQUEST_VOTE: self.on_request_vote,
            VOTE: self.on_vote,
            SNAPSHOT: self.on_snapshot,
        }

    def receive(self, now: float, sender: str, message: tuple[Any, ...]) -> list[Effect]:
        """Handle a message from another server or a client."""
        self.now = now
        kind = message[0]
        if kind == REQUEST:
            self.on_request(sender, Request(*message))
        else:
            if message[1] > self.term:  # every message of a server has its term here (5.1)
                self.become_follower(message[1], None)
            self.handlers[kind](sender, message)
        return self.finish()

    def tick(self, now: float) -> list[Effect]:
        """Do what is due at `now`; nothing before `deadline`."""
        self.now = now
        if now >= self.deadline:
            phase = self.phase
            if isinstance(phase, Leadership):
                self.heartbeat(phase)
            elif isinstance(phase, Candidacy) and now < phase.ends:
                self.request_votes(phase)
            else:
                self.campaign()
        return self.finish()

    def saved(self, now: float, number: int) -> list[Effect]:
        """The first `number` saves of this incarnation are durable."""
        self.now = now
        self.saves_done = number
        phase = self.phase
        if isinstance(phase, Candidacy):
            self.own_vote_saved(phase)
        elif isinstance(phase, Leadership):
            self.own_log_saved(phase)
        return self.finish()

    def finish(self) -> list[Effect]:
        """Release reads that can be, and hand over the effects."""
        phase = self.phase
        if isinstance(phase, Leadership) and phase.reads:
            self.release_reads(phase)
        effects, self.effects = self.effects, []
        return effects

    def on_request(self, client: str, request: Request) -> None:
        """Start on a client's request."""
        kind = request.body[0]
        if kind == "query":
            self.query(client, request.id, request.body[1])
        elif kind in ("command", "register"):
            self.propose(client, request.id, request.body)
        elif kind == "state":
            self.reply(client, request.id, OK, self.machine.state())
        else:
            self.reply(client, request.id, REFUSED, f"unknown request {kind!r}")
