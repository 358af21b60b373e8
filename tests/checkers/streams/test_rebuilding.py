"""Streams are what their events make: examples, and a twin that tries every log there may be."""

from __future__ import annotations

from itertools import chain, combinations
from random import Random

import pytest
from witnesses import checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import rebuild_equals_live
from splitbrain.checkers.streams.rebuilding import ENTRY, folded


def history(*calls):
    """Calls ``(f, value, kind, result)``, one after the other, each by a process of its own."""
    events = []
    for number, (f, value, kind, result) in enumerate(calls):
        for type_, told in (("invoke", value), (kind, result if kind == "ok" else value)):
            events.append(Operation(len(events), len(events), number, type_, f, told))
    return History.from_operations(events)


def append(version, *values, kind="ok"):
    return "append", ["s", list(values)], kind, ["s", version, list(values)]


def read(*events, f="read", version=None, state=None):
    told = {
        "version": len(events) if version is None else version,
        "state": folded(events, 0) if state is None else state,
        "events": list(events),
    }
    return f, "s", "ok", told


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        ([append(0, 1, 2), append(2, 3), read(1, 2, 3), read(1, 2, 3, f="rebuild")], []),
        ([append(0, 1, 2), read(1, 2, version=1)], ["live-differs"]),
        ([append(0, 1, 2), read(1, 2, state=5, f="rebuild")], ["live-differs"]),
        ([append(0, 1, 2), append(2, 3), read(1, 2)], ["lost-append"]),
        ([append(0, 1, 2, kind="info"), read(1)], ["torn-append"]),
        ([append(0, 1, kind="info"), append(0, 2), read(1, 2)], ["torn-append"]),
        ([append(0, 1, kind="info"), append(0, 2), read(2)], []),
        ([append(0, 1), append(0, 2, kind="fail"), read(1, 2)], ["refused-append"]),
        ([append(0, 1), read(1, 9)], ["unwritten-event"]),
        ([append(0, 1), append(0, 2), read(1)], ["both-accepted", "lost-append"]),
        ([append(0, 1, kind="info"), read(1), read()], ["went-back"]),
        (
            [append(0, 1, kind="info"), append(0, 2, kind="info"), read(1), read(2)],
            ["rewritten"],
        ),
    ],
)
def test_rebuild_equals_live(calls, kinds):
    verdict = rebuild_equals_live().check(history(*calls))

    assert sorted(a.kind for a in verdict.anomalies) == sorted(kinds), verdict
    assert verdict.validity is (INVALID if kinds else VALID)


def test_nothing_was_exercised_without_an_event():
    assert rebuild_equals_live().check(history(read())).validity is UNKNOWN


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("append", ["s", []], "ok", ["s", 0, []]), "gave"),
        (("append", ["s", [1]], "ok", ["s", None, [1]]), "second time"),
        (("read", "s", "ok", {"version": 1}), "give version, state and"),
    ],
)
def test_what_is_none_is_named(call, said):
    with pytest.raises(ModelError, match=said):
        rebuild_equals_live().check(history(append(0, 1), call))


def possible(calls):
    """Whether some log of whole appends is what all reads show the beginnings of."""
    appends = [(at, c) for at, c in enumerate(calls) if c[0] == "append"]
    sure = [each for each in appends if each[1][2] == "ok"]
    doubted = [each for each in appends if each[1][2] == "info"]
    for some in chain(*(combinations(doubted, n) for n in range(len(doubted) + 1))):
        if any(explains(log, calls) for log in logs(sure, list(some), 0)):
            return True
    return False


def logs(sure, some, length):
    """Each order of these appends in which acknowledged ones are at their versions."""
    if not sure and not some:
        yield []
    for each in (*sure, *some):
        values = each[1][1][1]
        if each[1][2] == "ok" and each[1][3][1] != length:
            continue
        rest = [s for s in sure if s is not each], [s for s in some if s is not each]
        for log in logs(*rest, length + len(values)):
            yield [(each[0], values), *log]


def explains(log, calls):
    ends = {}
    events = []
    ends[0] = -1
    for at, values in log:
        events += values
        ends[len(events)] = max(at, *ends.values())
    longest = 0
    for at, (f, _, _, result) in enumerate(calls):
        if f == "append":
            continue
        told = result["events"]
        due = [
            sum(len(v) for _, v in log[: n + 1])
            for n, (w, _) in enumerate(log)
            if calls[w][2] == "ok" and w < at
        ]
        right = {"version": len(told), "state": folded(told, 0), "events": events[: len(told)]}
        if result != right or len(told) not in ends or ends[len(told)] > at:
            return False
        if len(told) < max([longest, *due]):
            return False
        longest = len(told)
    return True


def drawn(random):
    calls, events, value = [], [], 0
    for _ in range(random.randint(2, 7)):
        if random.random() < 0.55:
            values = list(range(value, value + random.randint(1, 2)))
            value += 2
            kind = random.choice(("ok", "ok", "info", "fail"))
            calls.append(append(len(events), *values, kind=kind))
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                events += values
        else:
            calls.append(read(*events, f=random.choice(("read", "rebuild"))))
    return calls


def mutated(random, calls):
    reads = [call for call in calls if call[0] != "append"]
    if reads:
        told = random.choice(reads)[3]
        events = told["events"]
        match random.randrange(4):
            case 0 if events:
                events.pop(random.randrange(len(events)))
            case 1 if len(events) > 1:
                events.reverse()
            case 2:
                told["state"] += 1
                return
            case 3:
                events.append(random.randrange(12))
        told["version"], told["state"] = len(events), folded(events, 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_one_that_tries_every_log(seed):
    random = Random(seed)
    wrong = 0
    for number in range(400):
        calls = drawn(random)
        if number % 2:
            mutated(random, calls)
        made = history(*calls)
        verdict = rebuild_equals_live().check(made)
        found = verdict.validity is INVALID
        wrong += found

        assert found == (not possible(calls)), calls
        checked_again(ENTRY, made, verdict)
    assert wrong > 50
