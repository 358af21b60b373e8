"""What section 5 of the Raft paper demands, each test citing the section that it checks.

Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)",
2014. `test_raft_thesis` has the rest.
"""

from __future__ import annotations

from random import Random

import pytest
from raft_cluster import Cluster, append_entries, entries, sent, terms

from splitbrain.systems.consensus.raft import Settings
from splitbrain.systems.consensus.raft.messages import (
    APPENDED,
    REJECTED,
    REQUEST_VOTE,
    VOTE,
    Appended,
    Entry,
    Rejected,
    RequestVote,
    Vote,
)
from splitbrain.systems.consensus.raft.phases import CANDIDATE, FOLLOWER, LEADER

# 5.1 Raft basics


@pytest.mark.parametrize("role", [FOLLOWER, CANDIDATE, LEADER])
def test_5_1_a_later_term_makes_anyone_a_follower_of_that_term(role):
    cluster = Cluster()
    if role == CANDIDATE:
        cluster.time_out("n1")
    elif role == LEADER:
        cluster.elect("n1")
    assert cluster["n1"].role == role

    cluster["n1"].receive(0.0, "n2", append_entries(term=9))

    assert (cluster["n1"].role, cluster["n1"].term, cluster["n1"].leader) == (FOLLOWER, 9, "n2")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (RequestVote(REQUEST_VOTE, 1, 9, 9), Vote(VOTE, 2, False)),
        (append_entries(term=1), Rejected(REJECTED, 2, 0, 0, 0, 0)),
    ],
    ids=("RequestVote", "AppendEntries"),
)
def test_5_1_requests_of_an_earlier_term_are_refused_with_the_current_term(request_, answer):
    cluster = Cluster()
    cluster["n1"].receive(0.0, "n2", append_entries(term=2))

    effects = cluster["n1"].receive(0.0, "n3", request_)

    assert [message for _, message in sent(effects, answer.kind)] == [answer]
    assert cluster["n1"].term == 2


# 5.2 Leader election


def test_5_2_servers_start_as_followers():
    cluster = Cluster()

    assert [cluster[name].role for name in cluster.names] == [FOLLOWER] * 3


def test_5_2_a_follower_that_hears_of_its_leader_doesnt_campaign():
    cluster = Cluster()
    core = cluster["n1"]
    now = 0.0
    for _ in range(50):
        now += 0.29  # less than the shortest election timeout
        core.receive(now, "n2", append_entries(term=1))
        core.tick(now)

    assert (core.role, core.term) == (FOLLOWER, 1)


def test_5_2_a_follower_that_hears_nothing_campaigns_in_the_next_term():
    cluster = Cluster()
    core = cluster["n1"]

    effects = core.tick(core.deadline)

    assert (core.role, core.term, core.vote) == (CANDIDATE, 1, "n1")
    request = RequestVote(REQUEST_VOTE, 1, 0, 0)
    assert sent(effects, REQUEST_VOTE) == [("n2", request), ("n3", request)]


@pytest.mark.parametrize(
    ("servers", "votes", "wins"),
    [(3, 1, False), (3, 2, True), (4, 2, False), (4, 3, True), (5, 2, False), (5, 3, True)],
)
def test_5_2_a_candidate_needs_a_majority_of_all_servers(servers, votes, wins):
    cluster = Cluster([f"n{i + 1}" for i in range(servers)])
    cluster.time_out("n1")

    for i in range(1, votes):  # the first is its own
        cluster["n1"].receive(0.0, f"n{i + 1}", Vote(VOTE, 1, True))

    assert (cluster["n1"].role == LEADER) is wins


def test_5_2_a_vote_that_comes_twice_counts_once():
    cluster = Cluster([f"n{i + 1}" for i in range(5)])
    cluster.time_out("n1")

    for _ in range(3):
        cluster["n1"].receive(0.0, "n2", Vote(VOTE, 1, True))

    assert cluster["n1"].role == CANDIDATE


def test_5_2_votes_go_to_the_first_who_asks():
    cluster = Cluster()
    core = cluster["n1"]
    request = RequestVote(REQUEST_VOTE, 1, 0, 0)

    answers = [sent(core.receive(0.0, name, request), VOTE) for name in ("n2", "n3", "n2")]

    granted = [answer[0][1].granted for answer in answers]
    assert granted == [True, False, True]


