"""Drawings of histories mean what they show."""

import pytest

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, HistoryError, drawn


def events(text):
    return [(o.process, o.type, o.f, o.value) for o in drawn(text)]


def test_brackets_are_events_in_order_of_columns_and_invocations_come_first():
    history = drawn("""
        a: [w1 ]  [w2       ]
        b:            [r2]  [r1]
    """)
    assert [(o.time // 1_000_000, o.process, o.type, o.f, o.value) for o in history] == [
        (3, 0, INVOKE, "write", 1),
        (7, 0, OK, "write", 1),
        (10, 0, INVOKE, "write", 2),
        (14, 1, INVOKE, "read", None),
        (17, 1, OK, "read", 2),
        (20, 1, INVOKE, "read", None),
        (20, 0, OK, "write", 2),
        (23, 1, OK, "read", 1),
    ]


@pytest.mark.parametrize(
    ("operation", "f", "argument", "result"),
    [
        ("w1", "write", 1, 1),
        ("w-12", "write", -12, -12),
        ("r1", "read", None, 1),
        ("r_", "read", None, None),
        ("rn", "read", None, None),
        ("r", "read", None, None),
        ("c12", "cas", [1, 2], [1, 2]),
        ("c_2", "cas", [None, 2], [None, 2]),
        ("c10,-2", "cas", [10, -2], [10, -2]),
        ("c_,12", "cas", [None, 12], [None, 12]),
    ],
)
def test_operations(operation, f, argument, result):
    assert events(f"a: [{operation} ]") == [(0, INVOKE, f, argument), (0, OK, f, result)]
    assert events(f"a: [{operation}! ]") == [(0, INVOKE, f, argument), (0, FAIL, f, argument)]
    assert events(f"a: [{operation}? ]") == [(0, INVOKE, f, argument), (0, INFO, f, argument)]


def test_a_row_goes_on_as_a_new_process_after_an_indeterminate_operation():
    history = drawn("""
        a: [w1?] [r1] [w2?] [r2]
        b: [w3 ]
    """)
    assert [call.process for call in history.calls()] == [0, 1, 2, 2, 4]


def test_an_operation_without_a_closing_bracket_never_completes():
    (call,) = drawn("a: [w1   ").calls()
    assert (call.outcome, call.complete_index) == (INFO, None)


def test_nothing_drawn_is_an_empty_history():
    assert len(drawn("")) == len(drawn("\n  \n")) == len(drawn("a:")) == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n[w1]", "is no row"),
        ("\na: w1", "'w1' is in no brackets"),
        ("\na: [w1] ]", "']' is in no brackets"),
        ("\na: [x1]", "'x1' is no operation"),
        ("\na: [w_]", "'w_' is no operation"),
        ("\na: [c1]", "'c1' is no operation"),
        ("\na: [w1 w2]", "is in no brackets"),
        ("\na: []", "is in no brackets"),
        ("\na: [w1 [r1]", "is in no brackets"),
    ],
)
def test_what_is_no_drawing_is_refused_with_its_line(text, problem):
    with pytest.raises(HistoryError, match=r"^<drawing>:2: ") as caught:
        drawn(text)
    assert problem in str(caught.value)
