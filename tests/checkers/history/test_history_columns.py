"""A History is a validated sequence of operations, with completions paired to invocations."""

import hashlib

import numpy as np
import pytest

from splitbrain.checkers.history import (
    FAIL,
    INFO,
    INVOKE,
    NEMESIS,
    OK,
    Call,
    History,
    HistoryError,
    Operation,
)

SMALL = [
    Operation(0, 10, NEMESIS, INFO, "phase", "load"),
    Operation(1, 20, 0, INVOKE, "write", 3),
    Operation(2, 30, 1, INVOKE, "read"),
    Operation(3, 40, "n1", INFO, "leader", {"term": 3}),
    Operation(4, 50, 1, OK, "read", 3),
    Operation(5, 60, 0, INFO, "write", 3, error="timeout"),
    Operation(6, 70, 1, INVOKE, "cas", [3, 4]),
    Operation(7, 80, 1, FAIL, "cas", [3, 4]),
    Operation(8, 90, 2, INVOKE, "read"),
]


def invoke(index=0, process=0, f="read", time=0):
    return Operation(index, time, process, INVOKE, f)


def complete(index, process=0, f="read", kind=OK, time=0):
    return Operation(index, time, process, kind, f)


def test_operations_come_back_as_they_went_in():
    history = History.from_operations(SMALL)
    assert list(history) == SMALL
    assert [history[i] for i in range(len(history))] == SMALL
    assert history[-1] == SMALL[-1]
    assert history[2:7:2] == SMALL[2:7:2]
    assert list(reversed(history)) == SMALL[::-1]


def test_fields_of_operations_are_plain_python():
    operation = History.from_operations(SMALL)[1]
    assert [type(x) for x in (operation.index, operation.time, operation.process)] == [int] * 3


@pytest.mark.parametrize("position", [9, -10])
def test_positions_outside_raise_index_error(position):
    with pytest.raises(IndexError):
        History.from_operations(SMALL)[position]


def test_a_history_says_what_it_is_without_all_of_its_events():
    history = History.from_operations(SMALL, source="h.jsonl")
    assert repr(history) == "<History of 9 events from h.jsonl>"


def test_calls_are_clients_operations_in_order_of_invocation():
    assert History.from_operations(SMALL).calls() == [
        Call(0, "write", 3, None, INFO, 1, None, 20, None, 1, 5),
        Call(1, "read", None, 3, OK, 2, 4, 30, 50, 2, 4),
        Call(1, "cas", [3, 4], None, FAIL, 6, 7, 70, 80, 6, 7),
        Call(2, "read", None, None, INFO, 8, None, 90, None, 8, None),
    ]


def test_calls_of_a_list_can_be_changed_without_changing_the_history():
    history = History.from_operations(SMALL)
    history.calls().clear()
    assert len(history.calls()) == 4


def test_calls_count_positions_and_keep_recorded_indices():
    calls = History.from_operations([invoke(10), complete(20)]).calls()
    assert [(c.invoked, c.completed, c.invoke_index, c.complete_index) for c in calls] == [
        (0, 1, 10, 20)
    ]


def test_events_are_those_of_non_clients():
    history = History.from_operations(SMALL)
    assert history.events() == [SMALL[0], SMALL[3]]
    assert history.events(f="leader") == [SMALL[3]]
    assert history.events(process=NEMESIS) == [SMALL[0]]
    assert history.events(f="leader", process=NEMESIS) == []


def test_partners_point_at_each_other():
    history = History.from_operations(SMALL)
    assert history.partner.tolist() == [-1, 5, 4, -1, 2, 1, 7, 6, -1]
    assert history.process.tolist() == [-1, 0, 1, -2, 1, 0, 1, 1, 2]
    assert history.names == (NEMESIS, "n1")


def test_columns_are_read_only():
    history = History.from_operations(SMALL)
    for column in (history.indices, history.time, history.type, history.process, history.partner):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 7


def test_an_empty_history_is_a_history():
    history = History.from_operations([])
    assert (len(history), list(history), history.calls(), history.events()) == (0, [], [], [])
    assert history.digest() == hashlib.sha256(b"").hexdigest()
    assert history.partner.dtype == np.int64


