"""Queues whose elements are not all different: identical ones are interchangeable."""

import random
from pathlib import Path

from splitbrain.checkers import VALID, checker_for_model, load, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import verify, verify_order
from splitbrain.checkers.linearizability.monitors.repeated import repeated_elements

TRIALS = Path(__file__).parents[2] / "data" / "trials"
QUEUE = models.queue()


def test_one_element_that_is_there_twice_among_a_thousand_operations():
    history = load(TRIALS / "queue-one-duplicate-1k.jsonl.gz")
    verdict = checker_for_model("queue", budget=100_000).check(history)
    assert verdict.validity is VALID, verdict.reason
    assert "copies of elements were told apart" in verdict.cost["algorithm"]
    assert verify(QUEUE, history, verdict.certificate).complete


def random_queue(r, values, operations, *, right):
    """Calls by three clients of a queue; answers are those of a queue only if right."""
    events, busy, inside = [], {}, []
    while operations or busy:
        process = r.randrange(3)
        at = len(events)
        if process in busy:
            f, value, done = busy[process]
            if done is None:
                if f == "enqueue":
                    inside.append(value)
                    busy[process] = f, value, (value,)
                else:
                    taken = (inside.pop(0) if inside else None) if right else r.randrange(values)
                    busy[process] = f, value, (taken,)
                continue
            del busy[process]
            events.append(Operation(at, at, process, OK, f, done[0]))
        elif operations:
            operations -= 1
            f = r.choice(("enqueue", "dequeue"))
            value = r.randrange(values) if f == "enqueue" else None
            busy[process] = f, value, None
            events.append(Operation(at, at, process, INVOKE, f, value))
    return History.from_operations(events).calls()


def test_orders_that_are_found_are_orders_and_found_mostly():
    r, found = random.Random("repeated"), 0
    for _ in range(300):
        calls = random_queue(r, r.choice((2, 4)), r.randint(4, 40), right=True)
        result = repeated_elements(QUEUE, calls, None)
        if result is not None:
            verify_order(QUEUE, calls, result.order)
            found += 1
    assert found > 150


def test_what_is_no_queue_gets_no_order():
    r = random.Random("wrong")
    for _ in range(300):
        calls = random_queue(r, 3, r.randint(4, 20), right=False)
        result = repeated_elements(QUEUE, calls, None)
        if result is not None:
            verify_order(QUEUE, calls, result.order)
