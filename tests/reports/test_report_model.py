"""What is read from a run's folder, whole or damaged."""

import json

import pytest
import sample_runs

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.reports import RunError, load_run
from splitbrain.reports.model import shrink_summary


def test_a_valid_run_is_read_with_everything_it_exercised(tmp_path):
    view = load_run(sample_runs.valid_run(tmp_path / "run"))

    assert view.validity is VALID
    assert view.judgement == "valid"
    assert view.coverage.total.total == len(view.calls) == 1000
    assert [row.f for row in view.coverage.functions] == ["read", "write", "cas"]
    assert sum(row.total for row in view.coverage.functions) == 1000
    assert [fault.id for fault in view.faults] == ["f1", "f2", "f3", "f4", "f5"]
    assert [mark.text for mark in view.phases] == ["load", "heal", "settle", "final", "done"]
    assert view.problems == ()


def test_a_fault_without_effect_is_flagged(tmp_path):
    view = load_run(sample_runs.valid_run(tmp_path / "run"))

    idle = [fault.id for fault in view.faults if fault.observed is False]
    assert idle == ["f3"]
    assert view.coverage.warnings == ("1 fault had no observed effect: f3.",)


def test_a_fault_that_the_failure_needs_is_not_called_without_effect(tmp_path):
    folder = sample_runs.valid_run(tmp_path / "run")
    needed = {"fault": "f3", "kind": "net.latency", "finding": "necessary"}
    needed |= {"with": [10, 10], "without": [0, 10]}
    (folder / "shrink.json").write_text(json.dumps({"necessary": [needed]}))

    view = load_run(folder)

    assert view.coverage.warnings == ()
    (band,) = (fault for fault in view.faults if fault.id == "f3")
    assert band.evidence == "no effect counted, but without it the run passes"


def test_a_planned_fault_that_never_started_is_told(tmp_path):
    folder = sample_runs.unknown_run(tmp_path / "run")
    fault = {"id": "f9", "kind": "net.loss", "at": 99.0, "duration": 1.0, "target": "n1"}
    (folder / "plan.json").write_text(json.dumps(sample_runs.plan(faults=[fault])))

    (band,) = load_run(folder).faults

    assert (band.id, band.start, band.evidence) == ("f9", None, "did not start")


def test_an_invalid_run_knows_its_anomaly_and_its_shrunk_form(tmp_path):
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    assert view.validity is INVALID
    assert view.signature == "linearizable(cas-register)/stale-read"
    assert [view.calls[i].argument for i in sorted(view.marked)] == [
        ["x", 901],
        ["x", 902],
        ["x", None],
    ]
    assert view.shrunk is not None
    assert view.telling is view.shrunk
    assert len(view.shrunk.calls) == 3
    assert shrink_summary(view) == (
        "shrunk from 1,003 operations and 5 faults to 3 operations and 1 fault, in 58 runs"
    )
    assert view.telling.statement.startswith("Process 0 read x=901 at 9.001 s")
    assert view.statement.startswith("Process 5 read x=901")


def test_a_killed_run_is_shown_as_not_judged(tmp_path):
    view = load_run(sample_runs.killed_run(tmp_path / "run"))

    assert view.validity is None
    assert view.judgement == "not judged"
    assert "no verdict" in view.statement
    assert "cut off" in view.problems[0]
    assert view.calls[-1].outcome == "info"


def test_a_run_judged_by_no_checker_is_unknown(tmp_path):
    folder = sample_runs.unknown_run(tmp_path / "run")
    (folder / "verdict.json").write_text('{"validity": "unknown", "verdicts": []}')

    view = load_run(folder)

    assert view.validity is UNKNOWN
    assert view.statement == "Nothing was judged: the run was checked by no checker."


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("verdict.json", "{", "verdict.json: not JSON"),
        ("verdict.json", '{"validity": "valid"}', "does not hold verdicts (no field 'verdicts')"),
        ("verdict.json", '{"verdicts": [{"checker": 1}]}', "does not hold verdicts"),
        ("run.json", "[]", "run.json is not a JSON object"),
        ("run.json", "[" * 100_000, "run.json: not JSON"),
        ("shrink.json", '{"operations": [1]}', "shrink.json can't be read"),
    ],
)
def test_a_damaged_optional_file_is_noted_and_the_run_still_shown(tmp_path, name, content, problem):
    folder = sample_runs.unknown_run(tmp_path / "run")
    (folder / name).write_text(content)

    view = load_run(folder)

    assert problem in " ".join(view.problems)
    assert len(view.calls) == 40


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("plan.json", None, "plan.json: no such file; give the folder of a run"),
        ("plan.json", "nonsense", "plan.json: not JSON"),
        ("plan.json", '{"format": 99}', "plan.json: format is 99"),
        ("history.jsonl", None, "no history.jsonl; give the folder of a run"),
        ("history.jsonl", '{"type": "begin"}\n{}\n', "history.jsonl:1"),
    ],
)
def test_without_a_plan_or_a_history_there_is_nothing_to_show(tmp_path, name, content, problem):
    folder = sample_runs.unknown_run(tmp_path / "run")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)

    with pytest.raises(RunError) as raised:
        load_run(folder)

    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_damaged_shrunk_run_does_not_take_the_full_one_with_it(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "run")
    (folder / "shrunk" / "history.jsonl").write_text("nonsense\n{}\n")

    view = load_run(folder)

    assert view.shrunk is None
    assert view.problems[0].startswith("The shrunk run can't be shown:")


def test_an_empty_history_is_shown_as_exercising_nothing(tmp_path):
    folder = sample_runs.save(tmp_path / "run", [], sample_runs.plan())

    view = load_run(folder)

    assert view.end == 0
    assert view.coverage.warnings == ("No operation was invoked, so nothing was exercised.",)