def test_5_2_a_candidate_yields_to_the_leader_of_its_term():
    cluster = Cluster()
    cluster.time_out("n1")

    cluster["n1"].receive(0.0, "n2", append_entries(term=1))

    assert (cluster["n1"].role, cluster["n1"].leader) == (FOLLOWER, "n2")


def test_5_2_election_timeouts_are_random_within_their_bounds():
    settings = Settings()
    cluster = Cluster(random=lambda: Random(5))
    timeouts = set()
    for _ in range(200):
        cluster["n1"].server.timer.restart(settings)
        timeouts.add(cluster["n1"].deadline - cluster["n1"].server.timer.now)

    assert len(timeouts) == 200
    assert settings.election_min <= min(timeouts) < settings.election_min + 0.02
    assert settings.election_max - 0.02 < max(timeouts) <= settings.election_max


# 5.3 Log replication


def test_5_3_a_leader_appends_to_its_log_and_replicates():
    cluster = Cluster()
    cluster.elect("n1")

    cluster.request("n1", "client", ("command", "x"))

    appends = [message for _, _, message in cluster.wire]
    assert [(m.previous_index, m.previous_term, m.entries) for m in appends] == [
        (1, 1, (Entry(1, ("command", "x")),))
    ] * 2


@pytest.mark.parametrize(
    ("servers", "acknowledge", "commits"),
    [(1, 0, True), (3, 0, False), (3, 1, True), (5, 1, False), (5, 2, True)],
)
def test_5_3_an_entry_is_committed_once_a_majority_holds_it(servers, acknowledge, commits):
    cluster = Cluster([f"n{i + 1}" for i in range(servers)])
    cluster.time_out("n1")
    cluster.settle()
    cluster.request("n1", "client", ("command", "x"))
    leader = cluster["n1"]
    index = leader.log.last_index

    for i in range(acknowledge):
        answer = Appended(APPENDED, leader.term, index, leader.server.phase.sent)
        leader.receive(0.0, f"n{i + 2}", answer)

    assert (leader.commit == index) is commits
    assert bool([m for to, m in cluster.replies if to == "client"]) is (servers == 1)


def test_5_3_committing_an_entry_commits_all_before_it():
    cluster = Cluster()
    cluster.start_with_log("n1", [1, 2])
    cluster.elect("n1")

    assert cluster["n1"].commit == 3
    assert [index for index, _ in cluster["n1"].server.replica.machine.entries] == [1, 2, 3]


def test_5_3_followers_apply_in_log_order_what_the_leader_committed():
    cluster = Cluster()
    core = cluster["n1"]

    core.receive(0.0, "n2", append_entries(1, entries=entries(1, 1, 1), commit=2))
    assert [index for index, _ in core.server.replica.machine.entries] == [1, 2]

    core.receive(0.0, "n2", append_entries(1, previous=(3, 1), commit=3))
    assert [index for index, _ in core.server.replica.machine.entries] == [1, 2, 3]


def test_figure_2_a_follower_commits_no_further_than_the_message_proves():
    """AppendEntries, step 5: min(leaderCommit, index of last new entry)."""
    cluster = Cluster()
    cluster.start_with_log("n1", [1, 1, 1, 1])

    cluster["n1"].receive(0.0, "n2", append_entries(2, previous=(2, 1), commit=4))

    assert cluster["n1"].commit == 2


@pytest.mark.parametrize(
    ("log", "previous", "conflict"),
    [
        ([], (1, 1), (1, 0)),
        ([1, 1], (5, 3), (3, 0)),
        ([1, 1, 2, 2], (4, 3), (3, 2)),
        ([1, 1, 1], (3, 2), (1, 1)),
    ],
)
def test_5_3_the_consistency_check_refuses_what_doesnt_fit(log, previous, conflict):
    cluster = Cluster()
    cluster.start_with_log("n1", log)

    effects = cluster["n1"].receive(0.0, "n2", append_entries(4, previous, entries(4)))

    [(_, answer)] = sent(effects, REJECTED)
    assert (answer.conflict_index, answer.conflict_term) == conflict
    assert terms(cluster["n1"]) == log


