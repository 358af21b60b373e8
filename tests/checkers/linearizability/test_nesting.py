"""Stacks whose elements are not all different: what lies below an element does not matter above."""

import random
from functools import partial

import container_runs
import pytest
from container_runs import container_run, decided
from linearizability_twin import histories, linearizable_by_sets, random_history
from models_twin import DRAWN

from splitbrain.checkers import INVALID, UNKNOWN, VALID, linearizable, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import Budget, nesting, verify

STACK = models.stack()

nested = partial(decided, nesting.search, STACK)
stack_run = partial(container_run, "push", "pop", True)
with_another_answer = partial(container_runs.with_another_answer, "pop")


def test_random_answers_against_the_definition():
    r, counts = random.Random("nests"), {True: 0, False: 0}
    for _ in range(histories(2)):
        calls = random_history(r, *DRAWN["stack"], most=7).calls()
        expected = linearizable_by_sets(STACK, calls)
        assert nested(calls) == expected, calls
        counts[expected] += 1
    assert min(counts.values()) > sum(counts.values()) / 20, counts


@pytest.mark.parametrize("patience", [nesting._PATIENCE, 0])
def test_working_stacks_and_their_mutants_against_the_definition(patience, monkeypatch):
    """In depth first, and from the first events to the last."""
    monkeypatch.setattr(nesting, "_PATIENCE", patience)
    r, counts = random.Random(f"stacks {patience}"), {True: 0, False: 0}
    for _ in range(histories(4)):
        values, clients = r.randint(1, 3), r.randint(2, 5)
        doubt = r.choice((0.0, 0.1, 0.3))
        run = stack_run(r, values, r.randint(3, 14), clients=clients, doubt=doubt)
        assert nested(run.calls()), list(run)
        calls = with_another_answer(r, run, values).calls()
        expected = linearizable_by_sets(STACK, calls)
        assert nested(calls) == expected, calls
        counts[expected] += 1
    assert min(counts.values()) > sum(counts.values()) / 20, counts


@pytest.mark.parametrize(
    ("operations", "clients", "values", "doubt"),
    [(2_000, 3, 4, 0.0), (2_000, 5, 1, 0.0), (1_000, 5, 4, 0.0), (200, 3, 3, 0.02)],
)
def test_long_runs_are_decided(operations, clients, values, doubt):
    r = random.Random(f"long {operations} {clients} {doubt}")
    calls = stack_run(r, values, operations, clients=clients, doubt=doubt).calls()
    assert nested(calls, Budget(configurations=40 * operations))


def test_an_element_popped_out_of_turn_in_a_long_run_is_found_and_told():
    r = random.Random("out of turn")
    events = list(stack_run(r, 4, 600))
    answers = [e for e in events if e.type == OK and e.f == "pop" and e.value is not None]
    late = answers[len(answers) // 2 :]
    first = late[0]
    other = next(e for e in late if e.value != first.value and e.index > first.index + 40)
    first.value, other.value = other.value, first.value
    history = History.from_operations(events)
    verdict = linearizable(STACK).check(history)
    assert verdict.validity is INVALID
    assert verdict.cost["algorithm"] == nesting.ALGORITHM
    (anomaly,) = verdict.anomalies
    assert anomaly.kind == "nonlinearizable"
    verify(STACK, history, verdict.certificate)


def test_a_deep_stack_is_shared():
    """Each of 40 pairs of pushes overlaps, and is popped in an order that only shows at the end."""
    events = []

    def record(process, kind, f, value):
        events.append(Operation(len(events), len(events), process, kind, f, value))

    for _ in range(40):
        for kind in (INVOKE, OK):
            record(0, kind, "push", 0)
            record(1, kind, "push", 1)
    for n in range(80):
        record(0, INVOKE, "pop", None)
        record(0, OK, "pop", n // 2 % 2 ^ n % 2)
    assert nested(History.from_operations(events).calls(), Budget(configurations=2_000))


def test_a_budget_that_ends_is_told_with_how_far_it_came():
    history = stack_run(random.Random(1), 3, 400)
    verdict = linearizable(STACK, budget=Budget(configurations=50)).check(history)
    assert verdict.validity is UNKNOWN
    assert "50 configurations" in verdict.reason


def test_the_search_over_states_can_still_be_asked_for():
    history = stack_run(random.Random(2), 2, 30)
    verdict = linearizable(STACK, algorithm="search").check(history)
    assert verdict.validity is VALID
    assert verdict.cost["algorithm"] != nesting.ALGORITHM
