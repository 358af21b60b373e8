"""Results of streams: examples, operators that are right, mutants against another reckoning."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import stream_results
from splitbrain.checkers.streams.results import (
    checkpoint_consistent,
    late_policy,
    watermark_monotonic,
    window_complete,
)
from splitbrain.systems.streams.processor.keyed import BOUND_MS, Event, Keyed, place_of


def history(events, *reads):
    """Each event sent and acknowledged, then the reads."""
    told = []
    for event in events:
        value = [event.id, event.user, event.value]
        told += [(0, "invoke", event.kind, value), (0, "ok", event.kind, value)]
    for read in reads:
        told += [(1, "invoke", "results", None), (1, "ok", "results", read)]
    return History.from_operations(Operation(i, i, *one) for i, one in enumerate(told))


def processed(events, random, partitions=2, groups=2):
    """What the operators make of events, each group reading the partitions in an order of its own;
    some of the way, they are stopped and go on from their state."""
    logs = [[e for e in events if place_of(e.user, partitions, "partition") == p]
            for p in range(partitions)]  # fmt: skip
    result = {name: [] for name in ("events", "late", "closed", "open", "joined", "waiting")}
    for group in range(groups):
        keyed = Keyed(group, groups, [0] * partitions, {})
        while any(at < len(log) for at, log in zip(keyed.positions, logs, strict=True)):
            behind = [p for p in range(partitions) if keyed.positions[p] < len(logs[p])]
            place = random.choice(behind)
            keyed.take(place, logs[place][keyed.positions[place]], 0)
            if random.random() < 0.1:
                told(result, keyed.snapshot()[1])
                keyed = Keyed(group, groups, keyed.positions, dict(keyed.state))
        told(result, keyed.snapshot()[1])
        for key, value in keyed.state.items():
            if key[0] == "waiting":
                result["waiting"].append(key[2])
            elif key[0] in ("window", "session"):
                kind = "session" if key[0] == "session" else key[1]
                result["open"].append([kind, *key[-3:], *value])
    result["events"] = [[place, *event] for place, log in enumerate(logs) for event in log]
    return {**result, "bound": BOUND_MS, "partitions": partitions}


def told(result, outputs):
    result["closed"] += [list(row) for row in outputs.closed]
    result["joined"] += [list(row) for row in outputs.joined]
    result["late"] += outputs.late


def stream(random, number=30):
    """Events whose times mostly grow."""
    made, time = [], 10_000
    for identity in range(number):
        time += random.randrange(200)
        kind = random.choice(("click", "click", "tier"))
        early = random.choice((0, 0, 0, 150, 900))
        made.append(
            Event(kind, identity, random.choice("abcd"), time - early, random.randint(1, 9))
        )
    return made


@pytest.mark.parametrize("seed", range(60))
def test_what_the_operators_make_of_a_stream_is_right_in_whatever_order_they_read(seed):
    random = Random(seed)
    events = stream(random)

    verdict = stream_results().check(history(events, processed(events, random)))

    assert verdict.validity in (VALID, UNKNOWN), verdict


# Mutants, and what another reckoning says of them


def another_way(events, read):
    """Kinds of anomalies, with windows found event by event and sessions by joining neighbours."""
    kinds = set()
    late, clicks = set(read["late"]), []
    for _, kind, identity, user, time, value in read["events"]:
        if kind == "click" and identity not in late:
            clicks.append((user, time, value, identity))
    given = [row[1:7] for row in read["closed"]] + read["open"]
    names = [tuple(row[:4]) for row in given]
    kinds |= {"repeated-window" for name in names if names.count(name) > 1}
    sessions = sessions_of(clicks)
    for kind, user, start, end, *counted in given:
        inside = [v for u, t, v, _ in clicks if u == user and start <= t < end]
        if kind == "session" and (user, start, end) not in sessions:
            inside = []
        if [len(inside), sum(inside)] != counted:
            kinds.add("wrong-window")
    wanted = {("session", *session) for session in sessions}
    for user, time, *_ in clicks:
        first = time // 1000 * 1000
        wanted |= {("tumbling", user, first, first + 1000)}
        wanted |= {("sliding", user, at, at + 2000) for at in (first, first - 1000)}
    kinds |= {"wrong-window" for window in wanted - set(names)}
    kinds |= {"early-window" for row in read["closed"] if row[7] < row[4]}
    for group in (0, 1):
        marks = [row[7] for row in read["closed"] if row[0] == group]
        kinds |= {"watermark-regressed" for one, two in pairwise(marks) if two < one}
    for at, (place, _, identity, _, time, _) in enumerate(read["events"]):
        earlier = [e[4] for e in read["events"][:at] if e[0] == place]
        if identity in late and time >= max(earlier, default=time) - read["bound"]:
            kinds.add("unjustified-late")
    for identity, (user, time) in {each[3]: each[:2] for each in clicks}.items():
        rows = [row for row in read["joined"] if row[0] == identity]
        if len(rows) + read["waiting"].count(identity) != 1:
            kinds.add("lost-join")
        tiers = [e for e in read["events"] if e[1] == "tier" and e[3] == user and e[2] not in late]
        versions = [(e[4], e[2], e[5]) for e in tiers if (e[4], e[2]) < (time, identity)]
        right = max(versions, key=lambda version: version[:2])[2] if versions else None
        kinds |= {"wrong-join" for row in rows if row[1] != right}
    ends = [(row[3], "overdue-window") for row in read["open"]]
    ends += [(e[4] + 1, "overdue-join") for e in read["events"] if e[2] in read["waiting"]]
    furthest = [
        max((e[4] for e in read["events"] if e[0] == place), default=0)
        for place in range(read["partitions"])
    ]
    kinds |= {kind for end, kind in ends if min(furthest) - read["bound"] >= end}
    strangers = {row[0] for row in read["joined"]} | set(read["waiting"])
    kinds |= {"lost-join" for identity in strangers - {click[3] for click in clicks}}
    ids = Counter(e[2] for e in read["events"])
    kinds |= {"lost-event" for event in events if not ids[event.id]}
    kinds |= {"unsent-event" for count in ids.values() if count > 1}
    return kinds


def sessions_of(clicks):
    found = set()
    for user in {click[0] for click in clicks}:
        times = sorted(t for u, t, *_ in clicks if u == user)
        start = times[0]
        for one, other in zip(times, [*times[1:], times[-1] + 10**9], strict=True):
            if other >= one + 500:
                found.add((user, start, one + 500))
                start = other
    return found


FIXED = {"events": (0, 2, 5), "closed": (0,)}
"""Fields that are not changed: partitions and groups, and what clients know of an event."""


def mutated(read, random):
    """One of what a read says, changed, taken away or told twice."""
    name = random.choice([n for n in read if isinstance(read[n], list) and read[n]])
    rows = read[name]
    at = random.randrange(len(rows))
    row = rows[at]
    match random.randrange(4):
        case 0:
            del rows[at]
        case 1 if name == "closed":
            read["open"].append(rows.pop(at)[1:7])
        case 1 if name == "joined":
            read["waiting"].append(rows.pop(at)[0])
        case 2:
            rows.insert(at, list(row) if isinstance(row, list) else row)
        case _ if isinstance(row, list):
            rows[at] = [*row]
            kept = FIXED.get(name, ())
            numbers = [i for i, part in enumerate(row) if type(part) is int and i not in kept]
            rows[at][random.choice(numbers)] += random.choice((-1, 1, 700))
        case _:
            random.shuffle(rows)
    return read


PARTS = {
    window_complete: {"wrong-window", "repeated-window", "early-window", "overdue-window"},
    watermark_monotonic: {"watermark-regressed"},
    late_policy: {"unjustified-late"},
    checkpoint_consistent: {"wrong-window", "repeated-window", "lost-join"},
}


def parts_say_no_more_and_no_less(made, verdict, certify):
    """Checkers of one property find what is of their own kinds, of all that there is."""
    for make, kinds in PARTS.items():
        found = [anomaly for anomaly in verdict.anomalies if anomaly.kind in kinds]
        part = make().check(made)
        assert list(part.anomalies) == found
        certify(made, part)


def twins(seeds, each, certify):
    kinds = Counter()
    for seed in seeds:
        random = Random(seed)
        for _ in range(each):
            events = stream(random, random.randint(1, 25))
            read = processed(events, random)
            if random.random() < 0.8:
                read = mutated(read, random)
            made = history(events, read)
            verdict = stream_results().check(made)
            certify(made, verdict)
            parts_say_no_more_and_no_less(made, verdict, certify)
            found = {anomaly.kind for anomaly in verdict.anomalies}
            assert found == another_way(events, read), (read, verdict)
            kinds.update(found)
    return kinds


def test_a_snapshot_that_has_what_is_behind_its_barrier_or_lacks_what_is_before_is_found():
    random = Random(3)
    events = [Event("click", number, "u1", 1000 + 300 * number, 1) for number in range(12)]
    read = processed(events, random, partitions=1)
    whole, behind, before = (history(events, read),
                             history(events, {**read, "events": read["events"][:-1]}),
                             history(events, {**read, "waiting": read["waiting"][1:],
                                              "joined": read["joined"][1:]}))  # fmt: skip

    assert checkpoint_consistent().check(whole).validity is VALID
    assert checkpoint_consistent().check(behind).validity is INVALID
    assert checkpoint_consistent().check(before).validity is INVALID


def test_the_checker_agrees_with_another_reckoning(certify):
    kinds = twins(range(3), 60, certify)
    assert set(kinds) >= {"wrong-window", "repeated-window", "lost-join", "unsent-event"}
    assert set(kinds) >= {"overdue-window", "overdue-join"}


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 50))
def test_the_checker_agrees_with_another_reckoning_on_many(seed, certify):
    assert len(twins([seed], 250, certify)) >= 5


# Examples


CLICK = Event("click", 1, "a", 10_100, 5)
TUMBLING = ["tumbling", "a", 10_000, 11_000, 1, 5]
OPEN = [TUMBLING, ["sliding", "a", 10_000, 12_000, 1, 5], ["sliding", "a", 9_000, 11_000, 1, 5]]
SESSION = [0, "session", "a", 10_100, 10_600, 1, 5, 10_600]


FAR, FARTHER = (
    [[0, *CLICK], [0, "tier", 2, "b", time, 1]] for time in (11_199, 11_200)
)  # the watermark is at 10,999 and at 11,000, where two windows end


def read(**changes):
    right = {
        "events": [[0, *CLICK]],
        "late": [],
        "closed": [SESSION],
        "open": OPEN,
        "joined": [[1, None]],
        "waiting": [],
        "bound": 200,
    }
    return {**right, **changes}


@pytest.mark.parametrize(
    ("given", "validity", "kinds"),
    [
        (read(), VALID, []),
        (read(closed=[], open=[*OPEN, SESSION[1:7]]), UNKNOWN, []),
        (read(closed=[[*SESSION[:7], 10_599]]), INVALID, ["early-window"]),
        (read(open=OPEN[:2]), INVALID, ["wrong-window"]),
        (read(open=[*OPEN, TUMBLING]), INVALID, ["repeated-window"]),
        (read(joined=[[1, 3]]), INVALID, ["wrong-join"]),
        (read(joined=[]), INVALID, ["lost-join"]),
        (read(waiting=[1]), INVALID, ["lost-join"]),
        (read(events=[], closed=[], open=[], joined=[]), INVALID, ["lost-event"]),
        (read(late=[1], closed=[], open=[], joined=[]), INVALID, ["unjustified-late"]),
        (read(events=FAR, partitions=1), VALID, []),
        (read(events=FAR, partitions=2), VALID, []),  # from another nothing has come yet
        (read(events=FARTHER, partitions=1), INVALID, ["overdue-window"] * 2),
        (read(events=FARTHER), VALID, []),  # nobody says that it was all looked at
        (read(events=FAR, partitions=1, joined=[], waiting=[1]), INVALID, ["overdue-join"]),
    ],
)
def test_each_anomaly_by_its_name(given, validity, kinds):
    sent = [Event(*event[1:]) for event in given["events"]] or [CLICK]
    verdict = stream_results().check(history(sent, given))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def test_an_event_that_was_refused_is_not_in_the_input():
    told = [(0, "invoke", "click", [1, "a", 5]), (0, "fail", "click", [1, "a", 5]),
            (1, "invoke", "results", None), (1, "ok", "results", read())]  # fmt: skip
    made = History.from_operations(Operation(i, i, *one) for i, one in enumerate(told))

    assert [a.kind for a in stream_results().check(made).anomalies] == ["unsent-event"]


def test_the_policy_for_what_is_late_says_nothing_where_nothing_was():
    assert late_policy().check(history([CLICK], read())).validity is UNKNOWN


class Sleepy(Keyed):
    """Looks at the time when an event of its own group comes, and not else."""

    def take(self, partition, event, now_ms):
        self.is_mine = place_of(event.user, self.groups, "group") == self.group
        super().take(partition, event, now_ms)

    def _advance(self):
        if self.is_mine:
            super()._advance()


def test_windows_that_wait_for_another_event_of_their_group_are_overdue(monkeypatch):
    monkeypatch.setitem(processed.__globals__, "Keyed", Sleepy)
    of_one = [Event("click", n, "a", 10_000 + 300 * n, 1) for n in range(10)]
    others = [Event("click", 10 + n, "d", 13_000 + 300 * n, 1) for n in range(20)]
    events = of_one + others
    assert place_of("a", 2, "group") != place_of("d", 2, "group")

    verdict = stream_results().check(history(events, processed(events, Random(1), partitions=1)))

    assert {"overdue-window"} <= {a.kind for a in verdict.anomalies} <= {"overdue-window",
                                                                        "overdue-join"}  # fmt: skip


@pytest.mark.parametrize("given", [None, [], {}, read(closed=[[1]]), read(events=[[0, "click"]])])
def test_what_is_no_result_is_named(given):
    with pytest.raises(ModelError, match="give an object with events, late"):
        stream_results().check(history([CLICK], given))
