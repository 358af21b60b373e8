"""Which value an operation has, and which values are the same: one rule for all models."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.checkers import INVALID, VALID, checker_for_model, kernels, load
from splitbrain.checkers.history import INFO, INVOKE, OK, History, HistoryError, Operation
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


@pytest.mark.parametrize(
    ("taken", "validity"),
    [
        ([1, 1.0, 2], VALID),
        ([1.0, 1, 2], VALID),
        ([1, 1, 2], INVALID),
        ([1.0, 2, 1], INVALID),
        ([None, 1, 2], INVALID),
    ],
)
def test_of_two_elements_in_one_place_either_goes_first(taken, validity):
    puts = [("insert", 1, 1), ("insert", 2, 2), ("insert", 1.0, 1.0)]
    judged = history(*puts, *(("delete-min", None, value) for value in taken))
    assert checker_for_model("priority-queue").check(judged).validity is validity


def unknown_removal(*after):
    """1, then 1.0 are inserted, somebody takes one of them and isn't told, then what is given."""
    events = [*history(("insert", 1, 1), ("insert", 1.0, 1.0))]
    events.append(Operation(4, 4, 1, INVOKE, "delete-min", None))
    events.append(Operation(5, 5, 1, INFO, "delete-min", None))
    for event in history(*after):
        events.append(replace(event, index=event.index + 6, time=event.time + 6))
    return History.from_operations(events)


@pytest.mark.parametrize(
    ("taken", "validity"),
    [
        ([1], VALID),
        ([1.0, None], VALID),
        ([1, None, None], VALID),
        ([1, 1.0], VALID),
        ([1, 1], INVALID),
    ],
)
def test_which_of_two_in_one_place_an_indeterminate_removal_took_is_left_open(taken, validity):
    judged = unknown_removal(*(("delete-min", None, value) for value in taken))
    verdict = checker_for_model("priority-queue").check(judged)
    assert verdict.validity is validity, verdict.reason


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


KEYWORDS = """{:type :invoke :f :write :value %s :process 0}
{:type :ok :f :write :value %s :process 0}
{:type :invoke :f :read :value nil :process 0}
{:type :ok :f :read :value %s :process 0}
"""
FORMS = [":a", '"a"', "a", r"\a", "1", "1.0", "true", '"1"', "[:a]", '["a"]', "##Inf"]
"""Values in EDN of which no two are the same."""


@pytest.mark.parametrize("written", FORMS)
@pytest.mark.parametrize("read", FORMS)
def test_so_do_all_forms_of_edn(written, read, tmp_path):
    path = tmp_path / "h.edn"
    path.write_text(KEYWORDS % (written, written, read))
    verdict = checker_for_model("register", keyed=False).check(load(path))
    assert verdict.validity is (VALID if written == read else INVALID)


def test_keywords_and_strings_of_transactions_are_told_apart():
    verdict = checker_for_model("list-append").check(load(TRIALS / "keyword-and-string.edn"))
    assert verdict.validity is VALID, verdict.reason
    multi = checker_for_model("multi-register")
    assert multi.check(load(TRIALS / "keyword-keys.edn")).validity is VALID


@pytest.mark.parametrize(("written", "read"), [(":a", '":a"'), (r"\b", r'"\\b"'), ("c", '"\'c"')])
def test_a_string_with_the_letters_of_a_keyword_is_refused(written, read, tmp_path):
    path = tmp_path / "h.edn"
    path.write_text(KEYWORDS % (written, written, read))
    with pytest.raises(HistoryError, match=r"h\.edn:1: .* stands here and the string .* one value"):
        load(path)


@pytest.mark.parametrize("text", ['":a"', '"\'c"', '"#x"', r'"\\b"'])
def test_such_a_string_alone_is_one_like_any_other(text, tmp_path):
    path = tmp_path / "h.edn"
    path.write_text(KEYWORDS % (text, text, text))
    assert checker_for_model("register").check(load(path)).validity is VALID


def test_porcupine_logs_have_the_same_values(tmp_path):
    path = tmp_path / "etcd.log"
    line = "INFO  jepsen.util - 0\t:%s\t:%s\t%s\n"
    steps = [("invoke", "write", ":a"), ("ok", "write", ":a"), ("invoke", "read", "nil")]
    for read, validity in ((":a", VALID), ('"a"', INVALID)):
        lines = [line % step for step in [*steps, ("ok", "read", read)]]
        path.write_text("".join(lines))
        assert checker_for_model("register").check(load(path)).validity is validity


def test_an_integer_of_many_digits_is_not_its_neighbour(tmp_path):
    path = tmp_path / "h.jsonl"
    big = 10**30
    for read, validity in ((big, VALID), (big + 1, INVALID)):
        steps = history(("write", big, big), ("read", None, read))
        path.write_text("".join(json.dumps(line_of(event)) + "\n" for event in steps))
        assert checker_for_model("register").check(load(path)).validity is validity


def line_of(event):
    return {"type": event.type, "f": event.f, "value": event.value, "process": event.process}
