"""Replicas' final states, compared."""

import json

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, converged
from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.models import ModelError


def states(*answers):
    """A history of final reads; each answer is (node, state) or (node, type of a failure, None)."""
    operations = []
    for process, (node, *answer) in enumerate(answers):
        kind, value = (OK, [node, answer[0]]) if len(answer) == 1 else (answer[0], node)
        at = len(operations)
        operations.append(Operation(at, at, process, INVOKE, "replica-state", node))
        operations.append(Operation(at + 1, at + 1, process, kind, "replica-state", value))
    return History.from_operations(operations)


@pytest.mark.parametrize(
    "state", [{"x": 1}, {}, [1, 2, 2], "text", None, 7, {"nested": {"list": [1, {"y": None}]}}]
)
def test_equal_states_are_valid(state):
    copy = json.loads(json.dumps(state))
    verdict = converged().check(states(("n1", state), ("n2", copy), ("n3", copy)))
    assert verdict.validity is VALID
    assert verdict.reason == "the final states of n1, n2 and n3 are equal"


DIVERGED = {
    "a value": ({"x": 1, "y": 2}, {"x": 1, "y": 3}, 'key "y": 2 on n1, 3 on n2'),
    "a missing key": ({"x": 1}, {}, 'key "x": 1 on n1, null on n2'),
    "null is not missing": ({"x": None}, {}, 'key "x": null on n1, null on n2'),
    "an element": ([1, 2], [1], "copies of element 2: 1 on n1, 0 on n2"),
    "a repeated element": ([1, 1], [1], "copies of element 1: 2 on n1, 1 on n2"),
    "order": ([1, 2], [2, 1], "position 0: 1 on n1, 2 on n2"),
    "the type": ([1], {"x": 1}, "the state: [1] on n1, {'x': 1} on n2"),
    "true and one": ({"x": True}, {"x": 1}, 'key "x": true on n1, 1 on n2'),
}


@pytest.mark.parametrize("name", DIVERGED)
def test_different_states_are_invalid_and_the_difference_is_shown(name):
    one, other, difference = DIVERGED[name]
    verdict = converged().check(states(("n1", one), ("n2", other)))
    assert verdict.validity is INVALID
    assert verdict.reason == f"the replicas' final states differ at {difference}"
    (anomaly,) = verdict.anomalies
    assert (anomaly.kind, anomaly.operations) == ("diverged", (1, 3))
    json.dumps(anomaly.details)


def test_a_minority_that_answers_may_be_unable_to_catch_up():
    different = ("n1", {"x": 1}), ("n2", {})
    refusing = ("n3", FAIL, None), ("n4", INFO, None)
    assert converged().check(states(*different, refusing[0])).validity is INVALID
    verdict = converged().check(states(*different, *refusing))
    assert verdict.validity is UNKNOWN
    assert verdict.reason.endswith(
        "but n3 and n4 never answered, without whom the others may be unable to catch up"
    )
    told = Operation(99, 99, "nemesis", INFO, "answers", {"n4": "gone", "n1": "ok"})
    history = History.from_operations([*states(*different, refusing[0]), told])
    assert converged().check(history).validity is UNKNOWN


def test_only_the_first_differences_are_told():
    verdict = converged().check(
        states(("n1", {str(i): 0 for i in range(9)}), ("n2", {str(i): 1 for i in range(9)}))
    )
    assert verdict.reason.endswith('key "2": 0 on n1, 1 on n2 (and 6 more)')


def test_the_last_answer_of_a_node_counts():
    answers = [("n1", {"x": 1}), ("n2", {"x": 2}), ("n1", {"x": 2})]
    assert converged().check(states(*answers)).validity is VALID


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([], "the final states of 0 replicas were read, and it takes 2"),
        ([("n1", {})], "the final states of 1 replicas were read, and it takes 2"),
        (
            [("n1", {}), ("n2", FAIL, None)],
            "the final states of 1 replicas were read, and it takes 2",
        ),
        (
            [("n1", {}), ("n2", {}), ("n3", INFO, None)],
            "n1 and n2 are equal, but n3 never answered",
        ),
    ],
)
def test_too_few_states_are_unknown(answers, reason):
    verdict = converged().check(states(*answers))
    assert (verdict.validity, verdict.reason) == (UNKNOWN, reason)


@pytest.mark.parametrize("result", [None, "n1", ["n2", {}], ["n1"], {"n1": {}}])
def test_an_answer_of_another_form_is_refused(result):
    operations = [
        Operation(0, 0, 0, INVOKE, "replica-state", "n1"),
        Operation(1, 1, 0, OK, "replica-state", result),
    ]
    with pytest.raises(ModelError, match=r"^operation 1: replica-state of n1 completes with"):
        converged().check(History.from_operations(operations))
