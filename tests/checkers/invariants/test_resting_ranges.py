"""Ranges that are merged and split again for ever are no rest; evening out is."""

from collections import Counter
from itertools import groupby
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.resting import at_rest

WHOLE, LEFT, RIGHT, MIDDLE = [["", None]], [["", "m"]], [["m", None]], [["c", "m"]]
SECOND = 1_000_000_000


def verdict_of(told, measured=4):
    """Of a system that is left alone from second 10 on; told are seconds, servers and ranges."""
    rest = {"messages": 0, "servers": {}}
    events = [(10 + n, "nemesis", "rest", rest) for n in range(measured)]
    events += [(at, server, "owns", {"ranges": ranges}) for at, server, ranges in told]
    events.append((13, "nemesis", "phase", "final"))
    events.sort(key=lambda event: event[0])
    return at_rest().check(
        History.from_operations(
            Operation(n, round(at * SECOND), who, INFO, f, value)
            for n, (at, who, f, value) in enumerate(events)
        )
    )


ROUND = [(11.2, "n1", WHOLE), (11.4, "n1", LEFT), (11.6, "n1", WHOLE), (11.8, "n1", LEFT)]
THIRD = (12.0, "n1", WHOLE)


@pytest.mark.parametrize(
    ("told", "validity", "blamed"),
    [
        ([], VALID, ()),
        (ROUND, VALID, ()),
        ([*ROUND, THIRD], INVALID, (11.2, 11.6, 12.0)),
        # By then nobody is left alone any more, or not yet.
        ([*ROUND, (13.5, "n1", WHOLE)], VALID, ()),
        ([(10.5, "n1", WHOLE), *ROUND], VALID, ()),
        # Another server's; the same once more, as a server tells that comes again.
        ([*ROUND, (12.0, "n2", WHOLE)], VALID, ()),
        ([(11.2, "n1", WHOLE), (11.4, "n1", WHOLE), (11.6, "n1", WHOLE)], VALID, ()),
        # Much moves, and nothing comes back.
        ([(11 + n / 10, "n1", [["", f"{n}"]]) for n in range(1, 20)], VALID, ()),
    ],
)
def test_who_returns_to_the_same_ranges_again_and_again_goes_round(told, validity, blamed):
    found = verdict_of(told)

    assert found.validity is validity, found.reason
    events = sorted([10, 11, 12, 13, *[at for at, _, _ in told], 13])
    assert [tuple(events[n] for n in a.operations) for a in found.anomalies] == (
        [blamed] if blamed else []
    )


def test_nothing_is_said_of_who_was_not_measured():
    assert verdict_of([*ROUND, THIRD], measured=2).validity is UNKNOWN


@pytest.mark.parametrize("seed", range(20))
def test_the_verdict_is_that_of_a_count(seed):
    rng = Random(seed)
    told = sorted(
        (round(rng.uniform(11.01, 12.99), 3), rng.choice(("n1", "n2")), rng.choice((LEFT, MIDDLE)))
        for _ in range(rng.randint(0, 12))
    )
    counts = Counter(
        (server, str(ranges))
        for server in ("n1", "n2")
        for ranges, _ in groupby(ranges for _, who, ranges in told if who == server)
    )

    assert (verdict_of(told).validity is INVALID) == (max(counts.values(), default=0) >= 3)
