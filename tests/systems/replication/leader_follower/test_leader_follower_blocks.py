"""Rows shipped as bytes of blocks: what comes out is what rows would have made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.systems.registry import experiment
from splitbrain.systems.replication.leader_follower.blocks import Blocks
from splitbrain.systems.replication.leader_follower.log import Entry
from splitbrain.systems.replication.leader_follower.machine import Machine

commands = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("xyz"), st.integers(0, 300)),
        st.tuples(st.just("add"), st.integers(0, 20)),
        st.tuples(st.just("cas"), st.sampled_from("xyz"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("post"), st.integers(0, 5), st.none(), st.integers(0, 2**32)),
        st.just(("generate",)),
    ),
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(commands)
def test_a_replica_that_gets_bytes_is_one_that_gets_statements(script):
    leader, follower = Machine(), Machine()
    for number, command in enumerate(script):
        rows, result = leader.evaluated(command)
        changes = leader.blocks.changes(leader.laid_out(), rows)
        told = follower.apply(Entry(1, 7, number, ("blocks", changes, result)))

        assert told == leader.apply(Entry(1, 7, number, command))
        assert follower.state() == leader.state()


def test_what_changes_nothing_ships_nothing():
    machine = Machine()
    machine.apply(Entry(1, 7, 0, ("write", "x", 5)))
    rows, _ = machine.evaluated(("write", "x", 5))

    assert machine.blocks.changes(machine.laid_out(), rows) == ()


def test_only_the_bytes_that_differ_are_shipped():
    blocks = Blocks()
    before = {blocks.place(row): row for row in [("register", "x", "a" * 50 + "b" + "c" * 50)]}
    ((_, _, gone, new),) = blocks.changes(before, [("register", "x", "a" * 50 + "d" + "c" * 50)])

    assert (gone, bytes.fromhex(new)) == (1, b"d")


def test_bytes_for_other_blocks_are_refused():
    blocks, row = Blocks(), ("register", "x", 1)
    (change,) = blocks.changes({blocks.place(row): row}, [("register", "x", 70_000)])

    with pytest.raises(ValueError, match="no row"):
        blocks.rows({}, (change,))


@pytest.mark.parametrize("workload", ["register", "messages"])
def test_a_cluster_that_ships_bytes_is_quiet(workload):
    options = {"system": {"ships": 2}}
    plan = Plan("leader-follower", workload, nodes=3, time_limit=3.0, rate=20.0, options=options)
    result = run(experiment(plan), tracing=False)

    assert result.validity is VALID, result.verdicts
