"""What a balancer may do: examples, and twins by the definitions on random announcements."""

from __future__ import annotations

from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.calls import (
    balance,
    drained,
    no_request_to_dead,
    requests_counted,
)
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

SECOND = 1_000_000_000


def history(*events):
    """Events ``(seconds, who, f, value)``, in this order."""
    return History.from_operations(
        Operation(i, round(at * SECOND), who, "info", f, value)
        for i, (at, who, f, value) in enumerate(events)
    )


def sent(at, to, number=0, **counts):
    counts = counts or {"n2": 0, "n3": 0}
    return (at, "n1", "sent", {"to": to, "number": number, "open": counts})


def answered(at, source, ok, number=0):
    return (at, "n1", "answered", {"from": source, "number": number, "ok": ok})


def killed(at, *targets, fault="f1", phase="start"):
    value = {"id": fault, "phase": phase, "targets": list(targets)}
    return (at, NEMESIS, "process.kill", value)


def dropped(at, number, who="n2"):
    return (at, who, "dropped", {"number": number})


STARTED = (0, "n1", "started", {})
FAILURES = [answered(1 + n / 100, "n2", False) for n in range(5)]


@pytest.mark.parametrize(
    ("events", "validity", "kinds"),
    [
        ([killed(1, "n2"), sent(2.1, "n3")], VALID, []),
        ([killed(1, "n2"), sent(2.1, "n2")], INVALID, ["request-to-dead"]),
        ([*FAILURES, sent(1.2, "n2")], INVALID, ["black-hole"]),
        ([*FAILURES, sent(1.2, "n3")], VALID, []),
        # Nobody is known to be dead, or only fails, while a request is sent.
        ([sent(1, "n2")], UNKNOWN, []),
        ([killed(1, "n2"), sent(1.9, "n2")], UNKNOWN, []),
        ([killed(1, "n2"), killed(2, "n2", phase="stop"), sent(2.1, "n2")], UNKNOWN, []),
        ([killed(1, "n9"), sent(2.1, "n2")], UNKNOWN, []),  # that was no backend
        ([*FAILURES, sent(1.6, "n2")], UNKNOWN, []),  # it is tried again
        ([*FAILURES, sent(1.2, "n2", n2=0)], UNKNOWN, []),  # there is no other
        ([*FAILURES, answered(1.1, "n2", True), sent(1.2, "n2")], UNKNOWN, []),
        ([*FAILURES[1:], sent(1.2, "n2")], UNKNOWN, []),
        ([*FAILURES, (1.1, "n1", "started", {}), sent(1.2, "n2")], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_no_request_to_dead(events, validity, kinds):
    verdict = no_request_to_dead().check(history(*events))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds)


@pytest.mark.parametrize(
    ("events", "validity"),
    [
        ([sent(1, "n2", n2=1, n3=1, n4=0)], VALID),
        ([sent(1, "n2", n2=0, n3=5)], VALID),
        ([sent(1, "n2", n2=2, n3=1, n4=0)], INVALID),
        ([sent(1, "n2", n2=9)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_balance(events, validity):
    assert balance().check(history(*events)).validity is validity


@pytest.mark.parametrize(
    ("events", "validity"),
    [
        ([sent(1, "n2", 7), dropped(2, 7)], INVALID),
        ([sent(1, "n2", 7), answered(2, "n2", False, 7), dropped(3, 7)], VALID),
        ([sent(1, "n2", 7), (2, "n1", "started", {}), dropped(3, 7)], VALID),
        ([sent(1, "n2", 7), dropped(2, 8)], VALID),
        ([sent(1, "n2", 7), answered(2, "n2", True, 7)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_drained(events, validity):
    assert drained().check(history(*events)).validity is validity


def test_an_announcement_without_a_backend_is_refused():
    with pytest.raises(ModelError, match="needs 'to'"):
        balance().check(history((1, "n1", "sent", {"open": {}})))


def drawn(random: Random):
    """Random announcements of one balancer and deaths of its backends, in order of time."""
    events, at, dead = [], 0.0, {}
    for number in range(random.randrange(2, 25)):
        at += random.random() / 3
        backend = random.choice(["n2", "n3", "n4"])
        what = random.random()
        if what < 0.15:
            phase = "stop" if backend in dead else "start"
            fault = dead.pop(backend, None) or dead.setdefault(backend, f"f{number}")
            events.append(killed(at, backend, fault=fault, phase=phase))
        elif what < 0.2:
            events.append((at, "n1", "started", {}))
        elif what < 0.65:
            ok = random.random() < 0.1
            events.append(answered(at, backend, ok, random.randrange(4)))
        elif what < 0.75:
            events.append(dropped(at, random.randrange(4)))
        else:
            counts = {each: random.randrange(3) for each in random.sample(["n2", "n3", "n4"], 2)}
            counts.setdefault(backend, random.randrange(3))
            events.append(sent(at, backend, random.randrange(4), **counts))
    return events


def twin(events):
    """The places of anomalies, each request looked at by itself."""
    dead, holes, busy, drops = set(), set(), set(), set()
    for place, (at, _, f, value) in enumerate(events):
        before = events[:place]
        start = max((n for n, e in enumerate(before) if e[2] == "started"), default=-1) + 1
        life = before[start:]
        if f == "dropped":
            mine = [e for e in life if e[2] in ("sent", "answered")
                    and e[3]["number"] == value["number"]]  # fmt: skip
            if mine and mine[-1][2] == "sent":
                drops.add(place)
        if f != "sent":
            continue
        to, counts = value["to"], value["open"]
        others = [count for backend, count in counts.items() if backend != to]
        if others and all(counts[to] > count for count in others):
            busy.add(place)
        deaths = [e for e in before if e[2] == "process.kill" and to in e[3]["targets"]]
        if deaths and deaths[-1][3]["phase"] == "start" and at - deaths[-1][0] > 1.0:
            dead.add(place)
        answers = [e for e in life if e[2] == "answered" and e[3]["from"] == to]
        lately = answers[-5:]
        failing = len(lately) == 5 and not any(e[3]["ok"] for e in lately)
        if failing and others and at - lately[-1][0] < 0.5:
            holes.add(place)
    return dead, holes, busy, drops


def test_the_checkers_agree_with_their_twins():
    random = Random(1)
    seen = [0, 0, 0, 0]
    for _ in range(1500):
        events = drawn(random)
        made = history(*events)
        verdicts = {c: c.check(made) for c in (no_request_to_dead(), balance(), drained())}
        for checker, verdict in verdicts.items():
            shown_alone(checker, made, verdict)
        found, *others = (verdict.anomalies for verdict in verdicts.values())
        kinds = [{a.operations[-1] for a in found if a.kind == kind}
                 for kind in ("request-to-dead", "black-hole")]  # fmt: skip
        kinds += [{a.operations[-1] for a in each} for each in others]
        assert tuple(kinds) == twin(events), events
        seen = [count + bool(each) for count, each in zip(seen, kinds, strict=True)]
    assert min(seen) > 10


@pytest.mark.parametrize(
    ("events", "validity"),
    [
        ([sent(1, "n2", 1), answered(2, "n2", True, 1), sent(3, "n2", 2)], VALID),
        ([sent(1, "n2", 1), sent(2, "n3", 2, n2=1, n3=0), answered(3, "n2", True, 1)], VALID),
        ([sent(1, "n2", 1), answered(2, "n2", False, 1), sent(3, "n3", 2, n2=1)], INVALID),
        ([sent(1, "n2", 1), sent(2, "n3", 2, n2=0, n3=0)], INVALID),
        ([sent(1, "n2", 1), (2, "n1", "started", {}), sent(3, "n2", 2, n2=0)], UNKNOWN),
        ([sent(1, "n2", 1)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_requests_counted(events, validity):
    assert requests_counted().check(history(*events)).validity is validity


def test_counts_are_what_looking_at_each_request_by_itself_says():
    random, wrong = Random(2), 0
    for _ in range(400):
        events, number = [], 0
        while number < 8:
            life = events[max((n for n, e in enumerate(events) if e[2] == "started"), default=0) :]
            over = [e[3]["number"] for e in life if e[2] == "answered"]
            under = [e for e in life if e[2] == "sent" and e[3]["number"] not in over]
            number += 1
            if random.random() < 0.1:
                events.append((number, "n1", "started", {}))
            elif under and random.random() < 0.4:
                one = random.choice(under)[3]
                events.append(answered(number, one["to"], True, one["number"]))
            else:
                counts = {b: sum(e[3]["to"] == b for e in under) for b in ("n2", "n3")}
                if random.random() < 0.05:  # a mutant
                    counts[random.choice(["n2", "n3"])] += random.choice([-1, 1])
                    events.append(sent(number, "n2", number, **counts))
                    break
                events.append(sent(number, random.choice(["n2", "n3"]), number, **counts))
        mutant = number < 8 or sum(events[-1][3].get("open", {}).values()) < 0
        made = history(*events)
        verdict = requests_counted().check(made)
        found = verdict.anomalies
        shown_alone(requests_counted(), made, verdict)
        wrong += bool(found)

        assert {a.operations[-1] for a in found} <= {len(events) - 1}, events
        assert bool(found) >= mutant, events
    assert wrong > 50
