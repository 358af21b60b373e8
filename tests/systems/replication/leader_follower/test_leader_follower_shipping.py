"""What is shipped in place of statements: rows, bytes of blocks, columns by name. What comes out is
what statements would have made; and what another version of the store makes of each."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.systems.registry import experiment
from splitbrain.systems.replication.leader_follower.blocks import Blocks
from splitbrain.systems.replication.leader_follower.log import Entry
from splitbrain.systems.replication.leader_follower.machine import Machine
from splitbrain.systems.replication.leader_follower.shipping_bugs import MoreBlocks

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


@settings(max_examples=25, deadline=None)
@given(commands)
def test_a_replica_that_gets_bytes_is_one_that_gets_statements(script):
    leader, follower = Machine(), Machine()
    for number, command in enumerate(script):
        rows, result = leader.evaluated(command)
        changes = leader.blocks.changes(leader.laid_out(), rows)
        told = follower.apply(Entry(1, 7, number, ("blocks", changes, result)))

        assert told == leader.apply(Entry(1, 7, number, command))
        assert follower.state() == leader.state()


class Newer(Machine):
    """A version of the store that has the columns of messages in another order, and more blocks."""

    blocks = MoreBlocks()
    columns: ClassVar = {**Machine.columns, "message": ("message", "token", "after")}


@settings(max_examples=25, deadline=None)
@given(commands)
def test_a_logical_log_makes_the_same_of_replicas_whose_rows_are_laid_out_otherwise(script):
    leader, followers = Machine(), [Machine(), Newer()]
    for number, command in enumerate(script):
        rows, result = leader.evaluated(command)
        changes = tuple(leader.logged(rows))
        entry = Entry(1, 7, number, ("changes", changes, result))
        told = [follower.apply(entry) for follower in followers]

        assert told == [leader.apply(Entry(1, 7, number, command))] * 2
        assert [each.state() for each in followers] == [leader.state()] * 2


def test_rows_and_bytes_mean_something_else_to_another_version():
    leader, older, newer = Machine(), Machine(), Newer()
    rows, result = leader.evaluated(("post", 1, None, 77))
    entry = Entry(1, 7, 0, ("rows", rows, result))
    older.apply(entry)
    newer.apply(entry)
    assert (older.messages, newer.messages) == ({1: (None, 77)}, {1: (77, None)})

    leader.apply(Entry(1, 7, 0, ("write", "x", 1)))
    rows, result = leader.evaluated(("write", "x", 70_000))
    changes = leader.blocks.changes(leader.laid_out(), rows)
    newer.registers = dict(leader.registers)
    with pytest.raises(ValueError, match="no row"):
        newer.apply(Entry(1, 7, 1, ("blocks", changes, result)))


def test_a_logical_log_has_the_columns_that_are_others_and_no_more():
    machine = Machine()
    machine.apply(Entry(1, 7, 0, ("write", "x", 5)))
    machine.apply(Entry(1, 7, 1, ("post", 1, None, 77)))

    def logged(*command):
        return list(machine.logged(machine.evaluated(command)[0]))

    assert logged("write", "x", 6) == [("register", "x", (("value", 6),))]
    assert logged("write", "x", 5) == []
    assert logged("write", "y", 5) == [("register", "y", (("key", "y"), ("value", 5)))]
    assert logged("post", 1, 4, 77) == [("message", 1, (("after", 4),))]
    assert logged("generate") == [("numbered", None, (("number", 1),))]


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


@pytest.mark.parametrize(
    ("workload", "ships"),
    [("messages", 2), ("messages", 3), pytest.param("register", 2, marks=pytest.mark.nightly)],
)
def test_a_cluster_that_ships_bytes_or_columns_is_quiet(workload, ships):
    options = {"system": {"ships": ships}}
    plan = Plan("leader-follower", workload, nodes=3, time_limit=1.5, rate=20.0, options=options)
    result = run(experiment(plan), tracing=False)

    assert result.validity is VALID, result.verdicts
