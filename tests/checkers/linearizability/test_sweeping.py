"""Registers with many clients and indeterminate operations: orders found by a sweep."""

import random
from pathlib import Path

import pytest
from linearizability_twin import (
    draw_register,
    histories,
    linearizable_by_sets,
    mutated,
    register_result,
    simulated_history,
)

from splitbrain.checkers import VALID, checker_for_model, load, models
from splitbrain.checkers.linearizability import Budget, sweeping, verify, verify_order
from splitbrain.checkers.linearizability.limits import begun
from splitbrain.checkers.linearizability.problem import problem_of

TRIALS = Path(__file__).parents[2] / "data" / "trials"
REGISTER = models.cas_register()


def swept(calls, configurations=200_000):
    """Whether an order was found, which is re-checked."""
    problem = problem_of(REGISTER, calls)
    outcome = sweeping.search(problem, begun(Budget()), configurations)
    if outcome is not None:
        verify_order(REGISTER, calls, [problem.calls[i].invoke_index for i in outcome.order])
    return outcome is not None


def run(r, number, clients, doubt, values):
    draw, _ = draw_register(values)
    return simulated_history(
        r, REGISTER, draw, register_result, number=number, clients=clients, doubt=doubt
    )


def test_orders_that_are_found_are_orders_and_found_nearly_always():
    r, found, there = random.Random("swept"), 0, 0
    for _ in range(histories(4)):
        values, clients = r.randint(1, 4), r.randint(2, 6)
        history = run(r, r.randint(4, 12), clients, r.choice((0.0, 0.2, 0.4)), values)
        if r.random() < 0.5:
            history = mutated(r, history, values)
        calls = history.calls()
        linearizable = linearizable_by_sets(REGISTER, calls)
        got = swept(calls)
        assert linearizable or not got
        there += linearizable
        found += got
    assert found > 0.98 * there > 0


def test_five_hundred_operations_of_thirty_clients_many_of_them_indeterminate():
    for seed in range(3):
        assert swept(run(random.Random(seed), 500, 30, 0.3, 30).calls())


def test_configurations_end_it():
    calls = run(random.Random("few"), 300, 10, 0.3, 10).calls()
    assert not swept(calls, configurations=20)


@pytest.mark.slow
def test_a_recorded_run_of_fifty_clients_with_three_in_ten_indeterminate_is_valid():
    history = load(TRIALS / "cas-50-clients-3k-valid.jsonl.gz")
    verdict = checker_for_model("cas-register", budget=500_000).check(history)
    assert verdict.validity is VALID, verdict.reason
    assert verify(REGISTER, history, verdict.certificate).complete
