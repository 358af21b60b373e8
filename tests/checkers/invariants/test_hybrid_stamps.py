"""Stamps of hybrid logical clocks: examples, a twin that compares all pairs, mutants."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.invariants.stamps import hybrid_stamps
from splitbrain.checkers.models import ModelError
from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp, TooFarAheadError

AHEAD = 10


def history(*events):
    made = (
        Operation(i, i, server, "info", "stamped", value)
        for i, (server, value) in enumerate(events)
    )
    return History.from_operations(made)


def stamped(server, stamp, heard=None, now=0, start=0):
    told = {"stamp": list(stamp), "heard": heard and list(heard), "now": now, "from": start}
    return server, {**told, "ahead": AHEAD}


@pytest.mark.parametrize(
    ("events", "validity", "kinds"),
    [
        ([stamped("a", (5, 0), now=5), stamped("b", (5, 1), (5, 0), now=3)], VALID, []),
        ([stamped("a", (5, 0), now=5), stamped("b", (4, 0), (5, 0), now=4)], INVALID,
         ["before-its-cause"]),
        ([stamped("a", (5, 0), now=5), stamped("a", (5, 0), now=5)], INVALID, ["went-back"]),
        ([stamped("a", (20, 0), now=20), stamped("b", (20, 1), (20, 0), now=5)], INVALID,
         ["dragged"]),
        # Its own clock had shown that before it was set back; or it goes on from there.
        ([stamped("b", (20, 0), now=20), stamped("b", (20, 1), (15, 0), now=5)], VALID, []),
        ([stamped("b", (20, 1), (15, 0), now=5, start=20), stamped("b", (20, 2), now=6)], VALID,
         []),
        ([stamped("a", (5, 0), now=5), stamped("b", (6, 0), now=6)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)  # fmt: skip
def test_hybrid_stamps(events, validity, kinds):
    verdict = hybrid_stamps().check(history(*events))

    assert (verdict.validity, [anomaly.kind for anomaly in verdict.anomalies]) == (validity, kinds)


def test_what_is_of_another_form_is_refused():
    with pytest.raises(ModelError, match="stamped has"):
        hybrid_stamps().check(history(("a", {"stamp": 5})))


# A twin


def simulated(random: Random):
    """Servers whose clocks are off, and are set back; they hear each other's stamps."""
    times = {"a": 0, "b": random.randrange(30)}
    clocks = {
        name: HybridClock(lambda name=name: times[name], AHEAD) for name in times
    }  # fmt: skip
    events, last = [], HybridStamp(0, 0)
    for _ in range(random.randrange(3, 12)):
        name = random.choice("ab")
        times[name] += random.choice((0, 1, 5, -4))
        heard = last if random.random() < 0.5 and last.wall else None
        try:
            stamp = clocks[name].receive(heard) if heard else clocks[name].tick()
        except TooFarAheadError:
            continue
        events.append(stamped(name, stamp, heard, times[name]))
        last = stamp if random.random() < 0.6 else last
    return events


def mutated(events, random: Random):
    at = random.randrange(len(events))
    server, value = events[at]
    field = random.choice(("stamp", "now"))
    by = random.choice((-1, 1, -15, 15))
    changed = value[field] + by if field == "now" else [value["stamp"][0] + by, value["stamp"][1]]
    return [*events[:at], (server, {**value, field: changed}), *events[at + 1 :]]


def twin(events) -> bool:
    """Whether each stamp keeps its promise to each event before it."""
    for n, (server, value) in enumerate(events):
        own = [v for s, v in events[: n + 1] if s == server]
        if value["heard"] and not tuple(value["stamp"]) > tuple(value["heard"]):
            return False
        if any(tuple(v["stamp"]) >= tuple(value["stamp"]) for v in own[:-1]):
            return False
        if all(max(v["now"], v["from"]) + AHEAD < value["stamp"][0] for v in own):
            return False
    return True


def test_the_checker_agrees_with_its_twin():
    random, refuted, tried = Random(7), 0, 0
    for _ in range(1_000):
        events = simulated(random)
        for each in (events, mutated(events, random) if events else events):
            found = hybrid_stamps().check(history(*each)).validity is INVALID

            assert found == (not twin(each)), each
            assert not (each is events and found)
            refuted, tried = refuted + found, tried + 1
    assert tried / 10 < refuted < tried / 2
