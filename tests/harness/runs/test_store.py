"""A run's folder holds all that a report or a replay needs, whatever fails in writing it."""

import json
import os
from pathlib import Path

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.checkers.history import load
from splitbrain.checkers.verdict import Verdict
from splitbrain.harness import Fault, InvalidPlan, Plan
from splitbrain.harness.runs.folders import StoreError, new_folder, read_plan, recorded_digest
from splitbrain.harness.runs.store import run_in_folder, verdicts_to_json, write_shrink
from splitbrain.harness.workloads import register

PLAN = Plan(
    "toy",
    "register",
    nodes=1,
    clients=2,
    time_limit=1.0,
    faults=(Fault("process.kill", 0.4, 0.1, "n1", id="f1"),),
)


def experiment(server=Durable):
    return PLAN.using(server, register(Client))


def test_a_folder_holds_plan_history_trace_verdict_and_no_command_to_be_trusted(tmp_path):
    result = run_in_folder(experiment(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "history.jsonl",
        "plan.json",
        "run.json",
        "trace.jsonl",
        "verdict.json",
    ]
    assert read_plan(tmp_path) == PLAN
    assert list(load(tmp_path / "history.jsonl")) == list(result.history)
    assert recorded_digest(tmp_path) == result.trace.digest()
    assert "replay" not in json.loads((tmp_path / "run.json").read_text())


def test_judging_the_files_gives_the_verdict_that_was_given_at_the_run(tmp_path):
    run_in_folder(experiment(Forgetful), tmp_path)
    written = json.loads((tmp_path / "verdict.json").read_text())
    history = load(tmp_path / "history.jsonl")
    checker = experiment().workload.checkers[0]
    first = Verdict.from_json(written["verdicts"][0])
    assert checker.check(history).validity is first.validity
    assert written["signature"] == first.signature != ""


def test_the_validity_written_is_that_of_all_verdicts_together(tmp_path):
    result = run_in_folder(experiment(Forgetful), tmp_path)
    assert verdicts_to_json(result)["validity"] == "invalid"


def test_folders_have_names_of_their_own_even_within_a_second(tmp_path):
    folders = [new_folder(tmp_path / "runs", PLAN.with_(system="a b/../c")) for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(folder.is_dir() and folder.parent == tmp_path / "runs" for folder in folders)


def test_a_place_that_is_no_folder_is_an_error_that_names_it(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(StoreError, match=r"runs: .*: use --runs for another folder"):
        new_folder(tmp_path / "runs", PLAN)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_written(tmp_path):
    os.symlink("/dev/full", tmp_path / "history.jsonl")
    with pytest.raises(StoreError, match="operation 0 could not be written"):
        run_in_folder(experiment(), tmp_path)
    assert read_plan(tmp_path) == PLAN


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_in_the_end_keeps_the_whole_history(tmp_path):
    os.symlink("/dev/full", tmp_path / "trace.jsonl")
    with pytest.raises(StoreError, match="No space left on device: free some space"):
        run_in_folder(experiment(), tmp_path)
    assert load(tmp_path / "history.jsonl").events("phase")[-1].value == "done"


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (None, StoreError, "No such file"),
        ("{", StoreError, "is not JSON"),
        ("\xff", StoreError, "is not JSON"),
        ("[]", InvalidPlan, "a plan is a JSON object"),
        ('{"format": 1}', InvalidPlan, "missing required field `system`"),
        ('{"format": 99}', InvalidPlan, "format is 99"),
    ],
)
def test_a_plan_that_cannot_be_read_names_the_file_and_why(tmp_path, text, error, says):
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(error) as refused:
        read_plan(tmp_path if text is not None else path)
    assert str(path) in str(refused.value)
    assert says in str(refused.value)


def test_a_run_that_was_cut_off_has_no_digest_to_compare_with(tmp_path):
    assert recorded_digest(tmp_path) is None
    (tmp_path / "run.json").write_text("[1]")
    assert recorded_digest(tmp_path) is None
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(StoreError, match="is not JSON"):
        recorded_digest(tmp_path)


def test_files_appear_whole_or_not_at_all(tmp_path):
    write_shrink(tmp_path, {"runs": 3})
    assert [p.name for p in tmp_path.iterdir()] == ["shrink.json"]
    with pytest.raises(StoreError):
        write_shrink(tmp_path / "gone", {"runs": 3})