@pytest.mark.parametrize(
    ("log", "previous", "new", "expected"),
    [
        ([1, 1], (2, 1), [2], [1, 1, 2]),
        ([1, 1], (1, 1), [2], [1, 2]),
        ([1, 1, 1, 1], (0, 0), [2, 2], [2, 2]),
        ([1, 2, 2], (1, 1), [2, 2], [1, 2, 2]),
        ([1, 2, 2, 2], (1, 1), [2], [1, 2, 2, 2]),  # an older message: nothing is removed
        ([1, 2, 2, 2], (4, 2), [], [1, 2, 2, 2]),
    ],
)
def test_5_3_conflicting_entries_are_replaced_and_others_kept(log, previous, new, expected):
    cluster = Cluster()
    cluster.start_with_log("n1", log)

    cluster["n1"].receive(0.0, "n2", append_entries(3, previous, entries(*new)))

    assert terms(cluster["n1"]) == expected


def test_5_3_a_leader_never_changes_its_own_log():
    cluster = Cluster()
    cluster.start_with_log("n1", [1, 1, 2])
    cluster.elect("n1")
    before = list(cluster["n1"].log.entries)

    cluster["n1"].receive(0.0, "n2", Rejected(REJECTED, cluster["n1"].term, 3, 1, 1, 1))
    cluster.request("n1", "client", ("command", "x"))

    assert cluster["n1"].log.entries[: len(before)] == before


@pytest.mark.parametrize(
    "log",
    [
        [1, 1, 1, 4, 4, 5, 5, 6, 6],
        [1, 1, 1, 4],
        [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        [1, 1, 1, 4, 4, 4, 4],
        [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ],
    ids="abcdef",
)
def test_figure_7_any_follower_comes_to_agree_with_the_leader(log):
    cluster = Cluster(["leader", "follower", "voter"])
    cluster.start_with_log("leader", [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], term=7)
    cluster.start_with_log("follower", log)
    cluster.elect("leader")
    cluster.time_out("leader")
    cluster.settle()

    assert terms(cluster["follower"]) == terms(cluster["leader"])
    assert cluster["follower"].commit == 11


def test_5_3_backtracking_skips_a_term_at_a_time():
    cluster = Cluster(["leader", "follower", "voter"])
    cluster.start_with_log("leader", [1] * 10 + [5] * 20, term=5)
    cluster.start_with_log("follower", [1] * 10 + [2] * 30 + [3] * 30, term=5)
    cluster.elect("leader")

    refusals = [e for e in cluster.events if e.startswith("follower -> leader rejected")]
    assert len(refusals) <= 3
    assert terms(cluster["follower"]) == terms(cluster["leader"])


# 5.4 Safety


@pytest.mark.parametrize(
    ("log", "last", "granted"),
    [
        ([1], (1, 1), True),
        ([1], (2, 1), True),
        ([1, 1], (1, 2), True),  # the later term wins, however short
        ([1, 1], (1, 1), False),
        ([2], (2, 1), False),
        ([1, 2], (3, 1), False),
    ],
)
def test_5_4_1_votes_go_to_logs_at_least_as_up_to_date_as_the_voters(log, last, granted):
    cluster = Cluster()
    cluster.start_with_log("n1", log)

    effects = cluster["n1"].receive(0.0, "n2", RequestVote(REQUEST_VOTE, 3, *last))

    assert [m.granted for _, m in sent(effects, VOTE)] == [granted]


def test_5_4_1_a_refused_candidate_still_teaches_its_term_and_postpones_nothing():
    cluster = Cluster()
    cluster.start_with_log("n1", [2])
    deadline = cluster["n1"].deadline

    cluster["n1"].receive(0.2, "n2", RequestVote(REQUEST_VOTE, 5, 1, 1))

    assert (cluster["n1"].term, cluster["n1"].deadline) == (5, deadline)


def test_5_4_2_an_entry_of_an_earlier_term_is_not_committed_by_counting():
    cluster = Cluster(["n1", "n2", "n3", "n4", "n5"])
    cluster.start_with_log("n1", [1, 2], term=3)
    cluster.time_out("n1")
    for voter in ("n2", "n3"):
        cluster.receive("n1", voter, Vote(VOTE, 4, True))
    leader = cluster["n1"]
    assert terms(leader) == [1, 2, 4]

    for follower in ("n2", "n3"):
        cluster.receive("n1", follower, Appended(APPENDED, 4, 2, leader.server.phase.sent))
    assert leader.commit == 0

    for follower in ("n2", "n3"):
        cluster.receive("n1", follower, Appended(APPENDED, 4, 3, leader.server.phase.sent))
    assert leader.commit == 3
