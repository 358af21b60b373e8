"""What the command line does with a run: progress, verdict, folder, replay, and being stopped."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.progress import ProgressLine
from splitbrain.harness.runs.folders import read_plan

SMALL = ["-n", "3", "-c", "2", "-t", "1s"]


@pytest.fixture
def splitbrain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return call


def folder_of(tmp_path):
    (folder,) = sorted((tmp_path / "runs").glob("*/"))[-1:]
    return folder


def test_a_run_prints_its_verdict_and_leaves_a_folder(splitbrain, tmp_path):
    words = ["-w", "register", "-f", "kill,partition", "-s", "7", *SMALL]
    result = splitbrain("run", "raft", *words)
    assert result.exit_code == 0
    assert result.stderr == ""  # progress is for terminals
    assert "linearizable(cas-register)" in result.stdout
    plan = read_plan(folder_of(tmp_path))
    assert (plan.seed, plan.nodes, plan.clients, plan.time_limit) == (7, 3, 2, 1.0)
    assert (folder_of(tmp_path) / "report.html").is_file()


def test_a_replay_gives_the_same_trace(splitbrain, tmp_path):
    splitbrain("run", "raft", "-f", "all", *SMALL)
    folder = folder_of(tmp_path)
    result = splitbrain("replay", folder, "--runs", "again")
    assert result.exit_code == 0
    assert "same trace, byte for byte" in result.stdout
    (again,) = (tmp_path / "again").glob("*/")
    for name in ("plan.json", "history.jsonl", "trace.jsonl", "verdict.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_trace_that_differs_is_told(splitbrain, tmp_path):
    splitbrain("run", "raft", *SMALL)
    folder = folder_of(tmp_path)
    info = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**info, "trace_sha256": "0" * 64}))
    result = splitbrain("replay", folder)
    assert result.exit_code == 2
    assert "the trace differs" in result.stderr


def test_a_failure_is_shrunk_and_the_small_run_replays(splitbrain, tmp_path):
    words = ["leader-follower-summary", "-w", "set", "-c", "3", "-t", "4s", "--count", "30"]
    result = splitbrain("run", *words)
    assert result.exit_code == 1
    assert re.search(r"seed \d+ is INVALID", result.stdout)
    assert "shrunk from" in result.stdout
    small = folder_of(tmp_path) / "shrunk"
    assert (small / "report.html").is_file()
    replayed = splitbrain("replay", small)
    assert replayed.exit_code == 1
    assert "same trace, byte for byte" in replayed.stdout


def test_a_run_is_told_as_json_or_not_at_all(splitbrain, tmp_path):
    words = ["run", "leader-follower-summary", "-w", "set", "-c", "2", "-t", "3s", "-s", "1"]
    words += ["--shrink-budget", "0"]
    told = splitbrain(*words, "--json")
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    folder = Path(found["folder"])
    recorded = json.loads((folder / "verdict.json").read_text())
    assert {name: found[name] for name in recorded} == recorded
    assert found["validity"] == "invalid"
    quiet = splitbrain(*words, "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (1, "")


def test_json_has_the_figures_that_explain_a_failure(splitbrain):
    words = ["run", "leader-follower-summary", "-w", "set", "-c", "2", "-t", "3s", "-s", "1"]
    found = json.loads(splitbrain(*words, "--json").stdout)
    explained = json.loads((Path(found["folder"]) / "shrink.json").read_text())
    assert found["explained"] == explained
    assert explained["often"][0] <= explained["often"][1]
    assert {"fault", "kind", "finding", "with", "without"} <= set(explained["necessary"][0])
    assert explained["certain"]["after"] == [30, 30]


def test_completion_for_the_shell_is_there(splitbrain, monkeypatch):
    for name, value in (
        ("_MAIN_COMPLETE", "bash_complete"),
        ("COMP_WORDS", "main ver"),
        ("COMP_CWORD", "1"),
    ):
        monkeypatch.setenv(name, value)
    assert splitbrain().stdout == "plain,verify\n"


def test_a_bug_brings_its_workload(splitbrain, tmp_path):
    splitbrain("run", "raft", "--bug", "CON-03", "--shrink-budget", "0", *SMALL)
    plan = read_plan(folder_of(tmp_path))
    assert (plan.bug, plan.workload) == ("CON-03", "set")


def test_nothing_judged_is_unknown(splitbrain):
    seldom = ("--rate", "0.5", "-t", "0.3s")
    result = splitbrain("run", "coordination", "-w", "semaphore", "-f", "none", *seldom)
    assert result.exit_code == 3


# Being stopped


def stopped(tmp_path, how):
    """A long run, stopped by a signal once it has recorded something."""
    command = [
        sys.executable,
        "-m",
        "splitbrain",
        "run",
        "raft",
        "-t",
        "1h",
        "-f",
        "all",
    ]
    with subprocess.Popen(
        [*command, "--runs", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            history = None
            while history is None or history.stat().st_size < 5_000:
                assert process.poll() is None
                history = next(tmp_path.glob("*/history.jsonl"), None)
            process.send_signal(how)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    return history.parent, process.returncode, errors.decode()


def test_a_killed_run_keeps_its_history_and_can_be_reported(splitbrain, tmp_path):
    folder, code, _ = stopped(tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert sorted(p.name for p in folder.iterdir()) == [
        "history.jsonl",
        "plan.json",
        "trace.jsonl",
    ]
    history = folder / "history.jsonl"
    whole = history.read_bytes()
    history.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 20])  # cut within the last line
    result = splitbrain("report", folder)
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    assert "probably stopped before its end" in words
    assert "the last line was cut off" in words
    assert Path(result.stdout.splitlines()[-1]).is_file()


def test_ctrl_c_ends_a_run_with_a_sentence_and_keeps_its_history(splitbrain, tmp_path):
    folder, code, errors = stopped(tmp_path, signal.SIGINT)
    assert code == 130
    assert errors.startswith("splitbrain: interrupted; what was recorded is kept")
    assert "Traceback" not in errors
    assert f"splitbrain report {folder}" in errors
    # It stopped between two events: no node died of it.
    assert b"KeyboardInterrupt" not in (folder / "history.jsonl").read_bytes()
    assert splitbrain("report", folder).exit_code == 0


# Progress


class Terminal:
    def __init__(self, watched):
        self.written = ""
        self.watched = watched

    def isatty(self):
        return self.watched

    def write(self, text):
        self.written += text

    def flush(self):
        pass


def test_progress_is_one_line_that_goes_away():
    terminal = Terminal(watched=True)
    with ProgressLine(terminal) as line:
        line.show("running: load, 10%")
        line.show("running: load, 10%")
        line.show("running: final, 99%")
    shown = terminal.written.split("\r")
    assert [text.strip() for text in shown] == [
        "",
        "running: load, 10%",
        "running: final, 99%",
        "",
        "",
    ]
    assert "\n" not in terminal.written


def test_without_a_terminal_there_is_no_progress():
    pipe = Terminal(watched=False)
    with ProgressLine(pipe) as line:
        line.show("running")
    assert pipe.written == ""


@pytest.mark.slow
def test_the_doctor_examines_systems_and_names_those_it_does_not_know(splitbrain):
    result = splitbrain("doctor", "leader-follower-summary")
    assert result.exit_code == 0
    assert "leader-follower-summary gives the same run for the same plan: 3 plans" in result.stdout
    unknown = splitbrain("doctor", "leader-folower")
    assert unknown.exit_code == 2
    assert "did you mean leader-follower" in unknown.stderr


def test_the_doctor_finds_this_installation_sound(splitbrain):
    result = splitbrain("doctor")
    assert result.exit_code == 0, result.output
    assert "BAD" not in result.stdout
