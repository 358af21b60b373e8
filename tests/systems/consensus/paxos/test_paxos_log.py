"""A log of decisions: phase 1 for all slots at once, holes, catching up, outbidding, reads."""

from __future__ import annotations

import pytest
from paxos_cluster import Cluster

from splitbrain.systems.consensus.paxos.messages import ACCEPT, ACCEPTED, HEARTBEAT, PREPARE
from splitbrain.systems.consensus.paxos.state import Settings

REGISTER = ("register",)


def accepts_slot(slot):
    return lambda sender, to, message: (
        message[0] == ACCEPT and sender != to and slot in [each for each, _ in message.proposals]
    )


def test_a_leader_asks_for_all_slots_once_and_then_takes_one_exchange_a_command():
    cluster = Cluster()
    cluster.lead("n1")
    prepared = []
    for _ in range(5):
        cluster.ask("n1", *REGISTER)
        prepared += [message for *_, message in cluster.mail if message[0] == PREPARE]
        cluster.settle()

    assert prepared == []
    assert [status for _, status, _ in cluster.replies] == ["ok"] * 5
    assert cluster["n1"].replica.applied == 5


def test_ballots_belong_to_servers():
    cluster = Cluster()

    assert [cluster[name].next_ballot() for name in cluster.names] == [101, 102, 103]
    cluster["n2"].seen = 103
    assert cluster["n2"].next_ballot() == 202


def test_slots_are_chosen_in_any_order_and_applied_in_theirs():
    cluster = Cluster()
    cluster.lead("n1")
    first, second = cluster.ask("n1", *REGISTER), cluster.ask("n1", *REGISTER)
    cluster.settle(drop=accepts_slot(1))

    assert cluster["n1"].replica.chosen.keys() == {2}
    assert cluster.replies == []
    cluster.tick("n1")  # repeats what was not answered
    cluster.settle()
    assert [id for id, _, _ in cluster.replies] == [first, second]


def test_a_new_leader_fills_holes_and_goes_on_with_what_was_voted_for():
    cluster = Cluster()
    cluster.lead("n1")
    for _ in range(3):
        cluster.ask("n1", *REGISTER)
    lost = accepts_slot(2)
    # n2 votes in slots 1 and 3; nobody but n1 ever hears of slot 2, nor n1 of any vote.
    cluster.settle(drop=lambda *mail: lost(*mail) or mail[2][0] == ACCEPTED or mail[1] == "n3")
    cluster.lead("n3", "n2", "n3")
    cluster.tick("n3")
    cluster.settle("n2", "n3")

    log = [cluster["n3"].replica.chosen[slot] for slot in (1, 2, 3)]
    assert log == [REGISTER, None, REGISTER]
    assert cluster["n2"].replica.applied == 3


def test_the_latest_vote_wins_over_an_earlier_one():
    cluster = Cluster(5)
    cluster.lead("n1")
    cluster.ask("n1", "command", 1, 1, "old")
    cluster.settle("n1", drop=lambda sender, to, message: message[0] == ACCEPTED)
    cluster.lead("n2", "n2", "n3", "n4")
    cluster.ask("n2", "command", 1, 1, "new")
    cluster.settle("n2", "n3", drop=lambda sender, to, message: message[0] == ACCEPTED)
    cluster.lead("n5", "n1", "n3", "n5")

    assert cluster["n5"].replica.chosen[1][-1] == "new"


def test_who_missed_something_asks_for_it():
    cluster = Cluster()
    cluster.lead("n1")
    for _ in range(100):
        cluster.ask("n1", *REGISTER)
    cluster.settle("n1", "n2")
    assert cluster["n3"].replica.applied == 0
    cluster.tick("n1")
    cluster.settle()

    assert cluster["n3"].replica.applied == 100  # in more than one batch


def test_who_missed_what_is_forgotten_gets_the_state():
    cluster = Cluster(settings=Settings(snapshot_every=8, snapshot_keeps=2))
    cluster.lead("n1")
    for _ in range(20):
        cluster.ask("n1", *REGISTER)
        cluster.settle("n1", "n2")
    cluster.tick("n1")
    cluster.settle()
    assert cluster["n3"].replica.applied == 16  # the snapshot
    cluster.tick("n1")
    cluster.settle()

    assert cluster["n3"].replica.applied == 20
    assert cluster["n3"].replica.base >= 8
    assert cluster["n3"].replica.machine.snapshot() == cluster["n1"].replica.machine.snapshot()


