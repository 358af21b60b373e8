"""Several registers whose written values are all different: orders by SAT, run before believed."""

import random
from itertools import count

import pytest
from linearizability_twin import linearizable_by_sets

from splitbrain.checkers import UNKNOWN, VALID, linearizable, models
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.kernels import clock
from splitbrain.checkers.linearizability import Budget, serializing, verify, verify_order
from splitbrain.checkers.linearizability.limits import begun

REGISTERS = models.multi_register(initial=None)
HISTORIES = 150


def a_run(r, number, clients, registers=3, doubt=0.0):
    """Transactions that happen at once between their two events, or of which nobody hears."""
    events, busy, idle, held, values = [], {}, list(range(clients)), {}, count(1)

    def record(process, kind, value):
        events.append(Operation(len(events), len(events), process, kind, "txn", value))

    while number or busy:
        if number and idle and (not busy or r.random() < 0.6):
            process, number = idle.pop(r.randrange(len(idle))), number - 1
            some = r.sample(range(registers), r.randint(1, min(2, registers)))
            asked = [["w", k, next(values)] if r.random() < 0.5 else ["r", k, None] for k in some]
            record(process, INVOKE, asked)
            busy[process] = asked, None
            continue
        process = r.choice(list(busy))
        asked, told = busy[process]
        if told is None and r.random() >= doubt / 2:
            held |= {k: value for f, k, value in asked if f == "w"}
            busy[process] = asked, [[f, k, held.get(k)] for f, k, _ in asked]
            continue
        lost = told is None or r.random() < doubt / 2
        record(process, INFO if lost else OK, asked if lost else told)
        del busy[process]
        idle.append(process + clients if lost else process)
    return events


def mutated(r, events):
    """One read gives what another transaction wrote, or nothing."""
    told = [m for e in events if e.type == OK for m in e.value if m[0] == "r"]
    if told:
        r.choice(told)[2] = r.choice([None, r.randint(1, 4)])
    return events


def test_against_the_definition():
    r, counts, missed = random.Random("serial"), {True: 0, False: 0}, 0
    for _ in range(HISTORIES):
        events = mutated(r, a_run(r, r.randint(2, 6), 3, doubt=r.choice((0.0, 0.3))))
        calls = History.from_operations(events).calls()
        order = serializing.order_of(REGISTERS, calls, begun(Budget(seconds=60), None))
        expected = linearizable_by_sets(REGISTERS, calls)
        assert order is None or expected, events
        if order is not None:
            verify_order(REGISTERS, calls, order)
        else:
            missed += expected  # where hardly anything was read, say
        counts[expected] += 1
    assert min(counts.values()) > HISTORIES / 10, counts
    assert missed < counts[True] / 3


def test_many_clients_at_a_time_are_no_obstacle():
    history = History.from_operations(a_run(random.Random(1), 600, 30, registers=8))
    unlimited = linearizable(REGISTERS, budget=Budget(configurations=3_000)).check(history)
    assert unlimited.validity is UNKNOWN
    verdict = linearizable(REGISTERS, budget=Budget(seconds=60)).check(history)
    assert verdict.validity is VALID, verdict.reason
    assert verify(REGISTERS, history, verdict.certificate).complete


@pytest.mark.parametrize("value", [1, [1], None])
def test_values_that_are_not_told_apart_are_left_to_the_search(value):
    events = []
    for process in range(2):
        events.append(Operation(len(events), 0, process, INVOKE, "txn", [["w", "x", value]]))
    calls = History.from_operations(events).calls()
    limits = begun(Budget(seconds=60), None)
    assert serializing.order_of(REGISTERS, calls, limits) is None
    assert limits.deadline is not None
    assert limits.deadline > clock()
