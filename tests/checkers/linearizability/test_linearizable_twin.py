"""The checker against the definition, on random small histories of several models.

A register is judged three times: with the reductions for registers, by the general search, and by
the general search told which operations overwrite.
"""

import random

import pytest
from linearizability_twin import (
    HISTORIES,
    Queue,
    draw_kv,
    draw_register,
    linearizable_by_permutations,
    linearizable_by_sets,
    mutated,
    random_history,
    register_result,
    simulated_history,
    weakened,
)

from splitbrain.checkers import models
from splitbrain.checkers.linearizability import Budget, verify_order
from splitbrain.checkers.linearizability.problem import problem_of
from splitbrain.checkers.linearizability.register_anomalies import certain_reason
from splitbrain.checkers.linearizability.searching import Search, search
from splitbrain.checkers.linearizability.windows import window_of

REGISTER = models.cas_register()
STORE = models.kv(absent=None)


class Bare:
    """Another model with its optional knowledge of itself taken away."""

    per_key = False

    def __init__(self, model, *, overwriting: bool = False):
        self.name, self.initial = f"bare {model.name}", model.initial
        self.step, self.pure = model.step, model.pure
        self.check, self.describe = model.check, model.describe
        if overwriting:
            self.overwrites = model.overwrites


REGISTERS = (REGISTER, Bare(REGISTER), Bare(REGISTER, overwriting=True))
STORES = (STORE, Bare(STORE), Bare(STORE, overwriting=True))


def verdict(model, calls):
    """What the search says, its certificate verified; and the search's problem and outcome."""
    problem = problem_of(model, calls)
    outcome = search(problem, Budget())
    assert not outcome.exhausted
    if outcome.order is not None:
        verify_order(model, calls, [problem.calls[i].invoke_index for i in outcome.order])
    return outcome.order is not None, problem, outcome


def compare(variants, history, twin=linearizable_by_sets) -> bool:
    calls = history.calls()
    expected = twin(variants[0], calls)
    for model in variants:
        assert verdict(model, calls)[0] == expected, (model.name, list(history))
    return expected


def both_kinds_were_met(counts: dict[bool, int]) -> None:
    total = sum(counts.values())
    assert min(counts[True], counts[False]) > total / 20, counts


