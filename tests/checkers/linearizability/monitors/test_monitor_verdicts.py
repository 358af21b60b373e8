"""What monitors say of histories, and of broken ones."""

import os
import random
import subprocess
import sys

import pytest
from monitor_histories import (
    CONTAINERS,
    HISTORIES,
    by_definition,
    calls_of,
    check,
    container_draw,
    linearizable_calls,
    register_draw,
)

from splitbrain.checkers import kernels, models
from splitbrain.checkers.linearizability import verify_order
from splitbrain.checkers.linearizability.monitors import (
    choose,
)

QUEUE, STACK, PRIORITIES = CONTAINERS
REGISTER, SET, COUNTER = models.cas_register(), models.a_set(), models.counter()


BROKEN = {
    "first in, not first out": (
        QUEUE,
        [(0, 1, "enqueue", 1), (2, 3, "enqueue", 2), (4, 5, "dequeue", 0, 2)],
        "nonlinearizable",
        "overtook it: 1 was never taken",
    ),
    "taken twice": (
        QUEUE,
        [(0, 1, "enqueue", 1), (2, 3, "dequeue", 0, 1), (4, 5, "dequeue", 0, 1)],
        "duplicated",
        "took the same element",
    ),
    "taken, never put in": (STACK, [(0, 1, "pop", 0, 1)], "unexpected", "nobody can have put in"),
    "taken before it was put in": (
        PRIORITIES,
        [(0, 1, "delete-min", 0, 1), (2, 3, "insert", 1)],
        "unexpected",
        "completed at 1.000 s, before process 1's insert 1 (operation 2) began",
    ),
    "empty while one of two was inside": (
        QUEUE,
        [
            (0, 1, "enqueue", 1),
            (3, 4, "enqueue", 2),
            (2, 8, "dequeue", 0, None),
            (6, 7, "dequeue", 0, 1),
        ],
        "nonlinearizable",
        "found nothing, but at every moment of it 1 or 2 was inside",
    ),
    "last in, not first out": (
        STACK,
        [(0, 1, "push", 1), (2, 3, "push", 2), (4, 5, "pop", 0, 1), (6, 7, "pop", 0, 2)],
        "nonlinearizable",
        "there was always one of 1 or 2 on the stack",
    ),
    "the greater before the lesser": (
        PRIORITIES,
        [(0, 1, "insert", [1, "a"]), (2, 3, "insert", [2, "b"]), (4, 5, "delete-min", 0, [2, "b"])],
        "nonlinearizable",
        'a lesser element was inside: [1, "a"]',
    ),
    "a stale read": (
        REGISTER,
        [(0, 1, "write", 1), (2, 3, "write", 2), (4, 5, "read", 0, 1)],
        "stale-read",
        "overwritten",
    ),
    "a circle of cas": (
        REGISTER,
        [(0, 3, "cas", [1, 2]), (1, 4, "cas", [2, 1])],
        "nonlinearizable",
        "in a circle",
    ),
    "two cas from one value": (
        REGISTER,
        [(0, 3, "cas", [None, 2]), (1, 4, "cas", [None, 1])],
        "lost-update",
        "cas",
    ),
    "reads that cross": (
        SET,
        [
            (0, 9, "add", 1),
            (1, 8, "add", 2),
            (2, 3, "read", 0, [1]),
            (4, 5, "read", 0, [2]),
        ],
        "nonlinearizable",
        "each list an element that the other lacks",
    ),
    "an acknowledged element missing": (
        SET,
        [(0, 1, "add", 1), (2, 3, "read", 0, [])],
        "nonlinearizable",
        "disagree about when 1 was added",
    ),
    "seen, then not": (
        SET,
        [
            (0, 1, "add", 1),
            (2, 9, "remove", 1),
            (3, 4, "contains", 1, False),
            (5, 6, "contains", 1, True),
        ],
        "nonlinearizable",
        "fits the 2 lookups of 1",
    ),
    "more than was added": (
        COUNTER,
        [(0, 1, "add", 1), (2, 3, "read", 0, 2)],
        "nonlinearizable",
        "saw 2 additions of 1, but only 1 had begun",
    ),
    "less than was acknowledged": (
        COUNTER,
        [(0, 1, "add", 1), (2, 3, "add", 1), (4, 5, "read", 0, 1)],
        "nonlinearizable",
        "saw 1 additions, but when it began at least 2 had taken effect",
    ),
    "no sum at all": (
        COUNTER,
        [(0, 1, "add", 2), (0, 3, "read", 0, 1)],
        "nonlinearizable",
        "is not what any number of additions of 2 makes of 0",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_histories_are_explained(name):
    model, operations, kind, sentence = BROKEN[name]
    result = check(model, *operations)
    assert not result.valid
    assert result.anomaly.kind == kind
    assert sentence in result.anomaly.message
    assert result.anomaly.operations


def test_sentences_name_the_key():
    chosen = choose(STACK, calls_of((0, 1, "pop", 0, 1)))
    assert chosen.check(key="x").anomaly.message.startswith('key "x": process 0\'s pop → 1')


def test_results_name_the_algorithm_and_its_preconditions():
    cost = check(REGISTER, (0, 1, "write", 1)).cost
    assert cost["algorithm"].startswith("zones")
    assert "written at most once" in cost["preconditions"]


def mutants(model, seed, draw, removal, number=12):
    r = random.Random(seed)
    for _ in range(HISTORIES // 6):
        calls = linearizable_calls(r, model, draw(), number=number, clients=r.randint(2, 6))
        done = [call for call in calls if call.f == removal]
        if len(done) >= 2:
            one, other = r.sample(done, 2)
            one.result, other.result = other.result, one.result
        yield calls


@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_the_operations_of_an_anomaly_alone_have_no_linearization(model):
    sizes = {}
    for calls in mutants(model, "windows", lambda: container_draw(model, 0.6), model.removal):
        result = choose(model, calls).check()
        if result.valid:
            continue
        window = result.anomaly.details["window"]
        sizes[len(window)] = sizes.get(len(window), 0) + 1
        assert not by_definition(model, [call for call in calls if call.invoke_index in window])
    assert len(sizes) >= 3, sizes


def test_the_operations_of_a_register_anomaly_alone_have_no_linearization():
    broken = 0
    for calls in mutants(REGISTER, "windows", lambda: register_draw(0.3), "read"):
        result = choose(REGISTER, calls).check()
        if result.valid:
            continue
        broken += 1
        window = result.anomaly.details["window"]
        assert not by_definition(REGISTER, [call for call in calls if call.invoke_index in window])
    assert broken > 20


@pytest.mark.slow
@pytest.mark.skipif(not kernels.numba_installed(), reason="numba is not installed")
@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_compiled_kernels_say_what_interpreted_ones_say(model, monkeypatch):
    for calls in mutants(model, "compiled", lambda: container_draw(model, 0.6), model.removal, 40):
        monkeypatch.setenv(kernels.SWITCH, "interpreted")
        interpreted = choose(model, calls).check()
        monkeypatch.setenv(kernels.SWITCH, "compiled")
        assert choose(model, calls).check() == interpreted


def test_deep_stacks_take_no_more_than_shallow_ones():
    """One inside the other 3,000 times: blocks are nested as deeply."""
    depth = 3_000
    pushes = [(i, i + 0.25, "push", i) for i in range(depth)]
    pops = [(2 * depth - i, 2 * depth - i + 0.25, "pop", None, i) for i in range(depth)]
    calls = calls_of(*pushes, *pops)
    result = choose(STACK, calls).check()
    assert list(result.order) == [call.invoke_index for call in calls]


@pytest.mark.parametrize("model", CONTAINERS, ids=lambda model: model.name)
def test_large_histories_are_valid_until_two_removals_are_exchanged(model):
    r = random.Random(f"large {model.name}")
    calls = linearizable_calls(r, model, container_draw(model, 0.45), number=8_000, clients=12)
    result = choose(model, calls).check()
    verify_order(model, calls, result.order)
    done = [call for call in calls if call.f == model.removal and call.result is not None]
    one, other = done[1_000], done[-1_000]
    one.result, other.result = other.result, one.result
    assert not choose(model, calls).check().valid


def test_what_is_said_of_sets_does_not_depend_on_how_strings_are_hashed():
    """Of several elements that were lost, the same one is named in every process."""
    program = (
        "from splitbrain.checkers import models\n"
        "from splitbrain.checkers.history import History, Operation\n"
        "from splitbrain.checkers.linearizability.monitors import choose\n"
        "words = [f'element {i}' for i in range(40)]\n"
        "events = [(kind, 'add', w) for w in words for kind in ('invoke', 'ok')]\n"
        "events += [('invoke', 'read', None), ('ok', 'read', [])]\n"
        "events += [('invoke', 'read', None), ('ok', 'read', words)]\n"
        "history = History.from_operations(\n"
        "    Operation(i, i, 0, *event) for i, event in enumerate(events))\n"
        "print(choose(models.a_set(), history.calls()).check().anomaly.message)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert "disagree about when" in said.pop()
