"""Monitors against the definition, on random small histories that meet their preconditions."""

import random

import pytest
from monitor_histories import (
    CONTAINERS,
    HISTORIES,
    by_definition,
    by_permutations,
    container_draw,
    linearizable_calls,
    random_calls,
    register_draw,
)

from splitbrain.checkers import models
from splitbrain.checkers.linearizability import Budget, verify_order
from splitbrain.checkers.linearizability.monitors import choose, counter_bounds
from splitbrain.checkers.linearizability.problem import problem_of
from splitbrain.checkers.linearizability.searching import search
from splitbrain.checkers.verdict import Anomaly


def judged(model, calls) -> bool | None:
    """What the monitor says, its order verified; None if none applies."""
    chosen = choose(model, calls)
    if chosen is None:
        return None
    result = chosen.check()
    if result.valid:
        verify_order(model, calls, result.order)
        return True
    assert isinstance(result.anomaly, Anomaly)
    assert set(result.anomaly.details["window"]) <= {call.invoke_index for call in calls}
    return False


def compare(model, histories, *, unusable: float = 0.9) -> dict:
    """Judge histories both ways; at most a share of them may be outside the preconditions."""
    counts = {True: 0, False: 0, None: 0}
    for calls in histories:
        verdict = judged(model, calls)
        counts[verdict] += 1
        if verdict is not None:
            assert verdict == by_definition(model, calls), calls
    total = sum(counts.values())
    assert counts[None] <= unusable * total, counts
    assert min(counts[True], counts[False]) > total / 50, counts
    return counts


def random_containers(model, r: random.Random, histories: int):
    for _ in range(histories):
        number = r.randint(1, 5)
        elements = list(range(number))
        r.shuffle(elements)
        taken = [*elements, *r.choices((None, *elements), k=2)]
        if r.random() < 0.7:  # removals in order of insertion, or in any
            taken = sorted(taken[:number], reverse=model.name == "stack") + taken[number:]
        plan = [(model.insertion, element) for element in sorted(elements)]
        plan += [(model.removal, None)] * r.randint(1, 4)
        shuffled = r.random() < 0.6
        if shuffled:
            r.shuffle(plan)
        if r.random() < 0.7:
            empties = r.choice((0, 0, 1, 2))
            answers = taken[: number - empties] + [None] * empties
            if r.random() < 0.3:
                r.shuffle(answers)
        else:
            answers = r.choices((None, *elements), k=9)
        answers = iter([*answers, *[None] * 9])
        yield random_calls(
            r,
            plan,
            lambda f, argument: argument if f == model.insertion else next(answers),  # noqa: B023
            clients=r.randint(1, 5),
            doubt=r.choice((0.0, 0.0, 0.1, 0.3)),
        )


@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_containers_agree_with_the_definition_on_random_histories(model):
    r = random.Random(f"random {model.name}")
    compare(model, random_containers(model, r, HISTORIES))


def mutated(r: random.Random, calls, f: str):
    """The results of two operations `f` exchanged."""
    done = [call for call in calls if call.f == f and call.outcome == "ok"]
    if len(done) >= 2:
        one, other = r.sample(done, 2)
        one.result, other.result = other.result, one.result
    return calls


