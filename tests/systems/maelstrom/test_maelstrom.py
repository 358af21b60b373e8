"""Programs that speak Maelstrom's protocol: right ones pass, wrong ones are caught."""

import sys
from pathlib import Path
from shutil import which

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Fault, InvalidPlan, Plan, run
from splitbrain.harness.runs.folders import new_folder
from splitbrain.harness.runs.running import check_plan
from splitbrain.reports.spacetime.window import brief
from splitbrain.systems.maelstrom import chosen_fields
from splitbrain.systems.maelstrom.protocols import neighbours
from splitbrain.systems.registry import experiment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")

NODES = Path(__file__).parent / "nodes"


def of(program, protocol, *faults, **changes):
    word, _, form = program.partition(" ")
    runner = "node" if word.endswith(".js") else sys.executable
    settings = {"nodes": 3, "clients": 3, "time_limit": 2.0, "rate": 50.0, **changes}
    command = f"{runner} {NODES}/{word} {form}"
    fields = chosen_fields(command, protocol, settings.pop("options", {}))
    return experiment(Plan(**fields, faults=faults, **settings))


CUT = Fault("net.partition", 0.5, 1.0, "one", id="f1")

FORMS = [
    ("echo", "echo", "", "shouts", "echo/altered"),
    ("unique-ids", "unique_ids", "", "counts", "unique-ids/duplicate"),
    ("broadcast", "broadcast", "retry", "once", "set-full/lost"),
    ("g-set", "g_set", "", "alone", "set-full/lost"),
    ("g-counter", "counter", "", "once", "eventual-counter/lost"),
    ("pn-counter", "counter", "", "once", "eventual-counter/lost"),
    ("lin-kv", "kv_proxy", "lin-kv", "lww-kv", "linearizable"),
    ("kafka", "kafka", "", "alone", "kafka"),
    ("txn-list-append", "transactions", "", "alone", "list-append"),
    ("txn-rw-register", "transactions", "", "alone", "rw-register"),
]
"""Of each protocol: a program, its right and its wrong form, and how the wrong one fails."""


@pytest.mark.nightly
@pytest.mark.parametrize("language", ["py", "js"])
@pytest.mark.parametrize(("protocol", "program", "right", "wrong", "signature"), FORMS)
def test_right_and_wrong_programs_of_each_protocol(
    protocol, program, right, wrong, signature, language
):
    file = f"{program}.py" if language == "py" else f"js/{program}.js"
    if language == "js" and which("node") is None:
        pytest.skip("there is no node here to run JavaScript with")
    many = {"clients": 9, "options": {"operation_timeout": 0.5}}
    good = run(of(f"{file} {right}", protocol, CUT, **many))
    bad = run(of(f"{file} {wrong}", protocol, CUT, **many))

    assert good.validity is VALID, [v.reason for v in good.verdicts]
    assert bad.validity is INVALID, [v.reason for v in bad.verdicts]
    assert bad.signature.startswith(signature)


@pytest.mark.nightly
def test_a_key_value_store_whose_followers_answer_reads_is_stale():
    result = run(of("lin_kv.py stale", "lin-kv"))
    assert result.signature.startswith("linearizable")


@pytest.mark.nightly
def test_what_programs_write_to_standard_error_is_in_the_trace():
    result = run(of("echo.py", "echo", time_limit=0.5))
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
def test_what_there_is_not_answers_so():
    result = run(of("odd.py asks", "lin-kv", nodes=1, time_limit=1.0))
    logged = [event[3] for event in result.trace.events if event[1] == "stderr"]
    assert "was told 1: there is no oracle here" in logged


@pytest.mark.nightly
def test_a_program_that_reads_nothing_holds_nobody_up():
    result = run(of("odd.py deaf", "echo", time_limit=1.0, options={"operation_timeout": 0.5}))
    (traffic,) = (event.value for event in result.history.events("traffic"))
    assert traffic["between servers"] > 5
    (answers,) = (event.value for event in result.history.events("answers"))
    assert answers == {"n1": "ok", "n2": "ok", "n3": "silent"}


@pytest.mark.nightly
def test_ten_programs_answer_though_one_of_them_reads_nothing():
    brief = {"nodes": 10, "clients": 10, "time_limit": 1.0}
    result = run(of("odd.py deaf", "echo", **brief, options={"operation_timeout": 0.5}))
    (answers,) = (event.value for event in result.history.events("answers"))
    silent = [name for name, what in answers.items() if what == "silent"]
    assert silent == ["n9"]  # the last by name
    assert len(answers) == 10


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


@pytest.mark.parametrize(
    ("protocol", "options", "says"),
    [
        ("raft", {}, "no Maelstrom workload 'raft'"),
        ("g-set", {"topology": "line"}, "nodes are told of none in workload g-set"),
        ("broadcast", {"topology": "ring"}, "there is no topology 'ring'"),
        ("lin-kv", {"consistency": "serializable"}, "there are no transactions in workload lin-"),
        ("txn-rw-register", {"consistency": "good"}, "'good'"),
        ("echo", {"latency": "much"}, "option ground.latency: Expected `float`"),
        ("broadcast", {"keys": 3}, "workload set has no option 'keys'"),
    ],
)
def test_options_that_make_no_sense_are_refused(protocol, options, says):
    with pytest.raises(InvalidPlan, match=says):
        of("echo.py", protocol, options=options)


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        ("line", [[1], [0, 2], [1, 3], [2, 4], [3]]),
        ("total", [[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 3, 4], [0, 1, 2, 4], [0, 1, 2, 3]]),
        ("grid", [[1, 3], [0, 2, 4], [1], [4, 0], [3, 1]]),
        ("tree2", [[1, 2], [0, 3, 4], [0], [1], [1]]),
        ("tree4", [[1, 2, 3, 4], [0], [0], [0], [0]]),
    ],
)
def test_topologies(topology, expected):
    names = ["n1", "n2", "n3", "n4", "n5"]
    found = neighbours(topology, names)
    assert found == {
        name: [names[at] for at in row] for name, row in zip(names, expected, strict=True)
    }


def test_a_run_is_called_by_what_was_typed(tmp_path):
    plan = of("echo.py", "echo").plan
    assert plan.told == (f"{sys.executable} {NODES}/echo.py", "echo")
    assert new_folder(tmp_path, plan).name.endswith("-maelstrom-echo-0")
    assert Plan("raft", "kv").told == ("raft", "kv")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"type":"broadcast","msg_id":7,"message":19}', "broadcast message 19"),
        ('{"type":"read_ok","in_reply_to":7,"messages":[1,2]}', "read_ok messages 1 2"),
        ('{"no":"end', '{"no":"end'),
    ],
)
def test_messages_are_told_by_their_type_and_what_they_carry(body, told):
    assert brief((body,)) == told
