"""Changes of the cluster that are met half way: who decides dies, or somebody hears nothing."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.systems.registry import experiment

FOUND = [
    ("change.aborted", "PART-12"),
    ("change.aborted", "PART-08"),
    ("change.unheard", "PART-02"),
]


def tried(kind, seed=0, *, workload="rebalance", bug=None):
    plan = Plan("partitioned-database", workload, seed=seed, time_limit=6.0, rate=30.0, bug=bug)
    return run(experiment(draw(plan, kind)), tracing=False)


def stops(result):
    events = [o.value for o in result.history.events() if o.f.startswith("change.")]
    return [value for value in events if value["phase"] == "stop"]


@pytest.mark.parametrize(("kind", "bug"), FOUND)
def test_a_planted_bug_is_found_by_changes_that_are_met_half_way(kind, bug):
    assert any(tried(kind, seed, bug=bug).validity is INVALID for seed in range(4))


@pytest.mark.parametrize("kind", ["change.aborted", "change.unheard"])
def test_the_reference_goes_on_from_there(kind):
    result = tried(kind)

    assert result.validity is VALID, result.verdicts
    (stop,) = stops(result)
    assert stop["observed"]
    assert [step["action"] for step in stop["detail"]["steps"]].count(
        "kill" if kind == "change.aborted" else "isolate"
    ) == len(stop["effect"]["killed" if kind == "change.aborted" else "unheard"])


def test_where_nobody_asks_for_a_change_nothing_is_struck():
    (stop,) = stops(tried("change.aborted", workload="register"))

    assert (stop["targets"], stop["observed"]) == ([], False)


def test_each_strike_follows_a_change_that_a_client_asked_for():
    result = tried("change.aborted")
    (stop,) = stops(result)
    asked = [call.start / 1e9 for call in result.history.calls() if call.f.endswith("-range")]

    for step in stop["detail"]["steps"]:
        assert any(0 < step["at"] - time < 0.2 for time in asked), step
