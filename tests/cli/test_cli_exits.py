"""How commands end: 1 only ever means invalid, whatever becomes of the streams or of us."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.linearizability.checker import Linearizable
from splitbrain.harness.commands.cli import main

SAMPLES = Path(__file__).parents[1] / "data" / "histories"
GOOD, BAD = SAMPLES / "c01-ok.txt", SAMPLES / "c01-bad.txt"


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def shell(command):
    """Exit code, standard output and standard error of a line for bash."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "SB": f"{sys.executable} -m splitbrain"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/null"])
@pytest.mark.parametrize(("file", "code"), [(GOOD, 0), (BAD, 1)])
def test_closed_streams_change_no_verdict(streams, file, code):
    returned, _, errors = shell(f"$SB check {file} -m kv {streams}")
    assert (returned, errors) == (code, "")


@pytest.mark.parametrize(("file", "code"), [(GOOD, 0), (BAD, 1)])
def test_a_reader_that_leaves_changes_no_verdict(file, code):
    returned, output, errors = shell(f"($SB check {file} -m kv; echo $? >&2) | true")
    assert (returned, output, errors) == (0, "", f"{code}\n")


def test_a_reader_of_errors_that_leaves_changes_no_code():
    _, output, _ = shell("($SB check nowhere -m kv 2>&1 >/dev/null; echo $?) 2>&1 | tail -1")
    assert output == "2\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("file", [GOOD, BAD])
def test_a_verdict_that_cannot_be_printed_is_told_and_is_no_verdict(file):
    code, _, errors = shell(f"$SB check {file} -m kv >/dev/full")
    assert code == 2
    assert errors == "splitbrain: standard output: No space left on device\n"


def test_an_error_of_ours_names_itself_and_keeps_its_traceback(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def broken(*_):
        raise KeyError("what no one\nforesaw")

    monkeypatch.setattr(Linearizable, "check", broken)
    result = call("check", GOOD, "-m", "kv")
    assert result.exit_code == 70
    assert result.stderr.startswith("splitbrain: internal error, no verdict (KeyError: ")
    assert "please report it" in result.stderr
    assert "Traceback" not in result.output
    kept = Path(re.search(r"kept in (\S+);", result.stderr)[1])
    assert kept.parent == tmp_path
    assert "in broken" in kept.read_text()


def test_a_valid_verdict_that_our_own_check_refuses_is_an_error_of_ours(monkeypatch):
    def refuses(*_):
        raise CertificateError("operation 4 does not fit there")

    monkeypatch.setattr(CheckerEntry, "verified", refuses)
    result = call("check", GOOD, "-m", "kv")
    assert (result.exit_code, result.stdout) == (70, "")
    assert "says valid" in result.stderr
    assert "its certificate is refuted: operation 4 does not fit there" in result.stderr
    assert call("check", BAD, "-m", "kv").exit_code == 1
    assert call("check", GOOD, "-m", "kv", "--no-self-check").exit_code == 0


def test_memory_that_does_not_suffice_is_told(monkeypatch):
    def greedy(*_):
        raise MemoryError("Unable to allocate 72 GiB")

    monkeypatch.setattr(Linearizable, "check", greedy)
    result = call("check", GOOD, "-m", "kv")
    assert result.exit_code == 2
    assert "there is not enough memory for this" in result.stderr


def test_an_interruption_has_a_code_of_its_own(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Linearizable, "check", interrupted)
    assert call("check", GOOD, "-m", "kv").exit_code == 130


def test_exit_codes_and_whole_summaries_stand_in_the_help():
    words = " ".join(call("--help").output.replace("[ARGS]...", "").split())
    for code in (
        "0 valid",
        "1 invalid, and nothing else",
        "2 bad",
        "3 unknown",
        "70 an",
        "130 int",
    ):
        assert code in words
    assert "..." not in words


def test_the_version_has_a_short_option():
    assert call("-V").output == call("--version").output


# Folders of runs


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("run", "raft", "-t", "1", "-n", "3", "-c", "2").exit_code == 0
    (folder,) = (tmp_path / "runs").glob("*/")
    return folder


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("checker", False),
        ("reason", None),
        ("coverage", {"reads": "many"}),
        ("anomalies", {}),
        ("certificate", []),
        ("cost", 10**30),
        ("checker", 7),
    ],
)
def test_a_verdict_of_wrong_types_is_told_and_the_rest_reported(run_folder, field, wrong):
    path = run_folder / "verdict.json"
    verdict = json.loads(path.read_text())
    verdict["verdicts"][-1][field] = wrong
    path.write_text(json.dumps(verdict))
    result = call("report", run_folder)
    assert result.exit_code == 2
    assert f"{run_folder}: verdict.json does not hold verdicts" in result.stderr
    assert (run_folder / "report.html").is_file()


@pytest.mark.parametrize("wrong", [[1, [None]], [1, "2"], [True], {"first": 1}])
def test_an_order_of_what_is_no_operation_is_told(run_folder, wrong):
    path = run_folder / "verdict.json"
    verdict = json.loads(path.read_text())
    certificate = next(v["certificate"] for v in verdict["verdicts"] if v["certificate"])
    certificate["linearizations"][0]["order"] = wrong
    path.write_text(json.dumps(verdict))
    for command in ("report", "verify"):
        result = call(command, run_folder)
        assert result.exit_code == 2
        assert "'order'" in result.stderr


@pytest.mark.parametrize("command", ["report", "verify"])
def test_a_verdict_that_says_two_things_is_refused(run_folder, command):
    path = run_folder / "verdict.json"
    text = path.read_text()
    path.write_text(text.replace('"validity"', '"validity": "invalid", "validity"', 1))
    result = call(command, run_folder)
    assert result.exit_code == 2
    assert "an object has the key" in result.stderr
    assert "validity" in result.stderr


@pytest.mark.parametrize("command", ["report", "replay", "check"])
def test_a_plan_that_says_two_things_is_refused(run_folder, command):
    path = run_folder / "plan.json"
    path.write_text(path.read_text().replace('"seed"', '"seed": 5, "seed"', 1))
    result = call(command, run_folder)
    assert result.exit_code == 2
    assert "plan.json: an object has the key" in result.stderr


def test_a_valid_verdict_on_a_run_that_our_own_check_refuses_is_an_error(run_folder, monkeypatch):
    assert call("check", run_folder).exit_code == 0

    def refuses(*_):
        raise CertificateError("operation 4 does not fit there")

    monkeypatch.setattr(CheckerEntry, "verified", refuses)
    assert call("check", run_folder).exit_code == 70
    assert call("check", run_folder, "--no-self-check").exit_code == 0


def test_times_that_are_no_numbers_are_left_out_of_a_report(run_folder):
    path = run_folder / "run.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "wall_seconds": 10**400, "virtual_seconds": "soon"}))
    assert call("report", run_folder).exit_code == 0


@pytest.mark.parametrize("command", ["replay", "report"])
@pytest.mark.parametrize("name", ["plan.json", "run.json"])
def test_a_named_pipe_in_a_folder_is_named(run_folder, command, name):
    (run_folder / name).unlink()
    os.mkfifo(run_folder / name)
    result = call(command, run_folder)
    assert result.exit_code == 2
    assert "it is a named pipe" in result.stderr
