"""Several protocol cores with their disks and the messages between them, driven by hand.

No tasks, no clock: whoever drives it says which message arrives when, when a disk is done, and who
crashes. Both the plays in tests/golden/leader_follower and the random schedules use it.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from splitbrain.harness.node import Message
from splitbrain.systems.replication.leader_follower import wal
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.effects import Effect, Lead, Persist, Role, Send
from splitbrain.systems.replication.leader_follower.log import Durable

CLIENT = "c1"
START = 100.0


@dataclass
class Server:
    """A core, or nothing while it is down, and what its disk holds."""

    name: str
    core: Core | None = None
    written: list = field(default_factory=list)
    durable: int = 0
    before: int = 0  # how many of `written` stem from earlier lives
    deferred: deque = field(default_factory=deque)


class Cluster:
    """The servers n1 ... and what is under way between them, in order, by link."""

    def __init__(self, size: int, core_type: type[Core] = Core, *, seed: int = 0, auto_sync=True):
        self.names = tuple(f"n{i + 1}" for i in range(size))
        self.core_type = core_type
        self.auto_sync = auto_sync
        self.random = random.Random(seed)
        self.now = START
        self.links: dict[tuple[str, str], deque[Message]] = {}
        self.servers = {name: Server(name) for name in self.names}
        self.events: list[str] = []
        self.leaders: list[tuple[int, str]] = []
        self.replies: list[tuple[str, Message]] = []
        for name in self.names:
            self.restart(name)

    def core(self, name: str) -> Core:
        core = self.servers[name].core
        assert core is not None, f"{name} is down"
        return core

    @property
    def up(self) -> list[str]:
        return [name for name in self.names if self.servers[name].core is not None]

    def leader(self) -> str | None:
        """Who leads the highest epoch, among those up."""
        leading = [name for name in self.up if self.core(name).role is Role.LEADER]
        return max(leading, key=lambda name: self.core(name).epoch, default=None)

    # What can happen

    def restart(self, name: str) -> None:
        """A server begins its next life with what its disk holds."""
        server = self.servers[name]
        records, _ = wal.decode(wal.encode(server.written))
        server.before = server.durable = len(records)
        peers = tuple(other for other in self.names if other != name)
        server.core = self.core_type(name, peers, Durable.replay(records), self.random, self.now)

    def crash(self, name: str, lose_unsynced: bool = True) -> None:
        """A server ends; with a power loss, so does what it wrote and didn't sync."""
        server = self.servers[name]
        server.core = None
        server.deferred.clear()
        if lose_unsynced:
            del server.written[server.durable :]

    def tick(self, name: str) -> None:
        self._do(name, self.core(name).tick(self.now))

    def sync(self, name: str) -> None:
        """Everything the server has written becomes durable, and it learns so."""
        server = self.servers[name]
        server.durable = len(server.written)
        while server.deferred and server.deferred[0].after <= server.durable - server.before:
            self._release(name, server.deferred.popleft())
        self._do(name, self.core(name).durable(server.durable - server.before, self.now))

    def compact(self, name: str) -> None:
        """The server writes its log anew, with a snapshot of all that it has applied."""
        server = self.servers[name]
        if server.core is None:
            return
        server.core.compact_at = 1
        if records := server.core.compacted():
            told = len(server.written) - server.before
            server.written = list(records)
            server.durable, server.before = len(records), len(records) - told
            self.sync(name)

    def deliver(self, source: str, destination: str, *, keep: bool = False) -> None:
        """The oldest message on a link arrives; it may stay under way to arrive again."""
        queue = self.links[source, destination]
        message = queue[0] if keep else queue.popleft()
        if destination not in self.servers:
            self.replies.append((source, message))
        elif self.servers[destination].core is not None:
            self._do(destination, self.core(destination).receive(source, message, self.now))

    def request(self, name: str, *message: object) -> None:
        self._do(name, self.core(name).receive(CLIENT, ("request", *message), self.now))

    def pending(self) -> list[tuple[str, str]]:
        """The links with something under way."""
        return [link for link, queue in self.links.items() if queue]

    def settle(self, cut: frozenset[tuple[str, str]] = frozenset(), limit: int = 20_000) -> None:
        """Deliver everything, in order, until nothing is under way; what is cut gets lost."""
        for _ in range(limit):
            for name in self.up:
                server = self.servers[name]
                if server.durable < len(server.written) or server.deferred:
                    self.sync(name)
            waiting = self.pending()
            if not waiting:
                return
            for link in waiting:
                if link in cut:
                    self.links[link].clear()
                else:
                    self.deliver(*link)
        raise AssertionError("the servers never stop talking")

    def pass_time(self, seconds: float, cut: frozenset[tuple[str, str]] = frozenset()) -> None:
        """Let time go by in steps of a heartbeat, delivering everything at once."""
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            for name in self.up:
                self.tick(name)
                self.settle(cut)

    # Effects

    def _do(self, name: str, effects: list[Effect]) -> None:
        server = self.servers[name]
        for effect in effects:
            if isinstance(effect, Persist):
                server.written.append(effect.record)
                self.events.append(f"{name} writes {describe(effect.record)}")
            elif effect.after <= server.durable - server.before:
                self._release(name, effect)
            else:
                server.deferred.append(effect)
        if self.auto_sync and server.durable < len(server.written):
            self.sync(name)

    def _release(self, name: str, effect: Send | Lead) -> None:
        if isinstance(effect, Lead):
            self.leaders.append((effect.epoch, name))
            self.events.append(f"{name} leads epoch {effect.epoch}")
            return
        link = (name, effect.destination)
        self.links.setdefault(link, deque()).append(effect.message)
        self.events.append(f"{name} -> {effect.destination} {describe(effect.message)}")


def describe(message: Message) -> str:
    """A message or record in one line: its kind, then its fields by name."""
    if not hasattr(message, "_fields"):
        return " ".join(map(str, message))
    parts = [type(message).__name__.lower()]
    for name, value in zip(message._fields, message, strict=True):
        if name == "entries":
            value = "[" + " ".join(entry_text(entry) for entry in value) + "]"
        elif name == "history":
            value = "[" + " ".join(f"{epoch}:..{end}" for epoch, end in value) + "]"
        if name not in ("kind", "mark", "proof"):
            parts.append(f"{name}={value}")
    return " ".join(parts)


def entry_text(entry) -> str:
    """An entry as ``epoch:arguments``."""
    return f"{entry.epoch}:{'='.join(map(str, entry.command[1:]))}"
