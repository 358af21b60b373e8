"""Histories of completions only: when their operations began, and what follows from that."""

import json

import pytest

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, HistoryError, load
from splitbrain.checkers.isolation import list_append
from splitbrain.checkers.isolation.loading import load_transactions
from splitbrain.checkers.linearizability import linearizable
from splitbrain.checkers.models import MODELS

# Neither process nor function, as in examples on paper: two transactions that saw each other.
UNNAMED = """\
{:type :ok, :value [[:append :a 3] [:r :b [4]]]}
{:type :ok, :value [[:append :b 4] [:r :a [3]]]}
{:type :ok, :value [[:r :a [3]] [:r :b [4]]]}
"""


def written(path, *events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def done(process, f, value, kind=OK):
    return {"type": kind, "process": process, "f": f, "value": value}


def append(process, value, kind=OK):
    return done(process, "txn", [["append", 1, value]], kind)


def order(history):
    return [(o.type, o.process, o.value) for o in history]


def test_an_operation_begins_when_the_one_before_it_in_its_process_has_ended(tmp_path):
    path = written(
        tmp_path / "h.jsonl",
        done(0, "write", 1),
        done(1, "write", 2),
        done("nemesis", "kill", None, INFO),
        done(0, "read", 2),
        done(1, "write", 3, FAIL),
    )
    history = load(path)
    assert order(history) == [
        (INVOKE, 0, 1),
        (INVOKE, 1, 2),
        (OK, 0, 1),
        (INVOKE, 0, None),
        (OK, 1, 2),
        (INVOKE, 1, 3),
        (INFO, "nemesis", None),
        (OK, 0, 2),
        (FAIL, 1, 3),
    ]
    assert history.notes[-1].startswith("no event is an invocation")
    assert history.indices.tolist() == list(range(9))


def test_what_one_process_saw_in_order_is_held_against_it(tmp_path):
    path = written(tmp_path / "h.jsonl", done(0, "write", 1), done(0, "read", None))
    assert linearizable(MODELS["register"]()).check(load(path)).validity == "invalid"


def test_an_order_in_real_time_that_nobody_recorded_is_held_against_nobody(tmp_path):
    """The read may have begun before the write had ended: it completed later, that is all."""
    path = written(tmp_path / "h.jsonl", done(0, "write", 1), done(1, "read", None))
    assert linearizable(MODELS["register"]()).check(load(path)).validity == "valid"


def test_an_order_in_real_time_that_processes_show_counts(tmp_path):
    """Process 1 did something after process 0's write; its next read began later still."""
    path = written(
        tmp_path / "h.jsonl", done(0, "write", 1), done(1, "write", 5, FAIL), done(1, "read", None)
    )
    assert linearizable(MODELS["register"]()).check(load(path)).validity == "invalid"


def test_transactions_of_completions_only_are_judged_as_elle_judges_them(tmp_path):
    path = tmp_path / "h.edn"
    path.write_text(UNNAMED)
    verdict = list_append("serializable").check(load_transactions(path))
    assert verdict.validity == "invalid"
    assert verdict.anomalies[0].kind == "G1c"


@pytest.mark.parametrize("kind", [INFO, FAIL])
def test_what_is_not_ok_is_there_too(tmp_path, kind):
    path = written(
        tmp_path / "h.jsonl", append(0, 7, kind), done(1, "txn", [["r", 1, [7]]]), append(2, 8)
    )
    verdict = list_append("read-committed").check(load_transactions(path))
    assert verdict.validity == ("invalid" if kind == FAIL else "valid")


def test_long_histories_of_completions_are_read_alike(tmp_path, monkeypatch):
    monkeypatch.setenv("SPLITBRAIN_KERNELS", "compiled")
    events = [append(i % 3, i) for i in range(300)]
    path = written(tmp_path / "h.jsonl", *events)
    history = load_transactions(path)
    assert len(history) == 600
    assert history == load(path)


def test_one_invocation_makes_it_a_history_like_others(tmp_path):
    path = written(tmp_path / "h.jsonl", append(0, 1), {**append(1, 2), "type": INVOKE})
    with pytest.raises(HistoryError, match=r"h.jsonl:1: operation 0: .*never invoked anything"):
        load(path)


def test_a_process_that_goes_on_after_an_indeterminate_operation_is_named_with_its_line(tmp_path):
    path = written(tmp_path / "h.jsonl", append(0, 1), append(1, 2, INFO), append(1, 3))
    with pytest.raises(HistoryError, match=r"h.jsonl:3: operation \d+: .*is retired"):
        load(path)
