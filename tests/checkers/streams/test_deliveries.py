"""Messages have their effects once, in order: examples, and a twin that tries every order."""

from __future__ import annotations

from itertools import chain, combinations, permutations
from random import Random

import pytest
from witnesses import checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import deliveries
from splitbrain.checkers.streams.message_deliveries import ENTRY


def history(*calls, buffered=()):
    """Calls ``(f, value, kind, result)``, one after the other, each by a process of its own."""
    events = []
    for number, (f, value, kind, result) in enumerate(calls):
        for type_, told in (("invoke", value), (kind, result if kind == "ok" else value)):
            events.append(Operation(len(events), len(events), number, type_, f, told))
    for value in buffered:
        events.append(Operation(len(events), len(events), "n1", "info", "buffered", value))
    return History.from_operations(events)


def send(key, number, sequence, *, poison=False, kind="ok"):
    return "send", [key, number, poison], kind, [key, number, poison, sequence]


def read(*processed, dead=()):
    told = {"processed": [list(row) for row in processed], "dead": [list(row) for row in dead]}
    return "processed", None, "ok", told


ONE, TWO, BAD = send("a", 1, 1), send("a", 2, 2), send("b", 3, 1, poison=True)
ALL = [ONE, TWO, BAD]
RIGHT = ("a", 1), ("a", 2)
MAYBE = send("a", 2, 2, kind="info")


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        ([*ALL, read(*RIGHT, dead=[("b", 3)])], []),
        ([*ALL, read(*RIGHT)], ["lost"]),
        ([*ALL, read(*RIGHT[:1], dead=[("b", 3)])], ["lost"]),
        ([*ALL, read(*RIGHT, RIGHT[0], dead=[("b", 3)])], ["repeated"]),
        ([*ALL, read(*RIGHT[::-1], dead=[("b", 3)])], ["out-of-order"]),
        ([ONE, read(dead=[("a", 1)])], ["buried"]),
        ([BAD, read(("b", 3))], ["poison-processed"]),
        ([ONE, read(*RIGHT)], ["unsent"]),
        ([ONE, send("a", 2, 2, kind="fail"), read(*RIGHT)], ["unsent"]),
        ([ONE, send("a", 2, 2, kind="info"), read(*RIGHT)], []),
        ([ONE, send("a", 2, 2, kind="info"), read(RIGHT[0])], []),
        ([ONE, MAYBE, read(RIGHT[0]), read(*RIGHT)], []),
        ([ONE, MAYBE, read(*RIGHT), read(RIGHT[0])], ["taken-back"]),
        ([ONE, MAYBE, read(*RIGHT), read(*RIGHT[::-1])], ["taken-back"]),
        ([ONE, MAYBE, read(RIGHT[0]), read(*RIGHT[::-1])], ["taken-back"]),
        (
            [
                ONE,
                send("b", 3, 1, poison=True, kind="info"),
                read(RIGHT[0], dead=[("b", 3)]),
                read(RIGHT[0]),
            ],
            ["taken-back"],
        ),
    ],
)
def test_deliveries(calls, kinds):
    verdict = deliveries().check(history(*calls))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds, verdict
    assert verdict.validity is (INVALID if kinds else VALID)


def test_what_waits_is_bounded():
    buffers = [{"messages": 4, "bound": 4}, {"messages": 5, "bound": 4}]
    calls = [ONE, read(RIGHT[0])]

    assert deliveries().check(history(*calls, buffered=buffers[:1])).validity is VALID
    found = deliveries().check(history(*calls, buffered=buffers)).anomalies
    assert [anomaly.kind for anomaly in found] == ["unbounded"]


def test_nothing_was_exercised_if_nothing_was_processed():
    assert deliveries().check(history(read())).validity is UNKNOWN


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("send", ["a"], "ok", []), r"give \[key, number, is_poison\]"),
        (send("a", 1, 2), "was sent before"),
        (("processed", None, "ok", {"processed": []}), "give processed and dead"),
    ],
)
def test_what_is_none_is_named(call, said):
    with pytest.raises(ModelError, match=said):
        deliveries().check(history(ONE, call))


def possible(calls):
    """Whether each read is what some order of messages gives: acknowledged ones by sequence, any of
    those in doubt anywhere between, poison apart."""
    sent = [(at, c) for at, c in enumerate(calls) if c[0] == "send"]
    for at, (f, _, _, told) in enumerate(calls):
        if f != "processed":
            continue
        processed, dead = ([tuple(row) for row in told[n]] for n in ("processed", "dead"))
        known = [c for w, c in sent if w < at]
        sure = [c for c in known if c[2] == "ok"]
        doubted = [c for c in known if c[2] == "info"]
        choices = chain(*(combinations(doubted, n) for n in range(len(doubted) + 1)))
        if not any(explains([*sure, *some], processed, dead) for some in choices):
            return False
    reads = [told for f, _, _, told in calls if f == "processed"]
    return all(is_more(one, other) for at, one in enumerate(reads) for other in reads[at + 1 :])


def is_more(one, other):
    """Whether a read may follow another one, key by key."""
    for key in "ab":
        before, after = ([n for k, n in told["processed"] if k == key] for told in (one, other))
        if after[: len(before)] != before:
            return False
    return {tuple(row) for row in one["dead"]} <= {tuple(row) for row in other["dead"]}


def explains(there, processed, dead):
    if sorted(dead) != sorted((c[1][0], c[1][1]) for c in there if c[1][2]):
        return False
    for key in "ab":
        mine = [c for c in there if c[1][0] == key and not c[1][2]]
        got = [number for k, number in processed if k == key]
        orders = (
            [c[1][1] for c in order]
            for order in permutations(mine)
            if (told := [c[3][3] for c in order if c[2] == "ok"]) == sorted(told)
        )
        if got not in orders:
            return False
    return True


def drawn(random):
    calls, processed, dead, sequences = [], [], [], {"a": 0, "b": 0}
    for number in range(random.randint(2, 8)):
        if random.random() < 0.7:
            key, kind = random.choice("ab"), random.choice(("ok", "ok", "info", "fail"))
            poison = random.random() < 0.2
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                sequences[key] += 1
                (dead if poison else processed).append((key, number))
            calls.append(send(key, number, sequences[key], poison=poison, kind=kind))
        else:
            calls.append(read(*processed, dead=dead))
    return calls


def mutated(random, calls):
    reads = [call[3] for call in calls if call[0] == "processed"]
    if reads:
        told = random.choice(reads)
        rows = told["processed"]
        match random.randrange(5):
            case 0 if rows:
                rows.pop(random.randrange(len(rows)))
            case 1 if rows:
                rows.append(random.choice(rows))
            case 2:
                random.shuffle(rows)
            case 3 if rows:
                told["dead"].append(rows.pop())
            case 4 if told["dead"]:
                rows.append(told["dead"].pop())


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_one_that_tries_every_order(seed):
    random = Random(seed)
    wrong = 0
    for number in range(400):
        calls = drawn(random)
        if number % 2:
            mutated(random, calls)
        made = history(*calls)
        verdict = deliveries().check(made)
        found = verdict.validity is INVALID
        wrong += found

        assert found == (not possible(calls)), calls
        checked_again(ENTRY, made, verdict)
    assert wrong > 40
