"""Whole runs in the simulator: each system keeps the level it claims, the others show why not.

Of the 500 seeds of each system, a few run by default; the rest is marked slow.
"""

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.harness.searching.seeds import search
from splitbrain.systems import registry

REFERENCES = (
    "two-phase-locking",
    "snapshot-isolation",
    "serializable-snapshot-isolation",
    "two-phase-commit",
)
SUMMARY = "transactions-summary"
CASES = [(name, w) for name in REFERENCES for w in registry.SYSTEMS.named(name).workloads]


def judged(plan, **options):
    return run(registry.experiment(plan), tracing=False, **options)


def planned(system, workload, seed, faults="all", **changes):
    chosen = registry.SYSTEMS.named(system)
    plan = Plan(system, workload, nodes=chosen.nodes, seed=seed, rate=30.0, **changes)
    return draw(plan, faults)


def kinds(result):
    return {anomaly.kind for verdict in result.verdicts for anomaly in verdict.anomalies}


def complaints(result):
    return [verdict.reason for verdict in result.verdicts if verdict.validity is INVALID]


@pytest.mark.parametrize(
    ("bug", "workload", "kind"),
    [
        ("TX-04", "bank", "wrong-total"),
        ("TX-05", "bank", "wrong-total"),
        ("TX-05", "counter", "nonlinearizable"),
        ("TX-05", "queue", "lost"),
        ("TX-05", "lock", "held-twice"),
        ("TX-10", "long-fork", "long-fork"),
        ("TX-06", "list-append", "G2-item"),
        ("TX-06", "booking", "phantom"),
        ("TX-16", "bank", "wrong-total"),
    ],
)
def test_other_workloads_show_it_too(bug, workload, kind):
    owner, planted = registry.bugs()[bug]

    def make(seed):
        plan = Plan(owner.name, workload, bug=bug, nodes=planted.nodes, seed=seed)
        return registry.experiment(draw(plan, planted.faults))

    found = search(make, range(50), wanted=lambda result: kind in kinds(result))

    assert found.failure is not None


@pytest.mark.parametrize(
    ("workload", "kind"),
    [
        ("list-append", "G-single"),
        ("rw-register", "G-single"),
        ("bank", "wrong-total"),
        ("doctors", "write-skew"),
        ("booking", "phantom"),
    ],
)
def test_the_summary_needs_no_fault_to_fail(workload, kind):
    found = search(
        lambda seed: registry.experiment(planned(SUMMARY, workload, seed, "none")),
        range(30),
        wanted=lambda result: kind in kinds(result),
    )

    assert found.failure is not None


def test_the_summary_loses_what_it_acknowledged_in_a_crash():
    """One client at a time would be safe from others, but not from a crash (TX-16)."""
    fault = Fault("process.kill", at=5.0, duration=0.2, target="n1", id="f1")
    plan = Plan(SUMMARY, "bank", nodes=1, clients=1, rate=20.0, faults=(fault,))
    alone = judged(plan.with_(faults=()))
    assert complaints(alone) == []
    appended = judged(plan.with_(workload="list-append", options={"read": 0.7}))

    assert complaints(appended) != []


@pytest.mark.parametrize("system", REFERENCES)
def test_locks_and_snapshots_do_not_stop_the_load(system):
    result = judged(planned(system, "list-append", 1, "none"))
    calls = result.history.calls()

    assert len(calls) > 120
    assert sum(call.outcome == "ok" for call in calls) > 0.5 * len(calls)
    assert not any(call.outcome == "info" for call in calls)
