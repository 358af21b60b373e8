"""The invariant of linearizable reads, by itself and in each protocol: the rules as they are, and
with reads that ask nobody."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from paxos_cluster import Cluster as PaxosCluster
from raft_cluster import Cluster as RaftCluster
from viewstamped_cluster import Cluster as ViewCluster

from splitbrain.checkers.vocabulary import STALE_ANSWER
from splitbrain.systems.consensus.fresh_reads import LATER, Asked
from splitbrain.systems.consensus.paxos.invariants import PaxosInvariants
from splitbrain.systems.consensus.paxos.rules import Rules as PaxosRules
from splitbrain.systems.consensus.raft.bugs.protocol import ReadsLocally as RaftReadsLocally
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.consensus.raft.rules import Rules as RaftRules
from splitbrain.systems.consensus.viewstamped.bugs import ReadsLocally as ViewReadsLocally
from splitbrain.systems.consensus.viewstamped.invariants import ViewstampedInvariants
from splitbrain.systems.consensus.viewstamped.rules import Rules as ViewRules

OFFICE, NEXT = "office", "next office"


def looked(*steps):
    """What is found, step by step: office, queries answered so far, reads that wait, how far this
    server has applied, and how far any had before."""
    asked, machine = Asked(), SimpleNamespace(queries=0)
    found = []
    for office, queries, waiting, applied, highest in steps:
        machine.queries = queries
        breach = asked.look("n1", machine, office, [None] * waiting, applied, highest)
        found.append(breach is not None)
    return found


@pytest.mark.parametrize(
    ("steps", "stale"),
    [
        # Answered in the step in which it came.
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 1, 0, 3, 3)], False),
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 1, 0, 3, 4)], True),
        # What was applied after it came need not be in the answer.
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 1, 3, 3), (OFFICE, 1, 0, 3, 9)], False),
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 1, 3, 4), (OFFICE, 1, 0, 3, 9)], True),
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 1, 3, 4), (OFFICE, 1, 0, 4, 9)], False),
        # The first of two, then both, the second of which came later.
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 1, 3, 3), (OFFICE, 1, 1, 3, 5)], False),
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 1, 3, 3), (OFFICE, 2, 0, 3, 5)], True),
        # Of another office nothing is waiting any more, and what was answered between is forgotten.
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 2, 3, 3), (NEXT, 1, 0, 3, 9)], False),
        (
            [(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 2, 3, 3), (NEXT, 1, 0, 9, 9), (NEXT, 2, 0, 9, 9)],
            False,
        ),
        ([(OFFICE, 0, 0, 3, 3), (NEXT, 1, 0, 9, 9), (NEXT, 2, 0, 9, 10)], True),
        # Answered, and deposed in the same step.
        ([(OFFICE, 0, 0, 3, 3), (None, 1, 0, 3, 4)], True),
        ([(OFFICE, 0, 0, 3, 3), (OFFICE, 0, 1, 3, 3), (None, 1, 0, 3, 4)], False),
    ],
)
def test_an_answer_has_all_that_was_applied_when_the_query_came(steps, stale):
    assert looked(*steps) == [False] * (len(steps) - 1) + [stale]


class Watched:
    """A cluster of a protocol's own tests, whose servers are looked at when they are asked to be.

    n1 leads, and all have applied the same; then n1 is cut off, n2 leads, and applies a command.
    """

    def __init__(self, cluster, probe):
        self.cluster, self.probe, self.found = cluster, probe, []
        assert self.look() is None

    def look(self):
        cluster = self.cluster
        for name in cluster.names:
            server = SimpleNamespace(core=self.core(name), lives=True)
            if breach := self.probe(name, server):
                return breach.invariant
        return None

    def core(self, name):
        return self.cluster.cores[name]


class OverRaft(Watched):
    def __init__(self, local):
        super().__init__(
            RaftCluster(rules=RaftReadsLocally if local else RaftRules), RaftInvariants()
        )
        self.cluster.elect("n1")
        self.write("n1")

    def core(self, name):
        return self.cluster.servers[name].core

    def write(self, name):
        self.cluster.request(name, "client", ("command", "x"))
        self.cluster.settle()
        self.cluster.time_out(name)
        self.cluster.settle()

    def depose(self):
        self.cluster.partition(("n1",), ("n2", "n3"))
        self.cluster.elect("n2")
        self.write("n2")

    def query(self):
        self.cluster.request("n1", "client", ("query", ()))
        self.cluster.settle()


class OverMessages(Watched):
    """Of Paxos and of Viewstamped Replication: looked at after each step."""

    def __init__(self, cluster, probe):
        super().__init__(cluster, probe)
        self.take, cluster.take = cluster.take, self.step

    def step(self, name, effects):
        """What is saved is durable at once."""
        self.take(name, effects)
        outbox = getattr(self.cluster[name], "outbox", None)
        if outbox is not None:
            outbox.saves_done = outbox.saves
        self.found.append(self.probe(name, SimpleNamespace(core=self.core(name), lives=True)))

    def look(self):
        return next((breach.invariant for breach in self.found if breach), None)

    def write(self, name, *among):
        self.cluster.ask(name, "register")
        self.cluster.settle(*among)
        self.cluster.tick(name)
        self.cluster.settle(*among)

    def query(self):
        self.cluster.ask("n1", "query", ("get", "x"))
        self.cluster.settle("n1")


class LocalPaxos(PaxosRules):
    def may_read_at_once(self, server, office):
        return True


class OverPaxos(OverMessages):
    def __init__(self, local):
        rules = LocalPaxos if local else PaxosRules
        super().__init__(PaxosCluster(rules=rules), PaxosInvariants())
        self.cluster.lead("n1")
        self.write("n1")

    def depose(self):
        self.cluster.lead("n2", "n2", "n3")
        self.write("n2", "n2", "n3")


class OverViews(OverMessages):
    def __init__(self, local):
        rules = ViewReadsLocally if local else ViewRules
        super().__init__(ViewCluster(rules=rules), ViewstampedInvariants())
        self.write("n1")

    def depose(self):
        while not self.cluster["n2"].leads:
            self.cluster.tick("n2")
            self.cluster.settle("n2", "n3")
        self.write("n2", "n2", "n3")


@pytest.mark.parametrize("over", [OverRaft, OverPaxos, OverViews])
@pytest.mark.parametrize("local", [False, True])
def test_a_deposed_leader_that_asks_nobody_is_seen_to_answer(over, local):
    watched = over(local)
    assert watched.look() is None
    watched.query()
    assert watched.look() is None, "nobody has applied more"
    watched.depose()
    assert watched.look() is None
    watched.query()
    watched.look()
    stale = watched.probe.answers.stale

    assert (stale.invariant if stale else None) == (STALE_ANSWER if local else None)


def test_a_stale_answer_is_told_when_whoever_asked_may_have_heard_it():
    watched = OverRaft(local=True)
    watched.depose()
    watched.look()
    watched.query()
    found = [watched.look() for _ in range(LATER)]

    assert found[0] is None
    assert STALE_ANSWER in found
