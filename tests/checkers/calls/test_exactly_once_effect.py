"""Each acknowledged request has its effect once: examples, a twin by the definitions, mutants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.calls import exactly_once_effect
from splitbrain.checkers.calls.effects import ENTRY
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def whole(*parts):
    return history(*(event for part in parts for event in part))


def pay(request, kind="ok"):
    value = [request, "a", 5]
    process = {"ok": 0, "fail": 1, "info": 100 + request}[kind]
    return [(process, "invoke", "pay", value), (process, kind, "pay", value)]


def ledger(*requests, amount=5):
    effects = [[request, "a", amount] for request in requests]
    return [(2, "invoke", "ledger", None), (2, "ok", "ledger", effects)]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([pay(1), pay(2), ledger(1, 2)], VALID, []),
        ([pay(1), pay(2, "info"), ledger(1)], VALID, []),
        ([pay(1), pay(2, "info"), ledger(1, 2)], VALID, []),
        ([pay(1), pay(2, "fail"), ledger(1)], VALID, []),
        ([pay(1), ledger(1), pay(2)], VALID, []),
        ([pay(1), pay(2), ledger(2)], INVALID, ["lost"]),
        ([pay(1), ledger(1), ledger()], INVALID, ["lost"]),
        ([pay(1), ledger(1, 1)], INVALID, ["duplicated"]),
        ([pay(1), pay(2, "info"), ledger(1, 2, 2)], INVALID, ["duplicated"]),
        ([pay(1), pay(2, "fail"), ledger(1, 2)], INVALID, ["failed-effect"]),
        ([pay(1), ledger(1, 2), pay(2)], INVALID, ["unrequested"]),
        ([pay(1), ledger(1, amount=6)], INVALID, ["altered"]),
        ([pay(1), pay(2, "info"), ledger(1, 2), ledger(1)], INVALID, ["vanished"]),
        ([pay(1), ledger(), ledger()], INVALID, ["lost"]),  # told once
        ([ledger(), pay(1)], UNKNOWN, []),
        ([pay(1, "info"), ledger(1)], UNKNOWN, []),
        ([pay(1)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_exactly_once_effect(parts, validity, kinds):
    verdict = exactly_once_effect().check(whole(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def test_a_request_s_id_is_its_own():
    with pytest.raises(ModelError, match="was made before, at operation 0"):
        exactly_once_effect().check(whole(pay(1), pay(1)))


@pytest.mark.parametrize("value", [None, 3, [], "x"])
def test_what_is_no_effect_is_refused(value):
    events = [*pay(1), (2, "invoke", "ledger", None), (2, "ok", "ledger", [value])]
    with pytest.raises(ModelError):
        exactly_once_effect().check(history(*events))


def simulated(random: Random) -> list[Operation]:
    """A run of a service that keeps its promise: payments overlap, some outcomes are unknown."""
    events, done, open_calls = [], [], {}
    for request in range(random.randrange(1, 6)):
        process = request + 1
        events.append((process, "invoke", "pay", [request, "a", request]))
        outcome = random.choice(["ok", "ok", "ok", "info", "fail"])
        open_calls[process] = (request, outcome)
        while open_calls and random.random() < 0.6:
            who = random.choice(sorted(open_calls))
            request_, outcome_ = open_calls.pop(who)
            if outcome_ == "ok" or (outcome_ == "info" and random.random() < 0.5):
                done.append([request_, "a", request_])
            events.append((who, outcome_, "pay", [request_, "a", request_]))
        if random.random() < 0.7:
            events.append((0, "invoke", "ledger", None))
            events.append((0, "ok", "ledger", [list(effect) for effect in done]))
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with what one read observed changed: dropped, repeated, altered, invented."""
    reads = [n for n, o in enumerate(operations) if o.f == "ledger" and o.type == "ok"]
    if not reads:
        return operations
    at = random.choice(reads)
    effects = [list(effect) for effect in operations[at].value]
    match random.randrange(4):
        case 0 if effects:
            effects.pop(random.randrange(len(effects)))
        case 1 if effects:
            effects.append(random.choice(effects))
        case 2 if effects:
            random.choice(effects)[2] += 1
        case _:
            effects.append([random.randrange(7), "a", random.randrange(7)])
    return [replace(o, value=effects) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> set[str]:
    """Kinds of anomalies, read off the events one by one."""
    kinds = set()
    asked, told, read_from, seen = {}, {}, {}, []
    outcomes = {o.value[0]: o.type for o in operations if o.f == "pay" and o.type != "invoke"}
    for o in operations:
        if o.f == "pay" and o.type == "invoke":
            asked[o.value[0]] = o.value
        elif o.f == "pay" and o.type == "ok":
            told[o.value[0]] = o.index
        elif o.type == "invoke":
            read_from[o.process] = o.index
        elif o.f == "ledger":
            began, counts = read_from[o.process], Counter(e[0] for e in o.value)
            kinds |= {"lost" for request, at in told.items() if at < began and not counts[request]}
            kinds |= {"duplicated" for r, count in counts.items() if count > 1 and r in asked}
            kinds |= {"unrequested" for request in counts if request not in asked}
            kinds |= {"altered" for e in o.value if e[0] in asked and e != asked[e[0]]}
            kinds |= {"failed-effect" for r in counts if r in asked and outcomes.get(r) == "fail"}
            earlier = {r for end, requests in seen if end < began for r in requests}
            acknowledged = {request for request, at in told.items() if at < began}
            kinds |= {"vanished" for r in earlier - set(counts) if r not in acknowledged}
            seen.append((o.index, set(counts)))
    return kinds


@pytest.mark.parametrize("seed", range(10))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed):
    random = Random(seed)
    for _ in range(200):
        operations = simulated(random)
        for events in (operations, mutated(operations, random)):
            made = History.from_operations(events)
            verdict = exactly_once_effect().check(made)
            expected = twin(events)

            # An effect that was lost is not told to have vanished, too, by a later read.
            assert {a.kind for a in verdict.anomalies} | {"vanished"} == expected | {"vanished"}
            assert bool(verdict.anomalies) == bool(expected)
            shown_alone(exactly_once_effect(), made, verdict)
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)


def test_a_forged_verdict_is_refuted():
    good, bad = whole(pay(1), ledger(1)), whole(pay(1), ledger())
    valid, invalid = (exactly_once_effect().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="shows lost"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
