"""The probe that watches Raft's invariants, beside the tests' own full check of figure 3."""

from __future__ import annotations

from dataclasses import replace

import pytest
from raft_cluster import Cluster, append_entries, entries
from raft_schedules import Schedule, Violation

from splitbrain.systems.consensus.raft.bugs import protocol as bugs
from splitbrain.systems.consensus.raft.effects import Stored
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.consensus.raft.phases import Leadership
from splitbrain.systems.consensus.raft.rules import Rules

STEPS = 2_000


def first_breaches(seed, rules):
    """What the probe and the tests' own properties say at the first step that breaks anything."""
    schedule, probe, full = Schedule(seed, rules, batch=1), RaftInvariants(), None
    for _ in range(STEPS):
        try:
            schedule.run(1)
        except (Violation, AssertionError) as violation:
            full = str(violation)
        found = look(probe, schedule.cluster)
        if found or full:
            return found, full
    return [], None


def look(probe, cluster):
    """All that is found at one look at each server that is up."""
    up = [(name, server) for name, server in cluster.servers.items() if server.core is not None]
    found = [probe(name, server) for name, server in up]
    return [breach.invariant for breach in found if breach]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_where_nothing_is_wrong(seed):
    assert first_breaches(seed, Rules) == ([], None)


@pytest.mark.parametrize(
    ("rules", "invariant", "seeds"),
    [
        (bugs.CommitsByCounting, "leader-completeness", (4, 12)),
        (bugs.ReportsWholeLog, "commit-quorum", range(8)),
    ],
    ids=("CON-01", "CON-07"),
)
def test_what_the_full_check_finds_the_probe_finds_no_later(rules, invariant, seeds):
    firsts = [first_breaches(seed, rules) for seed in seeds]

    assert any(invariant in found for found, _ in firsts)
    # Reads are no business of the probe's.
    assert [full for found, full in firsts if full and not found and "stale read" not in full] == []


# Each invariant, broken by hand


@pytest.fixture
def probe():
    return RaftInvariants()


@pytest.fixture
def cluster(probe):
    """n1 leads; all hold one command."""
    cluster = Cluster()
    look(probe, cluster)
    cluster.elect("n1")
    cluster.request("n1", "client", ("command", "x"))
    cluster.settle()
    look(probe, cluster)
    cluster.time_out("n1")
    cluster.settle()
    assert look(probe, cluster) == []
    return cluster


def test_two_leaders_in_a_term(probe, cluster):
    state = cluster["n2"].server
    state.phase = replace(cluster["n1"].server.phase, leader="n2")

    assert look(probe, cluster) == ["election-safety"]


def test_a_second_vote_after_a_crash(probe, cluster):
    log = cluster.servers["n2"].stored.log
    cluster.start("n2", Stored(None, log._replace(vote="n3")))

    assert look(probe, cluster) == ["vote-once"]


def test_a_vote_that_was_not_durable_may_change(probe, cluster):
    state = cluster["n2"].server
    state.ballot.term, state.ballot.vote = 2, "n1"
    state.outbox.saves += 1
    assert look(probe, cluster) == []

    cluster.crash("n2")
    cluster.restart("n2")
    cluster["n2"].server.ballot.term, cluster["n2"].server.ballot.vote = 2, "n3"

    assert look(probe, cluster) == []


def test_a_leader_that_cuts_its_log(probe, cluster):
    cluster["n1"].log.extend(entries(1))
    assert look(probe, cluster) == []

    cluster["n1"].log.truncate(3)

    assert look(probe, cluster) == ["leader-append-only"]


def test_two_entries_of_one_index_and_term(probe, cluster):
    cluster["n1"].log.extend(entries(1))
    cluster["n2"].log.extend(entries(1, 1)[1:])

    assert look(probe, cluster) == ["log-matching"]


def test_one_entry_after_two_terms(probe, cluster):
    later, other = entries(2, 3), entries(3, 3)
    cluster["n1"].log.extend(later)
    cluster["n2"].log.extend((*other[:1], later[1]))

    assert look(probe, cluster) == ["log-matching"]


def test_a_leader_without_a_committed_entry(probe, cluster):
    cluster.start_with_log("n3", [1], term=1)
    probe("n3", cluster.servers["n3"])
    state = cluster["n3"].server
    state.ballot.term = 2
    state.phase = Leadership("n3", {}, None, 2)

    assert look(probe, cluster) == ["leader-completeness"]


def test_two_commands_committed_at_one_index(probe, cluster):
    cluster["n3"].receive(0.0, "n1", append_entries(2, (2, 1), entries(2), commit=3))
    look(probe, cluster)
    cluster["n2"].receive(0.0, "n1", append_entries(3, (2, 1), entries(3), commit=3))

    assert look(probe, cluster) == ["state-machine-safety"]


def test_two_snapshots_of_one_prefix(probe, cluster):
    for name, data in (("n2", b"one"), ("n3", b"other")):
        replica = cluster[name].server.replica
        replica.snapshot = replica.compact(0)._replace(data=data)
        replica.commit += 1

    assert look(probe, cluster) == ["state-machine-safety"]


def test_a_commit_of_what_the_leader_alone_holds(probe, cluster):
    replica = cluster["n1"].server.replica
    replica.log.extend(entries(1))
    replica.commit = 3

    assert look(probe, cluster) == ["commit-quorum"]


def test_committed_entries_that_a_crash_took_from_a_majority(probe, cluster):
    for name in ("n2", "n3"):
        log = cluster.servers[name].stored.log
        cluster.start(name, Stored(None, log._replace(entries=log.entries[:1])))

    assert look(probe, cluster) == ["durability"]


@pytest.mark.parametrize("what", ["term", "commit"])
def test_what_never_goes_back(probe, cluster, what):
    state = cluster["n1"].server
    if what == "term":
        state.ballot.term -= 1
    else:
        state.replica.commit -= 1

    assert look(probe, cluster) == ["never-back"]