def test_a_history_of_faults_alone_has_no_calls():
    assert History.from_operations([SMALL[0], SMALL[3]]).calls() == []


def test_digest_is_the_hash_of_the_canonical_lines():
    history = History.from_operations([Operation(0, 5, 1, INVOKE, "write", {"b": 1, "a": [None]})])
    line = (
        b'{"index":0,"time":5,"type":"invoke","process":1,"f":"write","value":{"a":[null],"b":1}}\n'
    )
    assert history.digest() == hashlib.sha256(line).hexdigest()


def test_histories_are_equal_when_their_lines_are():
    history = History.from_operations(SMALL)
    assert history == History.from_operations(SMALL, source="elsewhere")
    assert hash(history) == hash(History.from_operations(SMALL))
    assert history != History.from_operations(SMALL[:-1])
    assert history != SMALL
    ones = [History.from_operations([Operation(0, 0, 0, INVOKE, "write", v)]) for v in (1, True)]
    assert ones[0] != ones[1]


BROKEN = [
    ("completes what was never invoked", [complete(0)], 0, "never invoked anything"),
    ("completes twice", [invoke(0), complete(1), complete(2)], 2, "completed it already"),
    ("ok after info", [invoke(0), complete(1, kind=INFO), complete(2)], 2, "completed it already"),
    ("invokes while open", [invoke(0), invoke(1)], 1, "operation 0 is still open"),
    (
        "invokes after info",
        [invoke(0), complete(1, kind=INFO), invoke(2)],
        2,
        "the process is retired",
    ),
    ("other f", [invoke(0), complete(1, f="write")], 1, "invoked 'read' (operation 0)"),
    ("index repeats", [invoke(3), complete(3)], 3, "indices must increase"),
    ("index goes back", [invoke(3), complete(2)], 2, "indices must increase"),
    ("time goes back", [invoke(0, time=9), complete(1, time=8)], 1, "8 ns, is before"),
    ("client's event of nemesis", [invoke(0, process=NEMESIS)], 0, "is no client"),
    ("index is no int", [invoke("0")], 0, "its index is '0'"),
    ("index is a bool", [invoke(True)], 0, "its index is True"),
    ("index is too large", [invoke(2**63)], 2**63, "at most 64 bits"),
    ("time is a float", [invoke(0, time=0.5)], 0, "its time is 0.5"),
    ("process is a bool", [invoke(0, process=False)], 0, "its process is False"),
    ("process is negative", [invoke(0, process=-1)], 0, "its process is -1"),
    ("process is too large", [invoke(0, process=2**63)], 0, "its process is 9223372036854775808"),
    ("process has no name", [invoke(0, process="")], 0, "its process is ''"),
    ("process is null", [invoke(0, process=None)], 0, "its process is None"),
    ("unknown type", [complete(0, kind="done")], 0, "must be one of invoke, ok, fail, info"),
    ("type is no string", [complete(0, kind=1)], 0, "its type is 1"),
    ("f is missing", [invoke(0, f=None)], 0, "its f is None"),
    ("f is empty", [invoke(0, f="")], 0, "its f is ''"),
    ("error is no string", [Operation(0, 0, 0, INVOKE, "read", None, 7)], 0, "its error is 7"),
]


@pytest.mark.parametrize(
    ("operations", "index", "problem"), [case[1:] for case in BROKEN], ids=[c[0] for c in BROKEN]
)
def test_what_is_no_history_is_refused_with_its_place(operations, index, problem):
    lines = [number * 10 for number in range(1, len(operations) + 1)]
    with pytest.raises(HistoryError) as caught:
        History.from_operations(operations, source="h.jsonl", lines=lines)
    error = caught.value
    assert problem in error.problem
    assert (error.path, error.line, error.index) == ("h.jsonl", lines[-1], index)
    assert str(error) == f"h.jsonl:{error.line}: operation {index}: {error.problem}"
    assert "\n" not in str(error)


def test_the_first_broken_rule_is_the_one_reported():
    operations = [invoke(0), invoke(1), complete(2, process=7), complete(2, f="write")]
    with pytest.raises(HistoryError) as caught:
        History.from_operations(operations)
    assert caught.value.index == 1
    assert caught.value.line is None
