"""What right services announce is valid, and refuted when one thing in it is changed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from splitbrain.checkers import INVALID, VALID
from splitbrain.checkers.caching import no_stale_set, single_flight
from splitbrain.checkers.calls import (
    backoff_spread,
    balance,
    drained,
    no_request_to_dead,
    retry_amplification,
)
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.overload import metastable


def made(*events):
    """Announcements ``(who, f, value)``, a tenth of a second apart."""
    return [Operation(i, i * 10**8, who, "info", f, v) for i, (who, f, v) in enumerate(events)]


def changed(operations, at, **fields):
    """The same with other fields in the value of one."""
    value = {**operations[at].value, **fields}
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def validity(checker, operations):
    kept = [replace(o, index=i) for i, o in enumerate(operations)]
    return checker.check(History.from_operations(kept)).validity


def test_one_retry_more_than_the_budget_is_a_storm():
    for seed in range(40):
        dice, tokens, events = Random(seed), 2.0, []
        while tokens >= 1 or len(events) < 20:
            again = tokens >= 1 and bool(events) and dice.random() < 0.7
            tokens += -1 if again else 0.25
            events.append(("n2", "call", {"attempt": 2 if again else 1}))
        # The bucket holds what is left of a token: one call that was a retry is one too many.
        right = made(*events)
        calls = [n for n, o in enumerate(right) if o.value["attempt"] == 1]
        checker = retry_amplification(burst=2, share=0.25)

        assert validity(checker, right) is VALID
        assert validity(checker, changed(right, calls[-1], attempt=2)) is INVALID


def test_waits_that_are_all_made_the_same_are_refuted():
    dice = Random(1)
    for _ in range(40):
        delays = [dice.random() for _ in range(8)]
        right = made(*(("n2", "retry", {"attempt": 2, "delay": delay}) for delay in delays))
        alike = [replace(o, value=right[0].value) for o in right]

        assert validity(backoff_spread(), right) is VALID
        assert validity(backoff_spread(), alike) is INVALID


def balanced(dice):
    """A right balancer with three backends, of which one dies, and each is restarted when idle."""
    events, under_way, dead = [("n1", "started", {})], {}, None
    for number in range(30):
        if number == 10:
            dead = dice.choice(["n2", "n3", "n4"])
            fault = {"id": "f", "phase": "start", "targets": [dead]}
            events.append((NEMESIS, "process.kill", fault))
        alive = [b for b in ("n2", "n3", "n4") if b != dead]
        counts = {b: list(under_way.values()).count(b) for b in alive}
        to = min(counts, key=counts.__getitem__)
        events.append(("n1", "sent", {"to": to, "number": number, "open": counts}))
        under_way[number] = to
        while under_way and dice.random() < 0.6:
            one = dice.choice(sorted(under_way))
            answer = {"from": under_way.pop(one), "number": one, "ok": True}
            events.append(("n1", "answered", answer))
            if dice.random() < 0.3:
                events.append((answer["from"], "dropped", {"number": one}))
    return made(*events), dead


def test_a_request_that_goes_elsewhere_is_refuted():
    for seed in range(40):
        right, dead = balanced(Random(seed))
        for checker in (balance(), no_request_to_dead(), drained()):
            assert validity(checker, right) is VALID
        sent = [n for n, o in enumerate(right) if o.f == "sent"]
        assert validity(no_request_to_dead(), changed(right, sent[-1], to=dead)) is INVALID
        uneven = [n for n in sent if len({*right[n].value["open"].values()}) > 1]
        for at in uneven[:1]:
            counts = right[at].value["open"]
            busiest = max(counts, key=counts.__getitem__)
            assert validity(balance(), changed(right, at, to=busiest)) is INVALID
        at = next(n for n, o in enumerate(right) if o.f == "dropped")
        answered = [n for n, o in enumerate(right[:at]) if o.f == "answered"]
        answer = next(n for n in answered if right[n].value["number"] == right[at].value["number"])
        assert validity(drained(), right[:answer] + right[answer + 1 :]) is INVALID


def cached(dice):
    """A right cache: what it is filled with is what is newest, and each key is loaded alone."""
    events, newest = [], {"x": 1, "y": 1}
    for _ in range(12):
        key = dice.choice("xy")
        if dice.random() < 0.5:
            newest[key] += 1
            events.append(("n2", "invalidated", {"key": key, "version": newest[key]}))
        events.append(("n2", "loading", {"key": key}))
        events.append(("n2", "filled", {"key": key, "version": newest[key]}))
        events.append(("n2", "loaded", {"key": key}))
    return made(*events)


def test_a_fill_that_is_older_and_a_load_that_does_not_end_are_refuted():
    for seed in range(40):
        right = cached(Random(seed))
        assert validity(no_stale_set(), right) is VALID
        assert validity(single_flight(), right) is VALID
        last = max(n for n, o in enumerate(right) if o.f == "filled")
        stale = changed(right, last, version=0)
        assert validity(no_stale_set(), stale) is INVALID
        key = right[last].value["key"]
        loads = [n for n, o in enumerate(right) if o.f == "loaded" and o.value["key"] == key]
        if len(loads) > 1:
            without = right[: loads[0]] + right[loads[0] + 1 :]
            assert validity(single_flight(), without) is INVALID


def test_goodput_that_is_lost_after_a_spike_is_refuted():
    for seed in range(40):
        dice, events = Random(seed), []
        for number in range(10):
            spike, sent = number == 2, dice.randrange(20, 60)
            answer = {"sent": sent, "answered": 0 if spike else sent, "spike": spike}
            events += [(number, "invoke", "drive", {}), (number, "ok", "drive", answer)]
        right = [
            Operation(i, i // 2 * 10**9 + i % 2 * 5 * 10**8, *event)
            for i, event in enumerate(events)
        ]
        assert validity(metastable(), right) is VALID
        for at in (n for n, o in enumerate(right) if o.type == "ok" and o.time > 6 * 10**9):
            right = changed(right, at, answered=right[at].value["sent"] // 2)
        assert validity(metastable(), right) is INVALID
