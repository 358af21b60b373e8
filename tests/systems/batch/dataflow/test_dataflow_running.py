"""A run of a program: who is to do what, what counts, and what is made again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, When
from splitbrain.systems import registry
from splitbrain.systems.batch.dataflow.local import run_locally
from splitbrain.systems.batch.dataflow.running import Begun, Chunks, Running

LEASE, PATIENCE = 1.0, 0.4


def begun(running, *tasks, now=0.0):
    """Attempts of these tasks, by ``(step, partition, number)``."""
    for step, part, number in tasks:
        running.begin(step, part, (1, number), Begun(f"n{number}", now))


def test_a_step_begins_when_what_it_reads_is_there():
    words = Running("words", "a b\n", 0, 2)
    assert words.due(0.0, LEASE, PATIENCE) == [(0, 0), (0, 1)]

    begun(words, (0, 0, 1), (0, 1, 2))
    assert words.due(0.1, LEASE, PATIENCE) == []
    words.on_made(0, 0, (1, 1))
    assert words.due(0.1, LEASE, PATIENCE) == []
    words.on_made(0, 1, (1, 2))
    assert words.due(0.1, LEASE, PATIENCE) == [(1, 0), (1, 1)]
    assert words.sources(1, 0) == (((0, 0, (1, 1), "n1", "hash"), (0, 1, (1, 2), "n2", "hash")),)


def test_a_slow_attempt_gets_one_beside_it_and_the_first_that_ends_counts():
    words = Running("words", "a\n", 0, 1)
    begun(words, (0, 0, 1))
    assert words.due(0.5, LEASE, PATIENCE) == [(0, 0)]

    begun(words, (0, 0, 2), now=0.5)
    assert words.due(0.95, LEASE, PATIENCE) == []
    assert words.on_made(0, 0, (1, 2))
    assert not words.on_made(0, 0, (1, 1))
    assert words.tasks[0][0].made == ((1, 2), "n2")


def test_an_attempt_whose_lease_is_over_does_not_count():
    words = Running("words", "a\n", 0, 1)
    begun(words, (0, 0, 1))
    assert words.due(1.5, LEASE, PATIENCE) == [(0, 0)]

    assert not words.on_made(0, 0, (1, 1))


def test_what_is_lost_is_made_again_and_only_that():
    words = Running("words", "a b\n", 0, 2)
    begun(words, (0, 0, 1), (0, 1, 2))
    words.on_made(0, 0, (1, 1))
    words.on_made(0, 1, (1, 2))
    begun(words, (1, 0, 3), (1, 1, 4))
    words.on_chunk(1, (1, 4), 0, 1, (("b", 1),))

    words.on_missing(1, 0, (1, 3), (0, 1, (1, 2), "n2", "hash"))

    assert words.due(0.1, LEASE, PATIENCE) == [(0, 1)]
    assert words.output == [None, (("b", 1),)]


def test_rows_of_two_attempts_are_not_put_together():
    chunks = Chunks()

    assert chunks.take((1, 1), 0, 2, (1, 2)) is None
    assert chunks.take((1, 2), 1, 2, (3,)) is None
    assert chunks.take((1, 2), 1, 2, (3,)) is None
    assert chunks.take((1, 2), 0, 2, (1, 2)) == (1, 2, 3)


@pytest.mark.parametrize("workload", ["wordcount", "join"])
def test_simulated_workers_that_fail_make_what_a_real_pool_makes(workload):
    plan = Plan("dataflow", workload, nodes=4, seed=3, time_limit=4.0)
    faults = [{"id": "f1", "kind": "process.kill", "at": 1.0, "duration": 1.0}]
    plan = Plan.from_json({**plan.to_json(), "faults": faults})
    result = run(registry.experiment(plan), tracing=False)
    calls = [call for call in result.history.calls() if call.outcome == "ok"]
    table = [(c.argument[0], c.argument[1], c.result[2]) for c in calls if c.f == "add"]
    added = tuple((key, value) for key, value, _ in sorted(table, key=lambda row: row[2]))
    compared = 0
    with ThreadPoolExecutor(2) as pool:
        for call in calls:
            if call.f == "run":
                _, program, text = call.argument
                is_join = workload == "join"
                version = call.result["version"] if is_join else 0
                rows = call.result["rows"] if is_join else call.result
                made = run_locally(pool, program, text, added[:version], 3)
                assert [list(row) for row in made] == rows
                compared += 1
    assert compared > 20


def killed_when(*moments):
    """Servers die, for half a second, when they do these things for the so many-th time."""
    return tuple(
        Fault("process.kill", 0.0, 0.5, "itself", id=f"f{number}", when=When(*moment))
        for number, moment in enumerate(moments)
    )


PARTIAL_FETCHES = killed_when(*(("send", f"n{n}", 10 * n, False, "part") for n in (2, 3, 4)))
"""Each worker once, when it has handed out some of what others fetch of it."""

BETWEEN_STEPS = killed_when(
    ("fsync-end", "n1", 9), ("send", "n1", 60, False, "task"), ("fsync-begin", "n1", 40)
)
"""The coordinator between a sync and what follows it, between two tasks, and before a sync."""


@pytest.mark.parametrize(
    ("faults", "bug", "validity"),
    [
        (PARTIAL_FETCHES, None, VALID),
        (PARTIAL_FETCHES, "BAT-11", INVALID),
        (BETWEEN_STEPS, None, VALID),
    ],
)
def test_deaths_between_two_steps_lose_nothing(faults, bug, validity):
    plan = Plan("dataflow", "sessionise", bug=bug, nodes=4, seed=2, time_limit=6.0, faults=faults)

    assert run(registry.experiment(plan), tracing=False).validity is validity
