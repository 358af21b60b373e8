"""Key-value stores judged by columns, against the definition and against the search over calls.

Random histories are judged many at a time, as the keys of one history.
"""

import random

import pytest
from linearizability_twin import (
    HISTORIES,
    draw_kv,
    histories,
    linearizable_by_sets,
    merged,
    random_history,
    simulated_history,
    weakened,
)

from splitbrain.checkers import INVALID, UNKNOWN, VALID, kernels, linearizable, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import Budget, checker, verify, verify_order
from splitbrain.checkers.linearizability.columns import judging
from splitbrain.checkers.linearizability.limits import begun
from splitbrain.checkers.linearizability.problem import problem_of
from splitbrain.checkers.linearizability.searching import search
from splitbrain.checkers.linearizability.windows import window_of

pytestmark = pytest.mark.skipif(not kernels.numba_installed(), reason="numba is not installed")

DIALECTS = {"null": models.kv(absent=None), "empty": models.kv(absent="")}


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, "compiled")


def draw_strings(r: random.Random):
    """Mostly appends, of strings some of which are the beginning of others."""
    f = r.choice(("get", "get", "put", "append", "append", "append", "cas", "delete"))
    strings = ("", "a", "b", "ab", "a")
    if f == "cas":
        return f, [r.choice((None, *strings)), r.choice((None, *strings))]
    return f, None if f in ("get", "delete") else r.choice(strings)


def store_result(model):
    """What a store does: whether it succeeds, the state afterwards, the answer."""

    def result(state, f, argument):
        if f == "get":
            return True, state, state
        if f == "put":
            return True, argument, argument
        if f == "append":
            return True, f"{state or ''}{argument}", argument
        if f == "delete":
            return True, model.initial, None
        old, new = (model.initial if value is None else value for value in argument)
        return state == old, new if state == old else state, argument

    return result


def valid_history(r: random.Random, model, number: int, clients: int, doubt: float) -> History:
    return simulated_history(
        r, model, draw_strings, store_result(model), number=number, clients=clients, doubt=doubt
    )


def with_another_answer(r: random.Random, history: History) -> History:
    """The history with the answer of one get taken from another one."""
    events = list(history)
    gets = [i for i, o in enumerate(events) if o.type == OK and o.f == "get"]
    if len(gets) >= 2:
        one, other = r.sample(gets, 2)
        events[one].value = events[other].value
    return History.from_operations(events)


def random_stores(name: str, model, number: int):
    r = random.Random(name)
    for i in range(number):
        if i % 3 == 0:
            yield random_history(r, *draw_kv(), most=r.choice((5, 8)))
            continue
        doubt = r.choice((0.0, 0.2, 0.4))
        history = valid_history(r, model, r.randint(3, 9), r.randint(2, 5), doubt)
        yield history if i % 3 == 1 else with_another_answer(r, history)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_columns_agree_with_sets_and_orders_hold(dialect):
    model = DIALECTS[dialect]
    batch = list(random_stores(f"stores {dialect}", model, histories(2)))
    history = merged(batch)
    found = judging.judged(model, history, begun(Budget()), keyed=True)
    assert found is not None
    counts = {VALID: 0, INVALID: 0}
    for finding, one in zip(found.keys, batch, strict=True):
        expected = VALID if linearizable_by_sets(model, one.calls()) else INVALID
        assert finding.validity is expected, list(one)
        by_calls = search(problem_of(model, one.calls()), Budget())
        assert (by_calls.order is not None) == (expected is VALID), list(one)
        counts[expected] += 1
    assert min(counts.values()) > len(batch) / 20, counts


class Begun:
    """A store with a string in it at first."""

    def __init__(self, string: str | None):
        self.initial, self.step = string, DIALECTS["null"].step


