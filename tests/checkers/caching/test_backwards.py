"""Reads through one cache don't go back: examples, a twin by the definition, mutants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.caching import cache_monotonic
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation


def event(process, kind, f, *value):
    return process, kind, f, list(value)


def write(value, kind="ok"):
    process = 10 + value
    return event(process, "invoke", "write", "x", value), event(process, kind, "write", "x", value)


def read(value, process=1):
    return event(process, "invoke", "read", "x", None), event(process, "ok", "read", "x", value)


def made(*events):
    return History.from_operations(Operation(i, i, *each) for i, each in enumerate(events))


W1, W2 = write(1), write(2)


@pytest.mark.parametrize(
    ("events", "validity"),
    [
        ([*W1, *W2, *read(1), *read(2)], VALID),
        ([*W1, *W2, *read(2), *read(1)], INVALID),
        ([*W1, *W2, *read(2), *read(1, process=2)], UNKNOWN),
        ([*W1, *read(1), *read(None)], INVALID),
        ([*W1, *W2, *read(2), *read(2), *read(1)], INVALID),
        # Writes that overlap have no order; nor has one of unknown outcome.
        ([W1[0], W2[0], W1[1], W2[1], *read(2), *read(1)], VALID),
        ([*write(1, "info"), *W2, *read(2), *read(1)], VALID),
        ([], UNKNOWN),
    ],
)
def test_cache_monotonic(events, validity):
    verdict = cache_monotonic().check(made(*events))

    assert verdict.validity is validity, verdict
    assert {a.kind for a in verdict.anomalies} <= {"backwards"}


def simulated(random: Random) -> list[tuple]:
    """Writes one after the other, some of them open for a while; each process has a cache of its
    own, which looks back but never goes back."""
    events, held, written, open_writes = [], {}, [None], []
    for value in range(random.randrange(2, 7)):
        invoked, done = write(value, random.choice(["ok", "ok", "ok", "info"]))
        events.append(invoked)
        open_writes.append(done)
        written.append(value)
        while open_writes and random.random() < 0.8:
            events.append(open_writes.pop(0))
        for process in random.choices((1, 2), k=random.randrange(4)):
            # What overlaps may come in any order at the store, which here is that of invocation.
            held[process] = random.randint(held.get(process, 0), len(written) - 1)
            events += read(written[held[process]], process)
    return events + open_writes


def twin(operations: list[Operation]) -> set[int]:
    """The reads that go back, by looking at all pairs of reads and of writes."""
    ends = {(o.process, o.value[1]): o for o in operations if o.type == "ok" and o.f == "write"}
    starts = {o.value[1]: o for o in operations if o.type == "invoke" and o.f == "write"}
    reads = [o for o in operations if o.type == "ok" and o.f == "read"]
    found = set()
    for late in reads:
        for early in reads:
            if early.process != late.process or early.index >= late.index:
                continue
            new, old = early.value[1], late.value[1]
            if new not in starts:
                continue
            end = ends.get((10 + old, old)) if old is not None else None
            if old is None or (end is not None and end.index < starts[new].index):
                found.add(late.index)
    return found


def test_the_checker_agrees_with_its_twin():
    random, broken = Random(1), 0
    for _ in range(500):
        events = simulated(random)
        right = list(made(*events))
        assert not cache_monotonic().check(History.from_operations(right)).anomalies
        reads = [n for n, o in enumerate(right) if o.type == "ok" and o.f == "read"]
        if not reads:
            continue
        at, value = random.choice(reads), random.choice([None, 0, 1, 2])
        mutant = [replace(o, value=["x", value]) if n == at else o for n, o in enumerate(right)]
        history = History.from_operations(mutant)
        verdict = cache_monotonic().check(history)
        shown_alone(cache_monotonic(), history, verdict)
        found = verdict.anomalies
        broken += bool(found)

        assert {a.operations[-1] for a in found} == twin(mutant), mutant
    assert broken > 60
