"""Viewstamped Replication by section, as pure cores with messages that a test delivers or drops."""

from __future__ import annotations

import pytest
from viewstamped_cluster import Cluster

from splitbrain.systems.consensus.viewstamped.bugs import AcknowledgesGaps, Amnesiac
from splitbrain.systems.consensus.viewstamped.messages import (
    DO_VIEW_CHANGE,
    PREPARE,
    PREPARE_OK,
    RECOVERY_RESPONSE,
)
from splitbrain.systems.consensus.viewstamped.rules import Rules

REGISTER = ("register",)


def of_kind(*kinds):
    return lambda sender, to, message: message[0] in kinds


def test_4_1_an_operation_is_committed_when_f_others_hold_it():
    cluster = Cluster(5)
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n2")
    assert cluster.replies == []
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n2", "n3")  # n3 asks for the first
    assert cluster.replies == [(1, "ok"), (2, "ok")]
    assert cluster["n3"].op == 2


def test_of_an_even_number_of_servers_a_majority_holds_what_is_committed():
    cluster = Cluster(4)
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n2")
    assert cluster.replies == []
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n2", "n3")
    assert cluster.replies == [(1, "ok"), (2, "ok")]


@pytest.mark.parametrize(("rules", "held"), [(Rules, [1, 2]), (AcknowledgesGaps, [2])])
def test_4_1_to_acknowledge_is_to_hold_all_before(rules, held):
    cluster = Cluster(rules=rules)
    cluster.ask("n1", "command", 1, 1, 1)
    cluster.settle("n1")
    cluster.ask("n1", "command", 1, 2, 2)
    cluster.settle("n1", "n2")

    assert [command[-1] for command in cluster["n2"].log] == held


def test_4_2_a_view_change_keeps_what_was_committed():
    cluster = Cluster()
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n3")
    assert cluster.replies == [(1, "ok")]
    cluster.tick("n2")
    cluster.settle("n2", "n3")

    assert cluster["n2"].leads
    assert cluster["n2"].log == [REGISTER]
    cluster.tick("n2")
    cluster.settle()
    assert [cluster[name].view for name in cluster.names] == [1, 1, 1]
    assert cluster["n1"].commit == 1


def test_4_2_a_primary_that_nobody_hears_gives_up_and_sends_its_clients_away():
    cluster = Cluster()
    cluster.ask("n1", *REGISTER)
    while cluster["n1"].status == "normal":
        cluster.mail.clear()
        cluster.tick("n1")

    assert cluster.replies == [(1, "redirect")]
    assert cluster["n1"].view == 1


def test_4_3_who_crashed_says_nothing_before_it_has_recovered():
    cluster = Cluster()
    for _ in range(3):
        cluster.ask("n1", *REGISTER)
    cluster.settle()
    cluster.crash("n3")
    assert cluster["n3"].status == "recovering"
    cluster.settle(drop=of_kind(RECOVERY_RESPONSE))
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n3")
    assert cluster["n3"].op == 0
    assert len(cluster.replies) == 3
    cluster.tick("n3")
    cluster.settle()

    assert cluster["n3"].status == "normal"
    assert cluster["n3"].op == 4


def test_4_3_recovery_takes_a_majority_and_the_primary_of_its_latest_view():
    cluster = Cluster(5)
    cluster.ask("n1", *REGISTER)
    cluster.settle()
    cluster.crash("n5")
    cluster.settle("n1", "n2", "n5")
    assert cluster["n5"].status == "recovering"
    cluster.tick("n5")
    cluster.settle("n2", "n3", "n4", "n5")
    assert cluster["n5"].status == "normal"  # n1 had answered before

    cluster.crash("n5")
    cluster.settle("n2", "n3", "n4", "n5")
    assert cluster["n5"].status == "recovering"


def test_4_3_who_is_answered_by_nobody_asks_less_and_less_often():
    cluster = Cluster()
    cluster.crash("n3")
    started, asked = cluster.now, []
    while cluster.now < started + 60:
        cluster.tick("n3")
        cluster.mail.clear()
        asked.append(cluster.now - started)

    patience = cluster["n3"].settings.patience_max
    assert sum(when < 0.3 for when in asked) >= 10, "soon, while an answer may come"
    assert len(asked) < 30 + 60 / patience
    assert asked[-1] - asked[-2] == pytest.approx(patience)


def test_4_3_a_primary_that_lost_its_memory_is_primary_no_more():
    cluster = Cluster()
    cluster.ask("n1", *REGISTER)
    cluster.settle()
    cluster.crash("n1")
    cluster.settle()
    cluster.tick("n1")
    cluster.settle()

    assert cluster["n2"].leads
    assert cluster["n1"].status == "normal"
    assert cluster["n1"].log == [REGISTER]


def test_4_3_more_than_f_failures_lose_everything_and_answer_nothing():
    cluster = Cluster()
    cluster.ask("n1", *REGISTER)
    cluster.settle()
    for name in ("n2", "n3"):
        cluster.crash(name)
    for _ in range(5):
        for name in cluster.names:
            cluster.tick(name)
        cluster.settle()

    assert [cluster[name].status == "normal" for name in ("n2", "n3")] == [False, False]

    forgetful = Cluster(rules=Amnesiac)
    forgetful.ask("n1", *REGISTER)
    forgetful.settle()
    for name in ("n2", "n3"):
        forgetful.crash(name)
    forgetful.tick("n2")
    forgetful.settle("n2", "n3")
    assert forgetful["n2"].leads
    assert forgetful["n2"].log == []


class IgnoresLives(Rules):
    """As the paper has it."""

    def is_current(self, sender, message, lives):
        return True


@pytest.mark.parametrize(("rules", "kept"), [(Rules, True), (IgnoresLives, False)])
def test_a_log_that_was_sent_in_a_former_life_counts_for_nothing(rules, kept):
    """n3 sends its log for view 1, crashes, recovers in view 0, and acknowledges more there; then
    what it sent arrives (Michael et al., DISC 2017)."""
    cluster = Cluster(rules=rules)
    cluster.tick("n3")
    cluster["n3"].changes.add("n2")  # a message of n2 from before it crashed and recovered itself
    cluster.now += 0.1
    cluster.take("n3", cluster.cores["n3"].tick(cluster.now))
    late = [mail for mail in cluster.mail if mail[1] == "n2"]
    assert DO_VIEW_CHANGE in [message[0] for *_, message in late]
    cluster.mail.clear()
    cluster.crash("n3")
    cluster.settle()
    assert (cluster["n3"].status, cluster["n3"].view) == ("normal", 0)
    cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n3")
    assert cluster.replies == [(1, "ok")]
    cluster.mail = late
    cluster.settle("n2", "n3")

    assert cluster["n2"].leads
    assert (REGISTER in cluster["n2"].log) == kept


def test_6_3_a_read_asks_a_majority_whether_there_is_a_later_view():
    cluster = Cluster()
    cluster.ask("n1", "query", ("get", "x"))
    assert cluster.replies == []
    cluster.settle(drop=of_kind(PREPARE, PREPARE_OK))
    assert cluster.replies == []
    cluster.tick("n1")
    cluster.settle()

    assert cluster.replies == [(1, "ok")]
