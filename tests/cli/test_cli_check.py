"""`splitbrain check` and `splitbrain verify` on files."""

import json

import pytest
from click.testing import CliRunner

from splitbrain.checkers.history import drawn, write_jsonl
from splitbrain.harness.commands.cli import main

VALID = "a: [w1] [r1] [w2] [r2] [w1] [r1]"
BROKEN = "a: [w1] [w2] [w1] [r2]"
OWN = """
class Latch:
    initial = 0

    def step(self, state, call):
        value = call.argument if call.f == "write" else call.result
        return call.f == "write" or value == state, value
"""


def splitbrain(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def history(tmp_path):
    def write(drawing, name="history.jsonl"):
        write_jsonl(drawn(drawing), tmp_path / name)
        return tmp_path / name

    return write


def checked(tmp_path, file, model="cas-register"):
    result = splitbrain("check", file, "--model", model, "--json")
    (tmp_path / "verdict.json").write_text(result.stdout)
    return json.loads(result.stdout), tmp_path / "verdict.json"


@pytest.mark.parametrize(("drawing", "code"), [(VALID, 0), (BROKEN, 1), ("a: [w1]", 3)])
def test_exit_codes(history, drawing, code):
    assert splitbrain("check", history(drawing), "-m", "register").exit_code == code


@pytest.mark.parametrize("drawing", [VALID, BROKEN])
def test_a_verdict_is_confirmed(tmp_path, history, drawing):
    file = history(drawing)
    _, verdict = checked(tmp_path, file)
    result = splitbrain("verify", file, verdict, "-m", "cas-register")
    assert (result.exit_code, result.stdout.split(":")[0]) == (0, "confirmed")


def test_the_verdict_of_another_history_is_refuted(tmp_path, history):
    _, verdict = checked(tmp_path, history(VALID))
    other = history("a: [w1] [r1] [w2] [r2] [w1] [r2]", "other.jsonl")
    result = splitbrain("verify", other, verdict, "-m", "cas-register")
    assert (result.exit_code, result.stdout.split(":")[0]) == (1, "refuted")


def test_a_run_is_verified_by_its_folder(tmp_path, history):
    file = history(VALID)
    data, verdict = checked(tmp_path, file)
    verdict.write_text(json.dumps({"validity": "valid", "verdicts": [data]}))
    assert splitbrain("verify", tmp_path, "-m", "cas-register").exit_code == 0
    assert splitbrain("verify", file, tmp_path, "-m", "cas-register").exit_code == 0
    assert splitbrain("verify", file, tmp_path, "-m", "kv").exit_code == 2


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"validity": "unknown"}', '{"verdicts": []}'])
def test_what_is_no_certificate_is_bad_input(tmp_path, history, text):
    (tmp_path / "certificate.json").write_text(text)
    result = splitbrain("verify", history(VALID), tmp_path / "certificate.json", "-m", "register")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_model_of_ones_own(tmp_path, history):
    own = tmp_path / "latch.py"
    own.write_text(OWN)
    for drawing, code in ((VALID, 0), (BROKEN, 1)):
        file = history(drawing)
        _, verdict = checked(tmp_path, file, f"{own}:Latch")
        assert splitbrain("check", file, "-m", f"{own}:Latch").exit_code == code
        assert splitbrain("verify", file, verdict, "-m", f"{own}:Latch").exit_code == 0
    assert "has no Lock" in splitbrain("check", file, "-m", f"{own}:Lock").stderr
    assert "cannot be imported" in splitbrain("check", file, "-m", "nowhere.py:Lock").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-m", "queue"), "operation 0: a queue knows enqueue and dequeue"),
        (("-m", "quue"), "did you mean queue"),
        (("-m", "register", "--algorithm", "guess"), "no algorithm 'guess'"),
        (("-m", "set-full", "--algorithm", "search"), "--algorithm is not for set-full"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_2(history, arguments, message):
    result = splitbrain("check", history(VALID), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_monitor_that_does_not_apply_names_the_operation(history):
    """Writes are not distinct."""
    from splitbrain.checkers import models
    from splitbrain.checkers.linearizability.deciding import algorithms

    (monitor,) = (name for name in algorithms(models.register()) if name != "search")
    result = splitbrain("check", history(VALID), "-m", "register", "--algorithm", monitor)
    assert result.exit_code == 2
    assert "splitbrain: operation " in result.stderr
