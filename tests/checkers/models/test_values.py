"""Which value an operation has, and which values are the same: one rule for all models."""

from pathlib import Path

import pytest

from splitbrain.checkers import INVALID, VALID, checker_for_model, kernels, load
from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.models import ModelError

TRIALS = Path(__file__).parents[2] / "data" / "trials"

GIVEN = {
    "register": [("write", 1), ("cas", [1, 2])],
    "cas-register": [("write", 1)],
    "kv": [("put", "a"), ("append", "b"), ("cas", ["a", "b"])],
    "set": [("add", 1), ("remove", 1)],
    "queue": [("enqueue", 1)],
    "stack": [("push", 1)],
    "priority-queue": [("insert", 1)],
    "counter": [("add", 1)],
}
"""Operations of each model that are given a value."""

OBSERVED = {
    "register": ("read", None, 2),
    "cas-register": ("read", None, 1),
    "kv": ("get", None, "b"),
    "set": ("read", None, []),
    "queue": ("dequeue", None, 1),
    "stack": ("pop", None, 1),
    "priority-queue": ("delete-min", None, 1),
    "counter": ("read", None, 1),
}


def history(*steps):
    """Operations one after another: f, what it is invoked and what it completes with."""
    events = []
    for f, asked, told in steps:
        for kind, value in ((INVOKE, asked), (OK, told)):
            at = len(events)
            events.append(Operation(at, at, 0, kind, f, value))
    return History.from_operations(events)


@pytest.fixture(params=["interpreted", "compiled"], autouse=True)
def kernel(request, monkeypatch):
    """Both ways to read a history: by calls, and by columns."""
    if request.param == "compiled" and not kernels.numba_installed():
        pytest.skip("numba is not installed")
    monkeypatch.setenv(kernels.SWITCH, request.param)


@pytest.mark.parametrize("model", GIVEN)
@pytest.mark.parametrize("where", ["invocation", "completion", "both"])
def test_a_value_may_be_recorded_at_either_event_or_both(model, where):
    given = GIVEN[model]
    steps = [
        (f, None if where == "completion" else v, None if where == "invocation" else v)
        for f, v in given
    ]
    if model == "kv":  # a, then ab; a cas from ab
        steps[2] = ("cas", *(None if v is None else ["ab", "b"] for v in steps[2][1:]))
    verdict = checker_for_model(model, keyed=False).check(history(*steps, OBSERVED[model]))
    assert verdict.validity is VALID, verdict.reason


@pytest.mark.parametrize("model", GIVEN)
def test_two_values_that_differ_are_refused_with_their_index(model):
    other = {"kv": "z", "register": 7}.get(model, 7)
    for f, value in GIVEN[model]:
        told = [other, other] if f == "cas" else other
        wrong = history(OBSERVED[model], (f, value, told))
        with pytest.raises(ModelError, match=rf"^operation 3: {f} was invoked with") as raised:
            checker_for_model(model, keyed=False).check(wrong)
        assert raised.value.index == 3


@pytest.mark.parametrize("model", ["register", "counter"])
def test_so_it_is_key_by_key(model):
    f, value = ("write", 2) if model == "register" else ("add", 1)
    filled = history((f, ["x", None], ["x", value]), ("read", ["x", None], ["x", value]))
    assert checker_for_model(model).check(filled).validity is VALID
    wrong = history((f, ["x", 5], ["x", value]), ("read", ["x", None], ["x", value]))
    with pytest.raises(ModelError, match="operation 1: "):
        checker_for_model(model).check(wrong)


@pytest.mark.parametrize(
    ("file", "index"),
    [
        ("write-ok-value-is-a-map.edn", 1),
        ("write-ok-value-contradicts.jsonl", 1),
        ("keyed-one-completion-lost-its-key.edn", 7),
    ],
)
def test_recordings_that_contradict_themselves_are_refused(file, index):
    with pytest.raises(ModelError) as raised:
        checker_for_model("register").check(load(TRIALS / file))
    assert raised.value.index == index


