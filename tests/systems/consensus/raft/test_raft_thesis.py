"""Persistence, clients and compaction as the Raft paper and thesis have them, section by section.

"The paper" is Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
Version)", 2014; "the thesis" is Ongaro, "Consensus: Bridging Theory and Practice", 2014.
"""

from __future__ import annotations

import pytest
from raft_cluster import PAPER, Cluster, append_entries, entries, sent, terms

from splitbrain.systems.consensus.raft.effects import SaveEntries, SaveState
from splitbrain.systems.consensus.raft.messages import (
    APPEND,
    APPENDED,
    RECEIVED,
    REQUEST_VOTE,
    SNAPSHOT,
    VOTE,
    Appended,
    InstallSnapshot,
    RequestVote,
    Vote,
)
from splitbrain.systems.consensus.raft.phases import FOLLOWER
from splitbrain.systems.consensus.sending import Send

# Figure 2: persistence


def test_figure_2_term_and_vote_are_saved_before_a_vote_is_sent():
    cluster = Cluster()

    effects = cluster["n1"].receive(0.0, "n2", RequestVote(REQUEST_VOTE, 1, 0, 0))

    last_save = max(i for i, e in enumerate(effects) if isinstance(e, SaveState))
    [answer] = [i for i, e in enumerate(effects) if isinstance(e, Send)]
    assert effects[last_save] == SaveState(1, "n2")
    assert last_save < answer
    assert effects[answer].durable


def test_figure_2_entries_are_saved_before_they_are_acknowledged():
    cluster = Cluster()

    effects = cluster["n1"].receive(0.0, "n2", append_entries(1, entries=entries(1, 1)))

    save, answer = effects[-2:]
    assert save == SaveEntries(1, entries(1, 1))
    assert answer == Send("n2", Appended(APPENDED, 1, 2, 1), durable=True)


def test_figure_2_a_candidate_asks_for_votes_only_when_its_own_is_saved():
    cluster = Cluster()
    cluster.servers["n1"].held = True

    cluster.time_out("n1")
    assert cluster.wire == []

    cluster.sync("n1")
    assert len(cluster.wire) == 2


def test_figure_2_term_vote_and_log_survive_a_crash():
    cluster = Cluster()
    cluster.elect("n1")
    cluster.request("n1", "client", ("command", "x"))
    cluster.settle()

    cluster.crash("n2")
    cluster.restart("n2")

    core = cluster["n2"]
    assert (core.role, core.term, core.vote, terms(core)) == (FOLLOWER, 1, "n1", [1, 1])
    assert core.commit == 0  # volatile; the leader tells again


def test_thesis_10_2_1_a_leaders_own_copy_counts_when_it_is_durable():
    cluster = Cluster()
    cluster.elect("n1")
    cluster.servers["n1"].held = True
    cluster.partition(("n1", "n2"), ("n3",))
    cluster.request("n1", "client", ("command", "x"))
    cluster.settle()
    assert cluster["n1"].commit == 1

    cluster.sync("n1")

    assert cluster["n1"].commit == 2


# 6 of the thesis: clients


def test_thesis_6_2_a_leader_without_a_majority_steps_down_within_an_election_timeout():
    cluster = Cluster()
    cluster.elect("n1")
    cluster.partition(("n1",), ("n2", "n3"))
    cluster.request("n1", "client", ("command", "x"))

    for _ in range(8):
        cluster.pass_time("n1", 0.1)

    assert cluster["n1"].role == FOLLOWER
    assert [m.status for _, m in cluster.replies] == ["redirect"]


def test_thesis_6_2_followers_name_the_leader():
    cluster = Cluster()
    cluster.elect("n1")

    cluster.request("n2", "client", ("command", "x"))

    assert cluster.replies[-1][1][2:] == ("redirect", "n1")


