"""Queues whose elements are not all different: identical ones are interchangeable."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
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
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import Budget, pairing, verify, verify_order
from splitbrain.checkers.linearizability.limits import begun
from splitbrain.checkers.linearizability.problem import problem_of

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


def paired(calls, budget=None):
    """Whether the calls are linearizable, an order or the dead end re-checked; None if unknown."""
    problem = problem_of(QUEUE, calls)
    outcome = pairing.search(QUEUE, problem, begun(budget or Budget(), None))
    if outcome.order is not None:
        verify_order(QUEUE, calls, [problem.calls[i].invoke_index for i in outcome.order])
    elif outcome.stuck is not None:
        blocked = problem.calls[outcome.stuck.forcing]
        assert not QUEUE.step(outcome.stuck.state, blocked)[0]
    return None if outcome.exhausted else outcome.order is not None


def queue_run(r, values, operations, *, clients=3, doubt=0.0):
    """A history of a queue that works; an operation of which nobody hears may have happened."""
    events, idle, busy, inside = [], list(range(clients)), {}, []

    def record(process, kind, f, value):
        events.append(Operation(len(events), len(events), process, kind, f, value))

    while operations or busy:
        if operations and idle and (not busy or r.random() < 0.5):
            process = idle.pop(r.randrange(len(idle)))
            operations -= 1
            f = r.choice(("enqueue", "dequeue"))
            value = r.randrange(values) if f == "enqueue" else None
            record(process, INVOKE, f, value)
            busy[process] = f, value, False
            continue
        process = r.choice(list(busy))
        f, value, done = busy[process]
        lost = not done and r.random() < doubt
        if not done and not (lost and r.random() < 0.5):
            if f == "enqueue":
                inside.append(value)
            else:
                value = inside.pop(0) if inside else None
            busy[process] = f, value, True
        if done or lost:
            del busy[process]
            record(process, INFO if lost else OK, f, None if lost and f == "dequeue" else value)
            idle.append(process + clients if lost else process)
    return History.from_operations(events)


def with_another_answer(r, history, values):
    """The same with what one or two dequeues took changed, or exchanged."""
    events = list(history)
    answers = [at for at, event in enumerate(events) if event.type == OK and event.f == "dequeue"]
    if not answers:
        return history
    first, second = r.choice(answers), r.choice(answers)
    if r.random() < 0.5:
        there = events[first].value
        events[first] = replace(events[first], value=events[second].value)
        events[second] = replace(events[second], value=there)
    else:
        events[first] = replace(events[first], value=r.choice((None, *range(values))))
    return History.from_operations(events)


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
