"""Final operations that no server can answer any more, since their clients have seen too much."""

from __future__ import annotations

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.invariants.liveness import progress
from splitbrain.checkers.vocabulary import ANSWERS, BEHIND, FINAL, GONE, PHASE, REFUSED

REFUSAL = f"refused: {BEHIND}"


def history(errors, second):
    """A read that worked, and one attempt at it in the end for each error; what n2 did there."""
    events = [
        (0, "invoke", "read", "x", None),
        (0, "ok", "read", ["x", 1], None),
        (NEMESIS, "info", PHASE, FINAL, None),
    ]
    for error in errors:
        events.append((0, "invoke", "read", "x", None))
        events.append((0, "fail", "read", "x", error))
    events.append((NEMESIS, "info", ANSWERS, {"n1": REFUSED, "n2": second}, None))
    return History.from_operations(
        Operation(at, at, process, type_, f, value, error)
        for at, (process, type_, f, value, error) in enumerate(events)
    )


@pytest.mark.parametrize(
    ("errors", "second", "validity"),
    [
        ([REFUSAL, REFUSAL], GONE, UNKNOWN),
        ([REFUSAL, REFUSAL], REFUSED, INVALID),  # whoever has what is missing is there
        ([REFUSAL, "refused: too busy"], GONE, INVALID),
        (["refused: too busy"], GONE, INVALID),
    ],
)
def test_who_has_seen_what_only_the_dead_had_may_be_refused(errors, second, validity):
    assert progress().check(history(errors, second)).validity is validity


def test_an_operation_without_an_answer_says_why_the_last_attempt_failed():
    verdict = progress().check(history([REFUSAL, "refused: too busy"], GONE))

    assert 'read "x" did not succeed in 2 attempts' in verdict.reason
    assert "refused: too busy" in verdict.reason


def test_what_was_refused_all_along_did_not_stop_and_says_nothing():
    written = [(1, "invoke", "write", 1, None), (1, "ok", "write", 1, None)]
    refused = [(0, "invoke", "read", "x", None), (0, "fail", "read", "x", "refused: no such key")]
    final = [(NEMESIS, "info", "phase", "final", None)]

    def judged(*events):
        return progress().check(
            History.from_operations(Operation(at, at, *event) for at, event in enumerate(events))
        )

    unknown = [(2, "invoke", "txn", "x", None), (2, "info", "txn", "x", "OSError: status 500")]
    hangs = [unknown[0], (2, "info", "txn", "x", "timed out after 5 s")]
    assert judged(*written, *final, *refused).validity is UNKNOWN
    assert judged(*written, *final, *unknown).validity is UNKNOWN
    assert judged(*written, *final, *hangs).validity is INVALID
    assert judged(*written, *final, *refused, *written).validity is VALID
