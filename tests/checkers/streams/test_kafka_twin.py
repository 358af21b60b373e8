"""Partitioned logs: a twin by the definitions, mutated observations, planted anomalies."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from log_histories import assign, circle, did, drain, poll, send, subscribe, txn

from splitbrain.checkers import INVALID, UNKNOWN
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.streams import kafka, partitioned_logs
from splitbrain.checkers.streams.partitioned_logs import ENTRY
from splitbrain.checkers.streams.recheck.record_logs import anomalies, starts
from splitbrain.checkers.verdict import Verdict


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
        made.calls(), write_order, starts(made)
    ), list(made)
    if verdict.validity is not UNKNOWN:
        again = Verdict.from_json(json.loads(json.dumps(verdict.to_json())))
        assert ENTRY.verified(made, again, {"write_order": write_order}).complete
    return verdict


def on_z(*parts):
    """Events of a log of its own."""
    return [event for part in parts for event in part]


def says(start, epoch=1, keeps=0):
    value = {"keys": ["z"], "start": start, "epoch": epoch, "keeps": keeps}
    return [("n1", "info", "log-start", value)]


def polled_of_z(process, *records):
    return txn(process, ["poll", {"z": [list(record) for record in records]}])


A, B, C = (0, 1001), (1, 1002), (2, 1003)
SENT = on_z(*(send(value, offset, 90, key="z") for offset, value in (A, B, C)))
READS = assign(91, "z")
SHARE = on_z(subscribe(92, "z"), subscribe(93, "z"))


def of_z(*records, process=91):
    return poll(*records, process=process, key="z")


PLANTED = {
    "lost-write": [SENT, drain(A, B, key="z")],
    "inconsistent-offsets": [SENT, of_z(A), of_z((0, 1002))],
    "duplicate": [SENT, of_z((7, 1002))],
    "aborted-read": [send(1004, 3, 90, "fail", "z"), of_z((3, 1004))],
    "unsent": [of_z((3, 1999))],
    "poll-skip": [SENT, READS, of_z(A), of_z(C), drain(A, B, C, key="z")],
    "int-poll-skip": [SENT, of_z(A, C), drain(A, B, C, key="z")],
    "nonmonotonic-poll": [SENT, READS, of_z(A, B), of_z(B, C)],
    "int-nonmonotonic-poll": [SENT, of_z(B, A)],
    "nonmonotonic-send": [send(1001, 4, 90, key="z"), send(1002, 3, 90, key="z")],
    "int-nonmonotonic-send": [txn(90, ["send", "z", [1, 1001]], ["send", "z", [0, 1002]])],
    "G1c": [circle((["send", "z", [0, 1001]], ["poll", {"z": [[1, 1002]]}]),
                   (["send", "z", [1, 1002]], ["poll", {"z": [[0, 1001]]}]), 90)],
    "G0": [circle((["send", "z", [0, 1001]], ["send", "w", [1, 1001]]),
                  (["send", "z", [1, 1002]], ["send", "w", [0, 1002]]), 90)],
    "group-skip": [SENT, SHARE, of_z(B, process=92), of_z(C, process=93)],
    "group-repeat": [SENT, SHARE, polled_of_z(92, A), polled_of_z(93, A, B)],
    "nonmonotonic-log-start": [SENT, says(2), says(1, epoch=2)],
    "early-retention": [says(1, keeps=1), send(1001, 1, 90, key="z")],
}  # fmt: skip
"""Each anomaly in a log of its own, by who uses no other one."""


def planted(operations, kind, random):
    """A history with the events of an anomaly among its own."""
    mine = [(o.process, o.type, o.f, o.value) for o in operations]
    theirs = on_z(*PLANTED[kind])
    places = sorted(random.randint(0, len(mine)) for _ in theirs)
    for place, event in reversed(list(zip(places, theirs, strict=True))):
        mine.insert(place, event)
    return [Operation(i, i, *event) for i, event in enumerate(mine)]


def in_doubt(operations):
    """Whether one of a group may have been given anything."""
    return any(o.type == "info" and o.f == "txn" and ["poll"] in o.value for o in operations)


def planted_is_found(operations, kind, random):
    verdict = found_by_both(
        planted(operations, kind, random), kind == "G0" or random.random() < 0.5
    )
    kinds = {anomaly.kind for anomaly in verdict.anomalies}
    assert kind in kinds or (kind == "group-skip" and in_doubt(operations)), verdict
    return kinds


def twins(seeds, each):
    kinds = Counter()
    for seed in seeds:
        random = Random(seed)
        for number in range(each):
            operations = simulated(random)
            right = found_by_both(operations, False)
            assert right.validity is not INVALID, right
            if number % 2:
                kind = list(PLANTED)[number // 2 % len(PLANTED)]
                kinds.update(planted_is_found(operations, kind, random))
            else:
                wrong = found_by_both(mutated(operations, random), random.random() < 0.5)
                kinds.update({anomaly.kind for anomaly in wrong.anomalies})
    return kinds


def test_every_anomaly_that_is_told_first_is_planted():
    assert set(partitioned_logs._WORST) < set(PLANTED)


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_into_a_random_history_is_found_by_checker_and_twin(kind):
    random = Random(kind)
    for _ in range(4):
        planted_is_found(simulated(random), kind, random)


def test_the_checker_agrees_with_its_twin():
    kinds = twins(range(2), 100)
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
    assert min(kinds[kind] for kind in PLANTED) > 0
