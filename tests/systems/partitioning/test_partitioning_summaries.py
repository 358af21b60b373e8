"""The sketches of chapter 6: weaknesses show in a few operations, without a fault."""

from __future__ import annotations

from splitbrain.harness import Plan, run
from splitbrain.harness.plan import PlannedOperation
from splitbrain.systems.partitioning.database.summary import partition_of
from splitbrain.systems.partitioning.summary import SketchedRing
from splitbrain.systems.registry import experiment

KEY = "x"
HOME = partition_of(KEY) % 3
"""Which of three servers has the key's partition in the beginning."""


def played(system, workload, *operations, nodes=3, seed=1):
    planned = tuple(PlannedOperation(*each) for each in operations)
    plan = Plan(system, workload, seed=seed, nodes=nodes, clients=4, time_limit=4.0)
    return run(experiment(plan.with_(operations=planned)))


def database(*operations, **options):
    return played("partitioned-database-summary", "rebalance", *operations, **options)


def gets(result):
    return [c.result[1] for c in result.history.calls() if c.f == "get" and c.result[0] == KEY]


def moved(at, by):
    return at, 0, "move-range", [KEY, HOME + by]


def put(at, value, client=1):
    return at, client, "put", [KEY, value]


def get(at, client=2):
    return at, client, "get", [KEY, None]


def test_the_copy_that_was_left_is_read_with_the_new_one():
    """It copies and never deletes."""
    result = played(
        "partitioned-database-summary",
        "scan",
        (0.1, 1, "put", [KEY, ["red", 1]]),
        moved(0.5, 1),
        (1.0, 1, "put", [KEY, ["red", 2]]),
        (1.5, 2, "scan", None),
    )

    first = next(c.result for c in result.history.calls() if c.f == "scan")
    assert sorted(item[2] for item in first) == [1, 2]
    assert result.signature == "index-agreement/duplicated"


def test_a_read_comes_to_the_new_owner_before_the_data():
    signatures = set()
    for seed in range(6):
        reads = [get(1.0 + 0.0005 * i, client=1 + i % 3) for i in range(12)]
        signatures.add(database(put(0.1, "1"), moved(1.0, 1), *reads, seed=seed).signature)

    assert "linearizable(kv)/nonlinearizable" in signatures


def test_on_the_sketched_ring_one_member_has_all_and_takes_it_along():
    ring = SketchedRing(("n1", "n2", "n3", "n4", "n5"))
    (owner,) = {ring.node_for(str(element)) for element in range(10)}
    adds = [(0.1 + 0.05 * e, e % 3, "add", e) for e in range(10)]
    goes = (1.5, 3, "change-members", int(owner[1:]) - 1)
    result = played(
        "ring-store-summary", "changing-set", *adds, (1.0, 3, "read", None), goes, nodes=5
    )

    reads = [c.result for c in result.history.calls() if c.f == "read"]
    assert (reads[0], reads[-1]) == (list(range(10)), [])
    assert result.signature == "set-full/lost"
    assert "imbalance" in {a.kind for verdict in result.verdicts for a in verdict.anomalies}
