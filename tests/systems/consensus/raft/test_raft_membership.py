"""Changes of the members: section 6 of the paper, chapter 4 of the thesis."""

from __future__ import annotations

import pytest
from raft_cluster import PAPER, Cluster, append_entries
from raft_schedules import Schedule, Violation

from splitbrain.systems.consensus.raft.bugs import changes
from splitbrain.systems.consensus.raft.client import changed
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.consensus.raft.messages import Entry
from splitbrain.systems.consensus.raft.phases import FOLLOWER, LEADER
from splitbrain.systems.consensus.raft.rules import Rules

FIVE = ("n1", "n2", "n3", "n4", "n5")


def led_by_n1(members=3, rules=Rules):
    cluster = Cluster(FIVE, settings=PAPER._replace(members=members), rules=rules)
    cluster.elect("n1")
    cluster.settle()
    return cluster


def change(cluster, leader, voters, learners=()):
    """Ask a leader; how it answered, if it did."""
    number = cluster.request(leader, "client", ("change", tuple(voters), tuple(learners)))
    return [message[2] for _, message in cluster.replies if message[1] == number]


# Configurations


@pytest.mark.parametrize(
    ("voters", "outgoing", "names", "agreed"),
    [
        ("n1 n2 n3", "", "n1 n2", True),
        ("n1 n2 n3", "", "n1 n4 n5", False),
        ("n1 n2 n3 n4", "", "n1 n2", False),
        ("n1 n2", "n3 n4 n5", "n1 n2", False),
        ("n1 n2", "n3 n4 n5", "n1 n2 n3 n4", True),
        ("n1 n2", "n3 n4 n5", "n1 n3 n4 n5", False),
    ],
)
def test_6_a_joint_configuration_needs_both_majorities(voters, outgoing, names, agreed):
    configuration = Configuration(tuple(voters.split()), tuple(outgoing.split()))

    assert configuration.agreed(names.split()) is agreed
    values = {name: 1 if name in names.split() else 0 for name in FIVE}
    assert configuration.reached(values) == agreed


# One voter at a time (thesis 4.1), learners (4.2.1)


def test_thesis_4_1_a_configuration_counts_from_when_it_is_in_the_log():
    cluster = led_by_n1()

    change(cluster, "n1", FIVE[:4])

    assert cluster["n1"].server.members.voters == FIVE[:4]
    cluster.wire = [message for message in cluster.wire if message[1] in ("n2", "n4")]
    cluster.settle()
    assert cluster["n1"].commit == 2  # three of four; the new one is sent all of the log


def test_thesis_4_1_a_configuration_that_is_overwritten_counts_no_more():
    cluster = led_by_n1()
    follower = cluster["n2"]
    mine = Configuration(FIVE[:4]).command()
    follower.receive(0.0, "n1", append_entries(1, (1, 1), (Entry(1, mine),)))
    assert follower.server.members.voters == FIVE[:4]

    follower.receive(0.0, "n3", append_entries(2, (1, 1), (Entry(2, ("command", "x")),)))

    assert follower.server.members.voters == FIVE[:3]


def test_thesis_4_1_one_change_after_the_other():
    cluster = led_by_n1()

    assert change(cluster, "n1", FIVE[:4]) == []  # under way
    assert change(cluster, "n1", FIVE[:2]) == ["refused"]
    cluster.settle()
    assert change(cluster, "n1", FIVE[:4]) == ["ok"]  # they are the members already


def test_thesis_4_2_1_learners_have_the_log_and_no_vote():
    cluster = led_by_n1()
    change(cluster, "n1", FIVE[:3], FIVE[3:])
    cluster.settle()

    assert cluster["n4"].log.entries == cluster["n1"].log.entries
    cluster.partition(("n1", "n4", "n5"), ("n2", "n3"))
    cluster.request("n1", "client", ("command", "x"))
    cluster.settle()
    assert cluster["n1"].commit == 2
    cluster.time_out("n4")
    assert cluster["n4"].role == FOLLOWER


def test_thesis_4_2_2_a_leader_that_is_removed_leads_until_that_is_committed():
    cluster = led_by_n1()

    change(cluster, "n1", ("n2", "n3"))
    assert cluster["n1"].role == LEADER
    cluster.settle()

    assert cluster["n1"].role == FOLLOWER
    assert [message[2] for _, message in cluster.replies] == ["ok"]
    cluster.elect("n2")


def test_thesis_4_2_2_who_is_removed_campaigns_no_more_once_it_knows():
    cluster = led_by_n1()
    change(cluster, "n1", ("n1", "n2"))
    cluster.settle()
    assert "n3" not in cluster["n1"].server.phase.progress

    cluster.start("n3")  # it has the entry, and doesn't know that it is committed
    cluster.time_out("n3")
    assert cluster["n3"].role != FOLLOWER

    cluster["n1"].server.settings = THESIS = PAPER._replace(pre_vote=True)
    cluster["n2"].server.settings = THESIS
    cluster.settle()
    assert cluster["n1"].role == LEADER  # and its requests disturb nobody (4.2.3)


