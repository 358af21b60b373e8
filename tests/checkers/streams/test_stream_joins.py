"""Joins of streams: examples, operators that are right, mutants against another reckoning."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.batch import join_complete
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.systems.streams.processor.keyed import BOUND_MS, Event, Keyed, place_of

TABLES = ("tier", "region")
PARTITIONS = GROUPS = 2


def history(events, *reads):
    """Each event sent and acknowledged, then the reads."""
    told = []
    for event in events:
        value = [event.id, event.user, event.value]
        told += [(0, "invoke", event.kind, value), (0, "ok", event.kind, value)]
    for read in reads:
        told += [(1, "invoke", "joins", None), (1, "ok", "joins", read)]
    return History.from_operations(Operation(i, i, *one) for i, one in enumerate(told))


def joined(events, random):
    """What the operators make of events, each group reading the partitions in an order of its own;
    some of the way, they are stopped and go on from their state."""
    logs = [[e for e in events if place_of(e.user, PARTITIONS, "partition") == p]
            for p in range(PARTITIONS)]  # fmt: skip
    read = {name: [] for name in ("events", "late", "pairs", "open", "rows", "waiting")}
    for group in range(GROUPS):
        keyed = Keyed(group, GROUPS, [0] * PARTITIONS, {})
        while behind := [p for p in range(PARTITIONS) if keyed.positions[p] < len(logs[p])]:
            place = random.choice(behind)
            keyed.take(place, logs[place][keyed.positions[place]], 0)
            if random.random() < 0.1:
                note(read, keyed)
                keyed = Keyed(group, GROUPS, keyed.positions, dict(keyed.state))
        note(read, keyed)
        read["open"] += [key[3] for key in keyed.state if key[0] == "search"]
        read["waiting"] += [key[2] for key in keyed.state if key[0] == "changed"]
    read["events"] = [[place, *event] for place, log in enumerate(logs) for event in log]
    return {**read, "bound": BOUND_MS, "partitions": PARTITIONS}


def note(read, keyed):
    outputs = keyed.snapshot()[1]
    for name in ("pairs", "rows"):
        read[name] += [list(row) for row in getattr(outputs, name)]
    read["late"] += outputs.late


def stream(random, number=30):
    """Events whose times mostly grow."""
    made, time = [], 10_000
    for identity in range(number):
        time += random.randrange(300)
        kind = random.choice(("click", "search", *TABLES))
        early = random.choice((0, 0, 0, 150, 900))
        made.append(
            Event(kind, identity, random.choice("abcd"), time - early, random.randint(1, 9))
        )
    return made


@pytest.mark.parametrize("seed", range(60))
def test_what_the_operators_join_is_right_in_whatever_order_they_read(seed):
    random = Random(seed)
    events = stream(random)

    verdict = join_complete().check(history(events, joined(events, random)))

    assert verdict.validity in (VALID, UNKNOWN), verdict


# Mutants, and what another reckoning says of them


def another_way(read):
    """Kinds of anomalies, by trying each two events."""
    late = set(read["late"])
    events = [e[1:] for e in read["events"] if e[2] not in late]
    marks = [max((e[4] for e in read["events"] if e[0] == p), default=None) for p in (0, 1)]
    mark = float("-inf") if None in marks else min(marks) - read["bound"]
    return {*of_pairs(read, events, mark), *of_rows(read, events, mark)}


def of_pairs(read, events, mark):
    told = [tuple(pair) for pair in read["pairs"]]
    two = [(s, c) for s in events for c in events if (s[0], c[0]) == ("search", "click")]
    meet = [(s[1], c[1]) for s, c in two if s[2] == c[2] and 0 <= c[3] - s[3] < 1000]
    if any(pair not in told for pair in meet):
        yield "missing-pair"
    if any(pair[1] is not None and pair not in meet for pair in told):
        yield "invented-pair"
    if len(told) > len(set(told)):
        yield "repeated-pair"
    searches = {e[1]: e[3] for e in events if e[0] == "search"}
    over = {s for s, time in searches.items() if time + 1000 <= mark}
    alone = over - {search for search, _ in meet}
    if {search for search, click in told if click is None} != alone:
        yield "wrong-unmatched"
    if sorted(read["open"], key=str) != sorted(set(searches) - over, key=str):
        yield "wrong-unmatched"


def of_rows(read, events, mark):
    changes = {e[1]: e for e in events if e[0] in TABLES}
    told = [row[0] for row in read["rows"]]
    for change, count in Counter(told + read["waiting"]).items():
        if count > 1:
            yield "repeated-row"
        elif change not in changes or (change in told and changes[change][3] >= mark):
            yield "invented-row"
        elif change not in told and changes[change][3] < mark:
            yield "missing-row"
    if set(changes) - {*told, *read["waiting"]} - {c for c, e in changes.items() if e[3] >= mark}:
        yield "missing-row"
    for change, *versions in read["rows"]:
        if change in changes:
            _, _, user, time, _ = changes[change]
            before = [e for e in events if e[2] == user and (e[3], e[1]) <= (time, change)]
            for table, version in zip(TABLES, versions, strict=True):
                mine = [e for e in before if e[0] == table]
                newest = max(mine, key=lambda e: (e[3], e[1])) if mine else None
                if version != (newest and newest[4]):
                    yield "wrong-row"


def mutated(read, random):
    """One of what a read says, changed, taken away or told twice."""
    there = [read[name] for name in ("late", "pairs", "open", "rows", "waiting") if read[name]]
    if not there:
        return read
    rows = random.choice(there)
    at = random.randrange(len(rows))
    match random.randrange(3):
        case 0:
            del rows[at]
        case 1:
            rows.insert(at, rows[at])
        case _ if isinstance(rows[at], list):
            rows[at] = [*rows[at]]
            rows[at][random.randrange(len(rows[at]))] = random.choice((None, 3, 7, 12))
            if rows[at][0] is None:
                rows[at][0] = 5
        case _:
            rows[at] = random.randrange(30)
    return read


def twins(seeds, each, certify):
    kinds = Counter()
    for seed in seeds:
        random = Random(seed)
        for _ in range(each):
            events = stream(random, random.randint(1, 25))
            read = joined(events, random)
            if random.random() < 0.8:
                read = mutated(read, random)
            made = history(events, read)
            verdict = join_complete().check(made)
            certify(made, verdict)
            found = {anomaly.kind for anomaly in verdict.anomalies}
            assert found == another_way(read), (read, verdict)
            kinds.update(found)
    return kinds


KINDS = {"missing-pair", "repeated-pair", "invented-pair", "wrong-unmatched", "wrong-row",
         "missing-row", "repeated-row", "invented-row"}  # fmt: skip


def test_the_checker_agrees_with_another_reckoning(certify):
    assert set(twins(range(3), 60, certify)) == KINDS


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 50))
def test_the_checker_agrees_with_another_reckoning_on_many_joins(seed, certify):
    assert set(twins([seed], 250, certify)) == KINDS


# Examples


SEARCH, CLICK = Event("search", 1, "a", 10_100, 5), Event("click", 2, "a", 11_099, 5)
LATER, TIER = Event("click", 3, "a", 11_100, 5), Event("tier", 4, "a", 12_000, 7)
LAST = Event("click", 5, "b", 12_201, 1)
EVENTS = [SEARCH, CLICK, LATER, TIER, LAST]


def read(**changes):
    right = {
        "events": [[0, *event] for event in EVENTS],
        "late": [],
        "pairs": [[1, 2]],
        "open": [],
        "rows": [[4, 7, None]],
        "waiting": [],
        "bound": 200,
        "partitions": 1,
    }
    return {**right, **changes}


@pytest.mark.parametrize(
    ("given", "validity", "kinds"),
    [
        (read(), VALID, []),
        (read(pairs=[]), INVALID, ["missing-pair"]),
        (read(pairs=[[1, 2], [1, 2]]), INVALID, ["repeated-pair"]),
        (read(pairs=[[1, 2], [1, 3]]), INVALID, ["invented-pair"]),
        (read(pairs=[[1, 2], [1, None]]), INVALID, ["wrong-unmatched"]),
        (read(open=[1]), INVALID, ["wrong-unmatched"]),
        (read(rows=[[4, 6, None]]), INVALID, ["wrong-row"]),
        (read(rows=[], waiting=[4]), INVALID, ["missing-row"]),
        (read(waiting=[4]), INVALID, ["repeated-row"]),
        (read(rows=[[4, 7, None], [2, None, None]]), INVALID, ["invented-row"]),
        (read(partitions=2, open=[1], rows=[], waiting=[4]), UNKNOWN, []),
        (read(events=[[0, *event] for event in EVENTS[:-1]], rows=[], waiting=[4]), INVALID,
         ["lost-event"]),
    ],
)  # fmt: skip
def test_each_anomaly_of_joins_by_its_name(given, validity, kinds):
    verdict = join_complete().check(history(EVENTS, given))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize("given", [None, [], {}, read(pairs=[[1]]), read(events=[[0, "click"]])])
def test_what_is_no_join_of_streams_is_named(given):
    with pytest.raises(ModelError, match="give an object with events, late, pairs"):
        join_complete().check(history(EVENTS, given))
