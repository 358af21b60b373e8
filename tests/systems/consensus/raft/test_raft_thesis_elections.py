"""Elections that disturb nobody, transfers and pipelining: thesis, chapters 3, 4, 9 and 10."""

from __future__ import annotations

import pytest
from raft_cluster import PAPER, Cluster, sent

from splitbrain.systems.consensus.raft.messages import (
    PRE_VOTE,
    REQUEST_VOTE,
    TIMEOUT_NOW,
    VOTE,
    WOULD_VOTE,
    PreVote,
    RequestVote,
    TimeoutNow,
)
from splitbrain.systems.consensus.raft.phases import FOLLOWER, LEADER, PRE_CANDIDATE

# 9.6, 4.2.3 and 3.10 of the thesis: elections that disturb nobody, and those that the leader wants

THESIS = PAPER._replace(pre_vote=True)


def led_by_n1():
    """Three servers that follow n1; none has heard anything since its clock stood at 0.3 s."""
    cluster = Cluster(settings=THESIS)
    for name in ("n2", "n3"):
        cluster.pass_time(name, 0.3)
    cluster.wire.clear()
    cluster.elect("n1")
    cluster.time_out("n1")
    cluster.settle()
    return cluster


@pytest.mark.parametrize(
    ("silence", "request_", "granted"),
    [
        (0.29, PreVote(PRE_VOTE, 1, 9, 9), False),
        (0.31, PreVote(PRE_VOTE, 1, 9, 9), True),
        (0.31, PreVote(PRE_VOTE, 1, 0, 0), False),
        (0.31, PreVote(PRE_VOTE, 0, 9, 9), False),
    ],
    ids=("it hears its leader", "it doesn't", "a log that is behind", "a term that is behind"),
)
def test_thesis_9_6_who_would_vote_for_whom(silence, request_, granted):
    cluster = led_by_n1()

    effects = cluster["n2"].receive(0.3 + silence, "n3", request_)

    assert [m.granted for _, m in sent(effects, WOULD_VOTE)] == [granted]
    assert (cluster["n2"].term, cluster["n2"].vote) == (1, "n1")


def test_thesis_9_6_a_pre_vote_changes_nothing_on_either_side():
    cluster = led_by_n1()
    stored = [server.stored for server in cluster.servers.values()]

    cluster.time_out("n3")
    cluster.settle()

    assert [server.stored for server in cluster.servers.values()] == stored
    assert cluster["n3"].role == PRE_CANDIDATE


@pytest.mark.parametrize("term", [1, 2])
def test_thesis_4_2_3_a_vote_is_refused_while_the_leader_is_heard(term):
    cluster = led_by_n1()
    cluster["n2"].server.ballot.vote = None  # as if it had not voted in term 1

    effects = cluster["n2"].receive(0.59, "n3", RequestVote(REQUEST_VOTE, term, 9, 9))

    assert [m.granted for _, m in sent(effects, VOTE)] == [False]
    assert cluster["n2"].term == 1


def test_thesis_4_2_3_who_starts_may_have_heard_of_a_leader():
    cluster = Cluster(settings=THESIS)
    request = RequestVote(REQUEST_VOTE, 1, 0, 0)

    early = cluster["n1"].receive(0.29, "n2", request)
    late = cluster["n1"].receive(0.3, "n2", request)

    answers = [m.granted for effects in (early, late) for _, m in sent(effects, VOTE)]
    assert answers == [False, True]


def test_thesis_3_10_a_transfer_is_no_disturbance():
    cluster = led_by_n1()

    effects = cluster["n2"].receive(0.3, "n3", RequestVote(REQUEST_VOTE, 2, 9, 9, True))

    assert [m.granted for _, m in sent(effects, VOTE)] == [True]


@pytest.mark.parametrize(
    ("to", "answer"),
    [("n1", ("ok", None)), ("n9", ("refused", "n9 is no server of this cluster"))],
)
def test_thesis_3_10_to_whom_a_leader_hands_over(to, answer):
    cluster = led_by_n1()

    cluster.request("n1", "client", ("transfer", to))

    assert cluster.replies[-1][1][2:] == answer
    assert cluster["n1"].role == LEADER


def test_thesis_3_10_a_late_wish_of_an_earlier_leader_is_ignored():
    cluster = led_by_n1()

    cluster["n2"].receive(0.3, "n3", TimeoutNow(TIMEOUT_NOW, 0))

    assert cluster["n2"].role == FOLLOWER


# 10.2.2 of the thesis: pipelining


@pytest.mark.parametrize("window", [1, 3])
def test_thesis_10_2_2_so_many_messages_are_under_way(window):
    cluster = Cluster(settings=PAPER._replace(window=window))
    cluster.elect("n1")
    cluster.time_out("n1")
    cluster.settle()

    for command in "abcde":
        cluster.request("n1", "client", ("command", command))

    under_way = [message for _, to, message in cluster.wire if to == "n2"]
    assert len(under_way) == window
    assert [message.previous_index for message in under_way] == list(range(1, 1 + window))
    cluster.settle()
    assert [m.status for _, m in cluster.replies] == ["ok"] * 5
