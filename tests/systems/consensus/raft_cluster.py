"""A few Raft cores, the messages between them, and their disks.

Golden scripts, paper tests and random schedules all drive this. Every stimulus is explicit: a
node's clock is set forward, one message is delivered, a disk syncs, a node crashes. `events` tells
all that happened, a line each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from splitbrain.systems.consensus.asking import REQUEST, Request
from splitbrain.systems.consensus.raft import NOTHING_STORED, Raft, Settings, Stored
from splitbrain.systems.consensus.raft.effects import (
    Effect,
    LogImage,
    RoleChanged,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    SnapshotInstalled,
)
from splitbrain.systems.consensus.raft.messages import APPEND, AppendEntries, Entry
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import immutable

Message = tuple[Any, ...]


class Journal:
    """The simplest state machine: the list of what was applied."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Any]] = []
        self.queries = 0

    def apply(self, index: int, command: Any) -> tuple[str, Any]:
        self.entries.append((index, command))
        return "ok", index

    def query(self, operation: Any) -> tuple[str, Any]:
        self.queries += 1
        return "ok", tuple(command[1] for _, command in self.entries if command is not None)

    def state(self) -> Any:
        return tuple(self.entries)

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.entries)

    def restore(self, data: bytes) -> None:
        self.entries = list(immutable(msgspec.msgpack.decode(data)))


PAPER = Settings(pre_vote=False)
"""What the paper says, without what the thesis adds to elections."""


class Shortest(Random):
    """No randomness: every election timeout is the shortest one."""

    def random(self) -> float:
        return 0.0


def after_save(stored: Stored, save: SaveState | SaveEntries | SaveSnapshot) -> Stored:
    """What a disk holds after one more save."""
    log = stored.log
    match save:
        case SaveState(term, vote):
            return stored._replace(log=log._replace(term=term, vote=vote))
        case SaveEntries(first, entries):
            kept = log.entries[: first - log.base_index - 1]
            return stored._replace(log=log._replace(entries=kept + entries))
        case SaveSnapshot(snapshot, image):
            return Stored(snapshot, image)
    raise AssertionError(save)


@dataclass
class Server:
    """One server: its core while it is up, its disk, its clock (seconds)."""

    name: str
    core: Raft | None
    stored: Stored = NOTHING_STORED
    clock: float = 0.0
    queue: list[Effect] = field(default_factory=list)
    saved: int = 0
    held: bool = False

    @property
    def up(self) -> Raft:
        assert self.core is not None, f"{self.name} is down"
        return self.core


