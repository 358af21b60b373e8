"""Work, counted in configurations rather than in seconds."""

import random

import pytest
from linearizability_twin import draw_register, register_result, simulated_history

from splitbrain.checkers import INVALID, VALID, linearizable, models
from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import verify

REGISTER = models.cas_register()


def run(number: int, clients: int, doubt: float = 0.0, values: int = 5) -> History:
    draw, _ = draw_register(values)
    r = random.Random(f"{number} {clients}")
    return simulated_history(
        r, REGISTER, draw, register_result, number=number, clients=clients, doubt=doubt
    )


@pytest.mark.parametrize(
    ("number", "clients", "doubt", "values"),
    [(3_000, 5, 0.0, 5), (2_000, 10, 0.02, 5), (500, 20, 0.0, 5), (500, 10, 0.0, 1_000)],
)
def test_valid_runs_take_a_few_configurations_an_operation(number, clients, doubt, values):
    history = run(number, clients, doubt, values)
    verdict = linearizable(REGISTER, keyed=False).check(history)
    assert verdict.validity is VALID
    assert verdict.cost["configurations"] < 10 * number
    verify(REGISTER, history, verdict.certificate)


def test_one_stale_read_in_a_long_run_is_found():
    operations = list(run(2_000, 5))
    reads = [o for o in operations if o.type == OK and o.f == "read"]
    reads[len(reads) // 2].value = "long gone"
    operations[0:0] = [
        Operation(0, 0, 900, INVOKE, "write", "long gone"),
        Operation(1, 0, 900, OK, "write", "long gone"),
    ]
    for index, operation in enumerate(operations):
        operation.index = index
    verdict = linearizable(REGISTER, keyed=False).check(History.from_operations(operations))
    assert verdict.validity is INVALID
    assert verdict.anomalies[0].kind == "stale-read"
    assert len(verdict.anomalies[0].details["window"]) == 3


def test_indeterminate_writes_nobody_sees_cost_nothing():
    operations: list[Operation] = []

    def add(process, kind, f, value):
        at = len(operations)
        operations.append(Operation(at, at, process, kind, f, value))

    for i in range(300):
        add(1_000 + i, INVOKE, "write", f"unseen {i}")
        add(0, INVOKE, "write", i)
        add(0, OK, "write", i)
        add(0, INVOKE, "read", None)
        add(0, OK, "read", i)
    verdict = linearizable(REGISTER).check(History.from_operations(operations))
    assert verdict.validity is VALID
    assert verdict.cost["configurations"] <= 600


def appended(rounds: int, clients: int, *, lost: int) -> History:
    """Rounds of a put and many appends, all at once, and a get; the last gets lack some appends."""
    r, operations = random.Random(f"{rounds} {clients}"), []

    def add(process, kind, f, value):
        at = len(operations)
        operations.append(Operation(at, at, process, kind, f, value))

    for number in range(rounds):
        add(0, INVOKE, "put", "")
        appends = [(p, f"{number}.{p} ") for p in range(1, clients)]
        for process, value in appends:
            add(process, INVOKE, "append", value)
        r.shuffle(appends)
        add(0, OK, "put", "")
        for process, value in appends:
            add(process, OK, "append", value)
        # The put took effect after a quarter of the appends.
        seen = [value for _, value in appends[clients // 4 :]]
        if number == rounds - 1:
            add(1, INVOKE, "append", "last ")
            add(1, OK, "append", "last ")
            seen = [*seen, "last "][: len(seen) + 1 - lost]
        add(0, INVOKE, "get", None)
        add(0, OK, "get", "".join(seen))
    return History.from_operations(operations)


@pytest.mark.slow
@pytest.mark.parametrize(("lost", "validity"), [(0, VALID), (1, INVALID), (2, INVALID)])
def test_many_appends_at_once_cost_no_more_than_what_was_read_of_them(lost, validity):
    history = appended(10, 40, lost=lost)
    verdict = linearizable(models.kv()).check(history)
    assert verdict.validity is validity
    assert verdict.cost["configurations"] < 20 * len(history)
    verify(models.kv(), history, verdict.certificate)


def test_deep_histories_need_no_recursion():
    operations = []
    for i in range(20_000):
        operations.append(Operation(2 * i, i, 0, INVOKE, "write" if i % 2 else "read", i % 7))
        value = i % 7 if i % 2 else (i - 1) % 7 if i else None
        operations.append(Operation(2 * i + 1, i, 0, OK, "write" if i % 2 else "read", value))
    assert linearizable(REGISTER).check(History.from_operations(operations)).validity is VALID


def test_a_counter_out_of_bounds_is_found_without_trying_sums():
    """Additions of 30 amounts at once have 2**30 sums; a read beyond them all needs none."""
    operations: list[Operation] = []

    def add(process, kind, f, value):
        operations.append(Operation(len(operations), len(operations), process, kind, f, value))

    for i in range(30):
        add(i, INVOKE, "add", 3**i)
    add(99, INVOKE, "read", None)
    add(99, OK, "read", 3**30)
    for i in range(30):
        add(i, OK, "add", 3**i)
    verdict = linearizable(models.counter()).check(History.from_operations(operations))
    assert verdict.validity is INVALID
    assert verdict.cost["algorithm"].startswith("bounds of a counter")
    assert verdict.anomalies[0].details["window"] == [30]


@pytest.mark.slow
def test_the_order_of_a_deep_queue_is_verified():
    """100,000 elements inside at once: a copy of them for each step would be gigabytes."""
    number = 100_000
    steps = [("enqueue", i, i) for i in range(number)] + [
        ("dequeue", None, i) for i in range(number)
    ]
    events = [
        Operation(2 * at + done, 2 * at + done, 0, OK if done else INVOKE, f, (value, answer)[done])
        for at, (f, value, answer) in enumerate(steps)
        for done in (0, 1)
    ]
    history = History.from_operations(events)
    verdict = linearizable(models.queue()).check(history)
    assert verdict.validity is VALID
    verify(models.queue(), history, verdict.certificate)
