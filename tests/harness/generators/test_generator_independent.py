"""One generator for each of many keys."""

from collections import defaultdict

import pytest
from generator_simulator import ops, simulate, told, values

from splitbrain.checkers.history.operation import FAIL, OK
from splitbrain.harness.generators import (
    GeneratorError,
    any_of,
    concurrent_keys,
    limit,
    on_clients,
    phases,
    repeat,
    sequential_keys,
    until_ok,
)

READ = {"f": "read"}


def test_sequential_keys_are_one_after_the_other():
    history = values(simulate(sequential_keys(["x", "y"], lambda key: ops(1, 2))))

    assert history == [["x", 1], ["x", 2], ["y", 1], ["y", 2]]


def test_the_generator_may_depend_on_the_key():
    history = values(simulate(sequential_keys([1, 2], lambda key: ops(*range(key)))))

    assert history == [[1, 0], [2, 0], [2, 1]]


def test_groups_of_clients_work_on_keys_of_their_own():
    source = concurrent_keys(2, range(5), lambda key: limit(4, repeat(READ)))
    clients = defaultdict(set)
    for _, process, _, (key, _) in told(simulate(source, clients=6)):
        clients[key].add(process // 2)

    assert clients.keys() == set(range(5))
    assert all(len(groups) == 1 for groups in clients.values())
    assert [clients[key] for key in range(3)] == [{0}, {1}, {2}]


def test_every_key_is_worked_to_its_end():
    source = concurrent_keys(2, range(7), lambda key: ops(1, 2, 3))
    history = values(simulate(source, clients=4))

    assert sorted(history) == [[key, value] for key in range(7) for value in (1, 2, 3)]


def test_keys_without_end():
    source = concurrent_keys(1, range(10**12), lambda key: ops(1))

    assert sorted(values(simulate(source, clients=2, most=6)))[-1] == [5, 1]


def test_clients_left_over_do_nothing():
    source = concurrent_keys(2, range(4), lambda key: ops(1, 2))

    assert {event[1] for event in told(simulate(source, clients=5))} == {0, 1, 2, 3}


def test_fewer_keys_than_groups():
    assert values(simulate(concurrent_keys(1, ["x"], lambda key: ops(1)), clients=3)) == [["x", 1]]


def test_keys_with_nothing_to_do_are_skipped():
    source = concurrent_keys(3, range(4), lambda key: ops(1) if key == 2 else None)

    assert values(simulate(source)) == [[2, 1]]


def test_a_keys_generator_sees_its_own_events_without_the_key():
    seen = []

    class Watching:
        def next(self, context):
            return None if seen else (repeat(READ).next(context)[0], self)

        def update(self, context, event):
            seen.append(event.value)
            return self

    simulate(sequential_keys(["x"], lambda key: Watching()), clients=1)

    assert seen
    assert set(seen) == {None}


def test_a_keys_generator_does_not_see_other_keys_events():
    def outcome(invocation):
        return OK if invocation.value[0] == "x" else FAIL

    source = concurrent_keys(1, ["x", "y"], lambda key: limit(3, until_ok(repeat(READ))))
    history = values(simulate(source, clients=2, outcome=outcome))

    assert history.count(["x", None]) == 1
    assert history.count(["y", None]) == 3


def test_a_key_synchronizes_its_group_alone():
    source = concurrent_keys(1, ["x", "y"], lambda key: phases(ops(1), ops(2)))
    both = any_of(on_clients([0, 1], source), on_clients([2], repeat(READ, 50)))

    times = [event[0] for event in told(simulate(both)) if event[2] == "write"]

    assert times == [0, 0, 10, 10]


def test_too_few_clients_are_refused():
    with pytest.raises(GeneratorError, match="needs 4 clients a key, and there are 3"):
        simulate(concurrent_keys(4, range(3), lambda key: READ))
    with pytest.raises(ValueError, match="give at least 1"):
        concurrent_keys(0, range(3), lambda key: READ)
