"""Histories that were linearizable until somebody changed what operations observed.

Running a model gives only histories that some model could give. Changing observations gives those
that none does: results permuted, lost, repeated, and swapped between keys.
"""

import random
from dataclasses import replace

import pytest
from linearizability_twin import histories, linearizable_by_sets, merged
from models_twin import DRAWN, VARIANTS
from test_models_twin import agree, simulated

from splitbrain.checkers import INVALID, VALID, linearizable, models
from splitbrain.checkers.history import INFO, OK, History
from splitbrain.checkers.linearizability import verify
from splitbrain.checkers.linearizability.parts import parts_of


def observations(operations, model):
    """Completions whose value says something: of operations that weren't given it."""
    takes = getattr(model, "takes_value", lambda f: False)
    return [at for at, o in enumerate(operations) if o.type == OK and not takes(o.f)]


def permuted(r, operations, seen):
    """What two operations of the same name observed, exchanged."""
    one = r.choice(seen)
    other = r.choice([at for at in seen if operations[at].f == operations[one].f])
    values = operations[one].value, operations[other].value
    operations[other] = replace(operations[other], value=values[0])
    operations[one] = replace(operations[one], value=values[1])


def repeated(r, operations, seen):
    """What one observed is seen by another too."""
    one = r.choice(seen)
    other = r.choice([at for at in seen if operations[at].f == operations[one].f])
    operations[other] = replace(operations[other], value=operations[one].value)


def dropped(r, operations, seen):
    """What was observed stays unknown, or a list has lost an element."""
    at = r.choice(seen)
    value = operations[at].value
    if isinstance(value, list) and value and operations[at].f == "read":
        value = [each for i, each in enumerate(value) if i != r.randrange(len(value))]
        operations[at] = replace(operations[at], value=value)
    elif all(o.process != operations[at].process for o in operations[at + 1 :]):
        operations[at] = replace(operations[at], type=INFO)


def reversed_list(r, operations, seen):
    """A list as observed, in another order or with an element twice."""
    at = r.choice(seen)
    value = operations[at].value
    if isinstance(value, list) and len(value) > 1 and operations[at].f == "read":
        value = value[::-1] if r.random() < 0.7 else [*value, value[0]]
        operations[at] = replace(operations[at], value=value)
    else:
        permuted(r, operations, seen)


CHANGES = (permuted, repeated, dropped, reversed_list)


def one(r, name):
    draw, answer = DRAWN[name]
    model = VARIANTS[name][-1]
    doubt = r.choice((0.0, 0.0, 0.2))
    size = {"number": r.randint(4, 10), "clients": r.randint(2, 4), "doubt": doubt}
    return model, simulated(r, model, draw, answer, **size)


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"mutex", "semaphore", "multi-register"}))
def test_changed_observations_are_judged_as_the_definition_does(name):
    r, counts = random.Random(f"observations {name}"), {True: 0, False: 0}
    for _ in range(histories(15)):
        model, history = one(r, name)
        operations = list(history)
        seen = observations(operations, model)
        if not seen:
            continue
        for _ in range(r.choice((1, 1, 2))):
            seen = observations(operations, model)
            if seen:
                r.choice(CHANGES)(r, operations, seen)
        if not readable(model, operations):
            continue  # a set's read has an element twice: refused as no recording of a set
        counts[agree(model, History.from_operations(operations))] += 1
    assert min(counts.values()) > 5, counts


def readable(model, operations):
    try:
        parts_of(model, History.from_operations(operations), keyed=False)
    except models.ModelError:
        return False
    return True


def test_observations_of_transactions_that_were_exchanged_between_them():
    r, counts = random.Random("observations txn"), {True: 0, False: 0}
    for _ in range(histories(15)):
        model, history = one(r, "multi-register")
        operations = list(history)
        reads = [
            (at, i)
            for at, o in enumerate(operations)
            if o.type == OK
            for i, micro in enumerate(o.value)
            if micro[0] == "r"
        ]
        if len(reads) < 2:
            continue
        (a, i), (b, j) = r.sample(reads, 2)
        first, second = operations[a].value[i][2], operations[b].value[j][2]
        for at, which, value in ((a, i, second), (b, j, first)):
            micros = [list(micro) for micro in operations[at].value]
            micros[which][2] = value
            operations[at] = replace(operations[at], value=micros)
        counts[agree(model, History.from_operations(operations))] += 1
    assert min(counts.values()) > 5, counts


@pytest.mark.parametrize("name", ["queue", "counter", "set", "stack"])
def test_observations_that_were_swapped_between_keys(name):
    """Each key alone may be right, and both wrong once their answers are exchanged."""
    r, counts = random.Random(f"keys {name}"), {True: 0, False: 0}
    for _ in range(histories(30)):
        (model, first), (_, second) = one(r, name), one(r, name)
        operations = list(merged([first, second]))
        seen = observations(operations, model)
        sides = [[at for at in seen if operations[at].value[0] == key] for key in (0, 1)]
        pairs = [(a, b) for a in sides[0] for b in sides[1] if operations[a].f == operations[b].f]
        if not pairs:
            continue
        a, b = r.choice(pairs)
        values = operations[a].value[1], operations[b].value[1]
        operations[a] = replace(operations[a], value=[0, values[1]])
        operations[b] = replace(operations[b], value=[1, values[0]])
        history = History.from_operations(operations)
        parts = parts_of(model, history, keyed=True).parts
        expected = all(linearizable_by_sets(model, part.calls) for part in parts)
        verdict = linearizable(model, keyed=True).check(history)
        if verdict.validity not in (VALID, INVALID):
            continue  # nothing that observes is left
        assert (verdict.validity is VALID) == expected
        assert verify(model, history, verdict.certificate, keyed=True).complete
        counts[expected] += 1
    assert min(counts.values()) > 2, counts
