"""What sets, queues, stacks, counters, locks, logs and multi-registers allow, say and refuse."""

import pytest

from splitbrain.checkers import VALID, checker_for_model, linearizable, models
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.models.model import is_pure


def call(f, argument=None, result=None, outcome=OK):
    operations = [Operation(0, 0, 0, INVOKE, f, argument), Operation(1, 1, 0, outcome, f, result)]
    return History.from_operations(operations).calls()[0]


def info(f, argument=None):
    return call(f, argument, None, INFO)


LOST = (info("acquire"), info("release"))

# Operations from the initial state, then whether the last one fits (all before it do).
SEQUENCES = [
    ("set", [call("add", 1, 1), call("read", None, [1])], True),
    ("set", [call("add", 1), call("add", 2), call("read", None, [2, 1])], True),
    ("set", [call("add", 1), call("add", 2), call("read", None, [1])], False),
    ("set", [call("read", None, [1])], False),
    ("set", [call("add", 1), call("remove", 1), call("read", None, [])], True),
    ("set", [call("remove", 1)], True),
    ("set", [call("add", 1), call("contains", 1, True)], True),
    ("set", [call("add", 1), call("contains", True, True)], False),
    ("set", [call("contains", 1, False)], True),
    ("set", [call("add", 1), call("contains", 1, False)], False),
    ("queue", [call("enqueue", 1), call("enqueue", 2), call("dequeue", None, 1)], True),
    ("queue", [call("enqueue", 1), call("enqueue", 2), call("dequeue", None, 2)], False),
    ("queue", [call("dequeue", None, None)], True),
    ("queue", [call("enqueue", 1), call("dequeue", None, None)], False),
    ("queue", [call("dequeue", None, 1)], False),
    ("queue", [info("dequeue")], True),
    ("queue", [call("enqueue", 1), info("dequeue"), call("dequeue", None, None)], True),
    ("stack", [call("push", 1), call("push", 2), call("pop", None, 2)], True),
    ("stack", [call("push", 1), call("push", 2), call("pop", None, 1)], False),
    ("stack", [call("push", 1), call("pop", None, 1), call("pop", None, None)], True),
    ("stack", [call("push", 1), call("pop", None, None)], False),
    ("priority-queue", [call("insert", 2), call("insert", 1), call("delete-min", None, 1)], True),
    ("priority-queue", [call("insert", 2), call("insert", 1), call("delete-min", None, 2)], False),
    ("priority-queue", [call("delete-min", None, None)], True),
    (
        "priority-queue",
        [call("insert", [1, "b"]), call("insert", [1, "a"]), call("delete-min", None, [1, "a"])],
        True,
    ),
    (
        "priority-queue",
        [call("insert", [1, "b"]), call("insert", [1, 9]), call("delete-min", None, [1, "b"])],
        False,
    ),
    ("priority-queue", [call("insert", [2, 0]), call("insert", 1.5), info("delete-min")], True),
    ("counter", [call("add", 2), call("add", -3), call("read", None, -1)], True),
    ("counter", [call("add", 2), call("read", None, 3)], False),
    ("mutex", [call("acquire")], True),
    ("mutex", [call("release")], False),
    ("mutex", [call("acquire"), call("acquire")], False),
    ("mutex", [call("acquire"), call("release"), call("acquire")], True),
    ("fenced-lock", [call("acquire", None, 33), call("release", 33)], True),
    ("fenced-lock", [call("acquire", None, 33), call("release", 34)], False),
    ("fenced-lock", [call("acquire", None, 33), call("release")], True),
    ("fenced-lock", [call("acquire", None, 33), call("acquire", None, 34)], False),
    ("fenced-lock", [call("acquire", None, 1), call("release"), call("acquire", None, 2)], True),
    ("fenced-lock", [call("acquire", None, 1), call("release"), call("acquire", None, 1)], False),
    ("fenced-lock", [call("release", 1)], False),
    # Somebody holds a token greater than 1: a later one is greater than 2.
    ("fenced-lock", [call("acquire", None, 1), call("release"), info("acquire")], True),
    (
        "fenced-lock",
        [call("acquire", None, 1), call("release"), *LOST, call("acquire", None, 2)],
        False,
    ),
    (
        "fenced-lock",
        [call("acquire", None, 1), call("release"), *LOST, call("acquire", None, 3)],
        True,
    ),
    ("fenced-lock", [info("acquire"), call("release", 7), call("acquire", None, 8)], True),
    ("fenced-lock", [info("acquire"), call("release", 7), call("acquire", None, 7)], False),
    (
        "fenced-lock",
        [call("acquire", None, 5), call("release"), info("acquire"), call("release", 5)],
        False,
    ),
    ("log", [call("append", "a", [0, "a"]), call("append", "b", [1, "b"])], True),
    ("log", [call("append", "a", [1, "a"])], False),
    ("log", [call("append", "a", "a"), call("append", "b"), call("read", None, ["a", "b"])], True),
    ("log", [call("append", "a"), call("read", None, [])], False),
    ("log", [call("append", "a"), call("read", 0, "a")], True),
    ("log", [call("append", "a"), call("read", 1, None)], True),
    ("log", [call("append", "a"), call("read", 0, None)], False),
    ("log", [call("append", "a"), call("length", None, 1)], True),
    ("log", [call("length", None, 1)], False),
    ("log", [call("append", [0, "x"], [0, "x"]), call("read", 0, [0, "x"])], True),
    (
        "multi-register",
        [call("txn", [["w", "x", 1], ["r", "x", None]], [["w", "x", 1], ["r", "x", 1]])],
        True,
    ),
    (
        "multi-register",
        [call("txn", [["write", "x", 1]]), call("txn", [["r", "x", None]], [["r", "x", 1]])],
        True,
    ),
    (
        "multi-register",
        [
            call("txn", [["w", "x", 1], ["w", "y", 2]]),
            call("txn", [["r", "x", None], ["r", "y", None]], [["r", "x", 1], ["r", "y", 1]]),
        ],
        False,
    ),
    ("multi-register", [call("txn", [["r", "y", None]], [["r", "y", None]])], True),
]


