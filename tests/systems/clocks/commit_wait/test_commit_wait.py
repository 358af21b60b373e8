"""Commit wait: who begins after a commit sees it, on whichever server; and what that rests on."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.harness.planning import draw
from splitbrain.systems.clocks.commit_wait.journal import Journal
from splitbrain.systems.clocks.commit_wait.shard import Shard
from splitbrain.systems.clocks.commit_wait.timekeeping import Timekeeper
from splitbrain.systems.registry import experiment
from splitbrain.systems.transactions.two_phase_commit.messages import partition_of

# One transaction after the other, on servers that know the time well and badly


KEYS = [key for key in map(str, range(40)) if partition_of(key, ("n1", "n2", "n3")) == "n2"][:8]
"""Keys of n2, which knows the time badly."""


def one_after_the_other(bug, seed):
    """Writes to n2, whose way to the time is slow, each with reads by way of n3 after it."""
    slow = Fault("net.latency", 0.2, 6.0, "n2", {"delay": 0.04}, id="slow")
    operations = []
    for number, key in enumerate(KEYS):
        at = 0.6 + number * 0.7
        operations.append(PlannedOperation(at, 1, "txn", [["append", key, number + 1]]))
        reads = [PlannedOperation(at + 0.03 * n, 2, "txn", [["r", key, None]]) for n in range(22)]
        operations += reads
    plan = Plan("commit-wait", "list-append", bug=bug, nodes=3, clients=3, seed=seed)
    plan = plan.with_(options={"system": {"skew": 2.0}}, time_limit=6.5)
    return run(experiment(plan.with_(faults=(slow,), operations=tuple(operations))), tracing=False)


def test_with_commit_wait_a_later_reader_sees_the_write_however_badly_the_writer_knew_the_time():
    assert one_after_the_other(None, 0).validity is VALID


def test_without_commit_wait_it_may_not():
    result = one_after_the_other("CLK-09", 0)

    assert result.validity is INVALID
    assert any("realtime" in verdict.signature for verdict in result.verdicts)


def test_what_wall_clocks_do_is_of_no_account():
    plan = Plan("commit-wait", "list-append", nodes=3, seed=4, time_limit=5.0, rate=30.0)
    disturbed = draw(plan, "bump,strobe,freeze,backward,slew,leap")

    assert len({fault.kind for fault in disturbed.faults}) > 2
    assert run(experiment(disturbed), tracing=False).validity is VALID


def test_a_clock_that_drifts_more_than_was_assumed_breaks_it():
    """The one assumption is needed: a clock that runs fast believes that a timestamp is past."""
    plan = Plan("commit-wait", "list-append", nodes=3, seed=0, time_limit=8.0, rate=60.0)

    assert run(experiment(draw(plan, "drift")), tracing=False).validity is INVALID


def test_a_late_answer_to_a_question_of_an_earlier_life_is_not_believed():
    sent = []
    before, after = (Timekeeper("n2", "n1", b, lambda to, what: sent.append(what)) for b in (0, 1))
    before.ask()
    after.now = 5.0
    after.ask()
    (_, old), (_, new) = sent
    after.now = 5.1
    after.told(old, 100.0)
    assert not after.known
    after.told(new, 105.0)
    assert after.interval() == pytest.approx((105.0, 105.101))


# One shard alone


class Told:
    """A shard that knows the time as it is told, and what it has sent."""

    def __init__(self, records=()):
        self.sent = []
        self.journal = Journal(len(records))
        self.time = Timekeeper("n1", "n1", 0, self.send)
        self.shard = Shard(records, self.journal, self.time, self.send)

    def send(self, server, message):
        self.sent.append(message)

    def at(self, seconds):
        self.time.now = seconds
        self.shard.serve()
        return self

    def sync(self):
        self.records = [*getattr(self, "records", []), *self.journal.records]
        self.journal.records.clear()
        self.journal.durable(1_000)
        return self

    def answers(self):
        given, self.sent = self.sent, []
        return given


def seconds(number):
    return int(number * 1_000_000)


def test_a_read_waits_until_its_snapshot_is_past():
    told = Told().at(1.0)
    told.shard.read("n2.1.1", 1, ("read", "x"), seconds(2))

    assert told.answers() == []
    assert told.at(1.9).answers() == []
    assert told.at(2.1).answers() == [("did", "n2.1.1", 1, None)]


def test_a_read_waits_for_what_is_prepared_before_its_snapshot():
    told = Told().at(1.0)
    told.shard.prepare("n2.1.1", seconds(0.5), (("x", 7),))
    told.sync()
    told.at(2.0).shard.read("n2.1.2", 1, ("read", "x"), seconds(1.5))
    told.shard.read("n2.1.3", 1, ("read", "y"), seconds(1.5))
    told.shard.read("n2.1.4", 1, ("read", "x"), seconds(0.9))

    assert told.answers() == [
        ("vote", "n2.1.1", seconds(1.0)),
        ("did", "n2.1.3", 1, None),
        ("did", "n2.1.4", 1, None),
    ]
    told.shard.decide("n2.1.1", seconds(1.2))
    told.sync()
    assert told.answers() == [("ack", "n2.1.1"), ("did", "n2.1.2", 1, 7)]


def test_a_vote_is_sent_when_it_is_durable_and_binds_through_a_crash():
    told = Told().at(1.0)
    told.shard.prepare("n2.1.1", seconds(0.5), (("x", 7),))
    assert told.answers() == []
    assert told.sync().answers() == [("vote", "n2.1.1", seconds(1.0))]

    again = Told(told.records).at(3.0)
    again.shard.prepare("n2.1.2", seconds(2.5), (("x", 8),))
    assert again.answers() == [("vote", "n2.1.2", None)]
    again.shard.tick()
    assert again.answers() == [("inquire", "n2.1.1")]


def test_the_first_committer_wins():
    told = Told().at(1.0)
    told.shard.prepare("n2.1.1", seconds(0.5), (("x", 7),))
    told.sync().shard.decide("n2.1.1", seconds(1.0))
    told.sync().answers()
    told.at(2.0).shard.prepare("n3.1.1", seconds(0.9), (("x", 8),))
    told.shard.prepare("n3.1.2", seconds(1.0), (("x", 9),))

    assert told.sync().answers() == [
        ("vote", "n3.1.1", None),
        ("vote", "n3.1.2", seconds(2.0)),
    ]


def test_a_late_copy_of_a_prepare_prepares_nothing_again():
    told = Told().at(1.0)
    told.shard.prepare("n2.1.1", seconds(0.5), (("x", 7),))
    told.sync().shard.decide("n2.1.1", seconds(1.0))
    told.sync().answers()
    told.shard.prepare("n2.1.1", seconds(0.5), (("x", 7),))

    assert told.sync().answers() == []
    assert told.shard.prepared == {}
