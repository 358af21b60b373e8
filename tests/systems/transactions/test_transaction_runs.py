"""Whole runs in the simulator: each system keeps the level it claims, the others show why not.

Of the 500 seeds of each system, a few run by default; the rest is marked slow.
"""

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.running import run
from splitbrain.harness.searching import search
from splitbrain.systems import registry
from splitbrain.systems.transactions import BUGS

REFERENCES = (
    "two-phase-locking",
    "snapshot-isolation",
    "serializable-snapshot-isolation",
    "two-phase-commit",
)
SUMMARY = "transactions-summary"
CASES = [(name, w) for name in REFERENCES for w in registry.SYSTEMS[name].workloads]


def judged(plan, **options):
    return run(registry.experiment(plan), tracing=False, **options)


def planned(system, workload, seed, faults="all", **changes):
    chosen = registry.SYSTEMS[system]
    plan = Plan(system, workload, nodes=chosen.nodes, seed=seed, rate=30.0, **changes)
    return draw(plan, faults)


def kinds(result):
    return {anomaly.kind for verdict in result.verdicts for anomaly in verdict.anomalies}


def complaints(result):
    return [verdict.reason for verdict in result.verdicts if verdict.validity is INVALID]


@pytest.mark.parametrize(("system", "workload"), CASES)
def test_a_reference_keeps_its_level_under_all_faults(system, workload):
    valid = 0
    for seed in range(4):
        result = judged(planned(system, workload, seed))
        assert complaints(result) == [], f"seed {seed}"
        assert result.client_bugs == {}
        valid += result.validity is VALID
    assert valid >= 3


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, 25))
@pytest.mark.parametrize("system", REFERENCES)
def test_a_reference_is_silent_over_500_seeds(system, first):
    workloads = registry.SYSTEMS[system].workloads
    valid = 0
    for seed in range(first, first + 25):
        result = judged(planned(system, workloads[seed % len(workloads)], seed))
        assert complaints(result) == [], f"seed {seed}"
        valid += result.validity is VALID
    assert valid >= 23


SHOWS = {
    "TX-01": {"G0"},
    "TX-02": {"G1a", "G1b"},
    "TX-03": {"G1c"},
    "TX-04": {"G-single"},
    "TX-05": {"lost-update"},
    "TX-06": {"write-skew"},
    "TX-07": {"phantom"},
    "TX-08": {"G2-item"},
    "TX-09": {"G2-item"},
    "TX-10": {"G-nonadjacent"},
    "TX-11": {"internal"},
    "TX-12": {"lost-update"},
    "TX-13": {"G-single", "G2-item"},
    "TX-14": {"no-progress"},
    "TX-15": {"no-progress"},
    "TX-16": {"incompatible-order"},
    "TX-17": {"G-single-process"},
    "TX-20": {"split-decision"},
    "TX-21": {"G-single"},
    "TX-22": {"no-progress"},
    "TX-23": {"G-single"},
}
"""What each planted bug should look like; all of these, though not in one run."""


def test_every_bug_of_the_catalogue_is_planted():
    assert [bug.id for bug in sorted(BUGS, key=lambda bug: bug.id)] == list(SHOWS)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_planted_bug_shows_the_anomaly_it_should(bug):
    missing = set(SHOWS[bug.id])

    def seen(result):
        missing.difference_update(kinds(result))
        return not missing

    found = search(lambda seed: registry.hunt(bug, seed), range(bug.seeds), wanted=seen)

    assert not missing, f"not seen in {found.tried} runs"


@pytest.mark.parametrize(
    ("bug", "workload", "kind"),
    [
        ("TX-04", "bank", "wrong-total"),
        ("TX-05", "bank", "wrong-total"),
        ("TX-06", "list-append", "G2-item"),
        ("TX-06", "booking", "phantom"),
        ("TX-16", "bank", "wrong-total"),
    ],
)
def test_other_workloads_show_it_too(bug, workload, kind):
    planted = registry.BUGS[bug]

    def make(seed):
        plan = Plan(planted.system, workload, bug=bug, nodes=planted.nodes, seed=seed)
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


@pytest.mark.parametrize("system", [*REFERENCES, SUMMARY])
def test_the_same_plan_gives_the_same_history(system):
    one, other = (judged(planned(system, "list-append", 5)).history for _ in range(2))

    assert one == other
