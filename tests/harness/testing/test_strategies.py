"""Plans and faults as strategies of Hypothesis: what is drawn can run, what fails gets small."""

import subprocess
import sys

import pytest
from hypothesis import Phase, find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from small_register import Client, Durable, Forgetful

from splitbrain import Fault, InvalidPlan, Plan, Violation, simulate, strategies
from splitbrain.harness import run
from splitbrain.harness.nemesis.catalogue import every_kind
from splitbrain.harness.runs.folders import read_plan
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.testing import decorator as simulated
from splitbrain.harness.workloads import register

QUICK = settings(max_examples=60, deadline=None, database=None, derandomize=True)
WRITES = {"write": st.tuples(st.just("x"), st.integers(1, 9)), "read": st.just(("x", None))}


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    monkeypatch.setattr(simulated, "settings", simulated.Settings(folder=tmp_path / "runs"))


@QUICK
@given(st.data())
def test_every_kind_of_fault_can_be_drawn_and_run(data):
    kinds = sorted((k for k in every_kind() if not k.real), key=lambda kind: kind.id)
    kind = data.draw(st.sampled_from(kinds))
    nodes, clients = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    faults = data.draw(
        strategies.fault_sets((kind,), nodes=nodes, clients=clients, time_limit=2, most=2)
    )
    plan = Plan("", "", nodes=nodes, clients=clients, time_limit=2, faults=faults)
    check_plan(plan.using(Durable, register(Client)))
    assert all(fault.at + fault.duration <= 2.001 for fault in faults)
    assert list(faults) == sorted(faults, key=lambda fault: fault.at)
    assert len({fault.id for fault in faults}) == len(faults)


@QUICK
@given(
    strategies.plans(
        "net",
        nodes=st.integers(1, 4),
        clients=2,
        time_limit=st.sampled_from([1.0, 2.0]),
        rate=st.floats(5, 10),
        operations=strategies.operation_lists(WRITES, clients=2, time_limit=1, most=3),
    )
)
def test_a_plan_has_what_was_given_and_survives_a_file(plan):
    assert 1 <= plan.nodes <= 4
    assert plan.clients == 2
    assert 1 <= len(plan.operations) <= 3
    assert all(operation.client < 2 and operation.at <= 1 for operation in plan.operations)
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
    check_plan(plan.using(Durable, register(Client)))


def test_the_simplest_fault_strikes_the_first_server_at_once_and_shortly():
    kills = strategies.fault_sets("kill,pause", nodes=3)
    assert find(kills, lambda faults: len(faults) == 1, settings=QUICK) == (
        Fault("process.kill", 0.0, 0.02, "n1", {}, "f1"),
    )


def test_what_makes_no_sense_is_refused_where_it_stands():
    with pytest.raises(InvalidPlan, match="did you mean"):
        strategies.fault_sets("kil")
    with pytest.raises(InvalidPlan, match="did you mean"):
        strategies.plans("kil")
    with pytest.raises(InvalidPlan, match="more than 20 ms"):
        strategies.fault_sets("kill", time_limit=0.02)


LOSING = strategies.plans(
    "pause,kill",
    nodes=1,
    clients=1,
    time_limit=2,
    operations=strategies.operation_lists(WRITES, clients=1, time_limit=2, most=3),
)


def test_hypothesis_makes_a_failure_small_and_remembers_it(tmp_path):
    tried, database = [], InMemoryExampleDatabase()

    def forgetful(plan):
        tried.append(plan)
        return plan.using(Forgetful, register(Client))

    def explored(phases):
        examples = settings(max_examples=100, deadline=None, database=database, phases=phases)
        return seed(1)(examples(given(plan=LOSING)(simulate()(forgetful))))

    with pytest.raises(Violation, match="this plan fails") as failure:
        explored([Phase.generate, Phase.shrink])()
    # Hypothesis ends with the smallest failure it knows.
    small = read_plan(failure.value.folder)
    assert [fault.kind for fault in small.faults] == ["process.kill"]
    assert [operation.f for operation in small.operations] == ["write"]
    assert run(small.using(Forgetful, register(Client))).signature

    tried.clear()
    with pytest.raises(Violation):
        explored([Phase.reuse])()
    assert tried[0].faults == small.faults
    assert tried[0].operations == small.operations


def test_a_plan_that_is_drawn_is_run_with_the_tests_options():
    seen = []

    @QUICK
    @given(plan=strategies.plans("none", nodes=1, clients=2, time_limit=0.1))
    @simulate(nodes=5, faults="kill", operation_timeout=0.7)
    def test(plan):
        seen.append(plan)
        return plan.using(Durable, register(Client))

    test()
    assert {plan.nodes for plan in seen} == {1}
    assert {plan.faults for plan in seen} == {()}
    assert {plan.options["operation_timeout"] for plan in seen} == {0.7}
    assert len({plan.seed for plan in seen}) > 1


def test_faults_may_be_drawn_beside_the_plan():
    drawn = set()

    @settings(QUICK, max_examples=5)
    @given(struck=strategies.fault_sets("latency", nodes=1, time_limit=1))
    @simulate(nodes=1, clients=2, time_limit=1, runs=1)
    def test(plan, struck):
        drawn.add(repr(struck))
        return plan.with_(faults=struck).using(Durable, register(Client))

    test()
    assert len(drawn) > 1


PROJECT = """
from hypothesis import Phase, given, settings
from splitbrain import simulate, strategies
from splitbrain.harness.workloads import register
from small_register import Client, Forgetful

@settings(deadline=None, max_examples=60, derandomize=True, phases=[Phase.generate])
@given(plan=strategies.plans("kill", nodes=1, clients=2, time_limit=1))
@simulate()
def test_register(plan, tmp_path_factory):
    return plan.using(Forgetful, register(Client))
"""


@pytest.mark.slow
def test_in_pytest_beside_fixtures_with_a_replay_of_what_fails(tmp_path):
    from pathlib import Path

    small = Path(__file__).parents[1] / "small_register.py"
    (tmp_path / "small_register.py").write_text(small.read_text())
    (tmp_path / "test_it.py").write_text(PROJECT)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "this plan fails" in done.stdout
    assert "--splitbrain-replay" in done.stdout
    assert done.returncode == 1
