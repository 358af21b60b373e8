"""Retention: what was announced to be forgotten is not lost, and what it says must hold."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import kafka
from splitbrain.checkers.streams.partitioned_logs import ENTRY
from splitbrain.checkers.streams.recheck.record_logs import anomalies, starts
from splitbrain.checkers.verdict import Verdict


def history(*parts):
    events = [event for part in parts for event in part]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def did(process, f, asked, told):
    return [(process, "invoke", f, asked), (process, "ok", f, told)]


def send(value, offset):
    told = value if offset is None else [offset, value]
    return did(0, "send", [["send", "x", value]], [["send", "x", told]])


def poll(*records, process=1):
    return did(process, "poll", [["poll"]], [["poll", {"x": [list(r) for r in records]}]])


def assign(process=1):
    return did(process, "assign", ["x"], ["x"])


def subscribe(process=1):
    return did(process, "subscribe", ["x"], ["x"])


def drain(*records):
    return did(9, "drain", ["x"], {"x": [list(record) for record in records]})


def says(start, epoch=1, keeps=0, node="n1", keys=("x",)):
    value = {"keys": list(keys), "start": start, "epoch": epoch, "keeps": keeps}
    return [(node, "info", "log-start", value)]


ABC = [*send(1, 0), *send(2, 1), *send(3, 2)]


@pytest.mark.parametrize(
    ("parts", "kinds"),
    [
        ([ABC, says(2), drain((2, 3))], []),
        ([ABC, says(1), drain((2, 3))], ["lost-write"]),
        ([ABC, drain((2, 3)), says(2)], ["lost-write"]),  # nobody had said so by then
        ([ABC, says(2, keys=("y",)), drain((2, 3))], ["lost-write"]),
        ([send(1, None), send(2, 1), says(1), drain((1, 2))], []),  # it may have been at 0
        ([send(1, None), says(0), drain()], ["lost-write"]),
        ([ABC, says(2), assign(), poll((2, 3))], []),
        ([ABC, assign(), poll((0, 1)), says(2), poll((2, 3))], []),
        ([ABC, assign(), poll((0, 1)), says(1), poll((2, 3))], ["lost-write", "poll-skip"]),
        ([ABC, says(2), assign(), poll((0, 1), (2, 3))], []),  # who was slow to forget
        ([ABC, subscribe(), poll((0, 1)), says(2), poll((2, 3))], []),
        ([ABC, subscribe(), poll((0, 1)), says(1), poll((2, 3))], ["group-skip"]),
        ([ABC, says(2), says(1), drain((2, 3))], ["nonmonotonic-log-start"]),
        ([ABC, says(2, epoch=2), says(1, epoch=1, node="n2"), drain((2, 3))], []),
        ([ABC, says(1, epoch=1), says(2, epoch=2), says(1, epoch=3), drain((2, 3))],
         ["nonmonotonic-log-start"]),
        ([ABC, says(1, keeps=2), send(4, 3), drain((1, 2), (2, 3), (3, 4))], []),
        ([ABC, says(1, keeps=3), send(4, 3), drain((1, 2), (2, 3), (3, 4))],
         ["early-retention"]),
        ([ABC, says(4), send(4, 3), drain()], ["early-retention"]),
    ],
)  # fmt: skip
def test_what_was_announced_is_forgotten_and_nothing_else(parts, kinds):
    made = history(*parts)
    verdict = kafka().check(made)

    assert sorted({anomaly.kind for anomaly in verdict.anomalies}) == sorted(kinds)
    assert verdict.validity is (INVALID if kinds else VALID)
    assert all(anomaly.operations for anomaly in verdict.anomalies)
    assert ENTRY.verified(made, verdict, {}).complete


@pytest.mark.parametrize(
    "value", [None, {"keys": ["x"]}, {"keys": "x", "start": 1}, {"keys": ["x"], "start": "1"}]
)
def test_an_announcement_of_another_form_is_refused(value):
    made = history(ABC, [("n1", "info", "log-start", value)])

    with pytest.raises(ModelError, match="operation 6: n1 announces log-start"):
        kafka().check(made)


def test_announcements_alone_exercise_nothing():
    assert kafka().check(history(says(0))).validity is UNKNOWN


# The twin


class Log:
    """A log that forgets what it says, and who reads it."""

    def __init__(self, random):
        self.random = random
        self.records = []
        self.start = self.epoch = 0
        self.at = {}
        self.members = set()
        self.read = 0

    def step(self, process):
        match self.random.choice(("send", "send", "send", "poll", "poll", "read", "says", "drain")):
            case "send":
                offset = len(self.records)
                self.records.append([offset, offset + 1])
                return send(offset + 1, self.random.choice((offset, offset, None)))
            case "says":
                return self.says()
            case "drain":
                return drain(*self.records[self.start :])
            case "read":
                self.members.discard(process)
                self.at[process] = 0
                if self.random.random() < 0.5:
                    return assign(process)
                self.members.add(process)
                return subscribe(process)
        return self.poll(process)

    def poll(self, process):
        group = process in self.members
        position = max(self.start, self.read if group else self.at.get(process, 0))
        records = self.records[position : position + self.random.randrange(3)]
        if group:
            self.read = position + len(records)
        else:
            self.at[process] = position + len(records)
        return poll(*records, process=process)

    def says(self):
        self.epoch += self.random.random() < 0.2
        self.start = self.random.randint(self.start, len(self.records))
        keeps = self.random.randint(0, len(self.records) - self.start)
        return says(self.start, self.epoch, keeps)


def mutated(parts, random):
    """The same with one announcement changed, left out or moved, or a record taken away."""
    parts = json.loads(json.dumps(parts))
    announced = [at for at, part in enumerate(parts) if part[0][2] == "log-start"]
    given = [at for at, part in enumerate(parts) if part[-1][2] in ("poll", "drain")]
    if announced and random.random() < 0.7:
        at = random.choice(announced)
        value = parts[at][0][3]
        match random.randrange(4):
            case 0:
                del parts[at]
            case 1:
                parts.insert(random.randrange(len(parts)), parts.pop(at))
            case 2:
                value["start"] = random.randrange(8)
            case _:
                value["keeps"] += random.randint(1, 3)
    elif given:
        value = parts[random.choice(given)][-1][3]
        records = (value if isinstance(value, dict) else value[0][1])["x"]
        if records:
            records.pop(random.randrange(len(records)))
    return parts


def found_by_both(parts):
    made = history(*parts)
    verdict = kafka().check(made)
    listed = {tuple(found) for found in verdict.certificate.get("findings", [])}
    assert listed == anomalies(made.calls(), told=starts(made)), list(made)
    if verdict.validity is not UNKNOWN:
        again = Verdict.from_json(json.loads(json.dumps(verdict.to_json())))
        assert ENTRY.verified(made, again, {}).complete
    return verdict


def twins(seeds):
    kinds = Counter()
    for seed in seeds:
        random = Random(seed)
        log = Log(random)
        parts = [log.step(random.randrange(1, 4)) for _ in range(random.randint(4, 24))]
        assert found_by_both(parts).validity is not INVALID, parts
        wrong = found_by_both(mutated(parts, random))
        kinds.update({anomaly.kind for anomaly in wrong.anomalies})
    return kinds


def test_the_checker_agrees_with_its_twin():
    kinds = twins(range(60))

    assert {"lost-write", "early-retention", "nonmonotonic-log-start", "poll-skip"} <= set(kinds)
    assert kinds["group-skip"] > 0


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1000, 6000, 500))
def test_the_checker_agrees_with_its_twin_on_many_histories(first):
    assert len(twins(range(first, first + 500))) >= 4


def test_a_forged_verdict_is_refuted():
    forgotten = history(ABC, says(2), drain((2, 3)))
    lost = history(ABC, says(1), drain((2, 3)))

    with pytest.raises(CertificateError, match="the history shows lost-write"):
        ENTRY.verified(lost, kafka().check(forgotten), {})
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(forgotten, kafka().check(lost), {})
