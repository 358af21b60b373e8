"""Random schedules: messages late, lost, doubled, out of order, cut off; slow disks; crashes.

After every step the invariants of the essay in
`splitbrain.systems.replication.leader_follower.reference` must hold; in the end, with the network
whole again, there must be a leader and equal replicas. The same schedules catch both planted bugs.
"""

import random

import pytest
from leader_follower_cluster import CLIENT, Cluster

from splitbrain.harness.bug import planted
from splitbrain.systems.replication.leader_follower.bugs import BUGS, SEMI_SYNCHRONOUS_BUGS
from splitbrain.systems.replication.leader_follower.core import Core
from splitbrain.systems.replication.leader_follower.effects import Role
from splitbrain.systems.replication.leader_follower.log import Promise

STEPS_PER_SERVER = 800
SESSIONS = 4


class Broken(AssertionError):
    """An invariant doesn't hold."""


def ensure(holds, message):
    if not holds:
        raise Broken(message)


def added(entry):
    """What an entry adds to the set, whether it has the statement or the row."""
    match entry.command:
        case ("add", element) | ("rows", (("element", element),), _):
            return element


class Schedule:
    """One random run, and what it has seen so far; under every other seed logs are compacted."""

    def __init__(self, seed, core_type=Core, size=3):
        self.cluster = Cluster(size, core_type, seed=seed, auto_sync=False)
        self.random = random.Random(seed)
        self.compaction = random.Random(f"compaction/{seed}") if seed % 2 else None
        self.cut = frozenset()
        self.latest = [0] * SESSIONS
        self.committed = []
        self.acknowledged = set()
        self.known_at_read = {}
        self.labelled = {}
        self.promised = {}

    def run(self):
        for _ in range(STEPS_PER_SERVER * len(self.cluster.names)):
            self.step()
            self.check()
            if self.compaction is not None and self.compaction.random() < 0.01:
                self.cluster.compact(self.compaction.choice(self.cluster.names))
        self.recover()

    # What happens

    def step(self):
        cluster, chance = self.cluster, self.random.random()
        cluster.now += self.random.expovariate(1 / 0.004)
        name = self.random.choice(cluster.names)
        if name not in cluster.up:
            if chance < 0.1:
                cluster.restart(name)
        elif chance < 0.10:
            cluster.tick(name)
        elif chance < 0.30:
            cluster.sync(name)
        elif chance < 0.303:
            cluster.crash(name, lose_unsynced=self.random.random() < 0.7)
        elif chance < 0.308:
            self.cut_off(name)
        elif chance < 0.36:
            # Half of the requests go to servers that believe they lead.
            leaders = [n for n in cluster.up if cluster.core(n).role is Role.LEADER]
            self.invoke(self.random.choice([name, *leaders]))
        else:
            self.move_a_message()

    def cut_off(self, name):
        """Cut one server's links to all others or to one, both directions or one; or none."""
        others = [other for other in self.cluster.names if other != name]
        if others and self.random.random() < 0.5:
            others = [self.random.choice(others)]
        out, into = {(name, o) for o in others}, {(o, name) for o in others}
        self.cut = frozenset(self.random.choice([out, into, out | into, set()]))

    def invoke(self, name):
        """A client adds a new element, repeats its last command, or reads, where it likes to."""
        session = self.random.randrange(SESSIONS)
        kind = self.random.choice(("add", "repeat", "read-all"))
        if kind == "read-all":
            request = len(self.known_at_read) + 1
            self.known_at_read[request] = set(self.acknowledged)
            self.cluster.request(name, request, "read-all", "strong")
            return
        if kind == "add":
            self.latest[session] += 1
        self.send(name, session)

    def send(self, name, session):
        """Send a session's latest command. Requests have negative numbers, reads positive ones."""
        number = self.latest[session]
        if number:
            element = number * SESSIONS + session
            self.cluster.request(name, -element, "add", session, number, element)

    def move_a_message(self):
        links = self.cluster.pending()
        if not links:
            return
        link = self.random.choice(links)
        queue, chance = self.cluster.links[link], self.random.random()
        if chance < 0.15:
            queue.rotate(self.random.randrange(len(queue)))
        if link in self.cut or (chance > 0.95 and link[1] != CLIENT):
            queue.popleft()
        else:
            self.cluster.deliver(*link, keep=0.9 < chance < 0.95)

    # What must hold

    def check(self):
        self.check_leaders()
        self.check_committed()
        self.check_labels()
        self.check_replies()

    def check_leaders(self):
        led = [epoch for epoch, _ in self.cluster.leaders]
        ensure(len(led) == len(set(led)), f"an epoch was led twice: {self.cluster.leaders}")
        for name in self.cluster.up:
            epoch = self.cluster.core(name).epoch
            durable = [r for r in self.cluster.servers[name].written if hasattr(r, "epoch")]
            ensure(
                not durable or durable[-1].epoch == epoch, f"{name} promised what it didn't write"
            )

    def check_committed(self):
        for name in self.cluster.up:
            core = self.cluster.core(name)
            known = self.whole(core.log)[: core.commit]
            ensure(len(known) == core.commit, f"{name} committed what it doesn't have")
            shared = min(len(known), len(self.committed))
            ensure(known[:shared] == self.committed[:shared], f"{name} committed something else")
            self.committed += known[shared:]

    def check_labels(self):
        for name in self.cluster.up:
            log = self.cluster.core(name).log
            longest = self.labelled.setdefault(log.label, [])
            shared = min(len(longest), len(log))
            entries = self.whole(log)
            same = longest[:shared] == entries[:shared]
            ensure(same, f"{name}: two logs with label {log.label} differ")
            longest += entries[shared:]

    def whole(self, log):
        """All entries; those in the snapshot of a log are committed, and were seen before."""
        before = log.base.length
        return self.committed[:before] + log.entries if before else log.entries

    def check_replies(self):
        replies, self.cluster.replies = self.cluster.replies, []
        done = {added(entry) for entry in self.committed}
        for _, (_, request, status, *rest) in replies:
            if status != "ok":
                continue
            if request < 0:
                ensure(-request in done, f"{-request} was acknowledged, and is not committed")
                self.acknowledged.add(-request)
            else:
                missing = self.known_at_read[request] - set(rest[0])
                ensure(not missing, f"a strong read misses {sorted(missing)}")
                ensure(len(rest[0]) == len(set(rest[0])), "an element was added twice")

    def recover(self):
        """Everybody is up and hears everybody: then all must be well soon."""
        cluster = self.cluster
        cluster.auto_sync = True
        for name in cluster.names:
            if name not in cluster.up:
                cluster.restart(name)
        cluster.settle()
        cluster.pass_time(3.0)
        self.check()
        leader = cluster.leader()
        ensure(leader is not None, "nobody leads")
        self.latest[0] += 1
        self.send(leader, 0)
        cluster.settle()
        cluster.pass_time(0.1)
        self.check()
        ensure(self.latest[0] * SESSIONS in self.acknowledged, "the leader can't commit")
        states = [cluster.core(name).machine for name in cluster.names]
        for name, state in zip(cluster.names, states, strict=True):
            ensure(state.elements == states[0].elements, f"{name} differs")
            missing = self.acknowledged - set(state.elements)
            ensure(not missing, f"{name} lacks {sorted(missing)}")