def test_a_recording_with_values_at_completions_only_is_judged():
    history = load(TRIALS / "write-ok-value-fills.edn")
    assert checker_for_model("register").check(history).validity is VALID


@pytest.mark.parametrize("keyed", [None, True])
def test_one_read_of_a_key_and_nothing_makes_a_history_one_over_keys(keyed):
    unkeyed = history(("write", 5, 5), ("read", ["x", None], ["x", 5]))
    with pytest.raises(ModelError, match=r"operation 0: .*\[key, value\], not 5.*--not-keyed"):
        checker_for_model("register", keyed=keyed).check(unkeyed)
    reads = history(("read", ["x", None], ["x", None]), ("read", ["x", None], None))
    with pytest.raises(ModelError, match="operation 3: "):
        checker_for_model("register", keyed=keyed).check(reads)


ALIKE = [1, 1.0, True, "1", [1], [1.0]]
"""Values that Python, JavaScript or Clojure take for one another here and there."""


@pytest.mark.parametrize("written", ALIKE, ids=repr)
@pytest.mark.parametrize("read", ALIKE, ids=repr)
@pytest.mark.parametrize(
    ("model", "put", "take"), [("register", "write", "read"), ("queue", "enqueue", "dequeue")]
)
def test_values_of_different_types_differ(model, put, take, written, read):
    same = written is read
    verdict = checker_for_model(model, keyed=False).check(
        history((put, written, written), (take, None, read))
    )
    assert verdict.validity is (VALID if same else INVALID)


@pytest.mark.parametrize(("taken", "validity"), [(1, VALID), (1.0, INVALID)])
def test_a_priority_queue_gives_out_what_was_put_in_and_not_its_likeness(taken, validity):
    found = history(("insert", 1, 1), ("delete-min", None, taken))
    assert checker_for_model("priority-queue").check(found).validity is validity
    assert checker_for_model("priority-queue", algorithm="search").check(found).validity is validity


def test_a_priority_queue_with_two_elements_in_one_place_is_refused():
    wrong = history(("insert", 1, 1), ("insert", 1.0, 1.0), ("delete-min", None, 1))
    with pytest.raises(ModelError, match=r"^operation 2: 1.0 is inserted, and elsewhere the same"):
        checker_for_model("priority-queue").check(wrong)


def test_an_append_may_tell_its_entry_at_its_completion_alone():
    for told in ("a", [0, "a"]):
        steps = [("append", None, told), ("read", None, ["a"])]
        assert checker_for_model("log").check(history(*steps)).validity is VALID
        steps[1] = ("read", None, ["b"])
        assert checker_for_model("log").check(history(*steps)).validity is INVALID


@pytest.mark.parametrize("asked", [None, [["w", "x", None], ["r", "y", None]]])
def test_a_transaction_may_tell_what_it_wrote_at_its_completion_alone(asked):
    steps = [
        ("txn", asked, [["w", "x", 1], ["r", "y", None]]),
        ("txn", [["r", "x", None]], [["r", "x", 1]]),
    ]
    assert checker_for_model("multi-register").check(history(*steps)).validity is VALID
    steps[1] = ("txn", [["r", "x", None]], [["r", "x", 2]])
    assert checker_for_model("multi-register").check(history(*steps)).validity is INVALID


@pytest.mark.parametrize(
    ("model", "step"),
    [
        ("log", ("append", "a", [0, "b"])),
        ("log", ("append", "a", "b")),
        ("multi-register", ("txn", [["w", "x", 1]], [["w", "x", 2]])),
        ("multi-register", ("txn", [["w", "x", 1]], [["w", "y", 1]])),
    ],
)
def test_a_completion_that_contradicts_its_invocation_is_refused_in_these_too(model, step):
    with pytest.raises(ModelError, match="operation 1"):
        checker_for_model(model).check(history(step))