def test_windows_have_no_linearization_whatever_the_store_held_before():
    r, cut, model = random.Random("windows of stores"), 0, DIALECTS["null"]
    for history in random_stores("windows of stores", model, HISTORIES // 4):
        calls = history.calls()
        problem = problem_of(model, calls)
        outcome = search(problem, Budget())
        if outcome.order is not None:
            continue
        window = window_of(model, calls, problem.calls[outcome.stuck.forcing])
        cut += window.start is not None
        strings = [None, "", "another", *("".join(r.choices("ab", k=n)) for n in (1, 1, 2, 3))]
        for possible in weakened(window, calls, "get"):
            for string in [None] if window.start is None else strings:
                assert not linearizable_by_sets(Begun(string), possible), (window, string, calls)
    assert cut > 10


@pytest.mark.nightly
def test_longer_histories_agree_with_the_search_over_calls():
    r, counts = random.Random("longer stores"), {VALID: 0, INVALID: 0}
    model = DIALECTS["null"]
    for i in range(max(HISTORIES // 60, 20)):
        history = valid_history(r, model, r.randint(20, 60), r.randint(2, 6), r.choice((0.0, 0.1)))
        if i % 2:
            history = with_another_answer(r, history)
        calls = history.calls()
        outcome = search(problem_of(model, calls), Budget(300_000))
        if outcome.exhausted:
            continue
        found = judging.judged(model, history, begun(Budget()), keyed=False)
        assert found is not None
        if not found.observed:  # no get among few operations
            continue
        expected = INVALID if outcome.order is None else VALID
        assert found.keys[0].validity is expected, list(history)
        counts[expected] += 1
        if expected is VALID:
            verify_order(model, calls, found.keys[0].order)
    assert min(counts.values()) > 3, counts


def test_whole_verdicts_carry_certificates_that_hold():
    r = random.Random("certificates of stores")
    for _ in range(max(HISTORIES // 300, 5)):
        history = merged(list(random_stores(str(r.random()), DIALECTS["null"], r.randint(1, 20))))
        verdict = linearizable(models.kv(), algorithm="search").check(history)
        if verdict.certificate:
            verify(models.kv(), history, verdict.certificate)


@pytest.mark.parametrize(
    ("absent", "answer", "validity"),
    [(None, None, VALID), (None, "", INVALID), ("", "", VALID), ("", None, INVALID)],
)
def test_what_a_get_of_an_absent_key_gives(absent, answer, validity):
    history = done(("get", None, answer))
    assert linearizable(models.kv(absent=absent)).check(history).validity is validity


def done(*steps) -> History:
    """One process's operations, each with its argument and its answer."""
    events: list[Operation] = []
    for f, argument, answer in steps:
        events.append(Operation(len(events), len(events), 0, INVOKE, f, argument))
        events.append(Operation(len(events), len(events), 0, OK, f, answer))
    return History.from_operations(events)


@pytest.mark.parametrize("mode", ["compiled", "interpreted"])
def test_a_cas_from_null_finds_a_deleted_key_in_either_dialect(mode, monkeypatch):
    monkeypatch.setenv(kernels.SWITCH, mode)
    history = done(("put", "x", "x"), ("delete", None, None), ("cas", [None, "y"], [None, "y"]))
    for model in DIALECTS.values():
        assert linearizable(model).check(history).validity is VALID


@pytest.mark.parametrize("mode", ["compiled", "interpreted"])
def test_appending_nothing_is_placed_where_it_changes_nothing(mode, monkeypatch):
    """After the cas it would make an absent key empty, and the get would be wrong."""
    monkeypatch.setenv(kernels.SWITCH, mode)
    steps = [
        (0, INVOKE, "append", "a"),
        (0, OK, "append", "a"),
        (1, INVOKE, "append", ""),
        (2, INVOKE, "cas", ["a", None]),
        (2, OK, "cas", ["a", None]),
        (1, OK, "append", ""),
        (3, INVOKE, "get", None),
        (3, OK, "get", None),
    ]
    events = [Operation(at, at, *step) for at, step in enumerate(steps)]
    check = linearizable(DIALECTS["null"]).check
    assert check(History.from_operations(events)).validity is VALID


def test_surrogates_appended_are_not_the_character_that_they_stand_for_in_utf_16():
    def history(answer):
        halves = [("append", half, half) for half in ("\ud800", "\udc00")]
        return done(*halves, ("get", None, answer))

    check = linearizable(DIALECTS["null"]).check
    assert check(history("\ud800\udc00")).validity is VALID
    assert check(history("\U00010000")).validity is INVALID


def test_a_history_of_nothing_but_puts_and_appends_exercises_nothing():
    history = done(("put", "a", "a"), ("append", "b", "b"), ("delete", None, None))
    assert linearizable(models.kv()).check(history).validity is UNKNOWN


def test_a_short_history_that_takes_long_by_calls_is_judged_by_columns(monkeypatch):
    monkeypatch.delenv(kernels.SWITCH)
    monkeypatch.setattr(kernels, "at_hand", lambda module: True)
    monkeypatch.setattr(checker, "COMPILED_AFTER", 1)
    judged = []
    by_columns = judging.judged

    def noted(*arguments, **options):
        judged.append(options.get("short", False))
        return by_columns(*arguments, **options)

    monkeypatch.setattr(judging, "judged", noted)
    r, counts = random.Random("escape"), {VALID: 0, INVALID: 0}
    while min(counts.values()) < 5:
        history, model = random_history(r, *draw_kv(), most=8), DIALECTS["null"]
        verdict = linearizable(model).check(history)
        if verdict.validity is not UNKNOWN:
            assert (verdict.validity is VALID) == linearizable_by_sets(model, history.calls())
            verify(model, history, verdict.certificate)
            counts[verdict.validity] += 1
    assert True in judged
    assert linearizable(model, algorithm="search").check(history).validity is verdict.validity
    small = linearizable(model, budget=Budget(1)).check(history)
    assert small.validity in (verdict.validity, UNKNOWN)
