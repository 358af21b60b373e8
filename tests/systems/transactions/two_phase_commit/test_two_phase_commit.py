"""Two-phase commit, a message at a time: every place where it can stop, and how it goes on."""

import pytest
from commit_cluster import HOME, NAMES, Cluster

from splitbrain.systems.transactions.two_phase_commit.bugs import (
    CommitsAnythingCore,
    KeepsDoubtCore,
    TellsTooEarlyCore,
)
from splitbrain.systems.transactions.two_phase_commit.coordinator import PREPARE_S
from splitbrain.systems.transactions.two_phase_commit.messages import partition_of
from splitbrain.systems.transactions.two_phase_commit.participant import INQUIRE_S, LOCK_WAIT_S


@pytest.fixture
def cluster():
    return Cluster()


def outcome(cluster, txn):
    return {(name, committed) for name, of, committed in cluster.decided if of == txn}


COMMITTED = {("n2", True), ("n3", True)}
ROLLED_BACK = {("n2", False), ("n3", False)}


def test_keys_of_the_same_table_are_on_one_server():
    assert {name: partition_of(key, NAMES) for name, key in HOME.items()} == {n: n for n in NAMES}
    assert len({partition_of(f"room1/{i}", NAMES) for i in range(20)}) == 1


def test_all_vote_yes_and_all_commit(cluster):
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.run()

    assert cluster.told[-1] == ("committed",)
    assert outcome(cluster, txn) == COMMITTED
    assert (cluster.value("n2", HOME["n2"]), cluster.value("n3", HOME["n3"])) == (1, 1)
    assert ("forget", txn) in cluster.logs["n1"]


def test_nobody_hears_of_a_commit_before_it_is_durable(cluster):
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.deliver("prepare")
    cluster.force("n2", "n3")
    cluster.deliver("vote")

    assert cluster.network == []
    assert cluster.told[-1] != ("committed",)
    cluster.force("n1")
    assert cluster.told[-1] == ("committed",)


def test_a_yes_is_durable_before_it_is_sent(cluster):
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.deliver("prepare")

    assert cluster.network == []


def test_a_participant_that_started_again_votes_no(cluster):
    txn = cluster.written()
    cluster.crash("n2")
    cluster.start("n2")
    cluster.client("n1", "commit", txn)
    cluster.run()

    assert cluster.told[-1][0] == "aborted"
    assert cluster.value("n3", HOME["n3"]) is None


def test_a_participant_does_not_vote_for_half_of_its_operations(cluster):
    txn = cluster.written()
    cluster.crash("n2")
    cluster.start("n2")
    cluster.client("n1", "operate", txn, 3, ("append", HOME["n2"], 5))
    cluster.run()

    assert cluster.told[-1] == ("aborted", "a participant has forgotten it, or rolled it back")


def test_a_vote_that_does_not_come_is_a_no(cluster):
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.deliver(to="n3", lose=True)
    cluster.wait(PREPARE_S + 0.1)

    assert cluster.told[-1] == ("aborted", "a participant did not vote in time")
    cluster.run()
    cluster.wait(2.0)
    cluster.run()
    assert cluster.value("n2", HOME["n2"]) is cluster.value("n3", HOME["n3"]) is None


def test_a_lost_prepare_or_vote_is_asked_for_again(cluster):
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.deliver("prepare", "n2", lose=True)
    cluster.run()
    cluster.wait(0.3)
    cluster.run()

    assert cluster.told[-1] == ("committed",)


def test_a_lost_vote_is_sent_again(cluster):
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.deliver("prepare")
    cluster.force("n2", "n3")
    cluster.deliver("vote", lose=True)
    cluster.wait(0.3)
    cluster.run()

    assert cluster.told[-1] == ("committed",)


def test_operations_done_again_after_a_crash_are_not_voted_for(cluster):
    """A message that arrives twice, on both sides of a crash, finds other locks and other data."""
    txn = cluster.written(("n2",))
    cluster.crash("n2")
    cluster.start("n2")
    cluster.network.append(("n1", "n2", ("do", txn, 1, ("write", HOME["n2"], 1))))
    cluster.run()
    cluster.client("n1", "commit", txn)
    cluster.run()

    assert cluster.told[-1][0] == "aborted"


def test_what_was_committed_in_an_earlier_life_is_not_begun_again(cluster):
    """By a copy of its first operation that comes late: it would be rolled back."""
    txn = cluster.written(("n2",))
    cluster.client("n1", "commit", txn)
    cluster.run()
    cluster.crash("n2")
    cluster.start("n2")
    cluster.network.append(("n1", "n2", ("do", txn, 1, ("write", HOME["n2"], 2))))
    cluster.run()
    cluster.wait(2.0)

    assert outcome(cluster, txn) == {("n2", True)}
    assert cluster.value("n2", HOME["n2"]) == 1


def in_doubt(cluster):
    """A transaction of which n2 and n3 have voted, and n1 has not decided."""
    txn = cluster.written()
    cluster.client("n1", "commit", txn)
    cluster.deliver("prepare")
    cluster.force("n2", "n3")
    return txn


def test_a_coordinator_that_forgot_presumes_the_abort(cluster):
    txn = in_doubt(cluster)
    cluster.crash("n1")
    cluster.deliver("vote")
    cluster.start("n1")
    cluster.wait(INQUIRE_S + 0.1)
    cluster.run()

    assert outcome(cluster, txn) == ROLLED_BACK
    cluster.client("n1", "commit", txn)
    assert cluster.told[-1][0] == "aborted"