def test_who_is_behind_what_is_forgotten_cannot_lead_before_it_has_the_state():
    cluster = Cluster(settings=Settings(snapshot_every=4, snapshot_keeps=0))
    cluster.lead("n1")
    for _ in range(9):
        cluster.ask("n1", *REGISTER)
        cluster.settle("n1", "n2")
    cluster.time_out("n3")
    cluster.settle("n2", "n3")
    assert cluster["n3"].phase.role == "preparing"
    assert cluster["n3"].replica.applied == 8
    cluster.tick("n3")  # asks again, from there on
    cluster.settle("n2", "n3")

    assert cluster["n3"].phase.role == "leader"
    assert cluster["n3"].replica.applied == 9


def test_promises_and_votes_outlive_a_crash():
    cluster = Cluster(settings=Settings(snapshot_every=4, snapshot_keeps=1))
    cluster.lead("n1")
    for _ in range(6):
        cluster.ask("n1", *REGISTER)
        cluster.settle()
    before = cluster["n2"].stored()
    cluster.restart("n2")

    assert cluster["n2"].stored() == before
    assert cluster["n2"].acceptor.promised == 101
    assert cluster["n2"].replica.applied == 4
    assert set(cluster["n2"].acceptor.votes) == {4, 5, 6}


def test_nobody_is_promised_anything_while_a_leader_is_heard():
    cluster = Cluster()
    cluster.lead("n1")
    cluster.tick("n1")
    cluster.settle()
    heard_at = cluster.now
    cluster.take("n3", cluster.cores["n3"].tick(cluster.cores["n3"].deadline))
    assert cluster["n3"].phase.role == "preparing"
    cluster.now = heard_at + 0.1
    cluster.settle("n2", "n3")

    assert cluster["n3"].phase.role == "preparing"
    assert cluster["n2"].acceptor.promised == 101
    assert cluster["n2"].seen == 203


def test_a_leader_that_one_server_refuses_takes_a_later_ballot_at_once():
    cluster = Cluster()
    cluster.lead("n1")
    cluster.take("n3", cluster.cores["n3"].tick(cluster.cores["n3"].deadline))
    cluster.mail.clear()
    cluster.now = cluster["n1"].timer.now + 0.1
    cluster.take("n1", cluster.cores["n1"].tick(cluster.cores["n1"].deadline))
    cluster.settle()

    assert cluster["n1"].phase.role == "leader"
    assert cluster["n1"].phase.ballot == 301
    assert cluster["n3"].phase.leader == "n1"


def test_a_proposer_that_asks_again_is_waited_for_no_longer():
    cluster = Cluster()
    cluster.take("n1", cluster.cores["n1"].tick(cluster.cores["n1"].deadline))
    asked = [message for _, to, message in cluster.mail if to == "n2"]
    cluster.mail.clear()
    cluster.cores["n2"].receive(cluster.now, "n1", asked[0])
    waits_until = cluster.cores["n2"].deadline
    for n in range(1, 9):
        cluster.cores["n2"].receive(cluster.now + n / 100, "n1", asked[0])

    assert asked[0][0] == "prepare"
    assert cluster.cores["n2"].deadline == waits_until


def test_a_leader_that_nobody_answers_resigns_and_sends_its_clients_away():
    cluster = Cluster()
    cluster.lead("n1")
    cluster.ask("n1", *REGISTER)
    for _ in range(8):
        cluster.mail.clear()
        cluster.tick("n1")

    assert cluster["n1"].phase.role != "leader"
    assert cluster.replies == [(1, "redirect", None)]


@pytest.mark.parametrize(("lease", "asks"), [(0.0, True), (0.2, False)])
def test_a_read_needs_a_majority_or_a_lease(lease, asks):
    cluster = Cluster(settings=Settings(lease=lease))
    cluster.lead("n1")
    cluster.ask("n1", "query", ("get", "x"))
    sent = [message for *_, message in cluster.mail if message[0] == HEARTBEAT]

    assert bool(sent) == asks
    assert bool(cluster.replies) != asks
    cluster.settle()
    assert cluster.replies == [(1, "ok", None)]


def test_a_lease_ends_some_time_after_a_majority_was_asked():
    cluster = Cluster(settings=Settings(lease=0.2))
    cluster.lead("n1")
    cluster.now += 0.25
    cluster.ask("n1", "query", ("get", "x"))

    assert cluster.replies == []


def test_a_read_waits_for_what_was_voted_for_before():
    cluster = Cluster()
    cluster.lead("n1")
    cluster.ask("n1", *REGISTER)
    cluster.settle(drop=lambda sender, to, message: message[0] == ACCEPTED)
    cluster.time_out("n2")
    cluster.settle("n2", "n3", drop=lambda sender, to, message: message[0] == ACCEPTED)
    cluster.ask("n2", "query", ("get", "x"))
    cluster.settle("n2", "n3", drop=lambda sender, to, message: message[0] == ACCEPTED)
    assert cluster.replies == []
    cluster.tick("n2")
    cluster.settle("n2", "n3")

    assert cluster.replies == [(2, "ok", None)]
