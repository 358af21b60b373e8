"""No concurrent write is lost: examples, a twin that tries all that may have happened, mutants."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.convergence import homes_converged, no_lost_concurrent_write
from splitbrain.checkers.convergence.concurrent_writes import ENTRY
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

FINAL = [(NEMESIS, "info", "phase", "final")]

DEAD = [(NEMESIS, "info", "answers", {"n1": "gone", "n2": "answered"})]


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def write(value, *over, kind="ok"):
    argument, process = ["x", [value, list(over)]], value + 10
    return [(process, "invoke", "write", argument), (process, kind, "write", argument)]


def remove(*over, kind="ok"):
    argument, process = ["x", list(over)], over[0] + 100
    return [(process, "invoke", "remove", argument), (process, kind, "remove", argument)]


def read(*values):
    return [(2, "invoke", "read", ["x", None]), (2, "ok", "read", ["x", list(values)])]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        # Two carts written at once are both there, until one who has read them joins them.
        ([write(1), write(2), FINAL, read(1, 2)], VALID, []),
        ([write(1), write(2), FINAL, read(2)], INVALID, ["lost"]),
        ([write(1), write(2), write(3, 1, 2), FINAL, read(3)], VALID, []),
        ([write(1), write(2), write(3, 1), FINAL, read(3)], INVALID, ["lost"]),
        ([write(1), write(2, 1), FINAL, read(1, 2)], INVALID, ["resurrected"]),
        ([write(1), remove(1), FINAL, read()], VALID, []),
        ([write(1), remove(1), FINAL, read(1)], INVALID, ["resurrected"]),
        # A replica may be behind before the end.
        ([write(1), write(2), read(2), FINAL, read(1, 2)], VALID, []),
        ([write(1), read(7), FINAL, read(1)], INVALID, ["unexpected"]),
        ([write(1), read(1, 1), FINAL, read(1)], INVALID, ["duplicated"]),
        ([write(1), read(2), write(2), FINAL, read(1, 2)], INVALID, ["unexpected"]),
        # What ended in doubt may have happened or not, and all of it or nothing.
        ([write(1), write(2, 1, kind="info"), FINAL, read(1)], VALID, []),
        ([write(1), write(2, 1, kind="info"), FINAL, read(2)], VALID, []),
        ([write(1), write(2, 1, kind="info"), FINAL, read()], INVALID, ["lost"]),
        ([write(1), write(2, 1, kind="info"), FINAL, read(1, 2)], INVALID, ["resurrected"]),
        ([write(1), write(2, 1, kind="info"), write(3, 2), FINAL, read(3)], VALID, []),
        ([write(1), write(2), remove(1, 2, kind="info"), FINAL, read(1)], INVALID, ["lost"]),
        ([write(1), remove(1, kind="fail"), FINAL, read()], INVALID, ["lost"]),
        ([write(1), write(2, kind="fail"), FINAL, read(1, 2)], INVALID, ["unexpected"]),
        # What only a server had that never came back is gone with it.
        ([write(1), FINAL, DEAD, read()], VALID, []),
        ([write(1), FINAL, DEAD, read(1, 2)], INVALID, ["unexpected"]),
        # What exercises nothing.
        ([write(1), read(1)], UNKNOWN, []),
        ([FINAL, read()], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_no_lost_concurrent_write(parts, validity, kinds):
    verdict = no_lost_concurrent_write().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def test_nothing_is_claimed_of_what_the_dead_alone_had():
    dead = no_lost_concurrent_write().check(history(write(1), FINAL, DEAD, read()))
    whole = no_lost_concurrent_write().check(history(write(1), FINAL, read(1)))

    assert dead.reason.endswith("what the dead alone had is not judged")
    assert whole.reason == "1 final reads show all that nobody replaced"


def test_quorums_that_meet_promise_more():
    events = history(write(1), write(2), read(2), FINAL, read(1, 2))
    verdict = no_lost_concurrent_write(current=True).check(events)

    assert [a.kind for a in verdict.anomalies] == ["stale"]
    assert verdict.anomalies[0].operations == (0, 1, 5)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([write(1), write(1)], "before, at operation 0"),
        ([[(1, "invoke", "write", ["x", 3])]], "is no pair"),
        ([[(1, "invoke", "remove", ["x", 3])]], "is no list"),
        ([[(1, "invoke", "read", ["x", None]), (1, "ok", "read", 4)]], "is no pair"),
    ],
)
def test_what_is_of_another_form_is_refused(parts, message):
    with pytest.raises(ModelError, match=message):
        no_lost_concurrent_write().check(history(*parts))


# A twin


def simulated(random: Random) -> list[Operation]:
    """A store that keeps its promise; clients overlap, and some outcomes are unknown."""
    events, there, pending = [], [], []
    for value in range(random.randrange(1, 7)):
        over = random.sample(there, random.randrange(len(there) + 1))
        f = "remove" if over and random.random() < 0.3 else "write"
        argument = ["x", over if f == "remove" else [value, over]]
        events.append((value + 10, "invoke", f, argument))
        pending.append((value + 10, f, argument, random.choice(["ok", "ok", "info", "fail"])))
        while pending and random.random() < 0.7:
            process, f, argument, kind = pending.pop(random.randrange(len(pending)))
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                over = argument[1] if f == "remove" else argument[1][1]
                there = [each for each in there if each not in over]
                there += [argument[1][0]] if f == "write" else []
            events.append((process, kind, f, argument))
        if random.random() < 0.4:
            events += read(*there)
    events += FINAL + read(*there)
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with what one read observed changed: dropped, repeated, invented, or late."""
    at = random.choice([n for n, o in enumerate(operations) if o.f == "read" and o.type == "ok"])
    values = list(operations[at].value[1])
    if values and random.random() < 0.5:
        values.pop(random.randrange(len(values)))
    else:
        values.append(random.randrange(7))
    return [replace(o, value=["x", values]) if n == at else o for n, o in enumerate(operations)]


