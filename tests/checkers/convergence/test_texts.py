"""Text that several edit: examples, a twin that tries all orders, mutants."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.convergence.texts import ENTRY, replicated_text
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.systems.replication.crdts.text import Text

FINAL = [(NEMESIS, "info", "phase", "final")]
DEAD = [(NEMESIS, "info", "answers", {"n1": "gone", "n2": "answered"})]


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def insert(process, letters, after=None, kind="ok"):
    value = [letters, after]
    return [(process, "invoke", "insert", value), (process, kind, "insert", value)]


def erase(process, letter, kind="ok"):
    return [(process, "invoke", "erase", letter), (process, kind, "erase", letter)]


def read(*letters, seen=None):
    """What has seen all that it says, unless told otherwise."""
    seen = {"all": seen or hash(letters) % 10**6}
    value = {"seen": seen, "letters": list(letters)}
    return [(9, "invoke", "read", None), (9, "ok", "read", value)]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([insert(1, [1, 2]), read(1, 2)], VALID, []),
        ([insert(1, [1, 2]), read(2, 1)], INVALID, ["reordered"]),
        ([insert(1, [1, 2]), insert(2, [3], 1), read(1, 3, 2)], VALID, []),
        ([insert(1, [1, 2]), insert(2, [3], 2), read(1, 3, 2)], INVALID, None),
        # Two runs typed into one gap at once may come in either order, and not mixed.
        ([insert(1, [1, 2]), insert(2, [3, 4]), read(3, 4, 1, 2)], VALID, []),
        ([insert(1, [1, 2]), insert(2, [3, 4]), read(1, 3, 2, 4)], INVALID, ["interleaved"]),
        # All replicas have one order, also of what is not there at the same time.
        ([insert(1, [1]), insert(2, [2]), read(1, 2), read(2, 1)], INVALID, ["reordered"]),
        (
            [insert(1, [1]), insert(2, [2]), insert(3, [3]), read(1, 2), read(2, 3), read(3, 1)],
            INVALID,
            ["reordered"],
        ),
        ([insert(1, [1]), insert(2, [2]), read(1, 2, seen=5), read(1, seen=5)], INVALID, None),
        ([insert(1, [1, 2]), read(1, 2, 1)], INVALID, ["duplicated"]),
        ([insert(1, [1, 2]), read(1, 2, 7)], INVALID, ["unexpected"]),
        ([insert(1, [1, 2], kind="fail"), read(1, 2)], INVALID, None),
        ([insert(1, [1, 2], kind="info"), read(1, 2)], VALID, []),
        ([insert(1, [1, 2, 3]), FINAL, read(1, 3)], INVALID, ["lost"]),
        ([insert(1, [1, 2, 3]), FINAL, DEAD, read(1, 3)], VALID, []),
        # Erased by two at once, of whom one was never answered.
        ([insert(1, [1, 2, 3]), erase(1, 1), erase(2, 1, "info"), FINAL, read(2, 3)], VALID, []),
        (
            [insert(1, [1, 2]), erase(1, 1), erase(2, 1, "info"), FINAL, read(1, 2)],
            INVALID,
            ["resurrected"],
        ),
        ([insert(1, [1, 2, 3]), erase(2, 2), FINAL, read(1, 3)], VALID, []),
        ([insert(1, [1, 2, 3]), erase(2, 2), FINAL, read(1, 2, 3)], INVALID, ["resurrected"]),
        ([insert(1, [1, 2, 3]), erase(2, 2, kind="info"), FINAL, read(1, 2, 3)], VALID, []),
        ([insert(1, [1]), read(1)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_replicated_text(parts, validity, kinds):
    verdict = replicated_text().check(history(*parts))

    found = [anomaly.kind for anomaly in verdict.anomalies]
    assert (verdict.validity, found) == (validity, found if kinds is None else kinds), verdict


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([insert(1, [1]), insert(2, [1])], "was typed before"),
        ([[(1, "invoke", "insert", 3)]], r"insert has \[letters, after\]"),
        ([[(1, "invoke", "read", None), (1, "ok", "read", [4])]], "read gives seen"),
    ],
)
def test_what_is_of_another_form_is_refused(parts, message):
    with pytest.raises(ModelError, match=message):
        replicated_text().check(history(*parts))


# A twin


def simulated(random: Random) -> list[Operation]:
    """Three replicas of a growable array, which hear of each other now and then."""
    texts, seen = [Text()] * 3, [frozenset()] * 3
    events, fresh = [], 0
    for _ in range(random.randrange(3, 12)):
        one = random.randrange(3)
        there = texts[one].letters
        if random.random() < 0.5 and fresh < 6:
            letters = list(range(fresh, min(6, fresh + random.randint(1, 2))))
            after = random.choice(there) if there and random.random() < 0.7 else None
            place = 0 if after is None else there.index(after) + 1
            texts[one] = texts[one].inserted(f"n{one}", place, letters)
            seen[one] |= {fresh}
            fresh += len(letters)
            events += insert(one, letters, after)
        elif there and random.random() < 0.2:
            place = random.randrange(len(there))
            texts[one] = texts[one].removed(place)
            seen[one] |= {100 + there[place]}
            events += erase(one, there[place])
        else:
            events += read(*there, seen=str(sorted(seen[one])))
        other = random.randrange(3)
        texts[other], seen[other] = texts[other].merged(texts[one]), seen[other] | seen[one]
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with what one read observed changed: two letters swapped, or one moved or added."""
    reads = [n for n, o in enumerate(operations) if o.f == "read" and o.type == "ok"]
    if not reads:
        return operations
    at = random.choice(reads)
    letters = list(operations[at].value["letters"])
    if len(letters) > 1 and random.random() < 0.7:
        letters.insert(random.randrange(len(letters)), letters.pop(random.randrange(len(letters))))
    else:
        letters.insert(random.randrange(len(letters) + 1), random.randrange(8))
    value = {**operations[at].value, "letters": letters}
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def twin(made: History) -> bool:
    """Whether some order of all letters has every read in it and every run behind its place, with
    nothing inside of a run that was not typed there."""
    calls = made.calls()
    runs = [c for c in calls if c.f == "insert" and c.outcome != "fail"]
    reads = [c for c in calls if c.f == "read" and c.outcome == "ok"]
    parent, begun = {}, {}
    for run in runs:
        for before, letter in pairwise([run.argument[1], *run.argument[0]]):
            parent[letter], begun[letter] = before, run.invoked
    states = {}
    for call in reads:
        letters = call.result["letters"]
        if len({*letters}) < len(letters) or any(
            begun.get(x, 99) > call.completed for x in letters
        ):
            return False
        if states.setdefault(str(call.result["seen"]), letters) != letters:
            return False
        for run in runs:
            for one, other in pairwise(run.argument[0]):
                if one in letters and other in letters:
                    for x in letters[letters.index(one) + 1 : letters.index(other)]:
                        while x is not None and x != one:
                            x = parent[x]
                        if x is None:
                            return False
    wanted = [call.result["letters"] for call in reads]
    wanted += [[b, x] for x, b in parent.items() if b is not None]
    for order in permutations(parent):
        place = {letter: n for n, letter in enumerate(order)}
        if all(place[a] < place[b] for each in wanted for a, b in pairwise(each)):
            return True
    return False


@pytest.mark.parametrize("seed", range(5))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed):
    random = Random(seed)
    checker, refuted = replicated_text(), 0
    for _ in range(80):
        operations = simulated(random)
        for events in (operations, mutated(operations, random)):
            made = History.from_operations(events)
            verdict = checker.check(made)

            assert bool(verdict.anomalies) == (not twin(made)), events
            assert not (events is operations and verdict.anomalies)
            refuted += verdict.validity is INVALID
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)
    assert 20 < refuted < 80


def test_a_forged_verdict_is_refuted():
    good = history(insert(1, [1, 2]), read(1, 2))
    bad = history(insert(1, [1, 2]), read(2, 1))
    valid, invalid = (replicated_text().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="shows reordered"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
