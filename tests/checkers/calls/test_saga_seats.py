"""Who is refused since no seat was left met a day that was full: examples, and a twin."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.checkers import INVALID, VALID
from splitbrain.checkers.calls.sagas import NO_SEAT, saga
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation

SEATS = 2


def history(orders, **lines):
    """Orders by number, each with its day and the error that it was refused with, if it was; then
    what the services did."""
    operations = []
    for number, (day, error) in orders.items():
        value = [number, day]
        operations += [("invoke", "order", value, None)]
        operations += [("fail" if error else "ok", "order", value, error)]
    told = {name: [list(line) for line in done] for name, done in lines.items()}
    operations += [("invoke", "audit", None, None), ("ok", "audit", told, None)]
    return History.from_operations(
        [Operation(i, i, 0, *rest[:3], error=rest[3]) for i, rest in enumerate(operations)]
    )


def did(*numbers):
    return [(number, "did") for number in numbers]


def undone(number):
    return [(number, "did"), (number, "undid")]


FULL = {1: (5, None), 2: (5, None)}


@pytest.mark.parametrize(
    ("orders", "a", "b", "valid"),
    [
        pytest.param({**FULL, 3: (5, NO_SEAT)}, did(1, 2), did(1, 2), True, id="full"),
        pytest.param({**FULL, 3: (6, NO_SEAT)}, did(1, 2), did(1, 2), False, id="another day"),
        pytest.param(
            {**FULL, 3: (6, None), 4: (6, NO_SEAT)},
            [*did(1, 2), *did(3)],
            [*did(1, 2), *did(3)],
            False,
            id="one of two",
        ),
        pytest.param(
            {**FULL, 3: (6, None), 4: (6, "silent"), 5: (6, NO_SEAT)},
            [*did(1, 2), *undone(4), *did(3)],
            did(1, 2, 3),
            False,
            id="a seat that was given back",
        ),
        pytest.param(
            {**FULL, 3: (6, None), 4: (6, "silent"), 5: (6, NO_SEAT)},
            [*did(1, 2, 3), *undone(4)],
            did(1, 2, 3),
            True,
            id="a seat that was given back later",
        ),
        pytest.param({**FULL, 3: (6, "silent")}, did(1, 2), did(1, 2), True, id="not for a seat"),
        pytest.param({1: (5, None), 3: (6, NO_SEAT)}, did(1), [], None, id="one never had any"),
    ],
)
def test_refusals(orders, a, b, valid):
    verdict = saga().check(history(orders, a=a, b=b))

    found = [each.kind for each in verdict.anomalies if each.kind == "refused-while-free"]
    assert bool(found) == (valid is False)
    if valid is not None:
        assert verdict.validity is (VALID if valid else INVALID)


def booked(random, *, leaks):
    """Orders at two services one after the other, of which each has so many seats a day."""
    taken = {name: [0] * 3 for name in "ab"}
    lines, orders = {"a": [], "b": []}, {}
    for number in range(random.randrange(4, 14)):
        day, gave_up = random.randrange(3), random.random() < 0.3
        orders[number] = (day, "silent" if gave_up else None)
        for name in "ab":
            if taken[name][day] == SEATS:
                orders[number] = (day, NO_SEAT)
                break
            taken[name][day] += 1
            lines[name].append((number, "did"))
        for name in "ab" if orders[number][1] else "":
            if (number, "did") in lines[name]:
                lines[name].append((number, "undid"))
                taken[name][day] -= not leaks
    return orders, lines


def twin(orders, lines):
    """Refused orders whose day was at each service less taken, in every prefix, than some other."""

    def held(name, day, length):
        last = dict(lines[name][:length])
        return sum(what == "did" and orders[n][0] == day for n, what in last.items())

    def most(name, day):
        return max(held(name, day, length) for length in range(len(lines[name]) + 1))

    if not all(lines.values()):
        return set()
    seats = {name: max(most(name, day) for day in range(3)) for name in lines}
    return {
        number
        for number, (day, error) in orders.items()
        if error == NO_SEAT and all(most(name, day) < seats[name] for name in lines)
    }


@pytest.mark.parametrize("leaks", [False, True])
def test_the_checker_agrees_with_its_twin(leaks):
    random, seen = Random(5), 0
    for _ in range(400):
        orders, lines = booked(random, leaks=leaks)
        verdict = saga().check(history(orders, **lines))
        found = [a.message for a in verdict.anomalies if a.kind == "refused-while-free"]

        assert {int(message.split()[1]) for message in found} == twin(orders, lines)
        seen += bool(found)
    assert (seen > 40) if leaks else (seen == 0)