def explained(operations, invoked, at, values) -> bool:
    """Whether some set of what may have happened leaves these values: all sets are tried."""
    ends = {o.process: o for o in operations if o.f in ("write", "remove") and o.type != "invoke"}
    sure, doubted = [], []
    for o in operations[:at]:
        if o.f in ("write", "remove") and o.type == "invoke":
            end = ends.get(o.process)
            if end is not None and end.type == "ok" and end.index < invoked:
                sure.append(o)
            elif end is None or end.type != "fail":
                doubted.append(o)
    for count in range(len(doubted) + 1):
        for some in combinations(doubted, count):
            happened = [*sure, *some]
            over = {
                value
                for o in happened
                for value in (o.value[1][1] if o.f == "write" else o.value[1])
            }
            left = {o.value[1][0] for o in happened if o.f == "write"} - over
            if left == set(values):
                return True
    return False


def twin(operations: list[Operation], current: bool) -> bool:
    """Whether every read that is to be judged is explained, and none has a value twice."""
    final = next(o.index for o in operations if o.f == "phase")
    written = {}
    failed = {o.process for o in operations if o.type == "fail"}
    for o in operations:
        if o.f == "write" and o.type == "invoke" and o.process not in failed:
            written[o.value[1][0]] = o.index
    for invoke, o in pairwise(operations):
        if o.f == "read" and o.type == "ok":
            values = o.value[1]
            if len(set(values)) < len(values):
                return False
            if any(written.get(value, o.index) >= o.index for value in values):
                return False
            judged = current or invoke.index > final
            if judged and not explained(operations, invoke.index, o.index, values):
                return False
    return True


@pytest.mark.parametrize("current", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed, current):
    random = Random(seed)
    checker, refuted = no_lost_concurrent_write(current=current), 0
    for _ in range(150):
        operations = simulated(random)
        for events in (operations, mutated(operations, random)):
            made = History.from_operations(events)
            verdict = checker.check(made)

            assert bool(verdict.anomalies) == (not twin(events, current)), events
            refuted += verdict.validity is INVALID
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict, {"current": current})
    assert 30 < refuted < 200


def test_a_forged_verdict_is_refuted():
    good = history(write(1), FINAL, read(1))
    bad = history(write(1), FINAL, read())
    valid, invalid = (no_lost_concurrent_write().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="shows lost"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)


# Homes


def homes(**held):
    return [(3, "invoke", "homes", ["x", None]), (3, "ok", "homes", ["x", held])]


@pytest.mark.parametrize(
    ("parts", "validity"),
    [
        ([FINAL, homes(n1=[1, 2], n2=[2, 1])], VALID),
        ([FINAL, homes(n1=[1], n2=[1, 2])], INVALID),
        ([FINAL, homes(n1=[1], n2=[1, 1])], INVALID),
        ([FINAL, homes(n1=[1], n2=[]), homes(n1=[1], n2=[1])], VALID),  # the last one counts
        ([homes(n1=[1], n2=[]), FINAL, homes(n1=[1], n2=[1])], VALID),
        ([FINAL, homes(n1=[1])], UNKNOWN),
        ([homes(n1=[1], n2=[1])], UNKNOWN),
    ],
)
def test_homes_converged(parts, validity):
    assert homes_converged().check(history(*parts)).validity is validity


def test_an_answer_of_another_form_is_refused():
    events = [(3, "invoke", "homes", ["x", None]), (3, "ok", "homes", ["x", [1]])]
    with pytest.raises(ModelError, match="homes completes with"):
        homes_converged().check(history(FINAL, events))
