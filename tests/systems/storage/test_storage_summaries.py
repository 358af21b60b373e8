"""The summary forms: what they do right, and each weakness that their pages tell of."""

from __future__ import annotations

import random

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.harness.searching.seeds import search
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems import registry
from splitbrain.systems.storage.b_tree.summary import SummaryTree as BTree
from splitbrain.systems.storage.lsm_tree.summary import MOST_TABLES
from splitbrain.systems.storage.lsm_tree.summary import SummaryTree as LsmTree


class Machine:
    """A disk, and a clock that goes as it is told."""

    def __init__(self):
        self.disk = SimulatedDisk(random.Random(0))
        self.clock = self
        self.now = 0.0

    def time(self):
        return self.now

    def trace(self, *event):
        """Nobody looks."""


def flushed(*values):
    """A tree with a table for each (time, value) of the key x, and its machine."""
    machine = Machine()
    tree = LsmTree(machine)
    for machine.now, value in values:
        tree.put("x", value)
        tree.flush_memtable()
    return tree, machine


def test_newer_tables_go_before_older_ones():
    assert flushed((1.0, "a"), (2.0, "b"))[0].get("x") == "b"


def test_too_many_tables_are_compacted_into_one():
    tree, machine = flushed(*((float(n), f"{n}") for n in range(MOST_TABLES + 1)))

    assert len(tree.tables) == len(machine.disk.list()) == 1
    assert tree.get("x") == f"{MOST_TABLES}"


@pytest.mark.parametrize("second", [1.0, 2.0])
def test_a_compaction_keeps_the_older_value_if_the_clock_did_not_go_on(second):
    tree, _ = flushed((2.0, "old"), (second, "new"))
    tree.compact()

    assert tree.get("x") == "old"


def test_a_crash_loses_the_memtable_and_tables_that_are_not_synced():
    tree, machine = flushed((1.0, "a"))
    tree.put("y", "b")

    assert LsmTree(machine).get("y") is None
    assert LsmTree(machine).get("x") == "a"
    machine.disk.power_loss("drop_unsynced")
    assert LsmTree(machine).get("x") is None


def test_a_split_makes_a_search_return_another_key_s_value():
    tree = BTree()
    for key in "abcdefg":
        tree.insert(key, key.upper())

    wrong = {key: tree.search(key) for key in "abcdefg" if tree.search(key) != key.upper()}
    assert wrong


def test_up_to_three_keys_are_found():
    tree = BTree()
    for key in "bca":
        tree.insert(key, key.upper())

    assert [tree.search(key) for key in "abcd"] == ["A", "B", "C", None]


def first_failure(system, faults):
    def made(seed):
        plan = Plan(system, "store", nodes=1, seed=seed, time_limit=6.0, rate=40.0)
        return registry.experiment(draw(plan, faults))

    return search(made, range(10)).failure


def test_runs_show_what_the_trees_do_wrong():
    assert first_failure("lsm-tree-summary", "kill").signature == "durable/lost"
    assert first_failure("lsm-tree-summary", "none") is None
    failure = first_failure("b-tree-summary", "none")
    assert {v.checker for v in failure.verdicts if v.validity is INVALID} & {"durable"}


def test_the_lsm_tree_is_right_while_nothing_fails():
    plan = Plan("lsm-tree-summary", "kv", nodes=1, time_limit=6.0)

    assert run(registry.experiment(plan)).validity is VALID
