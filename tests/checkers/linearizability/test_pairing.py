"""Queues whose elements are not all different: identical ones are interchangeable."""

import random
from functools import partial
from pathlib import Path

import container_runs
import pytest
from container_runs import container_run, decided
from linearizability_twin import histories, linearizable_by_sets, random_history
from models_twin import DRAWN

from splitbrain.checkers import (
    INVALID,
    UNKNOWN,
    VALID,
    checker_for_model,
    linearizable,
    load,
    models,
)
from splitbrain.checkers.history import OK, History
from splitbrain.checkers.linearizability import Budget, pairing, verify

TRIALS = Path(__file__).parents[2] / "data" / "trials"
QUEUE = models.queue()


@pytest.mark.parametrize("name", ["queue-one-duplicate-1k", "queue-duplicates-1k"])
def test_recorded_queues_of_a_thousand_operations_with_repeated_elements(name):
    history = load(TRIALS / f"{name}.jsonl.gz")
    verdict = checker_for_model("queue", budget=100_000).check(history)
    assert verdict.validity is VALID, verdict.reason
    assert verdict.cost["algorithm"] == pairing.ALGORITHM
    assert verdict.cost["configurations"] < 2_000
    assert verify(QUEUE, history, verdict.certificate).complete


paired = partial(decided, pairing.search, QUEUE)
queue_run = partial(container_run, "enqueue", "dequeue", False)
with_another_answer = partial(container_runs.with_another_answer, "dequeue")


def test_random_answers_against_the_definition():
    r, counts = random.Random("pairs"), {True: 0, False: 0}
    for _ in range(histories(2)):
        calls = random_history(r, *DRAWN["queue"], most=7).calls()
        expected = linearizable_by_sets(QUEUE, calls)
        assert paired(calls) == expected, calls
        counts[expected] += 1
    assert min(counts.values()) > sum(counts.values()) / 20, counts


def test_working_queues_and_their_mutants_against_the_definition():
    r, counts = random.Random("queues"), {True: 0, False: 0}
    for _ in range(histories(4)):
        values, clients = r.randint(1, 3), r.randint(2, 5)
        doubt = r.choice((0.0, 0.1, 0.3))
        run = queue_run(r, values, r.randint(3, 14), clients=clients, doubt=doubt)
        assert paired(run.calls()), list(run)
        calls = with_another_answer(r, run, values).calls()
        expected = linearizable_by_sets(QUEUE, calls)
        assert paired(calls) == expected, calls
        counts[expected] += 1
    assert min(counts.values()) > sum(counts.values()) / 20, counts


@pytest.mark.parametrize(
    ("operations", "clients", "values", "doubt"),
    [(3_000, 6, 4, 0.0), (2_000, 6, 1, 0.0), (2_000, 20, 4, 0.0), (1_000, 5, 3, 0.05)],
)
def test_long_runs_take_few_configurations(operations, clients, values, doubt):
    r = random.Random(f"long {operations} {clients} {doubt}")
    calls = queue_run(r, values, operations, clients=clients, doubt=doubt).calls()
    assert paired(calls, Budget(configurations=3 * operations))


def test_an_element_taken_out_of_turn_in_a_long_run_is_found_and_told():
    r = random.Random("out of turn")
    events = list(queue_run(r, 4, 1_000, clients=4))
    answers = [e for e in events if e.type == OK and e.f == "dequeue" and e.value is not None]
    late = answers[len(answers) // 2 :]
    first = late[0]
    other = next(e for e in late if e.value != first.value and e.index > first.index + 40)
    first.value, other.value = other.value, first.value
    history = History.from_operations(events)
    verdict = linearizable(QUEUE).check(history)
    assert verdict.validity is INVALID
    assert verdict.cost["algorithm"] == pairing.ALGORITHM
    (anomaly,) = verdict.anomalies
    assert anomaly.kind == "nonlinearizable"
    verify(QUEUE, history, verdict.certificate)


def test_a_budget_that_ends_is_told_with_how_far_it_came():
    history = queue_run(random.Random(1), 3, 400)
    verdict = linearizable(QUEUE, budget=Budget(configurations=50)).check(history)
    assert verdict.validity is UNKNOWN
    assert "50 configurations" in verdict.reason


def test_the_search_over_states_can_still_be_asked_for():
    history = queue_run(random.Random(2), 2, 30)
    verdict = linearizable(QUEUE, algorithm="search").check(history)
    assert verdict.validity is VALID
    assert verdict.cost["algorithm"] != pairing.ALGORITHM
