"""Equal replicas, equal homes, repairs that end: what the checkers say beside twins that read the
definitions off the events, on drawn histories and on right ones of which one observation changed.

The twins share no code with the checkers or with what checks their verdicts again.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, INVOKE, NEMESIS, OK, History, Operation
from splitbrain.checkers.registry import entry_named

FINAL = (NEMESIS, INFO, "phase", "final")
VALUES = (1, 2, True, "1", None, [1], {"y": 1})


def recorded(events, gap=1):
    return History.from_operations(Operation(i, i * gap, *event) for i, event in enumerate(events))


def asked(process, f, argument, *result):
    ended = (OK, result[0]) if result else (INFO, argument)
    return [(process, INVOKE, f, argument), (process, ended[0], f, ended[1])]


def same(one, other):
    """Equality of JSON values, where true is not one, and a key that is missing is not null."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def same_elements(one, other):
    """Whether one list can be brought into the order of the other, taking element by element."""
    left = list(other)
    for element in one:
        at = next((n for n, each in enumerate(left) if same(element, each)), None)
        if at is None:
            return False
        del left[at]
    return not left


# Replicas


def state(draw):
    kind = draw.random()
    if kind < 0.6:
        return {key: draw.choice(VALUES) for key in draw.sample("wxyz", draw.randrange(4))}
    if kind < 0.9:
        return [draw.choice(VALUES) for _ in range(draw.randrange(4))]
    return draw.choice(VALUES)


def replicas(draw):
    """Servers that mostly have one state; some are silent, gone, or were asked before."""
    nodes = [f"n{i + 1}" for i in range(draw.randrange(1, 6))]
    right, events = state(draw), []
    for process, node in enumerate(nodes):
        if draw.random() < 0.2:
            events += asked(10 + process, "replica-state", node, [node, state(draw)])
        if draw.random() < 0.85:
            events += asked(process, "replica-state", node, [node, copied(right)])
        else:
            events += asked(process, "replica-state", node)
    if draw.random() < 0.3:
        gone = draw.sample(nodes, draw.randrange(len(nodes) + 1))
        events.append((NEMESIS, INFO, "answers", {n: "gone" if n in gone else "ok" for n in nodes}))
    return events


def copied(value):
    if isinstance(value, dict):
        return {key: copied(each) for key, each in reversed(value.items())}
    return [copied(each) for each in value] if isinstance(value, list) else value


def replicas_by_definition(events):
    there, away = {}, set()
    for _, kind, f, value in events:
        if f == "replica-state" and kind == INVOKE:
            away.add(value)
        elif f == "replica-state" and kind == OK:
            there[value[0]] = value[1]
    silent = away - there.keys()
    told = [e[3] for e in events if e[2] == "answers"]
    gone = {node for value in told for node, did in value.items() if did == "gone"} - there.keys()
    if len(there) < 2:
        return UNKNOWN
    if not all(same(one, other) for one in there.values() for other in there.values()):
        return UNKNOWN if len(there) <= len(silent | gone) else INVALID
    return UNKNOWN if silent else VALID


def mutated_replicas(events, draw):
    """One of the last answers has one place changed."""
    answers = [n for n, event in enumerate(events) if event[1] == OK]
    at = draw.choice(answers)
    process, kind, f, (node, had) = events[at]
    now = copied(had)
    if isinstance(now, dict):
        now[draw.choice("wxyz")] = draw.choice((*VALUES, "new"))
    elif isinstance(now, list) and now and draw.random() < 0.5:
        now.pop(draw.randrange(len(now)))
    elif isinstance(now, list):
        now.insert(draw.randrange(len(now) + 1), draw.choice(VALUES))
    else:
        now = draw.choice(VALUES)
    return [*events[:at], (process, kind, f, [node, now]), *events[at + 1 :]]


# Homes


def homes(draw):
    events = [FINAL] if draw.random() < 0.95 else []
    if draw.random() < 0.3:
        events = [*asked(9, "homes", ["x", None], ["x", {"n1": [1], "n2": [2]}]), *events]
    for process in range(draw.randrange(1, 5)):
        key = draw.choice("xyz")
        values = [draw.choice(VALUES) for _ in range(draw.randrange(4))]
        names = draw.sample(("n1", "n2", "n3"), draw.choice((1, 2, 2, 3, 3)))
        told = {name: draw.sample(values, len(values)) for name in names}
        events += asked(process, "homes", [key, None], [key, told])
    return events


def homes_by_definition(events):
    at = events.index(FINAL) if FINAL in events else len(events)
    last = {e[3][0]: e[3][1] for n, e in enumerate(events) if n > at and e[1] == OK}
    for told in last.values():
        if not all(same_elements(a, b) for a in told.values() for b in told.values()):
            return INVALID
    return VALID if last and all(len(told) > 1 for told in last.values()) else UNKNOWN


def mutated_homes(events, draw):
    """One home of one answer has one value more, less, or another one."""
    at = draw.choice([n for n, event in enumerate(events) if event[1] == OK])
    process, kind, f, (key, told) = events[at]
    home = draw.choice(sorted(told))
    values = list(told[home])
    if values and draw.random() < 0.6:
        values.pop(draw.randrange(len(values)))
    if draw.random() < 0.6:
        values.append(draw.choice(VALUES))
    return [*events[:at], (process, kind, f, [key, {**told, home: values}]), *events[at + 1 :]]


# Repairs


def repairs(draw):
    """Events a hundred milliseconds apart."""
    events = [("n1", INFO, "repair", {"to": "n2", "cells": 1}) for _ in range(draw.randrange(5))]
    events += [("n2", INFO, "owns", {})] * draw.randrange(4, 9)
    return [*events, FINAL] if draw.random() < 0.9 else events


def repairs_by_definition(events):
    """In tenths of a second, as drawn: five of them are too few."""
    sent = [n for n, event in enumerate(events) if event[2] == "repair"]
    if not sent or FINAL not in events:
        return UNKNOWN
    return INVALID if any(n + 5 > events.index(FINAL) for n in sent) else VALID


def mutated_repairs(events, draw):
    """One more is sent at some time."""
    at = draw.randrange(len(events) + 1)
    return [*events[:at], ("n3", INFO, "repair", {"to": "n1", "cells": 2}), *events[at:]]


CASES = {
    "converged": (replicas, replicas_by_definition, mutated_replicas, 1),
    "homes-converged": (homes, homes_by_definition, mutated_homes, 1),
    "repair-ends": (repairs, repairs_by_definition, mutated_repairs, 10**8),
}


@pytest.mark.parametrize("runs", [80, pytest.param(2_000, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", CASES)
def test_the_checker_says_what_its_twin_says_of_drawn_histories_and_of_mutants(name, runs):
    drawn, twin, mutated, gap = CASES[name]
    checker, seen = entry_named(name).make(), Counter()
    for seed in range(runs):
        draw = Random(f"{name}/{seed}")
        events = drawn(draw)
        answered = name == "repair-ends" or any(event[1] == OK for event in events)
        for made in (events, mutated(events, draw)) if answered else (events,):
            expected = twin(made)
            seen[expected] += 1
            assert checker.check(recorded(made, gap)).validity is expected, made
    assert min(seen[each] for each in (VALID, INVALID, UNKNOWN)) > runs / 10, seen