def test_thesis_6_4_a_read_waits_for_a_majority_to_confirm_the_leader():
    cluster = Cluster()
    cluster.elect("n1")
    cluster.request("n1", "client", ("query", ("all",)))
    assert cluster.replies == []

    cluster.deliver()  # one follower hears
    cluster.deliver(1)  # and answers

    assert [m.status for _, m in cluster.replies] == ["ok"]


def test_thesis_6_4_answers_to_messages_sent_before_a_read_dont_confirm_it():
    cluster = Cluster()
    cluster.elect("n1")
    cluster.time_out("n1")  # heartbeats
    cluster.deliver()
    cluster.deliver()  # both have answered; the answers are under way
    cluster.request("n1", "client", ("query", ("all",)))
    old_answers, cluster.wire = cluster.wire, []

    for follower, leader, answer in old_answers:
        cluster[leader].receive(0.0, follower, answer)

    assert cluster.replies == []


def test_thesis_6_4_a_new_leader_reads_nothing_before_its_no_op_is_committed():
    cluster = Cluster()
    cluster.time_out("n1")
    cluster.receive("n1", "n2", Vote(VOTE, 1, True))
    cluster.request("n1", "client", ("query", ("all",)))

    cluster.receive("n1", "n2", Appended(APPENDED, 1, 0, 99))
    assert cluster.replies == []

    cluster.receive("n1", "n2", Appended(APPENDED, 1, 1, 99))
    assert [m.status for _, m in cluster.replies] == ["ok"]


# 7 Log compaction


def test_7_servers_forget_entries_behind_their_snapshots():
    cluster = Cluster(settings=PAPER._replace(snapshot_every=10, snapshot_keeps=3))
    cluster.elect("n1")
    for i in range(30):
        cluster.request("n1", "client", ("command", f"x{i}"))
        cluster.settle()

    for name in cluster.names:
        assert len(cluster[name].log.entries) < 15
        assert cluster[name].server.replica.snapshot.last_index in (20, 30)
        assert cluster[name].log.base_index == cluster[name].server.replica.snapshot.last_index - 3


def test_7_a_follower_far_behind_gets_the_snapshot_and_then_the_log():
    cluster = Cluster(settings=PAPER._replace(snapshot_every=10, snapshot_keeps=3))
    cluster.elect("n1")
    cluster.crash("n3")
    for i in range(25):
        cluster.request("n1", "client", ("command", f"x{i}"))
        cluster.settle()
    cluster.restart("n3")
    for _ in range(3):
        cluster.time_out("n1")
        cluster.settle()

    assert "n3: installed snapshot up to 20" in cluster.events
    replicas = [cluster[name].server.replica for name in ("n3", "n1")]
    assert replicas[0].machine.entries == replicas[1].machine.entries
    assert cluster["n3"].commit == cluster["n1"].commit == 26


@pytest.mark.parametrize("chunk", [7, 50, 10_000])
@pytest.mark.parametrize("lost", [0, 1, 3])
def test_figure_13_a_snapshot_comes_in_pieces_that_may_be_lost(chunk, lost):
    settings = PAPER._replace(snapshot_every=10, snapshot_keeps=3, chunk=chunk)
    cluster = Cluster(settings=settings)
    cluster.elect("n1")
    cluster.crash("n3")
    for i in range(25):
        cluster.request("n1", "client", ("command", f"x{i}"))
        cluster.settle()
    cluster.restart("n3")
    for _ in range(2 + lost):
        cluster.time_out("n1")
        for _ in range(lost):
            cluster.deliver()
        if lost:
            cluster.wire.clear()
    for _ in range(3):
        cluster.time_out("n1")
        cluster.settle()

    replicas = [cluster[name].server.replica for name in ("n3", "n1")]
    assert replicas[0].machine.entries == replicas[1].machine.entries
    pieces = [event for event in cluster.events if "n1 -> n3 snapshot" in event]
    assert len(pieces) >= len(replicas[1].snapshot.data) // chunk


