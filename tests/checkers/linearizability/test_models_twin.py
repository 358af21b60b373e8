"""Every model's histories, judged by the checker and by the definition.

``simulate`` makes histories that are linearizable by construction: each operation takes effect at
one moment, and its answer is one that the model accepts there. Mutants have one answer changed.
"""

import random
from dataclasses import replace

import pytest
from linearizability_twin import HISTORIES, histories, linearizable_by_sets, random_history
from models_twin import DRAWN, VARIANTS

from splitbrain.checkers import INVALID, VALID, linearizable, models
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import Budget, verify_order
from splitbrain.checkers.linearizability.mutex_anomalies import counted
from splitbrain.checkers.linearizability.parts import parts_of
from splitbrain.checkers.linearizability.problem import problem_of
from splitbrain.checkers.linearizability.searching import search


def judged(model, calls):
    """Whether the calls are linearizable, the order re-checked."""
    problem = problem_of(model, calls)
    outcome = search(problem, Budget())
    assert not outcome.exhausted
    if outcome.order is not None:
        verify_order(model, calls, [problem.calls[i].invoke_index for i in outcome.order])
    return outcome.order is not None


def agree(model, history) -> bool:
    parts = parts_of(model, history, keyed=False)
    (part,) = parts.parts
    expected = linearizable_by_sets(parts.model, part.calls)
    assert judged(parts.model, part.calls) == expected, (parts.model, list(history))
    return expected


@pytest.mark.parametrize("name", DRAWN)
def test_random_histories(name):
    r, counts = random.Random(name), {True: 0, False: 0}
    for i in range(histories(5)):
        history = random_history(r, *DRAWN[name], most=r.choice((3, 5, 7)))
        counts[agree(VARIANTS[name][i % len(VARIANTS[name])], history)] += 1
    assert min(counts.values()) > sum(counts.values()) / 50, counts


def simulated(r, model, draw, answer, *, number, clients, doubt):
    """A linearizable history: answers are drawn until the model accepts one."""
    operations: list[Operation] = []
    processes, idle, busy = list(range(clients)), list(range(clients)), []
    state = model.initial

    def record(process, kind, f, value):
        at = len(operations)
        operations.append(Operation(at, at * 1_000_000, process, kind, f, value))

    while number or busy:
        if number and idle and (not busy or r.random() < 0.4):
            client = idle.pop(r.randrange(len(idle)))
            f, argument = draw(r)
            record(processes[client], INVOKE, f, argument)
            busy.append([client, f, argument, None])
            number -= 1
            continue
        entry = r.choice(busy)
        client, f, argument, done = entry
        if done is None:
            trials = [answer(r, f, argument) for _ in range(8)]
            steps = [(t, model.step(state, taken(r, f, argument, t))) for t in trials]
            steps = [(t, after) for t, (fits, after) in steps if fits]
            if steps and r.random() >= doubt:
                entry[3], state = steps[0]
                entry[3] = (entry[3],)
                continue
            if steps and r.random() < 0.5:  # it takes effect, and nobody is told
                state = steps[0][1]
            if r.random() < 0.5:
                record(processes[client], INFO, f, argument)
            processes[client] += clients
        else:
            record(processes[client], OK, f, done[0])
        busy.remove(entry)
        idle.append(client)
    return History.from_operations(operations)


def taken(r, f, argument, result):
    """The call as it will be recorded."""
    events = [Operation(0, 0, 0, INVOKE, f, argument), Operation(1, 1, 0, OK, f, result)]
    return History.from_operations(events).calls()[0]


