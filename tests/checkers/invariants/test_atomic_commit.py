"""Atomic commit and progress, on histories written by hand."""

import pytest

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants.commits import atomic_commit
from splitbrain.checkers.invariants.liveness import progress
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID


def decided(*decisions):
    return History.from_operations(
        Operation(i, i * 10**9, node, "info", "decided", value)
        for i, (node, value) in enumerate(decisions)
    )


def outcome(txn, outcome):
    return {"txn": txn, "outcome": outcome}


def test_nodes_that_decide_alike_are_valid():
    history = decided(
        ("n1", outcome("T1", "commit")),
        ("n2", outcome("T2", "abort")),
        ("n2", outcome("T1", "commit")),
        ("n1", outcome("T1", "commit")),
    )
    verdict = atomic_commit().check(history)

    assert verdict.validity is VALID
    assert verdict.coverage == {"decisions": 4, "transactions": 2}


@pytest.mark.parametrize("second", ["n2", "n1"])
def test_different_decisions_are_split(second):
    history = decided(
        ("n1", outcome("T1", "commit")),
        (second, outcome("T1", "abort")),
        ("n3", outcome("T1", "commit")),
    )
    verdict = atomic_commit().check(history)

    assert verdict.validity is INVALID
    assert [(a.kind, a.operations) for a in verdict.anomalies] == [("split-decision", (0, 1))]
    assert verdict.reason == (
        "of transaction T1, n1 decided to commit (at 0.000 s) and "
        f"{second} decided to abort (at 1.000 s)"
    )


def test_without_decisions_nothing_is_known():
    assert atomic_commit().check(decided()).validity is UNKNOWN


@pytest.mark.parametrize(
    "value", [None, {"txn": "T1"}, outcome("T1", "maybe"), outcome(1, "abort")]
)
def test_what_is_no_decision_is_refused(value):
    with pytest.raises(ModelError, match="n1 announces decided with value"):
        atomic_commit().check(decided(("n1", value)))


def with_final(*outcomes):
    """A history with a read after the phase ``final`` for each outcome."""
    events = [
        Operation(0, 0, 7, "invoke", "read", "x"),
        Operation(1, 1, 7, "fail", "read", "x"),
        Operation(2, 2, "nemesis", "info", "phase", "final"),
    ]
    for process, (key, kind) in enumerate(outcomes):
        for each in ("invoke", kind):
            events.append(Operation(len(events), len(events), process, each, "read", key))
    return History.from_operations(events)


def test_a_final_operation_may_need_several_attempts():
    verdict = progress().check(with_final(("x", "info"), ("x", "fail"), ("x", "ok"), ("y", "ok")))

    assert verdict.validity is VALID
    assert verdict.coverage == {"final operations": 2, "attempts": 4}


def test_a_final_operation_that_never_succeeds_is_no_progress():
    verdict = progress().check(with_final(("x", "info"), ("y", "ok"), ("x", "fail")))

    assert verdict.validity is INVALID
    assert [(a.kind, a.operations) for a in verdict.anomalies] == [("no-progress", (3, 4, 7, 8))]
    assert 'read "x" did not succeed in 2 attempts' in verdict.reason


def test_what_failed_before_the_end_is_no_matter():
    assert progress().check(with_final(("y", "ok"))).validity is VALID
    assert progress().check(with_final()).validity is UNKNOWN
