"""Histories drawn by hand, with the verdicts that books and papers give them."""

import json

import pytest
from linearizability_twin import Queue

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Verdict, linearizable, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation, drawn
from splitbrain.checkers.linearizability import (
    Budget,
    verify,
)
from splitbrain.checkers.linearizability.deciding import algorithms

REGISTER = models.cas_register()
CHECKER = linearizable(REGISTER)

LINEARIZABLE = {
    "one after another": "a: [w1] [r1] [w2] [r2]",
    "a read may come before an overlapping write": """
        a: [w1] [w2      ]
        b:         [r1]
    """,
    "or after it": """
        a: [w1] [w2      ]
        b:         [r2]
    """,
    "two overlapping reads may see an overlapping write in the order of their points": """
        a: [w1] [w2              ]
        b:         [r1 ]
        c:               [r2 ]
    """,
    "overlapping writes, last one wins": """
        a: [w1     ]
        b:   [w2 ]
        c:            [r1] [r1]
    """,
    "an indeterminate write may take effect": """
        a: [w1] [w2?]
        b:             [r2]
    """,
    "or never": """
        a: [w1] [w2?]
        b:             [r1] [r1]
    """,
    "or long after its client gave up": """
        a: [w1] [w2?]
        b:             [r1] [r2]
    """,
    "an indeterminate write takes effect after a later write": """
        a: [w1?] [w2]
        b:              [r2] [r1]
    """,
    "a cas that finds its value": "a: [w1] [c12] [r2]",
    "a cas that failed says nothing": "a: [w1] [c12!] [r1]",
    "a cas from null": "a: [c_1] [r1]",
    "two cas in a chain, overlapping": """
        a: [w1] [c23      ]
        b:      [c12      ]
        c:                   [r3]
    """,
    "an indeterminate cas fed by an indeterminate write": """
        a: [w1?]
        b: [c12?]
        c:        [r2]
    """,
    "a failed read says nothing": "a: [w1] [r2!] [r1]",
    "an indeterminate read says nothing": """
        a: [w1] [r2?]
        b:             [r1]
    """,
}

NOT_LINEARIZABLE = {
    "stale-read": {
        "a read of an overwritten value": "a: [w1] [w2] [r1]",
        "a read of the initial value after a write": "a: [w1] [r_]",
        "two reads in a row see new, then old": """
            a: [w1] [w2          ]
            b:         [r2] [r1]
        """,
        "reads of two clients see new, then old": """
            a: [w1] [w2              ]
            b:         [r2]
            c:               [r1]
        """,
        "overlapping writes are seen in one order, then in the other": """
            a: [w1      ]
            b: [w2      ]
            c:            [r1] [r2]
        """,
        "a cas succeeds on an overwritten value": "a: [w1] [w2] [c13]",
    },
    "unwritten-read": {
        "a value from nowhere": "a: [w1] [r2]",
        "a value whose write failed": "a: [w1] [w2!] [r2]",
        "a value from the future": "a: [r1] [w1]",
    },
    "lost-update": {
        "two cas from the same write": """
            a: [w1] [c12     ]
            b:      [c13     ]
        """,
    },
    "nonlinearizable": {
        "clients disagree about the order of overlapping writes": """
            a: [w1              ]
            b: [w2              ]
            c:      [r1] [r2]
            d:      [r2] [r1]
        """,
        "an indeterminate cas can't happen twice": """
            a: [w1]        [r2] [w1] [r2]
            b:      [c12?]
        """,
    },
}


@pytest.mark.parametrize("name", LINEARIZABLE)
def test_linearizable(name):
    history = drawn(LINEARIZABLE[name])
    verdict = CHECKER.check(history)
    assert verdict.validity is VALID, verdict.reason
    verify(REGISTER, history, json.loads(json.dumps(verdict.certificate)))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in NOT_LINEARIZABLE for name in NOT_LINEARIZABLE[kind]]
)
def test_not_linearizable(kind, name):
    history = drawn(NOT_LINEARIZABLE[kind][name])
    verdict = CHECKER.check(history)
    assert verdict.validity is INVALID, verdict.certificate
    (anomaly,) = verdict.anomalies
    assert anomaly.kind == kind, anomaly.message
    assert set(anomaly.operations) <= set(range(len(history)))
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))).signature.endswith(kind)