@pytest.mark.parametrize(("name", "calls", "expected"), SEQUENCES)
def test_sequences(name, calls, expected):
    model = models.MODELS[name]()
    state, fits = model.initial, True
    for operation in calls:
        assert fits
        before = state
        fits, state = model.step(state, operation)
        hash(state)
        if is_pure(model, operation):
            assert not fits or state == before
    assert fits == expected


REFUSED = [
    ("set", call("insert", 1), 'a set knows add, remove, contains and read, not "insert"', 0),
    ("set", call("read", None, None), "a read of a set gives a list of elements, not null", 1),
    ("set", call("read", None, [1, 1]), "lists an element twice", 1),
    ("set", call("contains", 1, 1), "contains gives true or false, not 1", 1),
    ("set", call("add", {1, 2}), "is not a JSON-like value", 0),
    ("queue", call("push", 1), 'a queue knows enqueue and dequeue, not "push"', 0),
    ("queue", call("enqueue", None), "null can't be an element, since it means empty", 0),
    ("stack", call("dequeue"), 'a stack knows push and pop, not "dequeue"', 0),
    ("priority-queue", call("insert", "a"), 'a number and a number or string, not "a"', 0),
    ("priority-queue", call("insert", True), "not true", 0),
    ("priority-queue", call("delete-min", None, [None, 1]), "not [null, 1]", 1),
    ("counter", call("add", "1"), 'the value of add is an integer, not "1"', 0),
    ("counter", call("add", True), "the value of add is an integer, not true", 0),
    ("counter", call("read", None, None), "a read of a counter gives an integer, not null", 1),
    ("mutex", call("lock"), 'a mutex knows acquire and release, not "lock"', 0),
    ("fenced-lock", call("acquire", None, None), "for a lock without tokens choose mutex", 1),
    ("fenced-lock", call("release", "x"), "the token to give back, an integer, or null", 0),
    ("log", call("append", None), "null can't be an entry", 0),
    ("log", call("append", "a", [0, "b"]), 'an append of "a" gives [offset, "a"]', 1),
    ("log", call("append", "a", 7), 'gives [offset, "a"], "a" or null, not 7', 1),
    ("log", call("read", -1), "an offset (0, 1, ...) or null, not -1", 0),
    ("log", call("read", None, 3), "a read of the whole log gives a list, not 3", 1),
    ("log", call("length", None, None), "length gives a number of entries, not null", 1),
    ("multi-register", call("read", "x"), 'a multi-register knows txn, not "read"', 0),
    ("multi-register", call("txn", 3), "the value of txn is a list of", 0),
    ("multi-register", call("txn", [["r", "x", None]], None), "an ok txn with reads has no", 1),
    (
        "multi-register",
        call("txn", [["r", "x", None]], [["r", "y", 1]]),
        "the micro-operations must be the same",
        1,
    ),
]