def test_search_agrees_with_all_permutations_of_registers():
    r, counts = random.Random("permutations"), {True: 0, False: 0}
    for _ in range(HISTORIES // 2):
        history = random_history(r, *draw_register(r.randint(1, 3)), most=5)
        counts[compare(REGISTERS, history, linearizable_by_permutations)] += 1
    both_kinds_were_met(counts)


def test_the_two_twins_agree():
    r = random.Random("twins")
    for _ in range(HISTORIES // 4):
        calls = random_history(r, *draw_register(2), most=5).calls()
        by_sets = linearizable_by_sets(REGISTER, calls)
        assert by_sets == linearizable_by_permutations(REGISTER, calls)


def test_search_agrees_with_sets_on_registers():
    r, counts = random.Random("registers"), {True: 0, False: 0}
    for _ in range(HISTORIES):
        history = random_history(r, *draw_register(r.randint(1, 3)), most=r.choice((6, 9)))
        counts[compare(REGISTERS, history)] += 1
    both_kinds_were_met(counts)


def test_search_agrees_with_sets_on_key_value_stores():
    r, counts = random.Random("stores"), {True: 0, False: 0}
    for _ in range(HISTORIES // 2):
        counts[compare(STORES, random_history(r, *draw_kv(), most=7))] += 1
    both_kinds_were_met(counts)


def test_search_agrees_with_sets_on_stores_that_mostly_append():
    """Appends whose strings were read only in part, before, between and after overwrites."""

    def draw(r):
        f = r.choice(("get", "get", "append", "append", "append", "put", "delete", "cas"))
        if f == "cas":
            return f, [r.choice(("ab", "b", None)), r.choice("ab")]
        return f, None if f in ("get", "delete") else r.choice("abc")

    def answer(r, f, argument):
        return r.choice((None, "a", "ab", "ba", "abc", "bca")) if f == "get" else argument

    r, counts = random.Random("appends"), {True: 0, False: 0}
    for _ in range(HISTORIES // 2):
        counts[compare(STORES, random_history(r, draw, answer, most=8))] += 1
    both_kinds_were_met(counts)


def test_search_agrees_with_sets_on_queues():
    def draw(r):
        return r.choice((("enqueue", r.randrange(2)), ("dequeue", None)))

    def answer(r, f, argument):
        return argument if f == "enqueue" else r.randrange(2)

    r, counts = random.Random("queues"), {True: 0, False: 0}
    for _ in range(HISTORIES // 2):
        counts[compare((Queue(),), random_history(r, draw, answer, most=7))] += 1
    both_kinds_were_met(counts)


def register_run(r: random.Random, number: int):
    """A history that is linearizable by construction."""
    values = r.randint(1, 4)
    draw, _ = draw_register(values)
    doubt = r.choice((0.0, 0.1, 0.3))
    clients = r.randint(2, 6)
    return values, simulated_history(
        r, REGISTER, draw, register_result, number=number, clients=clients, doubt=doubt
    )


def test_histories_valid_by_construction_are_linearizable():
    r = random.Random("constructed")
    for _ in range(HISTORIES // 60):
        _, history = register_run(r, r.randint(20, 120))
        for model in REGISTERS:
            assert verdict(model, history.calls())[0], list(history)


def test_mutants_of_valid_histories_are_judged_as_the_definition_does():
    r, counts = random.Random("mutants"), {True: 0, False: 0}
    for _ in range(HISTORIES // 2):
        values, history = register_run(r, r.randint(4, 11))
        counts[compare(REGISTERS, mutated(r, history, values))] += 1
    both_kinds_were_met(counts)


def test_certain_reasons_are_given_only_for_histories_without_linearization():
    r, kinds = random.Random("reasons"), {}
    for _ in range(HISTORIES):
        calls = random_history(r, *draw_register(r.randint(1, 4)), most=8).calls()
        reason = certain_reason(REGISTER, None, calls)
        if reason is not None:
            kinds[reason.kind] = kinds.get(reason.kind, 0) + 1
            assert not linearizable_by_sets(REGISTER, calls), (reason, calls)
            involved = {call.invoke_index for call in reason.calls}
            assert involved <= {call.invoke_index for call in calls}
    assert sorted(kinds) == ["lost-update", "stale-read", "unwritten-read"]


def test_windows_have_no_linearization_whatever_else_happened():
    """All else relaxed, what came before forgotten: still no order, from any initial value."""
    r, sizes = random.Random("windows"), {}
    for _ in range(HISTORIES // 2):
        calls = random_history(r, *draw_register(r.randint(1, 3)), most=8).calls()
        linearizable, problem, outcome = verdict(REGISTER, calls)
        if linearizable:
            continue
        window = window_of(REGISTER, calls, problem.calls[outcome.stuck.forcing])
        sizes[len(window.calls)] = sizes.get(len(window.calls), 0) + 1
        for call in window.calls:
            assert (window.start or 0) <= call.invoked
            assert call.completed <= window.end
        starts = (None,) if window.start is None else (None, 0, 1, 2, "another")
        for possible in weakened(window, calls, "read"):
            for initial in starts:
                model = models.cas_register(initial=initial)
                assert not linearizable_by_sets(model, possible), (window, calls)
    assert {1, 2} <= set(sizes), sizes


@pytest.mark.parametrize("variants", [REGISTERS, STORES], ids=["registers", "stores"])
def test_long_histories_with_many_indeterminate_operations_agree_between_engines(variants):
    r = random.Random(f"engines {variants[0].name}")
    draw = draw_register(3)[0] if variants is REGISTERS else None
    for _ in range(HISTORIES // 200):
        if draw is None:
            history = random_history(r, *draw_kv(), most=14)
        else:
            history = simulated_history(
                r, REGISTER, draw, register_result, number=40, clients=4, doubt=0.2
            )
            history = mutated(r, history, 3)
        first, *others = (verdict(model, history.calls())[0] for model in variants)
        assert others == [first] * len(others), list(history)


@pytest.mark.parametrize("model", [REGISTER, STORE], ids=["register", "store"])
def test_a_search_that_goes_on_finds_what_one_without_a_pause_finds(model):
    r, counts = random.Random("pauses"), {True: 0, False: 0}
    draw, answer = draw_register(2) if model is REGISTER else draw_kv()
    for _ in range(150):
        calls = random_history(r, draw, answer, most=8).calls()
        at_once = search(problem_of(model, calls), Budget())
        begun, pauses = Search(problem_of(model, calls)), 0
        while (outcome := begun.within(Budget(pauses))).exhausted:
            assert outcome.configurations == pauses
            pauses += 1
        assert outcome == at_once
        counts[at_once.order is not None] += 1
    both_kinds_were_met(counts)