@pytest.mark.parametrize("name", DRAWN)
def test_histories_that_are_linearizable_by_construction_and_their_mutants(name):
    r, counts = random.Random(f"simulated {name}"), {True: 0, False: 0}
    draw, answer = DRAWN[name]
    model = VARIANTS[name][-1]
    for _ in range(HISTORIES // 60):
        doubt = r.choice((0.0, 0.1, 0.3))
        history = simulated(
            r, model, draw, answer, number=r.randint(4, 12), clients=r.randint(2, 4), doubt=doubt
        )
        assert judged(model, history.calls()), list(history)
        operations = list(history)
        completions = [at for at, o in enumerate(operations) if o.type == OK]
        if completions:
            at = r.choice(completions)
            victim = operations[at]
            asked = next(
                o.value for o in operations[at::-1] if o.process == victim.process and o != victim
            )
            operations[at] = replace(victim, value=answer(r, victim.f, asked))
            counts[agree(model, History.from_operations(operations))] += 1
    assert counts[True], counts
    assert counts[False] or name in ("mutex", "semaphore"), counts  # their answers say nothing


# A user's own model.


class Semaphore:
    """Two permits: nothing but what a model needs."""

    initial = 2

    def step(self, state, call):
        return (state > 0, state - 1) if call.f == "take" else (state < 2, state + 1)


def taking(takes: int) -> History:
    operations = []
    for process in range(takes):
        operations.append(Operation(2 * process, 0, process, INVOKE, "take"))
        operations.append(Operation(2 * process + 1, 0, process, OK, "take"))
    return History.from_operations(operations)


@pytest.mark.parametrize(("takes", "validity"), [(1, VALID), (2, VALID), (3, INVALID)])
def test_a_model_of_ones_own(takes, validity):
    verdict = linearizable(models.own(Semaphore)).check(taking(takes))
    assert verdict.validity is validity
    assert verdict.checker == "linearizable(Semaphore)"


def test_a_model_that_fails_names_the_operation():
    class Broken:
        initial = None

        def step(self, state, call):
            return True, state + 1

    with pytest.raises(
        models.ModelError, match=r"^operation 0: the model Broken fails in state null"
    ):
        linearizable(models.own(Broken)).check(taking(1))
    with pytest.raises(ValueError, match="it has no initial and no step"):
        models.own(object())


def test_a_users_copy_of_a_model_gives_the_same_verdicts():
    class Plain:
        name, initial, per_key = "plain counter", 0, False
        step = models.counter().step

        def pure(self, f):
            return False

        def check(self, call):
            pass

        def describe(self, call):
            return call.f

    r = random.Random("own")
    for _ in range(HISTORIES // 30):
        calls = random_history(r, *DRAWN["counter"], most=7).calls()
        assert judged(Plain(), calls) == judged(models.counter(), calls)


def test_what_counting_says_of_a_mutex_is_so():
    r, counts = random.Random("counted"), {"held-twice": 0, "released-twice": 0, None: 0}
    for _ in range(HISTORIES // 2):
        calls = random_history(r, *DRAWN["mutex"], most=7).calls()
        found = counted(calls)
        assert found is None or not linearizable_by_sets(models.mutex(), calls), (found, calls)
        counts[found and found[0]] += 1
    assert min(counts.values()) > 10, counts


def test_the_window_of_a_mutex_leaves_out_what_came_long_before():
    operations = []
    for at, f in enumerate(["acquire", "release"] * 40 + ["acquire", "acquire"]):
        operations.append(Operation(2 * at, at, at % 3, INVOKE, f))
        operations.append(Operation(2 * at + 1, at, at % 3, OK, f))
    verdict = linearizable(models.mutex()).check(History.from_operations(operations))
    assert verdict.validity is INVALID
    assert verdict.anomalies[0].details["window"] == [160, 162]
    assert verdict.anomalies[0].details["linearized"] == 81


@pytest.mark.parametrize("name", DRAWN)
def test_a_replay_answers_as_the_steps_do(name):
    r, answers = random.Random(f"replay {name}"), {True: 0, False: 0}
    for i in range(HISTORIES // 10):
        history = random_history(r, *DRAWN[name], most=12)
        parts = parts_of(VARIANTS[name][i % len(VARIANTS[name])], history, keyed=False)
        model, (part,) = parts.model, parts.parts
        run, state = models.replay(model), model.initial
        for call in part.calls:
            fits, after = model.step(state, call)
            state = after if fits else state
            assert run.apply(call) == fits, (model, state, call)
            assert run.state == state
            answers[fits] += 1
    assert min(answers.values()) > 10, answers
