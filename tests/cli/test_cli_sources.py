"""`splitbrain check`: several files, standard input, folders of runs; how much is said, and how."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main
from splitbrain.harness.commands.common import output
from splitbrain.harness.commands.list import fitting

SAMPLES = Path(__file__).parents[1] / "data" / "histories"
GOOD, BAD = SAMPLES / "c01-ok.txt", SAMPLES / "c01-bad.txt"


def call(*words, **options):
    result = CliRunner().invoke(main, [str(word) for word in words], **options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture
def empty(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    return path


def test_several_files_are_judged_one_by_one_and_the_worst_decides(empty):
    nowhere = empty.with_name("nowhere.edn")
    for files, code in (
        ((GOOD, GOOD), 0),
        ((GOOD, empty), 3),
        ((GOOD, nowhere, empty), 2),
        ((nowhere, BAD, GOOD, empty), 1),
    ):
        result = call("check", *files, "-m", "kv")
        assert result.exit_code == code
        for file in files:
            told = f"{file}:\n" in result.stdout
            assert told is (file is not nowhere)
        assert (f"splitbrain: {nowhere}: the file cannot be read" in result.stderr) is (
            nowhere in files
        )


def test_a_history_comes_from_standard_input(tmp_path):
    assert call("check", "-", "-m", "kv", input=GOOD.read_bytes()).exit_code == 0
    assert call("check", "-", "-m", "kv", input=BAD.read_bytes()).exit_code == 1
    result = call("check", "-", "-m", "kv", input=b"what?\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("splitbrain: standard input: this is no history in a format")


def test_quiet_says_nothing_and_verbose_says_all():
    quiet = call("check", BAD, "-m", "kv", "-q")
    assert (quiet.exit_code, quiet.output) == (1, "")
    usual, verbose = (call("check", BAD, "-m", "kv", *words).stdout for words in ((), ("-v",)))
    assert "[operations 54, 55, 58, 59]" in verbose
    assert "coverage: operations 38" in verbose
    assert verbose.startswith(usual.rstrip("\n"))


def test_json_of_one_file_is_its_verdict_and_of_several_a_line_each(tmp_path):
    one = json.loads(call("check", BAD, "-m", "kv", "--json").stdout)
    several = call("check", GOOD, BAD, tmp_path / "nowhere", "-m", "kv", "--json").stdout
    good, bad, nowhere = map(json.loads, several.splitlines())
    assert (good["file"], good["validity"]) == (str(GOOD), "valid")
    assert bad["verdicts"] == [one]
    assert "cannot be read" in nowhere["error"]


def test_a_run_is_judged_as_it_was_when_it_ran(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call(
        "run", "leader-follower-summary", "-w", "set", "-t", "3s", "-s", "1", "--shrink-budget", "0"
    )
    (folder,) = (tmp_path / "runs").glob("*/")
    recorded = json.loads((folder / "verdict.json").read_text())
    again = call("check", folder, "--json")
    judged = json.loads(again.stdout)
    assert judged == {name: recorded[name] for name in ("validity", "verdicts")}
    assert again.exit_code == {"valid": 0, "invalid": 1, "unknown": 3}[recorded["validity"]]
    assert call("check", folder, "-m", "set-full").exit_code in (0, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((GOOD,), "Missing option '--model' / '-m': only a run's folder knows it."),
        ((GOOD, "--budget", "3"), "options of a checker need --model"),
        ((SAMPLES, "-m", "kv"), "it has no history.jsonl: give a history, or the folder of a run"),
        ((), "Missing argument 'FILE...'"),
    ],
)
def test_what_is_missing_is_said(words, says):
    result = call("check", *words)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_run_of_a_test_needs_its_model_said(tmp_path):
    plan = {"system": "my_service.KvNode", "workload": "register"}
    from splitbrain.harness.plan import Plan

    (tmp_path / "plan.json").write_text(json.dumps(Plan(**plan).to_json()))
    (tmp_path / "history.jsonl").write_text("")
    result = call("check", tmp_path)
    assert result.exit_code == 2
    assert "a test's own system, my_service.KvNode" in result.stderr
    assert call("check", tmp_path, "-m", "register").exit_code == 3


def test_a_run_of_a_system_of_ones_own_is_judged_by_what_its_import_path_says(
    tmp_path, monkeypatch
):
    from splitbrain.harness.plan import Plan

    (tmp_path / "my_own_store.py").write_text(
        "from splitbrain.systems.replication.abd import SYSTEM\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name, system in (("there", "my_own_store:SYSTEM"), ("gone", "no_such_store:SYSTEM")):
        (tmp_path / name).mkdir()
        plan = Plan(system, "register", time_limit=1.0)
        (tmp_path / name / "plan.json").write_text(json.dumps(plan.to_json()))
        (tmp_path / name / "history.jsonl").write_text("")
    found, missing = call("check", tmp_path / "there"), call("check", tmp_path / "gone")

    assert found.exit_code == 3
    assert "linearizable(cas-register)" in found.stdout
    assert missing.exit_code == 2
    assert "no_such_store" in missing.stderr
    assert len(missing.stderr.splitlines()) == 1


# Colors


def test_only_the_words_of_verdicts_have_colors():
    plain = call("check", BAD, "-m", "kv").stdout
    colored = output.colored(plain)
    assert re.findall(r"\x1b\[31m\x1b\[1m(\w+)\x1b\[0m", colored) == ["INVALID"]
    assert re.sub(r"\x1b\[\d+m", "", colored) == plain
    assert (
        output.colored("  valid for now, and unknown words") == "  valid for now, and unknown words"
    )


@pytest.mark.parametrize(
    ("terminal", "no_color", "wanted"),
    [(True, None, True), (True, "", True), (True, "1", False), (False, None, False)],
)
def test_colors_are_for_terminals_unless_nobody_wants_them(monkeypatch, terminal, no_color, wanted):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    assert output.colors() is wanted


def test_a_dumb_terminal_has_no_colors(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert not output.colors()


def test_what_a_story_marks_what_was_lost_and_who_leads_stand_out():
    lines = (
        "*   2.800 s  client 0 reads z -> null  ok",
        "    2.603 s  |        leader 7      |",
        "    2.200 s  *---x    |             |  lost: f1 append",
        "    9.000 s  network: partition healed",
    )
    colored = output.colored("\n".join(lines)).split("\n")
    styled = r"(?:\x1b\[[1-9]\d*m)+([^\x1b]+)"
    assert [re.findall(styled, line) for line in colored] == [
        [lines[0]],
        ["leader 7"],
        ["lost: f1"],
        [],
    ]
    assert re.sub(r"\x1b\[\d+m", "", "\n".join(colored)) == "\n".join(lines)


@pytest.mark.parametrize(
    ("terminal", "columns", "wanted"),
    [
        (False, None, 100),
        (False, "72", 72),
        (True, "132", 132),
        (True, "9", 40),
        (True, "1000", 180),
    ],
)
def test_what_is_printed_is_as_wide_as_the_terminal(monkeypatch, terminal, columns, wanted):
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    assert output.width() == wanted


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("what", ["systems", "settings", "workloads", "faults", "checkers"])
def test_lists_are_as_wide_as_the_terminal(monkeypatch, what, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = call("list", what).stdout.splitlines()
    assert max(map(len, lines)) <= columns


def test_words_of_a_list_break_only_where_there_is_no_room():
    rows = [["an-identifier", "some words that tell what it is"], ["b", ""]]
    assert fitting(rows, 60) == [13, 31]
    assert fitting(rows, 30) == [13, 15]
    assert fitting(rows, 20) == [9, 9]


def test_a_story_is_told_in_the_columns_that_there_are(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = call("check", BAD, "-m", "kv").stdout.splitlines()
    assert max(map(len, lines)) <= 60 + 12  # the column with the verdict stands between
