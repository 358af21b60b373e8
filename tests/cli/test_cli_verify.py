"""`splitbrain verify`: whose verdict it is, found out; and four ways to end."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main

SAMPLES = Path(__file__).parents[1] / "data" / "histories"
GOOD, BAD = SAMPLES / "c01-ok.txt", SAMPLES / "c01-bad.txt"
PAPER = SAMPLES / "paper-example.edn"


def call(*words, **options):
    result = CliRunner().invoke(main, [str(word) for word in words], **options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture
def verdict(tmp_path):
    """Writes the verdict on a history, changed, into a file."""

    def write(history, *words, change=lambda data: None):
        data = json.loads(call("check", history, *words, "--json").stdout)
        change(data)
        path = tmp_path / "verdict.json"
        path.write_text(json.dumps(data))
        return path

    return write


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    assert call("run", "raft", "-t", "1", "-n", "3", "-c", "2", "--runs", runs).exit_code == 0
    (folder,) = runs.iterdir()
    return folder


def test_the_verdicts_of_one_run_are_not_those_of_another(run_folder, tmp_path):
    copied, other = tmp_path / "copied", tmp_path / "other"
    for folder in (copied, other):
        shutil.copytree(run_folder, folder)
    history = other / "history.jsonl"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:-1]))

    assert call("verify", run_folder, copied).exit_code == call("verify", run_folder).exit_code
    refused = call("verify", run_folder, other)
    assert refused.exit_code == 2
    assert f"{other} has the verdicts on its own history" in refused.stderr


@pytest.mark.parametrize(
    ("history", "words", "checker"),
    [
        (GOOD, ("-m", "kv"), "linearizable(kv)"),
        (PAPER, ("-m", "list-append", "--consistency", "read-committed"), "list-append("),
        (PAPER, ("-m", "list-append", "--consistency", "serializable"), "list-append("),
    ],
)
def test_a_verdict_names_its_checker(verdict, history, words, checker):
    result = call("verify", history, verdict(history, *words))
    assert result.exit_code in (0, 3), result.output
    assert f"confirmed: {checker}" in result.stdout


def test_a_bare_certificate_names_its_model(verdict, tmp_path):
    path = verdict(GOOD, "-m", "kv")
    certificate = json.loads(path.read_text())["certificate"]
    path.write_text(json.dumps(certificate))
    assert call("verify", GOOD, path).exit_code == 0
    del certificate["model"]
    path.write_text(json.dumps(certificate))
    result = call("verify", GOOD, path)
    assert result.exit_code == 2
    assert "nothing in it names a model: say --model" in result.stderr
    assert call("verify", GOOD, path, "-m", "kv").exit_code == 0


def test_a_history_comes_from_standard_input(verdict):
    assert call("verify", "-", verdict(GOOD, "-m", "kv"), input=GOOD.read_bytes()).exit_code == 0


def test_a_wrong_certificate_is_refuted(verdict):
    def reverse(data):
        for part in data["certificate"]["linearizations"]:
            part["order"].reverse()

    path = verdict(GOOD, "-m", "kv", change=reverse)
    result = call("verify", GOOD, path)
    assert result.exit_code == 1
    assert result.stdout.startswith("refuted: linearizable(kv): ")
    quiet = call("verify", GOOD, path, "-q")
    assert (quiet.exit_code, quiet.output) == (1, "")


@pytest.mark.parametrize("wrong", [[None], 1e308, "x", {"a": []}, -1.5])
def test_a_certificate_that_cannot_be_followed_is_none(verdict, wrong):
    def misplace(data):
        data["certificate"]["linearizations"][0]["order"][0] = wrong

    result = call("verify", GOOD, verdict(GOOD, "-m", "kv", change=misplace))
    assert result.exit_code == 2
    assert result.stderr.startswith("splitbrain: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "this is not JSON"),
        ("[1]", "this is neither a certificate nor a verdict"),
        ('{"validity": "valid"}', "this is not a verdict (no field 'checker')"),
        ('{"verdicts": [{"checker": false}]}', "'checker' is of type bool, not str"),
        ('{"verdicts": 7}', "this is not a verdict"),
        ('{"verdicts": []}', "it has no verdict of any checker that is known here"),
    ],
)
def test_what_is_no_verdict_is_told(tmp_path, text, says):
    path = tmp_path / "verdict.json"
    path.write_text(text)
    result = call("verify", GOOD, path)
    assert result.exit_code == 2
    assert f"{path}: {says}" in result.stderr or says in result.stderr


def test_bytes_that_are_no_text_are_told(tmp_path):
    path = tmp_path / "verdict.json"
    path.write_bytes(b'{"checker": "\xa1"}')
    assert call("verify", GOOD, path).exit_code == 2


def test_of_a_run_all_verdicts_with_a_certificate_are_verified(run_folder):
    result = call("verify", run_folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("confirmed: linearizable(cas-register): valid: ")
    lines = [json.loads(line) for line in call("verify", run_folder, "--json").stdout.splitlines()]
    assert lines[0]["outcome"] == "confirmed"
    assert lines[0]["checker"] == "linearizable(cas-register)"


def test_a_history_alone_is_not_enough():
    result = call("verify", GOOD)
    assert result.exit_code == 2
    assert "Missing argument 'CERTIFICATE'" in result.stderr


def test_a_refutation_that_leaves_orders_unchecked_is_not_confirmed(verdict):
    """Or all orders were tried again: then it is. Never is it confirmed with a doubt left."""
    result = call("verify", BAD, verdict(BAD, "-m", "kv"))
    assert result.exit_code in (0, 3)
    assert result.stdout.startswith("confirmed: " if result.exit_code == 0 else "not confirmed: ")


def test_pairs_that_are_taken_for_values_prove_nothing_by_themselves(verdict, tmp_path):
    """As values without keys this history is broken; over keys it is fine."""
    history = tmp_path / "h.jsonl"
    events = [(0, "write", [1, 1]), (0, "write", [2, 7]), (0, "read", [1, None], [1, 1])]
    lines = []
    for process, f, asked, *told in events:
        for kind, value in (("invoke", asked), ("ok", told[0] if told else asked)):
            lines.append(json.dumps({"process": process, "type": kind, "f": f, "value": value}))
    history.write_text("\n".join(lines))
    assert call("check", history, "-m", "register").exit_code == 0
    forged = verdict(history, "-m", "register", "--not-keyed")
    assert json.loads(forged.read_text())["validity"] == "invalid"
    result = call("verify", history, forged)
    assert result.exit_code == 3
    assert "takes values for values without keys" in result.stdout
    assert call("verify", history, forged, "-o", "keyed=false").exit_code == 0
    assert call("verify", history, verdict(history, "-m", "register")).exit_code == 0