# Herlihy and Wing, TOPLAS 1990, section 2.2: the four histories of figure 1, event by event.
QUEUES = {
    "H1": ("A:E(x) B:E(y) B:ok A:ok B:D() B:ok(x) A:D() A:ok(y) A:E(z)", VALID),
    "H2": ("A:E(x) A:ok B:E(y) A:D() B:ok A:ok(y)", INVALID),
    "H3": ("A:E(x) B:D() B:ok(x)", VALID),
    "H4": ("A:E(x) B:E(y) A:ok B:ok A:D() C:D() A:ok(y) C:ok(y)", INVALID),
}


def queue_history(text: str) -> History:
    """``A:E(x)`` is an invocation by A, ``A:ok(x)`` the completion of what A does."""
    operations, doing = [], {}
    for at, event in enumerate(text.split()):
        who, what = event.split(":")
        name, value = what[:2], what[3:-1] if what.startswith("ok(") else what[2:-1]
        if name == "ok":
            f, argument = doing.pop(who)
            result = value if f == "dequeue" else argument
            operations.append(Operation(at, at, ord(who), OK, f, result))
        else:
            f, argument = ("enqueue", value) if name == "E(" else ("dequeue", None)
            doing[who] = (f, argument)
            operations.append(Operation(at, at, ord(who), INVOKE, f, argument))
    return History.from_operations(operations)


@pytest.mark.parametrize("name", QUEUES)
def test_the_queues_of_herlihy_and_wing_against_a_model_of_ones_own(name):
    text, expected = QUEUES[name]
    history = queue_history(text)
    verdict = linearizable(Queue()).check(history)
    assert (verdict.checker, verdict.validity) == ("linearizable(queue)", expected), verdict.reason
    if expected is VALID:
        verify(Queue(), history, verdict.certificate)


def test_a_stale_read_is_told_as_a_story():
    history = History.from_operations(
        [
            Operation(0, 1_000_000_000, 1, INVOKE, "write", ["x", 1]),
            Operation(1, 1_500_000_000, 1, OK, "write", ["x", 1]),
            Operation(2, 4_000_000_000, 2, INVOKE, "write", ["x", 2]),
            Operation(3, 4_870_000_000, 2, OK, "write", ["x", 2]),
            Operation(4, 9_000_000_000, 3, INVOKE, "read", ["x", None]),
            Operation(5, 9_001_000_000, 3, OK, "read", ["x", 1]),
        ]
    )
    (anomaly,) = CHECKER.check(history).anomalies
    assert anomaly.message == (
        'process 3 read key "x" = 1 at 9.001 s, but 1 had been overwritten by process 2\'s write '
        "of 2, which completed at 4.870 s, before the read began"
    )
    assert anomaly.operations == (0, 1, 2, 3, 4, 5)
    assert anomaly.details == {
        "key": "x",
        "window": [0, 2, 4],
        "blocked": 4,
        "candidates": [
            {
                "operation": 4,
                "fits": False,
                "why": "process 3's read → 1 (operation 4) does not fit the state, which is 2",
            }
        ],
        "last_linearized": [0, 2],
        "linearized": 2,
        "state": "2",
    }


def test_each_candidate_has_its_reason():
    drawing = """
        a: [w1              ]
        b: [w2              ]
        c:      [r1] [r2]
        d:      [r2] [r1]
    """
    (anomaly,) = CHECKER.check(drawn(drawing)).anomalies
    details = anomaly.details
    assert details["blocked"] in [candidate["operation"] for candidate in details["candidates"]]
    assert [candidate["why"] for candidate in details["candidates"]] == [
        "process 3's read → 1 (operation 7) does not fit the state, which is 2"
    ]
    assert anomaly.message == (
        "no order of 6 operations fits: process 0's write 1, process 1's write 2, process 2's "
        "read → 1, process 3's read → 2, process 2's read → 2, process 3's read → 1; the longest "
        "order found leaves the state 2 and no place for process 3's read → 1 (operation 7), "
        "which completed at 0.016 s"
    )


