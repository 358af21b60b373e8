"""Random schedules over a few Raft cores, with the properties of figure 3 checked after every step.

A step delivers, repeats or loses a message (any that is under way: so they are reordered), lets a
server time out, asks for something, crashes or restarts a server, stalls a disk, or cuts the
network. What a disk hadn't saved is gone after a crash.
"""

from __future__ import annotations

from random import Random
from typing import Any

from raft_cluster import PAPER, Cluster, Journal

from splitbrain.systems.consensus.raft import Raft
from splitbrain.systems.consensus.raft.rules import Rules


class Violation(Exception):
    """A property of figure 3 does not hold."""


class Watched(Journal):
    """A journal that reports what it applies."""

    def __init__(self, properties: Properties) -> None:
        super().__init__()
        self.properties = properties

    def apply(self, index: int, command: Any) -> tuple[str, Any]:
        self.properties.applied(index, command)
        return super().apply(index, command)


class Properties:
    """What has been seen so far, against which each step is checked."""

    def __init__(self) -> None:
        self.leaders: dict[int, str] = {}
        self.entries: dict[tuple[int, int], tuple[Any, int]] = {}
        self.commands: dict[int, Any] = {}
        self.committed: dict[int, tuple[int, int]] = {}
        self.checked: dict[str, tuple[int, int]] = {}

    def applied(self, index: int, command: Any) -> None:
        if self.commands.setdefault(index, command) != command:
            raise Violation(f"state machine safety: two commands were applied at index {index}")

    def check(self, core: Raft) -> None:
        """Check one server, after anything happened to it."""
        self.log_matching(core)
        if core.role == "leader":
            self.election_safety(core)
        for index in range(core.log.base_index + 1, core.commit + 1):
            self.committed.setdefault(index, (core.log.term(index), core.term))

    def log_matching(self, core: Raft) -> None:
        # If an index and a term determine the entry and the term before it, then by induction they
        # determine the whole log up to there.
        previous = core.log.base_term
        for index, entry in enumerate(core.log.entries, core.log.base_index + 1):
            seen = self.entries.setdefault((index, entry.term), (entry.command, previous))
            if seen != (entry.command, previous):
                raise Violation(f"log matching: two entries {index}@{entry.term}")
            previous = entry.term

    def election_safety(self, core: Raft) -> None:
        if core.term not in self.leaders:
            self.leaders[core.term] = core.name
            self.leader_completeness(core)
        if self.leaders[core.term] != core.name:
            raise Violation(f"election safety: two leaders in term {core.term}")

    def leader_completeness(self, core: Raft) -> None:
        for index, (term, committed_in) in self.committed.items():
            must_have = index > core.log.base_index and committed_in < core.term
            if must_have and core.log.term(index) != term:
                raise Violation(
                    f"leader completeness: the leader of term {core.term} lacks {index}@{term}"
                )


