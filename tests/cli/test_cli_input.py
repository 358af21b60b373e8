"""What the command line refuses: exit code 2 and one sentence, never a traceback."""

import gzip
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.plan import Plan

COMMANDS = ["run", "replay", "check", "report", "list", "demo", "doctor"]

ETCD = """\
INFO  jepsen.util - 0 :invoke :write 1
INFO  jepsen.util - 0 :ok :write 1
INFO  jepsen.util - 1 :invoke :read nil
INFO  jepsen.util - 1 :ok :read 1
"""
EDN = """\
{:process 0, :type :invoke, :f :write, :value 3}
{:process 0, :type :ok, :f :write, :value 3}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 2}
"""


def event(index, kind, f, value):
    return json.dumps(
        {"index": index, "time": index, "type": kind, "process": 0, "f": f, "value": value}
    )


def history(*events):
    return "\n".join(event(i, *e) for i, e in enumerate(events)) + "\n"


ADDS = history(("invoke", "add", 1), ("ok", "add", 1), ("invoke", "read", None))
READ = history(("invoke", "read", None), ("ok", "read", 5))


@pytest.fixture
def splitbrain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return call


def test_every_command_has_help(splitbrain):
    assert splitbrain("--help").exit_code == 0
    for command in COMMANDS:
        result = splitbrain(command, "--help")
        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: main {command}")
    assert splitbrain("--version").output.startswith("splitbrain, version ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("rft", "there is no system 'rft': did you mean raft"),
        ("raft -w regster", "did you mean register"),
        ("raft -f kil", "did you mean kill"),
        ("raft --bug COM-01", "did you mean CON-01"),
        ("raft --bug REP-01", "a bug of leader-follower, not of raft"),
        ("leader-follower -w kv", "leader-follower has no client for the workload 'kv'"),
        ("leader-follower-summary --bug REP-01", "REP-01 is a bug of leader-follower"),
        ("raft -t -5", "--time-limit is '-5': give a time such as 10s"),
        ("raft -t 10parsecs", "--time-limit is '10parsecs'"),
        ("raft -t 0.0000001", "time_limit is 1e-07"),
        ("raft -n 0", "0 is not in the range"),
        ("raft -n three", "'three' is not a valid integer"),
        ("raft -c 0", "0 is not in the range"),
        ("raft --rate nan", "rate is nan"),
        ("raft --rate 1e-320", "rate is 1e-320: give a number from 0.001"),
        ("raft --rate -1", "rate is -1.0"),
        ("raft -s 99999999999999999999", "give a whole number of at most 64 bits"),
        ("raft --option foo", "--option 'foo': write NAME=VALUE"),
        ("raft -o kyes=3", "did you mean keys?"),
        ("raft -o keys=x", "option 'keys' of workload register is 'x'"),
        ("raft -o operation_timeout=abc", "option operation_timeout: Expected `float`"),
        ("raft -o network=1", "option network: Expected `object`, got `int`"),
        ("raft --count 0", "0 is not in the range"),
        ("raft --shrink-budget -1", "-1 is not in the range"),
        ("", "Give a SYSTEM, or --maelstrom COMMAND"),
    ],
)
def test_a_run_that_cannot_be_is_refused(splitbrain, tmp_path, words, says):
    result = splitbrain("run", *words.split())
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_lists_name_everything_there_is(splitbrain):
    for what, some in (
        ("systems", ["raft", "leader-follower-summary"]),
        ("workloads", ["register", "set", "kv"]),
        ("faults", ["process.power_loss", "net.partition", "clock.drift", "scenario.figure8"]),
        ("checkers", ["cas-register", "set-full"]),
        ("bugs", ["CON-01", "REP-02"]),
    ):
        result = splitbrain("list", what)
        assert result.exit_code == 0
        assert all(name in result.stdout for name in some)
    assert splitbrain("list", "sytems").exit_code == 2


# Checking histories


@pytest.mark.parametrize(
    ("name", "text", "model", "code"),
    [
        ("etcd.log", ETCD, "register", 0),
        ("jepsen.edn", EDN, "register", 1),
        ("jepsen.edn", EDN, "cas-register", 1),
        ("h.jsonl", READ, "register", 1),
        ("h.jsonl", READ.replace("5", "null"), "register", 0),
        ("h.jsonl", "", "register", 3),
        ("h.jsonl", ADDS + event(3, "ok", "read", [1]), "set-full", 0),
        ("h.jsonl", ADDS + event(3, "ok", "read", []), "set-full", 1),
        ("h.jsonl", ADDS, "set-full", 3),
    ],
)
def test_the_verdict_on_a_history_is_the_exit_code(splitbrain, tmp_path, name, text, model, code):
    (tmp_path / name).write_text(text)
    with gzip.open(tmp_path / f"{name}.gz", "wt") as packed:
        packed.write(text)
    plain = splitbrain("check", name, "--model", model)
    assert plain.exit_code == code, plain.output
    assert {0: "valid", 1: "INVALID", 3: "unknown"}[code] in plain.stdout
    if text:
        assert splitbrain("check", f"{name}.gz", "--model", model).exit_code == code


