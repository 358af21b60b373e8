"""The state of one server as records, each with its invariants; functions over them do the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from splitbrain.systems.consensus.asking import REDIRECT, REPLY, Reply
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.viewstamped.messages import DoViewChange, RecoveryResponse
from splitbrain.systems.consensus.viewstamped.rules import Rules

NORMAL = "normal"
CHANGING = "view-change"
RECOVERING = "recovering"


class Settings(NamedTuple):
    """Times are in seconds of the server's own monotonic clock.

    Attributes:
        heartbeat: the longest silence of a primary; also the delay after which anybody repeats a
            message.
        patience_min, patience_max: a backup waits a random time between these for its primary.
    """

    heartbeat: float = 0.1
    patience_min: float = 0.3
    patience_max: float = 0.6


class RoleChanged(NamedTuple):
    """News for the shell: what this server is now, in which view."""

    role: str
    view: int


class Read(NamedTuple):
    """A query that waits for a majority to answer heartbeats numbered `after` or later."""

    after: int
    client: str
    id: int
    operation: Any


@dataclass(slots=True)
class Backup:
    """What the primary knows of another server, in its view.

    Attributes:
        op: up to where it holds the log.
        answered: the greatest number of a heartbeat that it answered.
        heard_at: when it answered last (seconds, local clock).
    """

    heard_at: float
    op: int = 0
    answered: int = 0


@dataclass(slots=True)
class Server:
    """All that one server is. Nothing of it outlives a crash but `life`.

    Attributes:
        name: this server's.
        everybody: all servers in the order in which they are primaries, the same everywhere.
        settings, rules: what never changes.
        machine: what committed operations are applied to, in order, each once.
        random: drawn from for patience only.
        now: the time of what is being handled; never decreases.
        deadline: when a tick has something to do.
        ends: when a backup, or who changes views, has waited long enough; not before the deadline.
        life: how often this server has started, this time included.
        lives: how often others have, as far as is known.
        view: the view that we are in, or are changing to; never decreases but by a crash.
        status: ``normal``, ``view-change`` or ``recovering``.
        normal: the last view in which our status was normal.
        log: operations, from number 1.
        commit: how many of them are committed, and applied.
        backups: as the primary, by name.
        pending: as the primary, by operation, the clients that wait for it.
        reads: as the primary, queries that wait, in order of coming.
        sent: as the primary, how many heartbeats were sent in this view.
        changes: who else has left for our view.
        logs: what the next primary was sent, by sender.
        asked: in recovery, how often the others were asked.
        responses: of a recovery, by sender.
        effects: what is to be done, in order; empty between stimuli.
    """

    name: str
    everybody: tuple[str, ...]
    settings: Settings
    rules: Rules
    machine: Sessions
    random: Random
    now: float
    life: int
    status: str
    deadline: float = 0.0
    ends: float = 0.0
    view: int = 0
    normal: int = 0
    commit: int = 0
    sent: int = 0
    asked: int = 0
    lives: dict[str, int] = field(default_factory=dict)
    log: list[Any] = field(default_factory=list)
    backups: dict[str, Backup] = field(default_factory=dict)
    pending: dict[int, tuple[str, int]] = field(default_factory=dict)
    reads: deque[Read] = field(default_factory=deque)
    changes: set[str] = field(default_factory=set)
    logs: dict[str, DoViewChange] = field(default_factory=dict)
    responses: dict[str, RecoveryResponse] = field(default_factory=dict)
    effects: list[Any] = field(default_factory=list)

    @property
    def others(self) -> tuple[str, ...]:
        """All servers but this one."""
        return tuple(name for name in self.everybody if name != self.name)

    @property
    def others_needed(self) -> int:
        """How many others make a majority with this one: f, of 2f + 1."""
        return self.quorum - 1

    @property
    def quorum(self) -> int:
        """How many servers are a majority."""
        return len(self.everybody) // 2 + 1

    @property
    def op(self) -> int:
        """The number of the last operation in the log."""
        return len(self.log)

    def primary(self, view: int) -> str:
        """Whose turn it is in a view."""
        return self.everybody[view % len(self.everybody)]

    @property
    def leads(self) -> bool:
        """Whether this server is the primary, and in order."""
        return self.status == NORMAL and self.primary(self.view) == self.name

    def known_lives(self) -> tuple[int, ...]:
        """How often each server has started, in their order."""
        return tuple(
            self.life if name == self.name else self.lives.get(name, 0) for name in self.everybody
        )

    def hear_lives(self, lives: Iterable[int]) -> None:
        """Learn how often servers have started."""
        for name, life in zip(self.everybody, lives, strict=True):
            self.lives[name] = max(life, self.lives.get(name, 0))

    def send(self, to: Iterable[str], message: tuple[Any, ...]) -> None:
        """Have a message sent."""
        self.effects.extend(Send(each, message, False) for each in to)

    def reply(self, client: str, id: int, status: str, value: Any) -> None:
        """Answer a client."""
        self.effects.append(Send(client, Reply(REPLY, id, status, value), False))

    def wait(self) -> None:
        """Begin to wait for a primary, a random time."""
        low, high = self.settings.patience_min, self.settings.patience_max
        self.ends = self.now + low + (high - low) * self.random.random()
        self.deadline = self.ends

    def enter(self, status: str, view: int) -> None:
        """Have another status, or another view; whoever waits for us as a primary is sent away."""
        for client, id in self.pending.values():
            self.reply(client, id, REDIRECT, None)
        for read in self.reads:
            self.reply(read.client, read.id, REDIRECT, None)
        self.pending, self.reads = {}, deque()
        self.backups, self.logs, self.changes, self.responses = {}, {}, set(), {}
        self.status, self.view, self.sent = status, view, 0
        if status == NORMAL:
            self.normal = view
            if self.leads:
                self.backups = {name: Backup(self.now) for name in self.others}
        role = ("leader" if self.leads else "follower") if status == NORMAL else status
        self.effects.append(RoleChanged(role, view))
