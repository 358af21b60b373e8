"""What each model allows, says and refuses."""

import pytest

from splitbrain.checkers import UNKNOWN, linearizable, models
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.models import ModelError, looks_keyed, split
from splitbrain.checkers.models.model import frozen, shown


def call(f, argument=None, result=None, outcome=OK):
    """One completed operation, as a `Call`."""
    operations = [Operation(0, 0, 0, INVOKE, f, argument), Operation(1, 1, 0, outcome, f, result)]
    return History.from_operations(operations).calls()[0]


REGISTER, STORE = models.cas_register(), models.kv(absent=None)

STEPS = [
    (REGISTER, None, call("read", None, None), (True, None)),
    (REGISTER, 1, call("read", None, 1), (True, 1)),
    (REGISTER, 1, call("read", None, 2), (False, 1)),
    (REGISTER, 1, call("read", 7, 1), (True, 1)),
    (REGISTER, 1, call("read", None, None, INFO), (True, 1)),
    (REGISTER, 1, call("write", 2, 2), (True, 2)),
    (REGISTER, 1, call("cas", [1, 2], [1, 2]), (True, 2)),
    (REGISTER, 3, call("cas", [1, 2], [1, 2]), (False, 2)),
    (REGISTER, None, call("cas", [None, 2], [None, 2]), (True, 2)),
    (STORE, None, call("get", None, None), (True, None)),
    (STORE, None, call("get", None, ""), (False, None)),
    (STORE, "a", call("get", None, "a"), (True, "a")),
    (STORE, "a", call("put", "b"), (True, "b")),
    (STORE, "a", call("append", "b"), (True, "ab")),
    (STORE, None, call("append", "b"), (True, "b")),
    (STORE, "a", call("delete"), (True, None)),
    (STORE, "a", call("cas", ["a", "b"]), (True, "b")),
    (STORE, None, call("cas", ["a", "b"]), (False, "b")),
    (STORE, None, call("cas", [None, "b"]), (True, "b")),
    (models.kv(absent=""), "", call("cas", [None, "b"]), (True, "b")),
    (models.kv(absent=""), "a", call("delete"), (True, "")),
]


@pytest.mark.parametrize(("model", "state", "operation", "expected"), STEPS)
def test_step(model, state, operation, expected):
    fits, after = model.step(state, operation)
    assert fits == expected[0]
    assert not fits or after == expected[1]


@pytest.mark.parametrize(("model", "state", "operation", "expected"), STEPS)
def test_what_models_say_of_themselves_is_true(model, state, operation, expected):
    fits, after = model.step(state, operation)
    if model.pure(operation.f):
        assert not fits or after == state
    if model.overwrites(operation.f):
        assert (fits, after) == (True, model.step("any other", operation)[1])


REFUSED = [
    (REGISTER, call("add", 1), 'a cas-register knows read, write, cas and swap, not "add"'),
    (REGISTER, call("cas", 3), "the value of cas is [old, new], not 3"),
    (REGISTER, call("cas", [1, 2, 3]), "the value of cas is [old, new], not [1, 2, 3]"),
    (REGISTER, call("write", {1, 2}), "{1, 2} is not a JSON-like value"),
    (REGISTER, call("read", None, {1, 2}), "{1, 2} is not a JSON-like value"),
    (STORE, call("increment", 1), 'not "increment"'),
    (STORE, call("put", 3), "the value of put is a string, not 3"),
    (STORE, call("append", None), "the value of append is a string, not null"),
    (STORE, call("cas", ["a", 1]), 'strings or null, not ["a", 1]'),
    (STORE, call("get", None, 3), "a get gives a string or null, not 3"),
]


@pytest.mark.parametrize(("model", "operation", "message"), REFUSED)
def test_operations_the_model_cannot_read(model, operation, message):
    with pytest.raises(ModelError) as raised:
        model.check(operation)
    assert message in str(raised.value)
    at = operation.complete_index if operation.f in ("read", "get") else operation.invoke_index
    assert raised.value.index == at
    assert str(raised.value).startswith(f"operation {at}: ")


def test_checkers_raise_for_what_a_history_is_not():
    history = History.from_operations(
        [Operation(4, 0, 0, INVOKE, "read"), Operation(9, 1, 1, INVOKE, "enqueue", 3)]
    )
    with pytest.raises(ModelError, match=r'^operation 9: .* not "enqueue"; choose another model'):
        linearizable(REGISTER).check(history)


DESCRIPTIONS = [
    (REGISTER, call("write", "x"), 'write "x"'),
    (REGISTER, call("read", None, None), "read → null"),
    (REGISTER, call("read", None, None, INFO), "read"),
    (REGISTER, call("cas", [1, True]), "cas 1 → true"),
    (STORE, call("get", None, "v"), 'get → "v"'),
    (STORE, call("get", None, None, INFO), "get"),
    (STORE, call("append", "v"), 'append "v"'),
    (STORE, call("cas", [None, "v"]), 'cas null → "v"'),
    (STORE, call("delete"), "delete"),
]


@pytest.mark.parametrize(("model", "operation", "words"), DESCRIPTIONS)
def test_descriptions(model, operation, words):
    assert model.describe(operation) == words


def kv_history(*events):
    return History.from_operations(
        [Operation(i, i, p, kind, f, value) for i, (p, kind, f, value) in enumerate(events)]
    )


GET = (0, INVOKE, "get", ["k", None])