@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_containers_agree_with_the_definition_on_linearizable_histories_and_their_mutants(model):
    r = random.Random(f"mutants {model.name}")

    def histories():
        for _ in range(HISTORIES // 2):
            calls = linearizable_calls(
                r,
                model,
                container_draw(model, r.choice((0.4, 0.5, 0.7))),
                number=r.randint(3, 10),
                clients=r.randint(2, 5),
                doubt=r.choice((0.0, 0.1)),
            )
            yield mutated(r, calls, model.removal) if r.random() < 0.7 else calls

    compare(model, histories())


@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_long_histories_linearizable_by_construction_are_valid(model):
    r = random.Random(f"long {model.name}")
    for _ in range(HISTORIES // 60):
        calls = linearizable_calls(
            r, model, container_draw(model, 0.5), number=r.randint(50, 150), clients=r.randint(2, 8)
        )
        assert judged(model, calls) is True


@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_the_twin_agrees_with_all_permutations(model):
    r = random.Random(f"permutations {model.name}")
    for _ in range(HISTORIES // 40):
        calls = linearizable_calls(r, model, container_draw(model), number=5, clients=3)
        calls = mutated(r, calls, model.removal)
        assert by_definition(model, calls) == by_permutations(model, calls)


def random_registers(r: random.Random, histories: int, cas: float):
    for _ in range(histories):
        number = r.randint(1, 5)
        values, plan = list(range(1, number + 1)), []
        r.shuffle(values)
        for value in values:
            if r.random() < cas:
                plan.append(("cas", [r.choice((None, *values)), value]))
            else:
                plan.append(("write", r.choice((value, value, value, 99))))
        plan += [("read", None)] * r.randint(1, 4)
        r.shuffle(plan)
        pool = r.sample((None, *values), r.randint(1, min(3, number + 1)))
        yield random_calls(
            r,
            plan,
            lambda f, argument: r.choice(pool) if f == "read" else argument,  # noqa: B023
            clients=r.randint(1, 5),
            doubt=r.choice((0.0, 0.1, 0.4)),
        )


@pytest.mark.parametrize("cas", [0.0, 0.3, 0.7])
def test_registers_agree_with_the_definition_on_random_histories(cas):
    r = random.Random(f"registers {cas}")
    compare(models.cas_register(), random_registers(r, HISTORIES, cas), unusable=0.2)


@pytest.mark.parametrize("cas", [0.0, 0.4])
def test_registers_agree_with_the_definition_on_mutants(cas):
    r = random.Random(f"register mutants {cas}")
    model = models.cas_register()

    def histories():
        for _ in range(HISTORIES // 2):
            calls = linearizable_calls(
                r,
                model,
                register_draw(cas),
                number=r.randint(4, 10),
                clients=r.randint(2, 5),
                doubt=r.choice((0.0, 0.2)),
            )
            yield mutated(r, calls, "read") if r.random() < 0.6 else calls

    compare(model, histories(), unusable=0.1)


def test_long_register_histories_linearizable_by_construction_are_valid():
    r = random.Random("long registers")
    model = models.cas_register()
    for _ in range(HISTORIES // 60):
        calls = linearizable_calls(
            r, model, register_draw(0.3), number=120, clients=r.randint(2, 8), doubt=0.1
        )
        assert judged(model, calls) is True


def random_grow_only(r: random.Random, histories: int):
    for _ in range(histories):
        elements = list(range(r.randint(1, 4)))
        plan = [("add", element) for element in elements if r.random() < 0.9]
        plan += [("read", None)] * r.randint(0, 3)
        plan += [("contains", r.choice(elements)) for _ in range(r.randint(0, 3))]
        r.shuffle(plan)
        chain = r.random() < 0.8

        def answer(f, argument, chain=chain, elements=elements):
            if f == "contains":
                return r.random() < 0.5
            if f != "read":
                return argument
            size = r.randint(0, len(elements))
            return elements[:size] if chain else r.sample(elements, size)

        yield random_calls(r, plan, answer, clients=r.randint(1, 5), doubt=r.choice((0.0, 0.2)))


def test_grow_only_sets_agree_with_the_definition():
    counts = compare(
        models.a_set(), random_grow_only(random.Random("grow-only"), HISTORIES), unusable=0.0
    )
    assert counts[None] == 0


def test_sets_without_reads_of_everything_agree_with_the_definition():
    r = random.Random("element sets")

    def histories():
        for _ in range(HISTORIES):
            elements = list(range(r.randint(1, 2)))
            plan = [("add", e) for e in elements if r.random() < 0.9]
            plan += [("remove", e) for e in elements if r.random() < 0.8]
            plan += [("contains", r.choice(elements)) for _ in range(r.randint(1, 5))]
            r.shuffle(plan)
            bias = r.random()
            yield random_calls(
                r,
                plan,
                lambda f, argument: r.random() < bias if f == "contains" else argument,  # noqa: B023
                clients=r.randint(1, 6),
                doubt=r.choice((0.0, 0.2)),
            )

    compare(models.a_set(), histories(), unusable=0.0)


@pytest.mark.parametrize("amount", [1, 3, -2])
def test_counters_agree_with_the_definition(amount):
    r = random.Random(f"counters {amount}")
    model = models.counter(initial=4)

    def histories():
        for _ in range(HISTORIES // 2):
            plan = [("add", amount)] * r.randint(0, 5) + [("read", None)] * r.randint(1, 4)
            plan += [("add", 0)] * r.choice((0, 0, 1))
            r.shuffle(plan)
            most = r.randint(1, 5)
            yield random_calls(
                r,
                plan,
                lambda f, argument: 4 + amount * r.randrange(most) if f == "read" else argument,  # noqa: B023
                clients=r.randint(1, 5),
                doubt=r.choice((0.0, 0.1, 0.4)),
            )

    compare(model, histories(), unusable=0.0)


def test_counters_out_of_bounds_are_never_linearizable():
    r, model = random.Random("bounds"), models.counter(initial=4)
    counts = {(True, None): 0, (False, None): 0, (False, Anomaly): 0}
    for _ in range(HISTORIES // 2):
        plan = [("add", r.choice((1, 2, 5, -3))) for _ in range(r.randint(0, 4))]
        plan += [("read", None)] * r.randint(1, 3)
        r.shuffle(plan)
        calls = random_calls(
            r,
            plan,
            lambda f, argument: r.randint(0, 10) if f == "read" else argument,
            clients=r.randint(1, 4),
            doubt=r.choice((0.0, 0.2)),
        )
        found = counter_bounds(model, calls)
        counts[by_definition(model, calls), found and Anomaly] += 1
    assert min(counts.values()) > HISTORIES / 100, counts


@pytest.mark.parametrize("model", [*CONTAINERS, models.cas_register()], ids=lambda m: m.name)
def test_monitors_agree_with_the_general_search_on_longer_histories(model):
    """Too long for the definition; those on which the search takes too long are left out."""
    r, counts = random.Random(f"search {model.name}"), {True: 0, False: 0, None: 0}
    register = model not in CONTAINERS
    for _ in range(HISTORIES // 12):
        calls = linearizable_calls(
            r,
            model,
            register_draw(0.3) if register else container_draw(model, 0.55),
            number=r.randint(15, 40),
            clients=r.randint(2, 5),
            doubt=r.choice((0.0, 0.1)) if register else 0.0,
        )
        if r.random() < 0.6:
            calls = mutated(r, calls, "read" if register else model.removal)
        verdict = judged(model, calls)
        outcome = search(problem_of(model, calls), Budget(configurations=3_000))
        counts[None if outcome.exhausted else verdict] += 1
        assert outcome.exhausted or verdict is None or verdict == (outcome.order is not None)
    assert min(counts[True], counts[False]) > HISTORIES / 100, counts
