"""The properties of figure 3 hold in random schedules; planted bugs of the core break them."""

from __future__ import annotations

import os

import pytest
from raft_cluster import Cluster
from raft_schedules import Schedule, Violation

from splitbrain.systems.consensus.raft.bugs import protocol as bugs
from splitbrain.systems.consensus.raft.rules import Rules

SCHEDULES = int(os.environ.get("SPLITBRAIN_RAFT_SCHEDULES", "24"))
STEPS = 3_000


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_figure_3_holds_in_random_schedules(seed):
    Schedule(seed).run(STEPS)


def test_schedules_exercise_what_they_should():
    schedules = [Schedule(seed) for seed in range(6)]
    for schedule in schedules:
        schedule.run(STEPS)
    events = [event for schedule in schedules for event in schedule.cluster.events]

    assert sum(len(schedule.properties.leaders) for schedule in schedules) > 30
    assert sum(len(schedule.acknowledged) for schedule in schedules) > 200
    assert sum(schedule.queries_answered for schedule in schedules) > 30
    assert sum(schedule.crashes for schedule in schedules) > 20
    assert sum("installed snapshot" in event for event in events) > 3
    assert sum(" rejected " in event for event in events) > 30


def test_a_schedule_is_a_function_of_its_seed():
    first, second = Schedule(3), Schedule(3)
    first.run(500)
    second.run(500)

    assert first.cluster.events == second.cluster.events
    assert len(first.cluster.events) > 100


def broken_by(rules: type[Rules], shows: str, seeds: range) -> list[str]:
    """The violations that schedules find, up to the first of the kind expected."""
    found: list[str] = []
    for seed in seeds:
        try:
            Schedule(seed, rules, batch=1).run(STEPS)
        except (Violation, AssertionError) as violation:
            found.append(str(violation))
            if shows in found[-1]:
                break
    return found


@pytest.mark.parametrize(
    ("rules", "shows"),
    [
        (bugs.CommitsByCounting, "leader completeness"),
        (bugs.ComparesLength, "leader completeness"),
        (bugs.CommitsTooFar, "state machine safety"),
        (bugs.ReadsLocally, "stale read"),
        (bugs.ReportsWholeLog, "leader completeness"),
        (bugs.AnswersEarly, "stale read"),
    ],
    ids=("CON-01", "CON-05", "CON-08", "CON-04", "CON-07", "CON-09"),
)
def test_a_planted_bug_breaks_them(rules, shows):
    found = broken_by(rules, shows, range(12, 100))

    assert shows in found[-1], found


def two_leaders_by_a_second_vote(rules: type[Rules]) -> bool:
    """n3 votes for n1, restarts, and is asked by n2 in the same term."""
    cluster = Cluster(rules=rules)
    cluster.partition(("n1", "n3"), ("n2",))
    cluster.time_out("n1")
    cluster.deliver()
    cluster.deliver()
    cluster.crash("n3")
    cluster.restart("n3")
    cluster.partition(("n2", "n3"), ("n1",))
    cluster.time_out("n2")
    cluster.settle()
    return cluster["n1"].role == cluster["n2"].role == "leader"


def test_a_forgotten_vote_makes_two_leaders():
    assert two_leaders_by_a_second_vote(bugs.ForgetsVote)
    assert not two_leaders_by_a_second_vote(Rules)
