"""What monitors ask for: histories outside of that are refused, those within decided."""

import pytest
from monitor_histories import (
    CONTAINERS,
    calls_of,
    check,
)

from splitbrain.checkers import models
from splitbrain.checkers.linearizability import verify_order
from splitbrain.checkers.linearizability.monitors import (
    MONITORS,
    PreconditionError,
    choose,
    monitors_for,
)
from splitbrain.checkers.models import ModelError

QUEUE, STACK, PRIORITIES = CONTAINERS
REGISTER, SET, COUNTER = models.cas_register(), models.a_set(), models.counter()


OUTSIDE = {
    "element put in twice": (
        "queue",
        QUEUE,
        [(0, 1, "enqueue", 7), (2, 3, "enqueue", 7)],
        "operation 2: it puts in 7, as operation 0 does",
    ),
    "a priority inserted twice": (
        "priority-queue",
        PRIORITIES,
        [(0, 1, "insert", 1), (2, 3, "insert", 1)],
        "operation 2: it puts in 1, as operation 0 does",
    ),
    "a removal that may have taken an acknowledged element": (
        "stack",
        STACK,
        [(0, 1, "push", 7), (2, None, "pop", None)],
        "operation 2: nobody knows what it took, and it may have been 7, which operation 0",
    ),
    "a value read and written twice": (
        "register",
        REGISTER,
        [(0, 1, "write", 7), (2, 3, "write", 7), (4, 5, "read", None, 7)],
        "operation 2: it writes 7, as operation 0 does, and others found that value",
    ),
    "the initial value written and read": (
        "register",
        REGISTER,
        [(0, 1, "write", None), (2, 3, "read", None, None)],
        "operation 0: it writes null, the initial value",
    ),
    "a cas to a value that another may have written": (
        "register",
        REGISTER,
        [(0, None, "write", 7), (2, 3, "cas", [None, 7]), (4, 5, "read", None, 7)],
        "operation 2: it writes 7, as operation 0 does",
    ),
    "a removal from a set that is read": (
        "grow-only-set",
        SET,
        [(0, 1, "add", 7), (2, 3, "remove", 7)],
        "operation 2: it removes 7",
    ),
    "an element added twice": (
        "element-set",
        SET,
        [(0, 1, "add", 7), (2, None, "add", 7)],
        "operation 2: it adds 7, as operation 0 does",
    ),
    "a read of everything": (
        "element-set",
        SET,
        [(0, 1, "read", None, [])],
        "operation 0: it lists all elements",
    ),
    "different amounts": (
        "counter",
        COUNTER,
        [(0, 1, "add", 1), (2, 3, "add", 2)],
        "operation 2: it adds 2, but operation 0 adds 1",
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_monitor_outside_its_preconditions_is_refused_with_the_operation(name):
    monitor, model, operations, sentence = OUTSIDE[name]
    calls = calls_of(*operations)
    with pytest.raises(PreconditionError) as error:
        MONITORS[monitor].check(model, calls)
    assert str(error.value).startswith(sentence)
    assert MONITORS[monitor].preconditions in str(error.value)
    assert isinstance(error.value, ModelError)


def test_a_history_outside_every_monitor_gets_none():
    assert choose(QUEUE, calls_of(*OUTSIDE["element put in twice"][2])) is None
    assert choose(SET, calls_of((0, 1, "add", 1), (2, 3, "add", 1), (4, 5, "read", 0, [1]))) is None


def test_models_without_monitors_get_none():
    class Own:
        name, initial, per_key = "queue", (), False

    assert monitors_for(Own()) == ()
    assert choose(models.kv(), calls_of((0, 1, "put", "x"))) is None


INSIDE = {
    "failed operations put in nothing": (
        QUEUE,
        [(0, "fail", "enqueue", 7), (2, 3, "enqueue", 7), (4, 5, "dequeue", None, 7)],
    ),
    "an indeterminate insertion may have happened late": (
        QUEUE,
        [
            (0, None, "enqueue", 1),
            (2, 3, "enqueue", 2),
            (4, 5, "dequeue", None, 2),
            (6, 7, "dequeue", None, None),
            (8, 9, "dequeue", None, 1),
        ],
    ),
    "or never": (
        STACK,
        [(0, None, "push", 1), (2, 3, "push", 2), (4, 5, "pop", 0, 2), (6, 7, "pop", 0, None)],
    ),
    "an indeterminate removal when everything acknowledged is accounted for": (
        STACK,
        [(0, 1, "push", 1), (2, None, "pop", None), (4, None, "push", 2), (6, 7, "pop", 0, 1)],
    ),
    "a value nobody reads written twice": (
        REGISTER,
        [(0, 1, "write", 7), (2, 3, "write", 7), (4, 5, "write", 8), (6, 7, "read", 0, 8)],
    ),
    "an indeterminate cas chain that was seen": (
        REGISTER,
        [
            (0, 1, "write", 1),
            (2, None, "cas", [1, 2]),
            (3, None, "cas", [2, 3]),
            (6, 7, "read", None, 3),
        ],
    ),
    "an element removed before it was added stays": (
        SET,
        [(0, 5, "remove", 1), (1, 2, "add", 1), (6, 7, "contains", 1, True)],
    ),
    "an indeterminate addition that was never needed": (
        COUNTER,
        [(0, None, "add", 1), (1, 2, "add", 1), (3, 4, "read", None, 1), (5, 6, "read", None, 2)],
    ),
}


@pytest.mark.parametrize("name", INSIDE)
def test_histories_within_the_preconditions_are_decided(name):
    model, operations = INSIDE[name]
    result = check(model, *operations)
    assert result.valid
    verify_order(model, calls_of(*operations), result.order)
    assert result.anomaly is None