class Cluster:
    """Servers and the messages between them."""

    def __init__(
        self,
        names: Iterable[str] = ("n1", "n2", "n3"),
        *,
        machine: Callable[[], Any] = Journal,
        rules: type[Rules] = Rules,
        settings: Settings = PAPER,
        random: Callable[[], Random] = Shortest,
    ) -> None:
        self.names = tuple(names)
        self.machine, self.rules, self.settings, self.random = machine, rules, settings, random
        self.wire: list[tuple[str, str, Message]] = []
        self.events: list[str] = []
        self.replies: list[tuple[str, Message]] = []
        self.groups: dict[str, int] = {}
        self.requests = 0
        self.servers = {name: Server(name, None) for name in self.names}
        for name in self.names:
            self.start(name)

    def __getitem__(self, name: str) -> Raft:
        return self.servers[name].up

    # Life

    def start(self, name: str, stored: Stored | None = None) -> None:
        server = self.servers[name]
        if stored is not None:
            server.stored = stored
        server.queue, server.saved, server.held = [], 0, False
        server.core = Raft(
            name,
            tuple(peer for peer in self.names if peer != name),
            self.machine(),
            stored=server.stored,
            random=self.random(),
            now=server.clock,
            settings=self.settings,
            rules=self.rules(),
        )

    def start_with_log(self, name: str, terms: Iterable[int], term: int | None = None) -> None:
        """Start a server over, with a log of entries of these terms."""
        entries = tuple(Entry(t, ("command", f"{t}.{i + 1}")) for i, t in enumerate(terms))
        last = term if term is not None else (entries[-1].term if entries else 0)
        self.start(name, Stored(None, LogImage(last, None, 0, 0, entries)))

    def crash(self, name: str) -> None:
        self.servers[name].core = None

    def restart(self, name: str) -> None:
        self.start(name)

    # Stimuli

    def pass_time(self, name: str, seconds: float) -> None:
        server = self.servers[name]
        server.clock += seconds
        self.perform(server, server.up.tick(server.clock))

    def time_out(self, name: str) -> None:
        """Set a server's clock to its deadline."""
        server = self.servers[name]
        self.pass_time(name, max(0.0, server.up.deadline - server.clock))

    def request(self, name: str, client: str, body: Message) -> int:
        self.requests += 1
        server = self.servers[name]
        request = Request(REQUEST, self.requests, body)
        self.perform(server, server.up.receive(server.clock, client, request))
        return self.requests

    def receive(self, name: str, sender: str, message: Message) -> None:
        """Hand a server a message that nobody sent."""
        server = self.servers[name]
        self.perform(server, server.up.receive(server.clock, sender, message))

    def deliver(self, position: int = 0, keep: bool = False) -> None:
        """Deliver the message at this position on the wire (and leave a copy there)."""
        source, to, message = self.wire[position]
        if not keep:
            del self.wire[position]
        if self.servers[to].core is not None:
            self.receive(to, source, message)

    def settle(self) -> None:
        """Deliver everything, in order, until nothing is left."""
        for _ in range(10_000):
            if not self.wire:
                return
            self.deliver()
        raise AssertionError("the servers never stop talking")

    def elect(self, name: str) -> None:
        """Let a server time out, as often as it takes, and win."""
        for _ in range(20):
            self.time_out(name)
            self.settle()
            if self[name].role == "leader":
                return
        raise AssertionError(f"{name} cannot win")

    def sync(self, name: str) -> None:
        """Make durable all that has queued up, and let go what waited for it."""
        server = self.servers[name]
        queue, server.queue = server.queue, []
        for effect in queue:
            if isinstance(effect, Send):
                self.send(name, effect)
            else:
                server.stored = after_save(server.stored, effect)  # type: ignore[arg-type]
                server.saved += 1
        self.perform(server, server.up.saved(server.clock, server.saved))

    def partition(self, *groups: Iterable[str]) -> None:
        """Cut all links between groups; messages under way are lost as well."""
        self.groups = {name: number for number, group in enumerate(groups) for name in group}
        self.wire = [m for m in self.wire if self.connected(m[0], m[1])]

    def heal(self) -> None:
        self.groups = {}

    def connected(self, one: str, other: str) -> bool:
        return self.groups.get(one) == self.groups.get(other)

    # Effects

    def perform(self, server: Server, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(_, _, durable):
                    if durable and server.queue:
                        server.queue.append(effect)
                    else:
                        self.send(server.name, effect)
                case RoleChanged(role, term):
                    self.events.append(f"{server.name}: {role} of term {term}")
                case SnapshotInstalled(index):
                    self.events.append(f"{server.name}: installed snapshot up to {index}")
                case _:
                    self.events.append(f"{server.name}: {describe_save(effect)}")
                    server.queue.append(effect)
        if server.queue and not server.held:
            self.sync(server.name)

    def send(self, source: str, effect: Send) -> None:
        line = f"{source} -> {effect.to} {describe(effect.message)}"
        if effect.to not in self.servers:
            self.replies.append((effect.to, effect.message))
        elif self.connected(source, effect.to):
            self.wire.append((source, effect.to, effect.message))
        else:
            line += "  (lost)"
        self.events.append(line)


def describe_save(effect: Any) -> str:
    match effect:
        case SaveState(term, vote):
            return f"save term={term} vote={vote or '-'}"
        case SaveEntries(first, entries):
            return f"save {describe_entries(first, entries)}"
        case SaveSnapshot(snapshot, log):
            return (
                f"save snapshot up to {snapshot.last_index}@{snapshot.last_term}, "
                f"log after {log.base_index}@{log.base_term}"
            )
    raise AssertionError(effect)


def describe_entries(first: int, entries: Iterable[Entry]) -> str:
    listed = (f"{first + i}@{e.term} {describe_command(e.command)}" for i, e in enumerate(entries))
    return f"[{', '.join(listed)}]"


def describe_command(command: Any) -> str:
    if command is None:
        return "no-op"
    if command[0] == "register":
        return "register"
    if command[0] == "configuration":
        voters, outgoing, learners = (" ".join(names) for names in command[1:])
        joint = f" and {{{outgoing}}}" if outgoing else ""
        return f"{{{voters}}}{joint}" + (f" learning: {learners}" if learners else "")
    if len(command) == 2:
        return str(command[1])
    _, session, sequence, operation = command
    return f"s{session}.{sequence} {' '.join(map(str, operation))}"


def describe(message: Message) -> str:
    match tuple(message):
        case ("request-vote", term, index, last_term, transfer):
            why = " (transfer)" if transfer else ""
            return f"request-vote term={term} last={index}@{last_term}{why}"
        case ("pre-vote", term, index, last_term):
            return f"pre-vote term={term} last={index}@{last_term}"
        case ("would-vote", term, granted, asked):
            return f"would-vote term={term} {'yes' if granted else 'no'} (asked in {asked})"
        case ("timeout-now", term):
            return f"timeout-now term={term}"
        case ("vote", term, granted):
            return f"vote term={term} {'granted' if granted else 'refused'}"
        case ("append", term, index, previous_term, entries, commit, number):
            text = f"append #{number} term={term} after={index}@{previous_term}"
            text += f" {describe_entries(index + 1, entries)}" if entries else ""
            return f"{text} commit={commit}"
        case ("appended", term, match, number):
            return f"appended #{number} term={term} match={match}"
        case ("rejected", term, index, conflict, conflict_term, number):
            return (
                f"rejected #{number} term={term} after={index} conflict={conflict}@{conflict_term}"
            )
        case ("snapshot", term, index, last_term, _, offset, data, done, number):
            piece = "" if done and not offset else f" bytes {offset}-{offset + len(data)}"
            end = "" if done else " ..."
            return f"snapshot #{number} term={term} up to {index}@{last_term}{piece}{end}"
        case ("received", term, index, offset, number):
            return f"received #{number} term={term} {offset} bytes up to {index}"
        case ("reply", number, status, value):
            return f"reply {number}: {status}" + ("" if value is None else f" {value}")
    raise AssertionError(message)


# Shorthands for tests of a single core


def sent(effects, kind):
    """The (destination, message) pairs of a kind among effects."""
    return [(e.to, e.message) for e in effects if isinstance(e, Send) and e.message[0] == kind]


def append_entries(term, previous=(0, 0), entries=(), commit=0, number=1):
    """An AppendEntries message; `previous` is (index, term)."""
    return AppendEntries(APPEND, term, *previous, tuple(entries), commit, number)


def entries(*terms):
    """Entries of these terms, each with another command."""
    return tuple(Entry(term, ("command", f"x{i}")) for i, term in enumerate(terms))


def terms(core):
    """The terms of a core's log entries."""
    return [entry.term for entry in core.log.entries]