@pytest.mark.parametrize(
    ("absent", "answers", "validity"),
    [
        ("auto", [None], "valid"),
        ("auto", [""], "valid"),
        ("auto", ["", ""], "valid"),
        ("auto", [None, ""], "invalid"),
        (None, [""], "invalid"),
        ("", [None], "invalid"),
    ],
)
def test_what_an_absent_key_gives_is_found_out(absent, answers, validity):
    events = [event for answer in answers for event in (GET, (0, OK, "get", ["k", answer]))]
    verdict = linearizable(models.kv(absent=absent)).check(kv_history(*events))
    assert verdict.validity == validity


def test_an_empty_string_that_somebody_put_is_no_sign_of_absence():
    events = [(0, INVOKE, "put", ["k", ""]), (0, OK, "put", ["k", ""])]
    events += [GET, (0, OK, "get", ["k", ""])]
    events += [(0, INVOKE, "delete", ["k", None]), (0, OK, "delete", ["k", None])]
    events += [GET, (0, OK, "get", ["k", ""])]
    assert linearizable(models.kv()).check(kv_history(*events)).validity == "invalid"


def test_kv_options_are_checked():
    with pytest.raises(ValueError, match='give None, "" or "auto"'):
        models.kv(absent="nil")


def calls(*values, f="write"):
    operations = []
    for i, value in enumerate(values):
        operations.append(Operation(2 * i, i, 0, INVOKE, f, value))
        operations.append(Operation(2 * i + 1, i, 0, OK, f, value))
    return History.from_operations(operations).calls()


def test_keys_are_seen_when_every_value_is_a_pair():
    assert looks_keyed(calls([1, 2], ["x", None]))
    assert looks_keyed(calls([1, [2, 3]], f="cas"))
    assert not looks_keyed(calls([1, 2], 3))
    assert not looks_keyed(calls([1, 2], [1, 2, 3]))
    assert not looks_keyed([])


def test_a_history_of_nothing_but_cas_is_not_taken_for_keyed():
    assert not looks_keyed(calls([1, 2], [2, 3], f="cas"))


def test_a_model_of_ones_own_is_not_split_unless_it_says_so():
    class Pairs(models.Register):
        """A register of pairs."""

        per_key = False

    class Wrapped:
        name, initial, per_key = "pairs", None, False
        step, pure = REGISTER.step, REGISTER.pure
        check, describe = REGISTER.check, REGISTER.describe

    operations = [
        Operation(0, 0, 0, INVOKE, "write", [1, 2]),
        Operation(1, 1, 0, OK, "write", [1, 2]),
    ]
    operations += [
        Operation(2, 2, 0, INVOKE, "read", [1, None]),
        Operation(3, 3, 0, OK, "read", [1, 2]),
    ]
    history = History.from_operations(operations)
    assert linearizable(Wrapped()).check(history).coverage["keys"] == 0
    assert linearizable(Wrapped(), keyed=True).check(history).coverage["keys"] == 1


def test_parts_come_in_order_of_first_invocation_without_their_keys():
    parts = split(calls(["b", 1], ["a", 2], ["b", 3]), keyed=True)
    assert [(part.key, [c.argument for c in part.calls]) for part in parts] == [
        ("b", [1, 3]),
        ("a", [2]),
    ]
    (whole,) = split(calls(1, 2), keyed=False)
    assert (whole.key, [c.argument for c in whole.calls]) == (None, [1, 2])


def test_keys_that_differ_are_kept_apart():
    assert [part.key for part in split(calls([1, 0], [True, 0], ["1", 0]), keyed=True)] == [
        1,
        True,
        "1",
    ]


@pytest.mark.parametrize(
    ("invoked", "completed", "f", "message"),
    [
        (3, 3, "write", "operation 0: in a history over keys a value is [key, value], not 3"),
        (["x", None], None, "read", "operation 1: an ok read has no result [key, value]"),
        (["x", None], ["y", 1], "read", 'operation 1: completes with key "y" an operation on'),
        ([{1}, 1], [{1}, 1], "write", "operation 0: {1} can't be a key"),
    ],
)
def test_values_that_are_no_pairs_are_refused(invoked, completed, f, message):
    operations = [Operation(0, 0, 0, INVOKE, f, invoked), Operation(1, 1, 0, OK, f, completed)]
    with pytest.raises(ModelError) as raised:
        split(History.from_operations(operations).calls(), keyed=True)
    assert str(raised.value).startswith(message)


def test_frozen_values_are_equal_exactly_when_the_values_are():
    values = [None, 0, 1, True, False, "1", [], [1], [[1]], [1, 2], {}, {"a": 1}, {"a": [1]}]
    for one in values:
        for other in values:
            same = type(one) is type(other) and one == other
            assert (frozen(one) == frozen(other)) == same, (one, other)
            assert not same or hash(frozen(one)) == hash(frozen(other))
    assert frozen({"a": 1, "b": 2}) == frozen({"b": 2, "a": 1})


def test_long_strings_are_shown_by_their_ends():
    assert shown("x" * 100 + "end") == f'"{"x" * 25}…{"x" * 22}end"'
    assert shown([None, True, 1.5, "a"]) == '[null, true, 1.5, "a"]'


def test_long_lists_are_shown_by_their_first_elements():
    assert shown(list(range(4_000))).endswith("28, 29, … 3970 more]")
    assert shown(list(range(30))).endswith("28, 29]")


def test_a_history_of_appends_alone_exercises_nothing():
    history = History.from_operations(
        [Operation(0, 0, 0, INVOKE, "append", "a"), Operation(1, 1, 0, OK, "append", "a")]
    )
    assert linearizable(models.kv()).check(history).validity is UNKNOWN


def test_the_models_by_name():
    assert {name: make().name for name, make in models.MODELS.items()} == {
        name: name for name in models.MODELS
    }
