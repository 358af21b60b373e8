"""Whole runs in the simulator: the reference form keeps its promises, the others don't."""

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness.nemesis.schedule import draw_faults
from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.runs.running import run
from splitbrain.systems.registry import experiment

REFERENCE, SUMMARY = "leader-follower", "leader-follower-summary"


def judged(plan):
    return run(experiment(plan), tracing=False)


def with_faults(plan, kinds):
    faults = draw_faults(kinds, seed=plan.seed, time_limit=plan.time_limit, nodes=plan.nodes)
    return plan.with_(faults=faults)


def complaints(result):
    """What the checkers that don't find the run valid say of it."""
    return [verdict.reason for verdict in result.verdicts if verdict.validity is not VALID]


def kinds_found(result):
    return {anomaly.kind for verdict in result.verdicts for anomaly in verdict.anomalies}


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
@pytest.mark.parametrize("workload", ["register", "set"])
@pytest.mark.parametrize("system", [REFERENCE, SUMMARY])
def test_without_faults_a_run_is_valid(system, workload, nodes):
    result = judged(Plan(system, workload, seed=nodes, nodes=nodes, time_limit=5.0))
    # Replicas of one server can't be compared: nothing is known of them.
    assert [v.checker for v in result.verdicts if v.validity is INVALID] == []
    assert nodes == 1 or complaints(result) == []


@pytest.mark.parametrize("workload", ["register", "set"])
@pytest.mark.parametrize("seed", range(3))
def test_the_reference_survives_whatever_happens_to_five_servers(workload, seed):
    plan = with_faults(Plan(REFERENCE, workload, seed=seed, nodes=5), "all")
    assert complaints(judged(plan)) == []


@pytest.mark.parametrize("kind", ["process.kill", "net.partition", "process.power_loss"])
def test_the_summary_loses_acknowledged_writes(kind):
    fault = Fault(kind, at=2.0, duration=1.5, target="leader", id="f1")
    if kind == "net.partition":
        fault = Fault(
            kind, at=2.0, duration=1.5, target="one", options={"shape": "leader"}, id="f1"
        )
    result = judged(Plan(SUMMARY, "set", seed=1, faults=(fault,)))
    assert "lost" in kinds_found(result)


def test_the_summary_s_old_leader_goes_on_beside_the_new_one():
    fault = Fault("net.partition", at=2.0, duration=3.0, options={"shape": "leader"}, id="f1")
    result = judged(Plan(SUMMARY, "register", seed=1, faults=(fault,)))
    assert kinds_found(result) & {"stale-read", "nonlinearizable", "lost-update"}


def test_the_summary_appoints_two_leaders_in_one_term():
    plan = Plan(SUMMARY, "set", nodes=5)
    runs = (judged(with_faults(plan.with_(seed=seed), "all")) for seed in range(20))
    assert any("two-leaders" in kinds_found(result) for result in runs)


@pytest.mark.parametrize(
    ("nodes", "kind", "target", "options"),
    [
        (3, "process.kill", "leader", {}),
        (5, "process.kill", "minority", {}),
        (3, "net.partition", "leader", {"shape": "leader"}),
        (5, "net.partition", "one", {"shape": "majorities-ring"}),
        (3, "net.partition_oneway", "leader", {"direction": "out"}),
        (3, "net.partition_oneway", "leader", {"direction": "in"}),
        (3, "net.partition_oneway", "n3", {"direction": "in"}),
        (3, "net.partition_oneway", "n3", {"direction": "out"}),
        (3, "net.loss", "all", {"probability": 0.2, "scope": "servers"}),
        (3, "net.latency", "all", {"delay": 0.05, "scope": "servers"}),
        (3, "clock.drift", "n1", {"rate": 5.0}),
        (3, "clock.drift", "n1", {"rate": 0.2}),
    ],
)
def test_the_reference_goes_on_while_a_majority_is_connected(nodes, kind, target, options):
    fault = Fault(kind, at=2.0, duration=7.9, target=target, options=options, id="f1")
    result = judged(Plan(REFERENCE, "set", seed=1, nodes=nodes, faults=(fault,)))
    during = [call for call in result.history.calls() if 4.0 < call.start / 1e9 < 9.0]
    answered = [call for call in during if call.outcome == "ok"]
    assert complaints(result) == []
    assert len(during) > 60
    assert len(answered) > 0.9 * len(during)


def test_the_reference_has_a_leader_again_soon_after_one_is_killed():
    fault = Fault("process.kill", at=2.0, duration=7.5, target="leader", id="f1")
    history = judged(Plan(REFERENCE, "register", seed=1, faults=(fault,))).history
    elected = [event.time / 1e9 for event in history.events("leader")]
    assert len(elected) == 2
    assert 2.0 < elected[1] < 4.0
