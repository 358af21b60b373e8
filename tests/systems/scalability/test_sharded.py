"""Shards move to who joins while clients go by old maps; dealt by number, nearly all move."""

from __future__ import annotations

import pytest

from splitbrain.checkers.invariants.placement import needless_moves
from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment
from splitbrain.systems.scalability.sharded.shards import LOWS, first_map, homes, located

SERVERS = ("n1", "n2", "n3", "n4")

ADDS = tuple((0.05 * at, at % 3, "add", at) for at in range(2, 60))
N3_LEAVES, N3_JOINS = (1.0, 3, "change-members", 2), (2.2, 3, "change-members", 2)


def played(system, *operations, faults=(), seed=1):
    planned = tuple(PlannedOperation(*each) for each in operations)
    plan = Plan(
        system, "changing-set", seed=seed, nodes=4, clients=5, time_limit=4.5, faults=faults
    )
    return run(experiment(plan.with_(operations=planned)))


def last_owners(result):
    """How many shards each server answers for in the end."""
    return {e.process: len(e.value["ranges"]) for e in result.history.events(f="owns")}


@pytest.mark.parametrize("gone", SERVERS)
def test_a_server_that_leaves_takes_its_shards_alone(gone):
    left = tuple(name for name in SERVERS if name != gone)

    assert needless_moves(homes(SERVERS), homes(left), {gone}) == []
    assert set(homes(SERVERS).values()) == set(SERVERS)


def test_every_key_is_in_a_shard_of_the_first_map():
    known = first_map(SERVERS)
    used = {known.position(located(f"key{number}")) for number in range(400)}

    assert used == set(range(len(LOWS)))


def test_who_leaves_gives_its_shards_away_and_who_joins_gets_them():
    leaves = played("sharded-database", *ADDS, N3_LEAVES)
    returns = played("sharded-database", *ADDS, N3_LEAVES, N3_JOINS)

    assert last_owners(leaves)["n3"] == 0
    assert last_owners(returns)["n3"] == list(homes(SERVERS).values()).count("n3")
    assert leaves.validity is returns.validity is VALID, (leaves.verdicts, returns.verdicts)


@pytest.mark.parametrize("kind", ["process.kill", "process.power_loss"])
def test_a_coordinator_that_dies_meanwhile_goes_on_with_what_was_decided(kind):
    dies = Fault(kind, at=1.02, duration=0.5, target="n1", id="dies")
    result = played("sharded-database", *ADDS, N3_LEAVES, faults=(dies,))

    assert last_owners(result)["n3"] == 0
    assert result.validity is VALID, result.verdicts


def test_the_sketch_finds_little_of_what_it_had_with_one_shard_less():
    result = played("sharded-database-summary", *ADDS, N3_LEAVES)

    kinds = {a.kind for verdict in result.verdicts for a in verdict.anomalies}
    assert {"lost", "needless-movement"} <= kinds
