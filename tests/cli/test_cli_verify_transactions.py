"""`splitbrain verify` on verdicts of transactions."""

import json

import pytest
from click.testing import CliRunner

from splitbrain.checkers.history import INVOKE, OK, History, Operation, write_jsonl
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.harness.commands.cli import main


def splitbrain(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def reads(f, *values):
    operations = []
    for value in values:
        for kind, shown in ((INVOKE, None), (OK, value)):
            at = len(operations)
            operations.append(Operation(at, at, 0, kind, f, shown))
    return History.from_operations(operations)


UNORDERED = transactions("T1: ry wx1 | T2: rx ry wx2 | T3: rx2 wy1 wx3", registers=True)
SKEW = transactions("T1: rx ay1 | T2: ry ax1")
FORK = transactions("T1: wx1 | T2: wy1 | T3: rx1 ry | T4: rx ry1", registers=True)
ITEMS = reads("txn", [["w", "x", 1]], [["rp", "all", [["x", 1]]]])
PHANTOM = reads("txn", [["w", "x", 1]], [["rp", "all", []]])
COMPLETE = ("--consistency", "serializable", "-o", "complete=true")

CASES = [
    ("list-append", SKEW, (), 1),
    ("list-append", SKEW, ("--consistency", "snapshot-isolation"), 0),
    ("list-append", SKEW, ("--consistency", "causal"), 0),
    ("list-append", SKEW, ("--consistency", "serializable"), 1),
    ("rw-register", UNORDERED, COMPLETE, 1),
    ("rw-register", FORK, ("--consistency", "read-committed"), 0),
    ("rw-register", FORK, ("--consistency", "monotonic-reads"), 0),
    ("predicate-reads", ITEMS, (), 0),
    ("predicate-reads", PHANTOM, (), 1),
    ("long-fork", FORK, (), 1),
    ("causal-reverse", FORK, (), 0),
    ("bank", reads("read", {"a": 1, "b": 2}, {"a": 1, "b": 1}), (), 1),
]


def checked(tmp_path, model, history, options, code):
    write_jsonl(history, tmp_path / "history.jsonl")
    result = splitbrain("check", tmp_path / "history.jsonl", "-m", model, "--json", *options)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def verified(tmp_path, model, verdict):
    (tmp_path / "verdict.json").write_text(json.dumps(verdict))
    file = tmp_path / "verdict.json"
    return splitbrain("verify", tmp_path / "history.jsonl", file, "-m", model)


@pytest.mark.parametrize(("model", "history", "options", "code"), CASES)
def test_verdicts_are_confirmed(tmp_path, model, history, options, code):
    result = verified(tmp_path, model, checked(tmp_path, model, history, options, code))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("confirmed: ")


def test_what_the_evidence_does_not_prove_is_not_confirmed(tmp_path):
    asked = ("--consistency", "update-serializable")
    result = verified(tmp_path, "list-append", checked(tmp_path, "list-append", SKEW, asked, 0))
    assert result.exit_code == 3, result.output
    assert "that does not prove that update-serializable holds" in result.stdout


@pytest.mark.parametrize(
    ("model", "history", "options", "code", "change"),
    [
        (*CASES[1], lambda v: v["certificate"]["schedule"].reverse()),
        (*CASES[2], lambda v: v["certificate"]["commits"].update(level="monotonic-reads")),
        (*CASES[4], lambda v: v["anomalies"][0]["details"]["refutation"]["cycles"].pop()),
        (*CASES[6], lambda v: v["certificate"]["commits"]["order"].pop()),
        (*CASES[7], lambda v: v["certificate"]["order"].reverse()),
        (*CASES[8], lambda v: v["anomalies"][0]["details"]["cycle of predicates"].pop()),
        (*CASES[9], lambda v: v["anomalies"][0]["operations"].reverse()),
        (*CASES[11], lambda v: v["anomalies"][0].update(operations=[1])),
    ],
)
def test_forged_verdicts_are_refuted(tmp_path, model, history, options, code, change):
    verdict = checked(tmp_path, model, history, options, code)
    change(verdict)
    result = verified(tmp_path, model, verdict)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("refuted: ")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda v: v["anomalies"][0]["details"].update(refutation=3), "of another form"),
        (lambda v: v["anomalies"][0]["details"]["refutation"].pop("pairs"), "of another form"),
        (lambda v: v["anomalies"][0]["details"]["refutation"].update(lemmas=[["a"]]), "form"),
        (lambda v: v.update(validity="unknown"), "the verdict is unknown"),
        (lambda v: v.update(validity="valid"), "no evidence|judged by|proves nothing"),
        (lambda v: v.update(checker="set"), "no verdict of rw-register"),
        (lambda v: v.pop("anomalies"), "this is not a verdict"),
    ],
)
def test_what_is_no_certificate_is_told_in_a_sentence(tmp_path, change, why):
    verdict = checked(tmp_path, *CASES[4])
    change(verdict)
    result = verified(tmp_path, "rw-register", verdict)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    assert any(word in result.stderr for word in why.split("|")), result.stderr


def test_what_nothing_proves_is_no_certificate(tmp_path):
    verdict = checked(tmp_path, "rw-register", FORK, ("--consistency", "prefix"), 0)
    assert "does not prove that it holds" in verdict["reason"]
    result = verified(tmp_path, "rw-register", verdict)
    assert result.exit_code == 2
    assert "prefix is judged by the anomalies that refute it" in result.stderr