class Schedule:
    """One random schedule; the seed says all about it."""

    def __init__(
        self, seed: int, rules: type[Rules] = Rules, batch: int = 3, *, changing: bool = False
    ) -> None:
        self.random = Random(seed)
        self.properties = Properties()
        names = [f"n{i + 1}" for i in range(self.random.choice((3, 3, 4, 5)))]
        self.cluster = Cluster(
            names,
            machine=lambda: Watched(self.properties),
            rules=rules,
            settings=PAPER._replace(
                batch=batch,
                snapshot_every=10,
                snapshot_keeps=2,
                pre_vote=seed % 4 == 3,
                window=1 + seed % 3,
            ),
            random=lambda: Random(self.random.random()),
        )
        self.changing = changing
        self.changes = 0
        self.answered = 0
        self.acknowledged: set[str] = set()
        self.queries: dict[int, frozenset[str]] = {}
        self.proposals: dict[int, str] = {}
        self.queries_answered = self.crashes = 0

    def run(self, steps: int) -> None:
        """Take so many steps; raises `Violation`."""
        actions = [
            (self.deliver, 80),
            (self.propose, 12),
            (self.query, 5),
            (self.repeat, 4),
            (self.lose, 4),
            (self.time_out, 4),
            (self.stall, 1),
            (self.catch_up, 6),
            (self.crash, 1),
            (self.restart, 8),
            (self.cut, 1),
            (self.heal, 4),
        ]
        if self.changing:
            actions += [(self.change, 30), (self.hand_over, 1)]
        kinds, weights = zip(*actions, strict=True)
        for action in self.random.choices(kinds, weights, k=steps):
            action()
            self.read_answers()
            for server in self.cluster.servers.values():
                if server.core is not None:
                    self.properties.check(server.core)

    def up(self) -> list[str]:
        servers = self.cluster.servers.values()
        return [server.name for server in servers if server.core is not None]

    def pick(self, names: list[str]) -> str | None:
        return self.random.choice(names) if names else None

    def deliver(self) -> None:
        if self.cluster.wire:
            # Mostly the oldest, sometimes any.
            length = len(self.cluster.wire)
            self.cluster.deliver(self.random.choice((0, 0, 0, self.random.randrange(length))))

    def repeat(self) -> None:
        if self.cluster.wire:
            self.cluster.deliver(self.random.randrange(len(self.cluster.wire)), keep=True)

    def lose(self) -> None:
        if self.cluster.wire:
            del self.cluster.wire[self.random.randrange(len(self.cluster.wire))]

    def time_out(self) -> None:
        if name := self.pick(self.up()):
            self.cluster.time_out(name)

    def propose(self) -> None:
        leaders = [name for name in self.up() if self.cluster[name].role == "leader"]
        if name := self.pick(leaders):
            command = f"x{len(self.proposals)}"
            self.proposals[self.cluster.requests + 1] = command
            self.cluster.request(name, "client", ("command", command))

    def change(self) -> None:
        """Ask for any other members."""
        leaders = [name for name in self.up() if self.cluster[name].role == "leader"]
        if name := self.pick(leaders):
            names = self.random.sample(self.cluster.names, len(self.cluster.names))
            voters = self.random.randint(2, len(names))
            learners = self.random.randint(voters, len(names))
            before = self.cluster[name].server.members
            wanted = (tuple(sorted(names[:voters])), tuple(sorted(names[voters:learners])))
            self.cluster.request(name, "client", ("change", *wanted))
            self.changes += self.cluster[name].server.members != before

    def hand_over(self) -> None:
        leaders = [name for name in self.up() if self.cluster[name].role == "leader"]
        if name := self.pick(leaders):
            target = self.random.choice(self.cluster.names)
            self.cluster.request(name, "client", ("transfer", target))

    def query(self) -> None:
        leaders = [name for name in self.up() if self.cluster[name].role == "leader"]
        if name := self.pick(leaders):
            self.queries[self.cluster.requests + 1] = frozenset(self.acknowledged)
            self.cluster.request(name, "client", ("query", ("all",)))

    def stall(self) -> None:
        if name := self.pick(self.up()):
            self.cluster.servers[name].held = True

    def catch_up(self) -> None:
        stalled = [name for name in self.up() if self.cluster.servers[name].held]
        if name := self.pick(stalled):
            self.cluster.servers[name].held = False
            self.cluster.sync(name)

    def crash(self) -> None:
        if name := self.pick(self.up()):
            self.cluster.crash(name)
            self.crashes += 1

    def restart(self) -> None:
        if name := self.pick([name for name in self.cluster.names if name not in self.up()]):
            self.cluster.restart(name)

    def cut(self) -> None:
        names = list(self.cluster.names)
        self.random.shuffle(names)
        position = self.random.randrange(1, len(names))
        self.cluster.partition(names[:position], names[position:])

    def heal(self) -> None:
        self.cluster.heal()

    def read_answers(self) -> None:
        """Queries must show all that was acknowledged before they were asked."""
        for _, (_, number, status, value) in self.cluster.replies[self.answered :]:
            if status != "ok":
                continue
            if number in self.proposals:
                self.acknowledged.add(self.proposals[number])
            elif number in self.queries:
                self.queries_answered += 1
                if missing := self.queries[number] - set(value):
                    raise Violation(f"stale read: {sorted(missing)} had been acknowledged")
        self.answered = len(self.cluster.replies)