def test_a_coordinator_that_decided_goes_on_after_a_crash(cluster):
    txn = in_doubt(cluster)
    cluster.deliver("vote")
    cluster.force("n1")
    cluster.network.clear()
    cluster.crash("n1", power_loss=True)
    cluster.start("n1")
    cluster.wait(INQUIRE_S + 0.1)
    cluster.run()

    assert outcome(cluster, txn) == COMMITTED
    cluster.client("n1", "commit", txn)
    assert cluster.told[-1] == ("committed",)


def test_a_decision_that_was_not_forced_never_was(cluster):
    txn = in_doubt(cluster)
    cluster.deliver("vote")
    cluster.crash("n1", power_loss=True)
    cluster.start("n1")
    cluster.wait(INQUIRE_S + 0.1)
    cluster.run()

    assert outcome(cluster, txn) == ROLLED_BACK


def test_a_participant_in_doubt_keeps_its_locks_through_a_crash(cluster):
    txn = in_doubt(cluster)
    cluster.crash("n2", power_loss=True)
    cluster.start("n2")
    cluster.client("n2", "begin")
    other = cluster.told[-1][1]
    cluster.client("n2", "operate", other, 1, ("read", HOME["n2"]))
    cluster.deliver("do")
    assert cluster.told[-1] == ("begun", other)
    cluster.deliver("vote")
    cluster.force("n1")
    cluster.run()
    cluster.wait(INQUIRE_S + 0.1)
    cluster.run()

    assert cluster.told[-1] == ("done", 1)
    assert outcome(cluster, txn) == COMMITTED


def test_no_participant_ends_what_it_voted_for_on_its_own(cluster):
    txn = in_doubt(cluster)
    cluster.crash("n1")
    for _ in range(20):
        cluster.wait(1.0)
        cluster.run()

    assert outcome(cluster, txn) == set()


def test_a_decision_is_sent_until_it_is_acknowledged(cluster):
    txn = in_doubt(cluster)
    cluster.deliver("vote")
    cluster.force("n1")
    cluster.deliver("decide", "n3", lose=True)
    cluster.run()
    assert outcome(cluster, txn) == {("n2", True)}
    assert ("forget", txn) not in cluster.logs["n1"]
    cluster.wait(0.5)
    cluster.run()

    assert outcome(cluster, txn) == COMMITTED
    assert ("forget", txn) in cluster.logs["n1"]


def test_every_message_may_arrive_twice(cluster):
    cluster.client("n1", "begin")
    txn = cluster.told[-1][1]
    for n, server in enumerate(("n2", "n3", "n2"), 1):
        cluster.client("n1", "operate", txn, n, ("append", HOME[server], n))
        while cluster.network:
            cluster.network += cluster.network[:1]
            cluster.deliver()
            cluster.force()
            cluster.network = cluster.network[:4]
    cluster.client("n1", "commit", txn)
    for _ in range(6):
        cluster.network = [message for message in cluster.network for _ in range(2)]
        cluster.deliver()
        cluster.force()

    assert cluster.value("n2", HOME["n2"]) == (1, 3)
    assert outcome(cluster, txn) == COMMITTED


def test_circles_over_servers_are_broken_by_patience(cluster):
    for name in ("n1", "n2"):
        cluster.client(name, "begin")
    (_, one), (_, other) = cluster.told
    for server, txn, n, home in (
        ("n1", one, 1, "n2"),
        ("n2", other, 1, "n3"),
        ("n1", one, 2, "n3"),
        ("n2", other, 2, "n2"),
    ):
        cluster.client(server, "operate", txn, n, ("write", HOME[home], n))
        cluster.run()
        cluster.now += 0.01
    cluster.told.clear()
    cluster.wait(LOCK_WAIT_S + 0.1)
    cluster.run()

    assert ("aborted", "it waited too long for a lock") in cluster.told


# The same scenes with planted bugs: the tests above are able to fail.


def test_a_decision_told_too_early_splits_the_servers():
    cluster = Cluster(core=TellsTooEarlyCore)
    txn = in_doubt(cluster)
    cluster.deliver("vote")
    cluster.deliver("decide", "n2")
    cluster.force("n2")
    cluster.network.clear()
    cluster.crash("n1", power_loss=True)
    cluster.start("n1")
    cluster.wait(INQUIRE_S + 0.1)
    cluster.run()

    assert outcome(cluster, txn) == {("n2", True), ("n3", False)}


def test_a_participant_that_never_asks_stays_in_doubt():
    cluster = Cluster(core=KeepsDoubtCore)
    txn = in_doubt(cluster)
    cluster.crash("n1")
    cluster.network.clear()
    cluster.start("n1")
    for _ in range(20):
        cluster.wait(1.0)
        cluster.run()

    assert outcome(cluster, txn) == set()


def test_a_commit_of_something_unknown_is_an_error_and_not_acknowledged(cluster):
    with pytest.raises(AssertionError, match="decided without this server's vote"):
        cluster.cores["n2"].receive("n1", ("decide", "n1.0.99", True), 0.0)
    lenient = Cluster(core=CommitsAnythingCore)
    lenient.cores["n2"].receive("n1", ("decide", "n1.0.99", True), 0.0)
    lenient.collect("n2")
    assert lenient.network == [("n2", "n1", ("ack", "n1.0.99"))]