def test_figure_13_pieces_of_another_snapshot_are_not_put_together():
    core = Cluster()["n1"]
    one, other = (
        InstallSnapshot(SNAPSHOT, 1, last, 1, core.server.members, 0, b"abc", False, last)
        for last in (5, 6)
    )

    core.receive(0.0, "n2", one)
    core.receive(0.0, "n2", other)
    effects = core.receive(0.0, "n2", other._replace(offset=2, data=b"cd", number=7))

    answers = [m for _, m in sent(effects, RECEIVED)]
    assert [(m.last_index, m.offset) for m in answers] == [(6, 3)]  # it wants byte 3, not 2


def test_figure_13_a_log_that_continues_the_snapshot_is_kept():
    cluster = Cluster()
    cluster.start_with_log("n1", [1, 1, 1, 1], term=1)
    cluster.start_with_log("n2", [1, 1, 1, 1], term=1)
    data = cluster["n2"].server.replica.machine.snapshot()

    cluster["n1"].receive(
        0.0,
        "n2",
        InstallSnapshot(SNAPSHOT, 1, 2, 1, cluster["n2"].server.members, 0, data, True, 1),
    )

    assert (cluster["n1"].log.base_index, cluster["n1"].log.last_index) == (2, 4)


def test_figure_13_a_snapshot_that_comes_late_changes_nothing():
    cluster = Cluster()
    core = cluster["n1"]
    core.receive(0.0, "n2", append_entries(1, entries=entries(1, 1, 1), commit=3))
    other = Cluster()["n1"]
    other.receive(0.0, "n2", append_entries(1, entries=entries(1, 1, 1), commit=2))

    late = InstallSnapshot(
        SNAPSHOT,
        1,
        2,
        1,
        other.server.members,
        0,
        other.server.replica.machine.snapshot(),
        True,
        1,
    )
    effects = core.receive(0.0, "n2", late)

    assert [index for index, _ in core.server.replica.machine.entries] == [1, 2, 3]
    assert (core.server.replica.applied, core.log.last_index) == (3, 3)
    assert [m.match for _, m in sent(effects, APPENDED)] == [2]


def test_thesis_10_2_1_of_a_leaders_own_entries_only_the_durable_ones_count():
    cluster = Cluster()
    cluster.elect("n1")
    leader = cluster["n1"]
    cluster.servers["n1"].held = True
    for command in ("x", "y"):
        cluster.request("n1", "client", ("command", command))
    done = cluster.servers["n1"].saved
    cluster.receive("n1", "n2", Appended(APPENDED, 1, 3, leader.server.phase.sent))
    assert leader.commit == 1

    leader.saved(0.0, done + 1)
    assert leader.commit == 2

    leader.saved(0.0, done + 2)
    assert leader.commit == 3


@pytest.mark.parametrize(
    ("servers", "answers", "confirmed"), [(3, 1, True), (5, 1, False), (5, 2, True)]
)
def test_thesis_6_4_a_majority_of_all_servers_confirms_a_read(servers, answers, confirmed):
    cluster = Cluster([f"n{i + 1}" for i in range(servers)])
    cluster.elect("n1")
    leader = cluster["n1"]
    cluster.request("n1", "client", ("query", ("all",)))

    for i in range(answers):
        answer = Appended(APPENDED, 1, leader.log.last_index, leader.server.phase.sent)
        cluster.receive("n1", f"n{i + 2}", answer)

    assert bool(cluster.replies) is confirmed


def test_a_repeated_answer_starts_no_second_message():
    """Else each message that the network repeats would go on repeating itself."""
    cluster = Cluster()
    cluster.elect("n1")
    leader = cluster["n1"]
    cluster.request("n1", "client", ("command", "x"))
    cluster.request("n1", "client", ("command", "y"))
    number = leader.server.phase.progress["n2"].sent
    answer = Appended(APPENDED, 1, 2, number)

    first = leader.receive(0.0, "n2", answer)
    second = leader.receive(0.0, "n2", answer)

    assert len(sent(first, APPEND)) == 1
    assert sent(second, APPEND) == []
