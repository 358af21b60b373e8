"""Total queue: nothing is lost, invented or repeated."""

from itertools import product
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.collections import total_queue
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def one(process, f, argument, kind, result):
    return [(process, "invoke", f, argument), (process, kind, f, result)]


def put(value, kind="ok"):
    return one(0 if kind == "ok" else 3, "enqueue", value, kind, value)


def take(value, kind="ok"):
    return one(1 if kind == "ok" else 4, "dequeue", None, kind, value)


def drain(*values, kind="ok"):
    return one(2 if kind == "ok" else 5, "drain", None, kind, list(values) or None)


def emptied():
    return one(2, "drain", None, "ok", [])


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([put(1), put(2), take(1), drain(2)], VALID, []),
        ([put(1), put(2), drain(2, 1)], VALID, []),
        ([put(1, "info"), put(2), drain(2, 1)], VALID, []),
        ([put(1, "info"), put(2), drain(2)], VALID, []),
        ([put(1), put(1), take(1), drain(1)], VALID, []),
        ([put(1), put(2), drain(1)], INVALID, ["lost"]),
        ([put(1), put(1), take(1), emptied()], INVALID, ["lost"]),
        ([put(1), take(1), take(1), emptied()], INVALID, ["duplicated"]),
        ([put(1), take(2), drain(1)], INVALID, ["unexpected"]),
        ([take(1), put(1), emptied()], INVALID, ["unexpected"]),
        ([put(1, "fail"), take(1), emptied()], INVALID, ["unexpected"]),
        # What an indeterminate removal took, nobody knows.
        ([put(1), put(2), take(None, "info"), drain(1)], UNKNOWN, []),
        ([put(1), put(2), put(3), take(None, "info"), drain(3)], INVALID, ["lost", "lost"]),
        ([put(1), put(2), drain(kind="info"), emptied()], UNKNOWN, []),
        ([put(1), take(1), put(2)], UNKNOWN, []),  # never drained
        ([put(1), drain(1), put(2)], VALID, []),  # 2 may be there still
        ([emptied()], UNKNOWN, []),
        ([put(1, "info"), drain(1)], UNKNOWN, []),  # nothing was acknowledged
        ([], UNKNOWN, []),
    ],
)
def test_total_queue(parts, validity, kinds):
    verdict = total_queue().check(history(*(event for part in parts for event in part)))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def test_a_queue_may_promise_to_deliver_at_least_once():
    events = [*put(1), *take(1), *take(1), *emptied()]

    assert total_queue(at_least_once=True).check(history(*events)).validity is VALID


def test_an_anomaly_names_the_operations():
    verdict = total_queue().check(history(*put(1), *put(2), *drain(1)))

    assert verdict.anomalies[0].operations == (2, 3)
    assert verdict.reason == (
        "1 lost; 2 was enqueued by process 0, and nobody ever took it, though the queue was "
        "drained afterwards"
    )


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (one(0, "push", 1, "ok", 1), "push is no operation of a queue"),
        (one(0, "drain", None, "ok", 1), "a drain gives a list of elements"),
    ],
)
def test_what_is_no_queue_is_refused(events, message):
    with pytest.raises(ModelError, match=message):
        total_queue().check(history(*events))


# Against every course that what is in doubt may have taken, on small sequential histories.


def small(random):
    """A few operations ``[f, argument, type, result]`` of a bag of a's and b's, one of whose
    observations is perhaps changed."""
    bag, events = [], []
    for _ in range(random.randrange(1, 7)):
        kind = random.choice(("ok", "ok", "ok", "info", "fail"))
        happens = kind == "ok" or (kind == "info" and random.random() < 0.5)
        f = random.choice(("enqueue", "enqueue", "dequeue", "drain"))
        if f == "enqueue":
            value = random.choice("ab")
            bag += [value] * happens
            events.append([f, value, kind, value])
            continue
        random.shuffle(bag)
        taken = bag[: 1 if f == "dequeue" else None] if happens else []
        del bag[: len(taken)]
        result = taken if f == "drain" else (taken or [None])[0]
        events.append([f, None, kind, result if kind == "ok" else None])
    observed = [event for event in events if event[0] != "enqueue" and event[2] == "ok"]
    if observed and random.random() < 0.6:
        event = random.choice(observed)
        lists = [[], ["a"], ["b"], ["a", "b"], ["a", "a"]]
        event[3] = random.choice(["a", "b", None] if event[0] == "dequeue" else lists)
    return events


def possible(events):
    """Whether some course explains what was observed."""
    anything = [["a"] * i + ["b"] * j for i in range(4) for j in range(4)]
    choices = {"enqueue": None, "dequeue": [[], ["a"], ["b"]], "drain": anything}
    courses = [
        (choices[f] or [[], [argument]]) if kind == "info" else [[]]
        for f, argument, kind, _ in events
    ]
    return any(explains(events, course) for course in product(*courses))


def explains(events, course):
    held = {"a": 0, "b": 0}
    for (f, _, kind, result), doubtful in zip(events, course, strict=True):
        values = doubtful if kind == "info" else result if f == "drain" else [result]
        for value in values if kind != "fail" else ():
            if value is not None:
                held[value] += 1 if f == "enqueue" else -1
        drained = f == "drain" and kind == "ok"
        if min(held.values()) < 0 or (drained and any(held.values())):
            return False
    return True


def check(events):
    calls = (one(i, *event[:2], *event[2:]) for i, event in enumerate(events))
    return total_queue().check(history(*(event for call in calls for event in call)))


def test_twin_what_is_called_invalid_has_no_explanation():
    random, invalid = Random(5), 0
    for _ in range(4000):
        events = small(random)
        verdict = check(events)
        if verdict.validity is INVALID:
            invalid += 1
            assert not possible(events), (events, verdict.reason)
    assert invalid > 400


def test_twin_what_is_called_valid_has_an_explanation_if_no_order_is_asked_for():
    random, valid = Random(6), 0
    for _ in range(4000):
        enqueues = [e for e in small(random) if e[0] == "enqueue"]
        removals = [e for e in small(random) if e[0] == "dequeue"]
        left = random.choice([[], ["a"], ["b"], ["a", "b"]])
        events = [*enqueues, *removals, ["drain", None, "ok", left]]
        if check(events).validity is VALID:
            valid += 1
            assert possible(events), events
    assert valid > 100