def test_the_window_leaves_out_what_does_not_matter():
    before = "[w1] [r1] [w2] [r2] " * 30
    history = drawn(f"a: {before}[w3] [w4] [r3] [w5] [r5]")
    (anomaly,) = CHECKER.check(history).anomalies
    assert len(anomaly.details["window"]) == 3
    assert anomaly.details["linearized"] == 122


@pytest.mark.parametrize("text", ["a: [w1?]", "a: [r1!]", "a: [w1] [w2]", "a: [c12!]"])
def test_nothing_observed_is_unknown(text):
    verdict = CHECKER.check(drawn(text))
    assert verdict.validity is UNKNOWN
    assert "nothing was exercised" in verdict.reason


def test_an_empty_history_is_unknown():
    verdict = CHECKER.check(History.from_operations([]))
    assert (verdict.validity, verdict.reason) == (UNKNOWN, "the history has no operations")


def test_a_budget_that_runs_out_is_unknown_and_says_how_far_it_came():
    verdict = linearizable(REGISTER, budget=Budget(configurations=2), algorithm="search").check(
        drawn("a: [w1] [r1] [w2] [r2] [w3] [r3]")
    )
    assert verdict.validity is UNKNOWN
    assert verdict.reason == (
        "the budget ended after 2 configurations at completion 5 of 6 of the history: "
        "raise it (2 configurations a key and 640 MiB)"
    )


def test_no_time_at_all_is_unknown():
    rows = "\n".join(f"p{i}: [c{i % 3}{i % 4 + 3}{' ' * 40}]" for i in range(9))
    history = drawn("w: [w0]\n" + rows)
    verdict = linearizable(REGISTER, budget=Budget(seconds=-1.0), algorithm="search").check(
        drawn("a: " + "[w1] [r1] " * 300)
    )
    assert verdict.validity is UNKNOWN
    assert linearizable(REGISTER).check(history).validity is INVALID


def test_other_initial_values():
    checker = linearizable(models.register(initial=0))
    assert checker.check(drawn("a: [r0]")).validity is VALID
    assert checker.check(drawn("a: [r_]")).validity is INVALID
    assert checker.name == "linearizable(register)"


def test_true_is_not_one():
    operations = [
        Operation(0, 0, 0, INVOKE, "write", 1),
        Operation(1, 1, 0, OK, "write", 1),
        Operation(2, 2, 0, INVOKE, "read", None),
        Operation(3, 3, 0, OK, "read", True),
    ]
    assert CHECKER.check(History.from_operations(operations)).validity is INVALID


def test_replica_states_are_no_operations_of_the_object():
    operations = [
        *drawn("a: [w1] [r1]"),
        Operation(4, 10**9, 7, INVOKE, "replica-state", "n1"),
        Operation(5, 10**9, 7, OK, "replica-state", ["n1", {"x": 1}]),
    ]
    verdict = CHECKER.check(History.from_operations(operations))
    assert verdict.validity is VALID
    assert verdict.coverage["operations"] == 2


def test_an_algorithm_can_be_asked_for():
    history = drawn("a: [w1] [r1] [w2] [r2]")
    for algorithm in algorithms(REGISTER):
        verdict = linearizable(REGISTER, algorithm=algorithm).check(history)
        assert verdict.validity is VALID
        verify(REGISTER, history, verdict.certificate)
    with pytest.raises(ValueError, match="no algorithm 'guess' for a cas-register"):
        linearizable(REGISTER, algorithm="guess")


def test_a_monitor_whose_precondition_fails_names_the_operation():
    history = drawn("a: [w1] [r1] [w1] [r1]")
    (monitor,) = (name for name in algorithms(REGISTER) if name != "search")
    with pytest.raises(models.ModelError, match=r"^operation \d+: "):
        linearizable(REGISTER, algorithm=monitor).check(history)