def test_a_verdict_is_also_there_as_json(splitbrain, tmp_path):
    (tmp_path / "h.edn").write_text(EDN)
    verdict = json.loads(splitbrain("check", "h.edn", "-m", "register", "--json").stdout)
    assert verdict["validity"] == "invalid"
    assert verdict["anomalies"]


def test_the_budget_reaches_the_checker(splitbrain, tmp_path):
    """Fourteen appends at once, and a read that no order explains: nobody tries 14! orders."""
    events = [{"type": "invoke", "process": p, "f": "append", "value": p} for p in range(14)]
    events += [{"type": "ok", "process": p, "f": "append", "value": p} for p in range(14)]
    events += [{"type": "invoke", "process": 0, "f": "read", "value": None}]
    events += [{"type": "ok", "process": 0, "f": "read", "value": list(range(13))}]
    (tmp_path / "h.jsonl").write_text("\n".join(map(json.dumps, events)))

    result = splitbrain("check", "h.jsonl", "-m", "log", "--budget", "0.01")

    assert result.exit_code == 3, result.output


@pytest.mark.parametrize(
    ("text", "model", "says"),
    [
        (None, "register", "history.jsonl: the file cannot be read (No such file or directory)"),
        ("what is this?\n", "register", "history.jsonl:1"),
        (READ + "{broken\n" + READ, "register", "history.jsonl:3"),
        (READ.replace('"ok"', '"okay"'), "register", "history.jsonl:2"),
        (READ.replace("read", "frobnicate"), "register", "frobnicate"),
        (READ, "regster", "did you mean register"),
    ],
)
def test_a_history_that_cannot_be_judged_is_named_by_file_and_line(
    splitbrain, tmp_path, text, model, says
):
    if text is not None:
        (tmp_path / "history.jsonl").write_text(text)
    result = splitbrain("check", "history.jsonl", "--model", model)
    assert result.exit_code == 2, result.output
    assert says in result.stderr


def test_options_that_do_not_apply_are_refused(splitbrain, tmp_path):
    (tmp_path / "h.jsonl").write_text(ADDS)
    result = splitbrain("check", "h.jsonl", "-m", "set-full", "--budget", "3")
    assert result.exit_code == 2
    assert "--budget is not for set-full" in result.stderr


# Folders and files


@pytest.mark.parametrize("command", ["replay", "report"])
def test_what_is_no_run_is_refused(splitbrain, tmp_path, command):
    assert splitbrain(command, "nowhere").exit_code == 2
    result = splitbrain(command, tmp_path)
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr


def test_a_plan_edited_by_hand_is_refused_by_its_field(splitbrain, tmp_path):
    assert splitbrain("run", "raft", "-t", "1", "-n", "3", "--runs", "runs").exit_code == 0
    (folder,) = (tmp_path / "runs").glob("*/")
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps({**plan, "nodes": "many"}))
    result = splitbrain("replay", folder)
    assert result.exit_code == 2
    assert "plan.json: nodes: Expected `int`, got `str`" in result.stderr
    # Nothing that was recorded is lost by it, but a report needs the plan too.
    assert splitbrain("report", folder).exit_code == 2


def test_a_run_of_a_test_says_how_to_repeat_it(splitbrain, tmp_path):
    plan = Plan("my_service.KvNode", "register")
    (tmp_path / "plan.json").write_text(json.dumps(plan.to_json()))
    result = splitbrain("replay", "plan.json")
    assert result.exit_code == 2
    assert "repeat it with pytest TEST --splitbrain-replay PLAN" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(splitbrain, tmp_path):
    (tmp_path / "file").write_text("")
    result = splitbrain("run", "raft", "-t", "1", "--runs", "file/runs")
    assert result.exit_code == 2
    assert "file/runs" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_the_report_is_told(splitbrain, tmp_path):
    assert splitbrain("run", "raft", "-t", "1", "-n", "3").exit_code == 0
    (folder,) = (tmp_path / "runs").glob("*/")
    (folder / "report.html").unlink()
    os.symlink("/dev/full", folder / "report.html")
    result = splitbrain("report", folder)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_when_the_report_is_written_hides_no_verdict(
    splitbrain, tmp_path, monkeypatch
):
    from splitbrain.reports import model

    def full(view):
        return Path("/dev/full")

    monkeypatch.setattr(model.RunView, "page", property(full))
    words = ("run", "leader-follower-summary", "-w", "set", "-t", "3s", "-s", "1")
    result = splitbrain(*words, "--shrink-budget", "0")
    assert result.exit_code == 1
    assert "INVALID" in result.stdout
    assert "full can't be written (No space left on device)" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rum"], "there is no command 'rum': did you mean run?"),
        (["check", "nofile"], "nofile: No such file or directory"),
        (["verify", "nofile"], "nofile: No such file or directory"),
    ],
)
def test_what_is_not_there_is_named_before_anything_is_asked_for(arguments, says):
    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 2
    assert says in result.output
