"""Every step of Raft in simulated runs is one of the published TLA+ specification's actions, and
planted bugs take others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry
from splitbrain.systems.consensus.raft.messages import AppendEntries, Entry, RequestVote
from splitbrain.systems.consensus.raft.specification.actions import (
    CANDIDATE,
    FIRST,
    FOLLOWER,
    LEADER,
    State,
    World,
    accept_append,
    advance_commit,
    become_leader,
    client_request,
    handle_request_vote,
    restart,
    timeout,
    update_term,
)
from splitbrain.systems.consensus.raft.specification.conformance import Conformance, conforming

RUNS, CHUNK = range(1_000), 25
ACTIONS = {
    "Restart",
    "Timeout",
    "RequestVote",
    "BecomeLeader",
    "ClientRequest",
    "AppendEntries",
    "AdvanceCommitIndex",
    "UpdateTerm",
    "HandleRequestVoteRequest",
    "RejectAppendEntriesRequest",
    "AcceptAppendEntriesRequest",
}


def held(experiment):
    """The experiment, held to the specification; no invariant ends it before."""
    conformance = Conformance()
    server = conforming(experiment.server, conformance)
    run(replace(experiment, server=server, invariants=None), tracing=False)
    return conformance


def drawn(seed):
    """A run with all faults, every other one with snapshots, in servers of three and five."""
    options = {"system": {"snapshot_every": 8, "snapshot_keeps": 2}} if seed % 2 else {}
    workload, nodes = ("register", "set", "kv")[seed % 3], (3, 5)[seed % 2]
    plan = Plan(
        "raft", workload, nodes=nodes, seed=seed, time_limit=6.0, rate=30.0, options=options
    )
    return registry.experiment(draw(plan, "all"))


def outside(seeds):
    """What was outside the specification, by seed; and how often each action was taken."""
    breaches, actions = {}, Counter()
    for seed in seeds:
        conformance = held(drawn(seed))
        actions.update(conformance.actions)
        if conformance.breaches:
            breaches[seed] = conformance.breaches[0]
    return breaches, actions


def test_no_step_is_outside_the_specification():
    breaches, actions = outside(range(6))

    assert breaches == {}
    assert set(actions) >= ACTIONS


@pytest.mark.nightly
@pytest.mark.parametrize("first", RUNS[::CHUNK])
def test_nor_in_a_thousand_runs(first):
    breaches, _ = outside(range(first, first + CHUNK))

    assert breaches == {}


OUTSIDE = {
    "CON-01": "AdvanceCommitIndex",
    "CON-02": "Restart",
    "CON-03": "Restart",
    "CON-05": "HandleRequestVoteRequest",
    "CON-06": "AcceptAppendEntriesRequest",
    "CON-07": "AcceptAppendEntriesRequest",
    "CON-08": "AcceptAppendEntriesRequest",
    "CON-11": "InstallSnapshot",
    "CON-19": "Restart",
}
"""By planted bug, the action that its first step outside the specification is not."""


LONG = ("CON-11",)
"""Those that need some runs until it shows."""


@pytest.mark.parametrize(
    "bug", [pytest.param(bug, marks=[pytest.mark.slow] * (bug in LONG)) for bug in OUTSIDE]
)
def test_a_planted_bug_takes_a_step_outside(bug):
    system, planted = registry.bugs()[bug]
    for seed in range(planted.seeds):
        breaches = held(system.hunt(planted, seed)).breaches
        if breaches:
            break

    assert f"not {OUTSIDE[bug]}" in breaches[0]


# The actions themselves

LOG = (Entry(1, "a"), Entry(1, "b"), Entry(2, "c"))


def state(**fields):
    return State(3, FOLLOWER, None, LOG, 1)._replace(**fields)


def test_init_and_restart():
    s = state(role=LEADER)

    assert restart(s, s._replace(role=FOLLOWER, commit=0), [FIRST, s])
    assert not restart(s, s._replace(role=FOLLOWER, log=LOG[:2]), [s])
    assert not restart(s, s._replace(role=FOLLOWER, commit=2), [s])


def test_timeout_and_becoming_leader():
    world, s = World(("n1", "n2", "n3")), state()
    candidate = State(4, CANDIDATE, "n1", LOG, 1)

    assert timeout("n1", s, candidate)
    assert not timeout("n1", state(role=LEADER), candidate)
    assert not become_leader(world, "n1", candidate, candidate._replace(role=LEADER))
    world.granted["n1", 4] = {"n3"}
    assert become_leader(world, "n1", candidate, candidate._replace(role=LEADER))
    assert not become_leader(world, "n1", s, s._replace(role=LEADER))


def test_a_leader_appends_entries_of_its_term_alone():
    s = state(role=LEADER)

    assert client_request(s, s._replace(log=(*LOG, Entry(3, "d"))))
    assert not client_request(s, s._replace(log=(*LOG, Entry(2, "d"))))
    assert not client_request(state(), state(log=(*LOG, Entry(3, "d"))))


def test_figure_8_is_no_commitment():
    world, s = World(("n1", "n2", "n3")), state(role=LEADER)
    world.matched["n1", 3] = {"n2": 4}
    longer = s._replace(log=(*LOG, Entry(3, "d")))

    assert not advance_commit(world, "n1", s, s._replace(commit=3), s)
    assert advance_commit(world, "n1", longer, longer._replace(commit=4), longer)
    assert not advance_commit(world, "n1", longer, longer._replace(commit=4), s)  # not saved yet


def test_later_terms_make_followers():
    s = state(role=LEADER, vote="n1")

    assert update_term(s, s._replace(term=5, role=FOLLOWER, vote=None), 5)
    assert not update_term(s, s._replace(term=5, role=FOLLOWER), 5)
    assert not update_term(s, s._replace(role=FOLLOWER, vote=None), 3)


@pytest.mark.parametrize(
    ("last_term", "last_index", "vote", "may"),
    [
        (2, 3, None, True),
        (3, 1, None, True),
        (2, 3, "n2", True),
        (2, 3, "n3", False),
        (2, 2, None, False),
        (1, 9, None, False),
    ],
)
def test_votes(last_term, last_index, vote, may):
    request = RequestVote("request-vote", 3, last_index, last_term)
    s = state(vote=vote)

    assert handle_request_vote(s, s._replace(vote="n2"), "n2", request, granted=True) == may
    assert handle_request_vote(s, s, "n2", request, granted=False)


def test_entries_replace_what_conflicts_and_nothing_else():
    def after(previous, previous_term, *entries, commit=0):
        return AppendEntries("append", 3, previous, previous_term, entries, commit, 1)

    s = state()
    late, conflict = after(0, 0, LOG[0]), after(2, 1, Entry(3, "x"), Entry(3, "y"), commit=9)

    assert accept_append(s, s, late, 1)
    assert not accept_append(s, s._replace(log=LOG[:1]), late, 1)
    assert not accept_append(s, s, late, 3)
    changed = s._replace(log=(*LOG[:2], Entry(3, "x"), Entry(3, "y")), commit=4)
    assert accept_append(s, changed, conflict, 4)
    assert not accept_append(s, changed._replace(commit=9), conflict, 4)
    assert not accept_append(s, changed, after(2, 2, Entry(3, "x")), 3)
