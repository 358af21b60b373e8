"""Permits that expire are not held at rest."""

from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.invariants.permits import permits_end

MINE = ["election", "c1", 7, False]
OTHERS = ["semaphore", "c1", 8, False]


def at_rest(*events):
    """Of pairs of a time in seconds and what came: a phase, a leader's term, or what a replica said
    that it holds."""
    operations = []
    for time, what in events:
        at = round(time * 1e9)
        match what:
            case str(phase):
                operations.append((at, "nemesis", INFO, "phase", phase))
            case int(term):
                operations.append((at, "n1", INFO, "leader", {"term": term}))
            case list(permits):
                answer = ["n1", {"permits": permits, "values": []}]
                operations.append((at, 0, INVOKE, "replica-state", "n1"))
                operations.append((at, 0, OK, "replica-state", answer))
    return History.from_operations(Operation(i, *each) for i, each in enumerate(operations))


@pytest.mark.parametrize(
    ("events", "validity", "found"),
    [
        ([(8, "settle"), (11, [])], VALID, []),
        ([(8, "settle"), (11, [OTHERS])], VALID, []),
        ([(8, "settle"), (11, [MINE, OTHERS])], INVALID, [(1,)]),
        ([(8, "settle"), (11, [MINE]), (11.1, [MINE])], INVALID, [(1,), (3,)]),
        ([(2, 1), (8, "settle"), (11, [MINE])], INVALID, [(2,)]),
        ([(8, "settle"), (9, [MINE])], UNKNOWN, []),
        ([(8, "settle"), (10, 2), (11, [MINE])], UNKNOWN, []),
        ([(8, "heal"), (11, [MINE])], UNKNOWN, []),
        ([(8, "settle")], UNKNOWN, []),
    ],
    ids=(
        "none is held",
        "one that does not expire",
        "one that does",
        "two replicas say so",
        "after a leader of long ago",
        "not for long enough",
        "a new leader measures anew",
        "the run ended before",
        "no replica said anything",
    ),
)
def test_permits(events, validity, found):
    verdict = permits_end(("election",), within_s=2.0).check(at_rest(*events))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, found)


def test_the_checker_agrees_with_a_twin_that_looks_at_all_pairs():
    random, seen = Random(3), set()
    for _ in range(800):
        begins = [("settle", random.uniform(0, 8))] if random.random() < 0.9 else []
        begins += [(n, random.uniform(0, 10)) for n in range(random.randrange(3))]
        states = [
            (random.uniform(8, 13), random.choice(([], [OTHERS], [MINE], [MINE, OTHERS])))
            for _ in range(random.randrange(4))
        ]
        events = sorted([(at, what) for what, at in begins] + states, key=lambda each: each[0])

        # Pair by pair: who holds one, and all that it has to be late enough after.
        held = [at for at, permits in states if MINE in permits]
        settled = any(what == "settle" for what, _ in begins)
        late = [at for at in held if settled and all(at - b >= 2.0 for _, b in begins)]
        wanted = INVALID if late else UNKNOWN if held or not states else VALID
        seen.add(wanted)

        verdict = permits_end(("election",), within_s=2.0).check(at_rest(*events))

        assert (verdict.validity, len(verdict.anomalies)) == (wanted, len(late)), events
    assert seen == {VALID, INVALID, UNKNOWN}