@pytest.mark.parametrize(("name", "operation", "message", "index"), REFUSED)
def test_operations_the_model_cannot_read(name, operation, message, index):
    with pytest.raises(ModelError) as raised:
        models.MODELS[name]().check(operation)
    assert message in str(raised.value)
    assert raised.value.index == index
    assert str(raised.value).startswith(f"operation {index}: ")


DESCRIPTIONS = [
    ("set", call("add", 1), "add 1"),
    ("set", call("contains", 1, True), "contains 1 → true"),
    ("set", call("read", None, [1]), "read → [1]"),
    ("queue", call("dequeue", None, 1), "dequeue → 1"),
    ("queue", call("dequeue", None, None), "dequeue → empty"),
    ("stack", info("pop"), "pop"),
    ("priority-queue", call("insert", [1, "a"]), 'insert [1, "a"]'),
    ("counter", call("add", -1), "add -1"),
    ("counter", call("read", None, 3), "read → 3"),
    ("mutex", call("acquire"), "acquire"),
    ("fenced-lock", call("acquire", None, 3), "acquire → 3"),
    ("fenced-lock", call("release", 3), "release 3"),
    ("log", call("append", "a", [4, "a"]), 'append "a" at 4'),
    ("log", call("read", 4, "a"), 'read 4 → "a"'),
    ("log", call("length", None, 4), "length → 4"),
    (
        "multi-register",
        call("txn", [["w", "x", 1], ["r", "y", None]], [["w", "x", 1], ["r", "y", 2]]),
        'write "x" 1, read "y" → 2',
    ),
]


@pytest.mark.parametrize(("name", "operation", "words"), DESCRIPTIONS)
def test_descriptions(name, operation, words):
    assert models.MODELS[name]().describe(operation) == words


def history(*events):
    return History.from_operations(
        [Operation(i, i, p, kind, f, value) for i, (p, kind, f, value) in enumerate(events)]
    )


def reading(register, value):
    micro = ["r", register, None]
    return (0, INVOKE, "txn", [micro]), (0, OK, "txn", [["r", register, value]])


@pytest.mark.parametrize(
    ("initial", "answers", "validity"),
    [
        ("auto", [0], "valid"),
        ("auto", [0, 0], "valid"),
        ("auto", [0, 1], "invalid"),
        ("auto", [None], "valid"),
        ("auto", [None, 0], "invalid"),
        (None, [0], "invalid"),
        (0, [0], "valid"),
        ({"x": 0}, [0], "valid"),
        ({"y": 0}, [0], "invalid"),
    ],
)
def test_initial_values_of_a_multi_register_are_given_or_found_out(initial, answers, validity):
    events = [event for answer in answers for event in reading("x", answer)]
    verdict = linearizable(models.multi_register(initial=initial)).check(history(*events))
    assert verdict.validity == validity


def test_a_counter_starts_with_an_integer():
    with pytest.raises(ValueError, match="give an integer"):
        models.counter(initial="0")


def test_keys_are_independent_where_a_pair_can_be_no_value():
    events = [(0, INVOKE, "acquire", ["a", None]), (0, OK, "acquire", ["a", None])]
    events += [(1, INVOKE, "acquire", ["b", None]), (1, OK, "acquire", ["b", None])]
    assert checker_for_model("mutex").check(history(*events)).validity is VALID
    events = [(0, INVOKE, "enqueue", ["a", 1]), (0, OK, "enqueue", ["a", 1])]
    events += [(0, INVOKE, "dequeue", None), (0, OK, "dequeue", ["a", 1])]
    assert checker_for_model("queue").check(history(*events)).validity is VALID


@pytest.mark.parametrize(
    ("name", "f"),
    [("set", "add"), ("queue", "enqueue"), ("stack", "push"), ("priority-queue", "insert")],
)
def test_nothing_but_insertions_is_no_exercise(name, f):
    verdict = checker_for_model(name).check(history((0, INVOKE, f, 1), (0, OK, f, 1)))
    assert verdict.validity == "unknown"
