"""Transactions are read from histories, and what is none is named."""

import pytest

from splitbrain.checkers.history import INVOKE, OK, History, HistoryError, Operation
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.isolation.transactions import transactions_of


def history_of(value, f="txn"):
    return History.from_operations(
        [Operation(4, 0, 0, INVOKE, f, value), Operation(7, 1, 0, OK, f, value)]
    )


def test_micro_operations_become_columns():
    columns = transactions_of(transactions("T1: ax1 ry | T2: ay5 rx1"), lists=True)
    assert len(columns) == 2
    assert columns.offsets.tolist() == [0, 2, 4]
    assert columns.kind.tolist() == [0, 1, 0, 1]
    assert [columns.keys[k] for k in columns.key] == ["x", "y", "y", "x"]
    assert columns.list_read(3) == [1]
    assert columns.written(1) == "write 5 to y, read x = [1]"


def test_an_indeterminate_transaction_has_the_micro_operations_it_was_invoked_with():
    columns = transactions_of(transactions("T1?: ax1 rx1"), lists=True)
    assert columns.status.tolist() == [3]
    assert columns.list_read(1) == []


def test_a_read_need_not_say_null_where_it_is_invoked():
    operations = [Operation(0, 0, 0, INVOKE, "txn", [["r", 1], ["append", 2, 3]])]
    columns = transactions_of(History.from_operations(operations), lists=True)
    assert columns.kind.tolist() == [1, 0]


def test_sessions_run_one_transaction_after_another():
    columns = transactions_of(transactions("T1@a: ax1 | T2@a: ax2 | T3: rx"), lists=True)
    assert columns.process.tolist() == [0, 0, 1]
    assert columns.completed[0] < columns.invoked[1]
    assert columns.completed[1] > columns.invoked[2]


def test_equal_numbers_and_strings_are_different_elements():
    columns = transactions_of(history_of([["append", 1, "1"], ["append", "1", 1]]), lists=True)
    assert columns.key_count == 2
    assert columns.element_count == 2


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (3, "its value is 3; a transaction is a list"),
        ([3], "3 is no micro-operation"),
        ([["append", 1]], "is no micro-operation"),
        ([["cas", 1, 2]], 'is "cas"; in a list-append history they are "append" and "r"'),
        ([["w", 1, 2]], 'is "w"; in a list-append history'),
        ([["append", [1], 2]], "its key [1] is no string"),
        ([["append", 1, None]], "a written one cannot be null"),
        ([["append", 1, {"a": 1}]], "which is no string, number or boolean"),
        ([["r", 1, 2]], "is this an rw-register history?"),
        ([["r", 1, [[2]]]], "which is no string, number or boolean"),
    ],
)
def test_what_is_no_transaction_is_named_with_its_operation(value, problem):
    with pytest.raises(HistoryError) as error:
        transactions_of(history_of(value), lists=True)
    assert "operation 7" in str(error.value)
    assert problem in str(error.value)


@pytest.mark.parametrize("text", ["x", "T1 ax1", "T1: zx1", "T1: ax", "T1: ax1,2"])
def test_what_is_no_notation_is_named(text):
    with pytest.raises(HistoryError):
        transactions(text)
