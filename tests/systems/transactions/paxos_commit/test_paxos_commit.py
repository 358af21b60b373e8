"""A coordinator that dies after the votes: two-phase commit waits for it, by Paxos nobody does."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment
from splitbrain.systems.transactions.paxos_commit.deciding import NOTHING, Acceptor, Proposer
from splitbrain.systems.transactions.two_phase_commit.messages import partition_of

SERVERS = ("n1", "n2", "n3")

OF_N2, OF_N3 = (
    next(key for key in "abcdefghijk" if partition_of(key, SERVERS) == server)
    for server in ("n2", "n3")
)

OPERATIONS = (
    PlannedOperation(1.0, 0, "txn", [["append", OF_N2, 1], ["append", OF_N3, 1]]),
    *(PlannedOperation(2.5 + n / 2, 1, "txn", [["r", OF_N2, None]]) for n in range(3)),
)
"""A transaction that n1 coordinates, and reads of what it wrote to n2 when that was long ago."""


def died(system, at):
    """What became of the reads, if n1 dies at that moment and is away for long."""
    death = Fault("process.kill", at=at, duration=3.5, target="n1", id="death")
    plan = Plan(system, "list-append", nodes=3, clients=2, time_limit=5.0, faults=(death,))
    result = run(experiment(plan.with_(operations=OPERATIONS)), tracing=False)
    assert result.validity is not INVALID
    reads = [c for c in result.history.calls() if c.f == "txn" and c.process == 1]
    return {call.outcome for call in reads[: len(OPERATIONS) - 1]}


MOMENTS = [1.0845 + n / 1000 for n in range(7)]
"""At one of these n2 and n3 have voted, and nobody has told them what was decided."""


def test_in_two_phase_commit_the_others_wait_for_a_coordinator_that_is_dead():
    assert any("ok" not in died("two-phase-commit", at) for at in MOMENTS)


def test_by_paxos_they_do_not_whenever_it_dies():
    assert all("ok" in died("paxos-commit", at) for at in MOMENTS)


# One decision


class Servers:
    """Three acceptors, and proposers, whose messages wait until they are delivered."""

    def __init__(self, proposer=Proposer, acceptor=Acceptor):
        self.queue, self.chosen, self.count = [], {}, 0
        self.acceptors = {
            name: acceptor((), self.log, lambda to, what, name=name: self.send(name, to, what))
            for name in SERVERS
        }
        self.proposers = {
            name: proposer(
                name,
                SERVERS,
                lambda to, what, name=name: self.send(name, to, what),
                lambda txn, commit, name=name: self.chosen.setdefault(name, commit),
            )
            for name in SERVERS
        }

    def log(self, record):
        self.count += 1
        return self.count

    def send(self, sender, receiver, message):
        self.queue.append((sender, receiver, message))

    def deliver(self, *to):
        """Deliver what waits for these servers, and what comes of it; the rest stays."""
        while able := [m for m in self.queue if m[1] in to]:
            self.queue.remove(able[0])
            sender, receiver, (kind, *fields) = able[0]
            acceptor, proposer = self.acceptors[receiver], self.proposers[receiver]
            match kind:
                case "prepare?":
                    acceptor.promise(sender, *fields)
                case "accept?":
                    acceptor.accept(sender, *fields)
                case "promise":
                    proposer.promised(sender, *fields)
                case "accepted":
                    proposer.accepted(sender, *fields)
            acceptor.durable(self.count)
        return self


def test_what_a_majority_accepted_is_found_without_its_proposer():
    servers = Servers()
    servers.proposers["n1"].propose("t")
    servers.deliver("n2")
    servers.proposers["n2"].find_out("t")

    assert servers.deliver("n2", "n3").chosen == {"n2": True}


class ProposesItsOwn(Proposer):
    """Does not look at what the acceptors say that they have accepted."""

    def promised(self, server, txn, ballot, accepted_ballot, outcome):
        super().promised(server, txn, ballot, NOTHING, False)


class PromisesNothing(Acceptor):
    """Accepts whatever comes."""

    def accept(self, proposer, txn, ballot, outcome):
        self.promised.pop(txn, None)
        super().accept(proposer, txn, ballot, outcome)


def test_who_proposes_his_own_has_something_else_chosen_than_was():
    servers = Servers(proposer=ProposesItsOwn)
    servers.proposers["n1"].propose("t")
    servers.deliver(*SERVERS)
    servers.proposers["n2"].find_out("t")

    assert servers.deliver("n2", "n3").chosen == {"n1": True, "n2": False}


def test_an_acceptor_that_breaks_its_promise_lets_a_late_proposal_be_chosen():
    servers = Servers(acceptor=PromisesNothing)
    servers.proposers["n1"].propose("t")
    late, servers.queue = servers.queue, []
    servers.proposers["n2"].find_out("t")
    servers.deliver("n2", "n3")
    servers.queue = late

    assert servers.deliver(*SERVERS).chosen == {"n1": True, "n2": False}


def test_what_nobody_accepted_is_aborted_and_a_late_proposal_finds_that_out():
    servers = Servers()
    servers.proposers["n1"].propose("t")
    late, servers.queue = servers.queue, []
    servers.proposers["n2"].find_out("t")
    assert servers.deliver("n2", "n3").chosen == {"n2": False}
    servers.queue = late
    assert servers.deliver(*SERVERS).chosen == {"n2": False}
    for now in (5.0, 10.0):  # the first ballot is below that of n2
        servers.proposers["n1"].now = now
        servers.proposers["n1"].find_out("t")
        servers.deliver(*SERVERS)

    assert servers.chosen == {"n1": False, "n2": False}


@pytest.mark.parametrize("heard", [("n1",), ("n2",), ("n3",), ("n1", "n3")])
def test_two_proposers_never_learn_different_outcomes(heard):
    servers = Servers()
    servers.proposers["n1"].propose("t")
    servers.deliver(*heard)
    for name in ("n3", "n2"):
        servers.proposers[name].now += 5.0
        servers.proposers[name].find_out("t")
        servers.deliver(name, *heard)
    servers.deliver(*SERVERS)

    assert len(set(servers.chosen.values())) == 1


def test_an_acceptor_that_starts_again_keeps_its_word():
    records, sent = [], []

    def acceptor():
        def log(record):
            records.append(record)
            return len(records)

        return Acceptor(tuple(records), log, lambda to, what: sent.append(what))

    first = acceptor()
    first.accept("n1", "t", 0, True)
    first.promise("n2", "t", 4)
    assert sent == []
    first.durable(2)
    assert sent == [("accepted", "t", 0, True), ("promise", "t", 4, 0, True)]
    again = acceptor()
    again.accept("n1", "t", 3, False)
    again.promise("n3", "t", 4)
    assert again.accepted["t"] == (0, True)
    assert len(records) == 2
    assert Acceptor((), len, print).accepted.get("t", (NOTHING,)) == (NOTHING,)
