"""Partitioned logs: examples of each anomaly, a twin by the definitions, mutated observations."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import kafka
from splitbrain.checkers.streams.partitioned_logs import ENTRY
from splitbrain.checkers.streams.recheck.record_logs import anomalies
from splitbrain.checkers.verdict import Verdict


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def whole(*parts):
    return history(*(event for part in parts for event in part))


def did(process, f, asked, told, kind="ok"):
    return [(process, "invoke", f, asked), (process, kind, f, told if kind == "ok" else asked)]


def send(value, offset, process=0, kind="ok", key="x"):
    asked = [["send", key, value]]
    told = [["send", key, value if offset is None else [offset, value]]]
    return did(process, "send", asked, told, kind)


def poll(*records, process=1, key="x"):
    return did(process, "poll", [["poll"]], [["poll", {key: [list(r) for r in records]}]])


def assign(process=1):
    return did(process, "assign", ["x"], ["x"])


def subscribe(process=1):
    return did(process, "subscribe", ["x"], ["x"])


def drain(*records, key="x"):
    return did(9, "drain", [key], {key: [list(record) for record in records]})


def txn(process, *micros):
    """A transaction that succeeded, by what it became."""
    asked = [["poll"] if m[0] == "poll" else [*m[:2], m[2][1]] for m in micros]
    return did(process, "txn", asked, list(micros))


def polled_in_txn(process, offset, kind="ok"):
    records = {"x": [[offset, offset + 1]]}
    return did(process, "txn", [["poll"]], [["poll", records]], kind)


ABC = [*send(1, 0), *send(2, 1), *send(3, 2)]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([ABC, assign(), poll((0, 1), (1, 2)), poll((2, 3))], VALID, []),
        ([ABC, poll((2, 3)), poll((0, 1))], VALID, []),  # reads nothing in particular
        ([ABC, subscribe(), poll((0, 1), (1, 2)), poll((2, 3)), poll((1, 2))], VALID, []),
        ([ABC, subscribe(), poll((0, 1)), poll((2, 3)), poll((1, 2))], INVALID, ["group-skip"]),
        ([ABC, subscribe(), subscribe(2), poll((0, 1), (1, 2)), poll((2, 3), process=2)],
         VALID, []),
        ([ABC, subscribe(), polled_in_txn(1, 0), polled_in_txn(1, 1), poll((2, 3))], VALID, []),
        ([ABC, subscribe(), polled_in_txn(1, 0), poll((0, 1))], VALID, []),
        ([ABC, subscribe(), subscribe(2), polled_in_txn(1, 0), polled_in_txn(2, 0)], INVALID,
         ["group-repeat"]),
        ([ABC, subscribe(), polled_in_txn(1, 0, "info"), subscribe(2), poll((2, 3), process=2)],
         VALID, []),
        ([ABC, assign(), poll((0, 1)), assign(), poll((0, 1))], VALID, []),
        ([ABC, drain((0, 1), (1, 2), (2, 3))], VALID, []),
        ([send(1, 5), send(2, 9), drain((5, 1), (9, 2))], VALID, []),  # markers stand between
        ([send(1, None), drain((0, 1))], VALID, []),
        ([send(1, 0), send(2, 0, 7, "info"), drain((0, 1))], VALID, []),
        ([send(1, 0), send(2, 0, 7, "info"), drain((0, 1), (1, 2))], VALID, []),
        ([ABC, drain((0, 1), (2, 3))], INVALID, ["lost-write", "int-poll-skip"]),
        ([ABC, drain((0, 1), (1, 2))], INVALID, ["lost-write"]),
        ([ABC, assign(), poll((0, 1)), poll((2, 3))], INVALID, ["lost-write", "poll-skip"]),
        ([ABC, assign(), poll((1, 2)), assign(2), poll((2, 3), process=2)], INVALID,
         ["lost-write", "poll-skip", "poll-skip"]),
        ([ABC, assign(), poll((1, 2), (2, 3)), assign(2), poll((0, 1), process=2)], INVALID,
         ["poll-skip"]),
        ([send(1, 5), assign(), poll((5, 1))], VALID, []),  # what stands before is of no key
        ([ABC, send(4, 0, key="y"), assign(), poll((0, 4), key="y")], VALID, []),
        ([ABC, subscribe(), poll((0, 1), (2, 3))], INVALID, ["group-skip", "int-poll-skip"]),
        ([ABC, assign(), poll((0, 1)), poll((0, 1))], INVALID, ["nonmonotonic-poll"]),
        ([ABC, poll((1, 2), (0, 1))], INVALID, ["int-nonmonotonic-poll"]),
        ([send(1, 0), poll((0, 2)), send(2, 1)], INVALID,
         ["inconsistent-offsets", "duplicate", "unsent"]),
        ([send(1, 0), send(2, 0), drain((0, 1))], INVALID, None),
        ([send(1, 0), poll((0, 1), (1, 1))], INVALID, ["duplicate"]),
        ([send(1, 0, kind="fail"), poll((0, 1))], INVALID, ["aborted-read"]),
        ([send(1, 4), send(2, 3), drain((3, 2), (4, 1))], INVALID, ["nonmonotonic-send"]),
        ([send(1, 4), send(2, 3, process=5), drain((3, 2), (4, 1))], VALID, []),
        ([txn(0, ["send", "x", [1, 1]], ["send", "x", [0, 2]]), poll((0, 2))], INVALID,
         ["int-nonmonotonic-send"]),
        ([ABC], UNKNOWN, []),
        ([poll()], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)  # fmt: skip
def test_each_anomaly_by_its_name(parts, validity, kinds):
    verdict = kafka().check(whole(*parts))

    assert verdict.validity == validity, verdict
    if kinds is not None:
        assert [anomaly.kind for anomaly in verdict.anomalies] == kinds


def circle(one, other):
    """Two transactions that overlap."""
    (a, b), (c, d) = txn(0, *one), txn(1, *other)
    return [a, c, b, d]


def test_two_that_polled_each_other_s_records_are_g1c():
    events = circle(
        (["send", "x", [0, 1]], ["poll", {"y": [[0, 2]]}]),
        (["send", "y", [0, 2]], ["poll", {"x": [[0, 1]]}]),
    )
    assert [a.kind for a in kafka().check(history(*events)).anomalies] == ["G1c"]


def test_two_orders_of_the_same_transactions_are_g0_if_orders_count():
    events = circle(
        (["send", "x", [0, 1]], ["send", "y", [1, 1]]),
        (["send", "x", [1, 2]], ["send", "y", [0, 2]]),
    )
    told = history(*events, *poll((0, 1)))

    assert kafka().check(told).validity is VALID
    assert [a.kind for a in kafka(write_order=True).check(told).anomalies] == ["G0"]


@pytest.mark.parametrize(
    "event",
    [
        (0, "send", None, None),
        (0, "send", [["push", "x", 1]], None),
        (0, "send", [["send", "x"]], None),
        (0, "send", [["send", [1], 1]], None),
        (0, "poll", [["poll"]], [["poll", [1]]]),
        (0, "poll", [["poll"]], [["poll", {"x": [[1]]}]]),
        (0, "poll", [["poll"]], [["poll", {"x": [["a", 1]]}]]),
        (0, "drain", None, [1]),
    ],
)
def test_what_is_no_operation_of_a_log_is_named(event):
    with pytest.raises(ModelError):
        kafka().check(history(*did(*event)))


def test_a_value_is_sent_once():
    with pytest.raises(ModelError, match='is sent to "x" twice, before at operation 0'):
        kafka().check(whole(send(1, 0), send(1, 1)))


def test_the_order_of_writes_is_asked_for_by_true_or_false():
    with pytest.raises(ValueError, match="give true or false"):
        kafka(write_order="no")


# The twin


class Cluster:
    """Logs that do what they should, and who uses them; offsets have holes, as after markers."""

    def __init__(self, random, subscribed=()):
        self.random = random
        self.logs = {key: [] for key in "xy"}
        self.next = dict.fromkeys("xy", 0)
        self.at = {}
        self.members = set(subscribed)
        self.committed = dict.fromkeys("xy", -1)
        self.values = 0

    def send(self, key):
        self.values += 1
        offset = self.next[key]
        self.next[key] += self.random.choice((1, 1, 1, 2))
        self.logs[key].append([offset, self.values])
        return ["send", key, [offset, self.values]]

    def poll(self, process, commits=True):
        """One of the group goes on behind what is committed, which a plain poll may not be."""
        if process in self.members:
            position = self.committed if commits else dict(self.committed)
        else:
            position = self.at.get(process, {})
        result = {}
        for key in position:
            behind = [r for r in self.logs[key] if r[0] > position[key]]
            records = behind[: self.random.randrange(4)]
            if records:
                result[key] = [list(record) for record in records]
                position[key] = records[-1][0]
        return ["poll", result]

    def drain(self):
        return {key: [list(r) for r in log] for key, log in self.logs.items()}

    def step(self, process):
        """One operation: f, what was asked, what came of it."""
        f = self.random.choice(("send", "send", "poll", "poll", "poll", "txn", "assign", "drain"))
        reads = process in self.at or process in self.members
        if f == "assign" and reads and self.random.random() < 0.7:
            f = "poll"
        if f == "assign" and self.random.random() < 0.5:
            self.members.add(process)
            return "subscribe", ["x", "y"], ["x", "y"]
        self.members.difference_update([process] if f == "assign" else ())
        if f == "assign":
            self.at[process] = dict.fromkeys(self.random.choice(("x", "xy")), -1)
            return f, list(self.at[process]), list(self.at[process])
        if f == "drain":
            return f, None, self.drain()
        number = self.random.randint(1, 3) if f == "txn" else 1
        kinds = [self.random.choice(("send", "poll")) if f == "txn" else f for _ in range(number)]
        commits = f == "txn" or self.random.random() < 0.7
        done = [
            self.send(self.random.choice("xy")) if kind == "send" else self.poll(process, commits)
            for kind in kinds
        ]
        return f, [["poll"] if m[0] == "poll" else [*m[:2], m[2][1]] for m in done], done


def simulated(random, subscribed=()):
    """A history in which each operation happens as it is invoked; completions come later."""
    cluster, events, busy = Cluster(random, subscribed), [], {}
    events += [event for who in subscribed for event in did(who, "subscribe", ["x"], ["x"])]
    idle = list(range(3))
    for _ in range(random.randint(3, 20)):
        process = idle.pop(random.randrange(len(idle)))
        f, asked, told = cluster.step(process)
        events.append((process, "invoke", f, asked))
        busy[process] = (f, asked, told)
        while busy and (not idle or random.random() < 0.7):
            who = random.choice(sorted(busy))
            f, asked, told = busy.pop(who)
            lost = f in ("send", "txn") and random.random() < 0.1
            events.append((who, "info" if lost else "ok", f, asked if lost else told))
            idle.append(who + 10 if lost else who)
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations, random):
    """The same with what one operation was told changed, or whether it succeeded."""
    done = [
        n for n, o in enumerate(operations) if o.type == "ok" and o.f not in ("assign", "subscribe")
    ]
    if not done:
        return operations
    at = random.choice(done)
    value = json.loads(json.dumps(operations[at].value))
    kind = operations[at].type
    held = [
        records
        for part in (
            [value] if isinstance(value, dict) else [m[1] for m in value if m[0] == "poll"]
        )
        for records in part.values()
    ]
    sends = [m for m in value if m[0] == "send"] if isinstance(value, list) else []
    choice = random.randrange(5)
    if choice == 0 and sends:
        operation = operations[at]
        asked = next(o for o in operations[at - 1 :: -1] if o.process == operation.process)
        kind, value = "fail", asked.value
    elif choice == 1 and sends:
        random.choice(sends)[2][0] = random.randrange(4)
    elif held:
        records = random.choice(held)
        match random.randrange(5):
            case 0:
                records.clear()
            case 1 if records:
                records.pop(random.randrange(len(records)))
            case 2 if records:
                random.choice(records)[random.randrange(2)] = random.randrange(6)
            case 3:
                records.append([random.randrange(5), random.randrange(6)])
            case _:
                random.shuffle(records)
    return [replace(o, value=value, type=kind) if n == at else o for n, o in enumerate(operations)]


def found_by_both(events, write_order):
    made = History.from_operations(events)
    verdict = kafka(write_order=write_order).check(made)
    listed = verdict.certificate.get("findings", [])
    assert {(kind, key, subject) for kind, key, subject in listed} == anomalies(
        made.calls(), write_order
    ), list(made)
    if verdict.validity is not UNKNOWN:
        again = Verdict.from_json(json.loads(json.dumps(verdict.to_json())))
        assert ENTRY.verified(made, again, {"write_order": write_order}).complete
    return verdict


def twins(seeds, each):
    kinds = Counter()
    for seed in seeds:
        random = Random(seed)
        for _ in range(each):
            operations = simulated(random)
            right = found_by_both(operations, False)
            assert right.validity is not INVALID, right
            wrong = found_by_both(mutated(operations, random), random.random() < 0.5)
            kinds.update({anomaly.kind for anomaly in wrong.anomalies})
    return kinds


def test_the_checker_agrees_with_its_twin():
    kinds = twins(range(4), 100)
    assert {"lost-write", "inconsistent-offsets", "duplicate", "aborted-read", "unsent"} < set(
        kinds
    )
    assert "group-skip" in kinds


def repeated(operations, random):
    """The same, with a transaction that polled what another one did."""
    polls = [
        (at, number)
        for at, o in enumerate(operations)
        if (o.type, o.f) == ("ok", "txn")
        for number, micro in enumerate(o.value)
        if micro[0] == "poll"
    ]
    given = [place for place in polls if operations[place[0]].value[place[1]][1]]
    if not given or len(polls) < 2:
        return operations
    (one, micro), (other, number) = random.choice(given), random.choice(polls)
    value = json.loads(json.dumps(operations[other].value))
    value[number] = operations[one].value[micro]
    return [replace(o, value=value) if at == other else o for at, o in enumerate(operations)]


def test_the_checker_agrees_with_its_twin_where_transactions_poll_the_same():
    random, kinds = Random(7), Counter()
    for _ in range(200):
        verdict = found_by_both(repeated(simulated(random, range(3)), random), False)
        kinds.update({anomaly.kind for anomaly in verdict.anomalies})

    assert kinds["group-repeat"] >= 3


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 60))
def test_the_checker_agrees_with_its_twin_on_many_histories(seed):
    kinds = twins([seed], 500)
    assert min(kinds[kind] for kind in ("lost-write", "duplicate", "int-nonmonotonic-poll")) > 0


def test_a_forged_verdict_is_refuted():
    good, bad = whole(ABC, drain((0, 1), (1, 2), (2, 3))), whole(ABC, drain((0, 1), (1, 2)))
    valid, invalid = (kafka().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="the history shows lost-write"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