@pytest.mark.parametrize(
    ("size", "copies", "seeds"),
    [
        *((1, None, 5), (2, None, 10), (3, None, 25), (4, None, 8), (5, None, 8)),
        *((3, 1, 2), (3, 3, 2), (4, 2, 2)),
    ],
)
def test_invariants_hold_under_random_schedules(size, copies, seeds):
    elections = acknowledged = snapshots = 0
    for seed in range(seeds):
        core_type = planted(Core, copies=copies, ships=seed % 2)
        schedule = Schedule(seed, core_type, size)
        schedule.run()
        elections += len(schedule.cluster.leaders)
        acknowledged += len(schedule.acknowledged)
        logs = [schedule.cluster.core(name).log for name in schedule.cluster.names]
        snapshots += sum(log.base.length > 0 for log in logs)
    # A schedule in which nothing happens shows nothing; each ends with one election, one command.
    assert elections > 1.5 * seeds
    assert acknowledged > 4 * seeds
    assert snapshots > seeds / 4


# Each of these leaves out one thing that the protocol does, and must be caught.


class AnswersBeforeTheDiskIsDone(Core):
    def _answer(self, destination, message):
        self._send(destination, message)


class TakesTheLongestLogWhateverItsLabel(Core):
    def _describe_log(self):
        return super()._describe_log()._replace(label=0)


class ReadsWithoutConfirmation(Core):
    def _on_read(self, waiting, query):
        if self.role is Role.LEADER:
            self._reply(waiting, "ok", self.machine.answer(query))


class ReadsBeforeItsLogIsCommitted(Core):
    def _serve_reads(self):
        self._start = 0
        super()._serve_reads()


class TakesItsPromisesBack(Core):
    def admit(self, epoch):
        if self.role is Role.FOLLOWER:
            self.epoch = min(self.epoch, epoch)
        return super().admit(epoch)


class ForgetsItsPromises(Core):
    def _persist(self, record):
        if not isinstance(record, Promise):
            super()._persist(record)


class KeepsItsOwnLog(Core):
    def _choose(self):
        self._held = dict.fromkeys(self._held, self._held[self.name])
        super()._choose()


OMISSIONS = (
    AnswersBeforeTheDiskIsDone,
    TakesTheLongestLogWhateverItsLabel,
    ReadsWithoutConfirmation,
    ReadsBeforeItsLogIsCommitted,
    TakesItsPromisesBack,
    ForgetsItsPromises,
    KeepsItsOwnLog,
)


PLANTED = [
    bug.server.core_type
    for bug in (*BUGS, *SEMI_SYNCHRONOUS_BUGS)
    if bug.workload in ("register", "set")
]


@pytest.mark.parametrize("core_type", [*OMISSIONS, *PLANTED], ids=lambda c: c.__name__)
def test_random_schedules_catch(core_type):
    def is_caught(seed):
        try:
            Schedule(seed, core_type).run()
        except Broken:
            return True
        return False

    assert any(is_caught(seed) for seed in range(200))
