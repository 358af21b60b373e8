"""Verdicts on sets, queues, weak registers and sequential consistency, checked again.

Each confirms what its checker says of random histories, and refuses the opposite.
"""

import random
from dataclasses import replace

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, checker_for_model
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.collections.recheck import sets
from splitbrain.checkers.consistency.recheck import interleavings, reads
from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.registry import entry_named
from splitbrain.checkers.verdict import Anomaly, Verdict

HISTORIES = 400


def a_set(r):
    f = r.choice(("add", "add", "read"))
    given = r.randrange(2) if f == "add" else None
    if r.random() < 0.1:
        return f, given, given if f == "add" else [r.randrange(4) for _ in range(r.randrange(5))]
    return f, given, given if f == "add" else r.sample((0, 1), r.choice((1, 2, 2, 2)))


def a_queue(r):
    f = r.choice(("enqueue", "enqueue", "dequeue", "dequeue", "drain"))
    given = r.randrange(3) if f == "enqueue" else None
    told = [r.randrange(3) for _ in range(r.randrange(3))] if f == "drain" else r.randrange(3)
    return f, given, given if f == "enqueue" else told


def a_register(r):
    f = r.choice(("write", "read"))
    given = r.randrange(3) if f == "write" else None
    return f, given, given if f == "write" else r.choice((None, 0, 1, 2))


def a_history(r, draw, number=8, clients=3):
    """Operations of some clients, with any answers."""
    events, busy, idle = [], {}, list(range(clients))

    def record(process, kind, f, value):
        at = len(events)
        events.append(Operation(at, at * 1_000_000_000, process, kind, f, value))

    while number or busy:
        if number and idle and (not busy or r.random() < 0.6):
            process, number = idle.pop(), number - 1
            busy[process] = draw(r)
            record(process, INVOKE, *busy[process][:2])
        else:
            process = r.choice(list(busy))
            f, given, told = busy.pop(process)
            kind = r.choice((OK, OK, OK, OK, OK, INFO, FAIL))
            record(process, kind, f, told if kind == OK else given)
            idle.append(process + 10 if kind == INFO else process)
    return History.from_operations(events)


CASES = {
    "set-full": (a_set, {}),
    "set-full, linearizable": (a_set, {"linearizable": True}),
    "set-full, final reads": (a_set, {"final_process": 1}),
    "total-queue": (a_queue, {}),
    "total-queue, at least once": (a_queue, {"at_least_once": True}),
    "regular-register": (a_register, {}),
    "regular-register, initial": (a_register, {"initial": 1}),
    "safe-register": (a_register, {}),
    "bounded-staleness": (a_register, {"versions": 1}),
    "bounded-staleness, seconds": (a_register, {"seconds": 2.5, "versions": 2}),
    "register": (a_register, {"consistency": "sequential"}),
}


DEFAULTS = {
    "total-queue": {"at_least_once": False},
    "regular-register": {"initial": None},
    "safe-register": {"initial": None},
    "bounded-staleness": {"initial": None},
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_checker_says_is_confirmed_and_its_opposite_refused(case):
    draw, options = CASES[case]
    entry = entry_named(case.split(",")[0])
    checker, r = entry.make(**options), random.Random(case)
    counts = {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(HISTORIES):
        history = a_history(r, draw, number=r.randint(2, 9))
        verdict = Verdict.from_json(checker.check(history).to_json())
        counts[verdict.validity] += 1
        if verdict.validity is UNKNOWN:
            continue
        certified = entry.verified(history, verdict, options)
        assert certified.complete, certified
        for forged in forgeries(verdict):
            with pytest.raises(CertificateError):
                entry.verified(history, forged, DEFAULTS.get(entry.name, {}) | options)
    assert min(counts[VALID], counts[INVALID]) > HISTORIES / 80, counts


def forgeries(verdict):
    """The opposite of a verdict, with what it says of the operations."""
    if verdict.validity is INVALID:
        # A sequential verdict of which an order is claimed has none that could be followed.
        yield replace(verdict, validity=VALID, anomalies=())
        return
    for kind in ("lost", "stale-read", "not-sequential"):
        anomaly = Anomaly(kind, "it is wrong", (0, 1), {})
        yield replace(verdict, validity=INVALID, anomalies=(anomaly,), certificate={})


def test_what_is_too_much_to_be_checked_is_said(monkeypatch):
    for module, name in ((sets, "STEPS"), (reads, "STEPS"), (interleavings, "EXHAUSTED")):
        monkeypatch.setattr(module, name, 1)
    wrong = {
        "set-full": [("add", 1, 1), ("read", None, [1]), ("read", None, [])],
        "regular-register": [("write", 1, 1), ("write", 2, 2), ("read", None, 1)],
        "register": [("write", 1, 1), ("read", None, 2)],
    }
    for name, steps in wrong.items():
        events = []
        for f, given, told in steps:
            for kind, value in ((INVOKE, given), (OK, told)):
                events.append(Operation(len(events), len(events), 0, kind, f, value))
        history = History.from_operations(events)
        options = {"consistency": "sequential"} if name == "register" else {}
        verdict = checker_for_model(name, **options).check(history)
        assert verdict.validity is INVALID
        certified = entry_named(name).verified(history, verdict, options)
        assert not certified.complete
        assert certified.unchecked


def test_a_verdict_that_needs_an_option_says_so():
    events = []
    for f, given, told in (("write", 1, 1), ("read", None, 1)):
        for kind, value in ((INVOKE, given), (OK, told)):
            events.append(Operation(len(events), len(events), 0, kind, f, value))
    queue = [("enqueue", 1, 1), ("dequeue", None, 1), ("dequeue", None, 1)]
    taken = []
    for f, given, told in queue:
        for kind, value in ((INVOKE, given), (OK, told)):
            taken.append(Operation(len(taken), len(taken), 0, kind, f, value))
    history = History.from_operations(taken)
    verdict = checker_for_model("total-queue", at_least_once=True).check(history)
    verdict = replace(verdict, validity=VALID)
    certified = entry_named("total-queue").verified(history, verdict)
    assert "at_least_once=true" in certified.unchecked
    for event in events[2:]:
        event.value = 0 if event.value == 1 else None
    history = History.from_operations(events)
    verdict = checker_for_model("regular-register", initial=0).check(history)
    assert verdict.validity is INVALID
    certified = entry_named("regular-register").verified(
        history, replace(verdict, validity=VALID, anomalies=())
    )
    assert "-o initial=VALUE" in certified.unchecked
