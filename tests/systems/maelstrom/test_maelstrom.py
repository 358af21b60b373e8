"""Programs that speak Maelstrom's protocol: right ones pass, wrong ones are caught."""

import sys
from pathlib import Path

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Fault, InvalidPlan, Plan, run
from splitbrain.harness.runs.running import check_plan
from splitbrain.systems.maelstrom import chosen_fields
from splitbrain.systems.registry import experiment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")

NODES = Path(__file__).parent / "nodes"


def of(program, protocol, *faults, **changes):
    fields = chosen_fields(f"{sys.executable} {NODES}/{program}", protocol)
    settings = {"nodes": 3, "clients": 3, "time_limit": 2.0, "rate": 50.0, **changes}
    options = {**fields.pop("options"), **settings.pop("options", {})}
    return experiment(Plan(**fields, faults=faults, options=options, **settings))


@pytest.mark.nightly
@pytest.mark.parametrize(("form", "validity"), [("", VALID), ("stale", INVALID)])
def test_a_key_value_store_and_one_whose_followers_answer_reads(form, validity):
    result = run(of(f"lin_kv.py {form}", "lin-kv"))
    assert result.validity is validity, [v.reason for v in result.verdicts]
    if validity is INVALID:
        assert result.signature.startswith("linearizable")


@pytest.mark.nightly
@pytest.mark.parametrize(("form", "validity"), [("retry", VALID), ("", INVALID)])
def test_a_broadcast_without_retry_loses_messages_in_a_partition(form, validity):
    cut = Fault("net.partition", 0.5, 1.0, "one", id="f1")
    result = run(of(f"broadcast.py {form}", "broadcast", cut))
    assert result.validity is validity, [v.reason for v in result.verdicts]
    if validity is INVALID:
        assert result.signature.startswith("set")
    logged = [event[3] for event in result.trace.events if event[1] == "stderr"]
    assert sorted(logged) == ["n1 is up", "n2 is up", "n3 is up"]


@pytest.mark.nightly
def test_a_store_that_keeps_nothing_on_disk_loses_it_in_a_kill_and_starts_anew():
    kill = Fault("process.kill", 0.8, 0.2, "n1", id="f1")
    result = run(of("lin_kv.py", "lin-kv", kill))
    assert result.signature.startswith("linearizable")
    assert [event[2] for event in result.trace.events if event[1] == "boot"].count("n1") == 2


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("prints", "NotAMessage: n1 wrote 'debugging' on its output"),
        ("exits", "ended with exit code 4"),
    ],
)
def test_a_program_that_breaks_the_protocol_or_ends_is_told(form, error):
    brief = {"nodes": 1, "time_limit": 1.0, "options": {"operation_timeout": 0.3}}
    result = run(of(f"odd.py {form}", "lin-kv", **brief))
    assert error in result.history.events("died")[0].value["error"]
    assert result.validity is INVALID


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("form", "outcome", "error"),
    [("refuses", "fail", "error 11: not today"), ("confuses", "info", "error 1000: who knows")],
)
def test_errors_are_definite_or_not_as_the_protocol_says(form, outcome, error):
    result = run(of(f"odd.py {form}", "lin-kv", nodes=1, time_limit=1.0))
    ends = {(e.type, e.error) for e in result.history if e.f == "write" and e.type != "invoke"}
    assert ends == {(outcome, error)}


@pytest.mark.nightly
def test_a_service_that_there_is_not_answers_so():
    result = run(of("odd.py asks", "lin-kv", nodes=1, time_limit=1.0))
    logged = [event[3] for event in result.trace.events if event[1] == "stderr"]
    assert "was told 1: there is no seq-kv here" in logged


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ground": "processes"}, "run on the ground maelstrom, not on processes"),
        ({"options": {}}, "missing required field `ground`"),
        ({"options": {"ground": {"program": [], "protocol": "g-set"}}}, "is empty: give the comm"),
        (
            {"options": {"ground": {"program": ["./none"], "protocol": "g-set"}}},
            "there is no program './none' to run: give its path",
        ),
        (
            {"options": {"ground": {"program": ["x"], "protocol": "kv"}}},
            "no Maelstrom workload 'kv'",
        ),
    ],
)
def test_a_plan_that_names_no_program_is_refused(changes, says):
    with pytest.raises(InvalidPlan, match=says):
        experiment(of("lin_kv.py", "lin-kv").plan.with_(**changes))


def test_no_other_system_runs_on_its_ground():
    with pytest.raises(InvalidPlan, match="names none: splitbrain run --maelstrom COMMAND"):
        check_plan(experiment(Plan("raft", "register", ground="maelstrom")))