# Any voters (paper 6, thesis 4.3)


def test_6_voters_are_exchanged_by_way_of_both_majorities():
    cluster = led_by_n1()

    change(cluster, "n1", ("n3", "n4", "n5"))
    assert cluster["n1"].server.members == Configuration(("n3", "n4", "n5"), FIVE[:3])
    cluster.partition(FIVE[:3], FIVE[3:])
    cluster.settle()
    assert cluster["n1"].commit == 1  # the old majority alone decides nothing
    cluster.heal()
    cluster.time_out("n1")
    cluster.settle()

    assert [cluster[name].server.members for name in FIVE[2:]] == [
        Configuration(("n3", "n4", "n5"))
    ] * 3
    assert [message[2] for _, message in cluster.replies] == ["ok"]


def test_6_the_next_leader_ends_what_an_earlier_one_began():
    cluster = led_by_n1()
    change(cluster, "n1", ("n3", "n4", "n5"))
    for _ in range(4):
        cluster.deliver()  # all are sent the joint configuration, and nobody has answered
    cluster.crash("n1")

    cluster.elect("n3")
    cluster.settle()

    assert cluster["n3"].server.members == Configuration(("n3", "n4", "n5"))


def test_snapshots_say_who_the_members_were():
    settings = PAPER._replace(members=3, snapshot_every=5, snapshot_keeps=0)
    cluster = Cluster(FIVE, settings=settings)
    cluster.elect("n1")
    change(cluster, "n1", FIVE[:2])
    cluster.settle()
    for i in range(10):
        cluster.request("n1", "client", ("command", f"x{i}"))
        cluster.settle()

    cluster.restart("n2")

    assert cluster["n2"].log.base_index >= 5
    assert cluster["n2"].server.members == Configuration(FIVE[:2])


# The bug of July 2015


def two_changes_and_a_leader_between(rules):
    """Ongaro's example: n1 adds n5, n2 removes n1, and then n1 is back. How n2's change was
    answered at first, and what the probe sees, then and in the end.
    """
    cluster, probe = led_by_n1(members=4, rules=rules), RaftInvariants()

    def look():
        found = [probe(name, server) for name, server in cluster.servers.items()]
        return [breach.invariant for breach in found if breach]

    look()
    cluster.partition(("n1", "n5"), ("n2", "n3", "n4"))
    change(cluster, "n1", FIVE)  # reaches n5 alone
    cluster.settle()
    cluster.time_out("n2")
    cluster.wire = [m for m in cluster.wire if m[2][0] == "request-vote"]
    for _ in range(4):
        cluster.deliver()
    assert cluster["n2"].role == LEADER
    look()
    answer = change(cluster, "n2", ("n2", "n3", "n4"))
    at_once = look()
    cluster.partition(("n2", "n3"), ("n1", "n4", "n5"))
    for _ in range(4):
        cluster.settle()
        look()
        cluster.time_out("n2")
    found = []
    for _ in range(4):
        cluster.time_out("n1")
        cluster.settle()
        found += look()
    return answer, at_once, found


def test_a_change_waits_for_an_entry_of_the_leaders_own_term():
    assert two_changes_and_a_leader_between(Rules) == (["refused"], [], [])


def test_without_that_two_majorities_decide():
    answer, at_once, found = two_changes_and_a_leader_between(changes.ChangesAtOnce)

    assert answer == []
    assert at_once == ["rival-quorums"]
    assert "leader-completeness" in found


@pytest.mark.parametrize(("rules", "found"), [(Rules, []), (changes.SkipsJoint, ["rival-quorums"])])
def test_10_voters_that_are_exchanged_at_once_are_rivals_before_anybody_votes(rules, found):
    cluster, probe = led_by_n1(members=3, rules=rules), RaftInvariants()

    def look():
        seen = [probe(name, server) for name, server in cluster.servers.items()]
        return [breach.invariant for breach in seen if breach]

    look()
    cluster.partition(("n1", "n4", "n5"), ("n2", "n3"))
    change(cluster, "n1", ("n1", "n4", "n5"))

    assert look() == found


# Random schedules


def test_figure_3_holds_while_the_members_change():
    changes = 0
    for seed in range(6):
        schedule, probe = Schedule(seed, changing=True), RaftInvariants()
        for _ in range(1_500):
            schedule.run(1)
            for name, server in schedule.cluster.servers.items():
                if server.core is not None:
                    assert probe(name, server) is None
        changes += schedule.changes

    assert changes > 15


def test_exchanging_voters_in_one_step_breaks_them():
    with pytest.raises(Violation, match="leader completeness"):
        Schedule(25, changes.SkipsJoint, changing=True).run(2_500)


@pytest.mark.parametrize("number", range(45))
def test_what_a_client_changes_always_leaves_two_voters(number):
    voters, learners = changed(number, FIVE, ("n1", "n2"), ("n3",))

    assert len(voters) >= 2
    assert not set(voters) & set(learners)
    assert (voters, learners) != (("n1", "n2"), ("n3",))
