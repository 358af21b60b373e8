"""Orders of broadcast: examples, a twin that tries all sequences, mutants, the recheck."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.broadcast.orders import (
    CAUSAL_ENTRY,
    FIFO_ENTRY,
    TOTAL_ENTRY,
    causal_broadcast,
    fifo_broadcast,
    total_order_broadcast,
)
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

TOTAL, FIFO, CAUSAL = total_order_broadcast(), fifo_broadcast(), causal_broadcast()
ENTRIES = {checker.name: entry for checker, entry in
           ((TOTAL, TOTAL_ENTRY), (FIFO, FIFO_ENTRY), (CAUSAL, CAUSAL_ENTRY))}  # fmt: skip


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def send(process, message, kind="ok"):
    return [(process, "invoke", "broadcast", message), (process, kind, "broadcast", message)]


def told(process, server, *messages, after=0, f="deliveries"):
    value = {"server": server, "after": after, "messages": list(messages)}
    asked = after if f == "deliveries" else None
    return [(process, "invoke", f, asked), (process, "ok", f, value)]


def drain(server, *messages):
    return told(9, server, *messages, f="drain")


@pytest.mark.parametrize(
    ("checker", "parts", "validity", "kinds"),
    [
        (TOTAL, [send(1, 1), send(2, 2), drain("a", 1, 2), drain("b", 1, 2)], VALID, []),
        (TOTAL, [send(1, 1), send(2, 2), drain("a", 2, 1), drain("b", 2, 1)], VALID, []),
        # One server is behind: what it has delivered is a prefix.
        (TOTAL, [send(1, 1), send(2, 2), told(3, "a", 1, 2), told(3, "b", 1)], VALID, []),
        (TOTAL, [send(1, 1), send(2, 2), told(3, "a", 1, 2), told(3, "b", 2)], INVALID, ["forked"]),
        (
            TOTAL,
            [send(1, 1), send(2, 2), drain("a", 1, 2), drain("b", 2, 1)],
            INVALID,
            ["forked"],
        ),
        (TOTAL, [send(1, 1), told(3, "a", 1), told(3, "a")], UNKNOWN, []),  # it starts again
        (
            TOTAL,
            [send(1, 1), send(1, 2), told(3, "a", 2), told(3, "a", 1)],
            INVALID,
            ["unsaid"],
        ),
        (TOTAL, [send(1, 1), drain("a", 1, 1)], INVALID, ["duplicated"]),
        (TOTAL, [send(1, 1), drain("a", 1, 7)], INVALID, ["phantom"]),
        (TOTAL, [send(1, 1, "fail"), drain("a", 1)], INVALID, ["phantom"]),
        (TOTAL, [told(3, "a", 1), send(1, 1)], INVALID, ["phantom"]),
        (TOTAL, [send(1, 1, "info"), drain("a"), drain("b")], UNKNOWN, []),
        (TOTAL, [send(1, 1), drain("a", 1), drain("b")], INVALID, ["lost"]),
        (TOTAL, [send(1, 1, "info"), drain("a", 1), drain("b")], INVALID, ["disagreement"]),
        (TOTAL, [], UNKNOWN, []),
        # What one process sends has an order, whatever the servers agree on.
        (FIFO, [send(1, 1), send(1, 2), drain("a", 1, 2)], VALID, []),
        (FIFO, [send(1, 1), send(1, 2), drain("a", 2, 1)], INVALID, ["fifo-order"]),
        (FIFO, [send(1, 1), send(1, 2), told(3, "a", 2)], INVALID, ["fifo-order"]),
        (FIFO, [send(1, 1), send(1, 2), told(3, "a", 2, after=1)], VALID, []),  # 1 may be at 0
        (FIFO, [send(1, 1), send(2, 2), drain("a", 1, 2), drain("b", 2, 1)], UNKNOWN, []),
        # To be told of a message is to know it.
        (CAUSAL, [send(1, 1), told(2, "a", 1), send(2, 2), drain("b", 2, 1)], INVALID, None),
        (FIFO, [send(1, 1), told(2, "a", 1), send(2, 2), drain("b", 2, 1)], UNKNOWN, []),
        (CAUSAL, [send(1, 1), told(2, "a", 1), send(2, 2), drain("b", 1, 2)], VALID, []),
        (CAUSAL, [send(1, 1), send(2, 2), drain("a", 1, 2), drain("b", 2, 1)], UNKNOWN, []),
    ],
)
def test_orders(checker, parts, validity, kinds):
    made = history(*parts)
    verdict = checker.check(made)

    found = [anomaly.kind for anomaly in verdict.anomalies]
    assert (verdict.validity, found) == (validity, ["causal-order"] if kinds is None else kinds)
    if verdict.validity is not UNKNOWN:
        ENTRIES[checker.name].verified(made, verdict)


def test_an_anomaly_names_cause_effect_and_answer():
    made = history(send(1, 1), told(2, "a", 1), send(2, 2), drain("b", 2, 1))
    (anomaly,) = CAUSAL.check(made).anomalies

    assert anomaly.operations == (1, 5, 7)
    assert anomaly.message == (
        "b delivered 2 at position 0, and not before that 1, which process 2 knew when it sent that"
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([send(1, 1), send(2, 1)], "1 was broadcast before; messages must differ"),
        ([[(1, "invoke", "drain", None), (1, "ok", "drain", [1])]], "drain gives"),
        ([told(1, "a", 1, after=-1)], "deliveries gives"),
    ],
)
def test_what_is_of_another_form_is_refused(parts, message):
    with pytest.raises(ModelError, match=message):
        TOTAL.check(history(*parts))


# A twin


def simulated(random: Random) -> list:
    """Servers that deliver what clients send: from one log, or each in an order of its own."""
    servers = {"a": [], "b": []}
    log, events, sent, total = [], [], 0, random.random() < 0.5
    for _ in range(random.randrange(4, 11)):
        process = random.randrange(1, 3)
        step = random.random()
        name = random.choice(sorted(servers))
        if step < 0.5 and sent < 4:
            kind = random.choice(("ok", "ok", "ok", "fail"))
            events += send(process, sent, kind)
            log += [sent] if kind == "ok" else []
            sent += 1
        elif step < 0.7:
            events += told(process, name, *servers[name])
        else:
            missing = [m for m in log if m not in servers[name]]
            if missing:
                servers[name].append(missing[0] if total else random.choice(missing))
    for name in servers:
        rest = [m for m in log if m not in servers[name]]
        events += drain(name, *servers[name], *rest)
    return events


def mutated(events: list, random: Random) -> list:
    """One answer is another: two messages change places, or one is gone, doubled or invented."""
    answers = [n for n, e in enumerate(events) if e[1] == "ok" and e[2] != "broadcast"]
    at = random.choice(answers)
    messages = list(events[at][3]["messages"])
    match random.randrange(4):
        case 0 if len(messages) > 1:
            i, j = random.sample(range(len(messages)), 2)
            messages[i], messages[j] = messages[j], messages[i]
        case 1 if messages:
            del messages[random.randrange(len(messages))]
        case 2 if messages:
            messages.insert(random.randrange(len(messages) + 1), random.choice(messages))
        case _:
            messages.insert(random.randrange(len(messages) + 1), random.randrange(6))
    changed = {**events[at][3], "messages": messages}
    return [*events[:at], (*events[at][:3], changed), *events[at + 1 :]]


def twin(checker: str, made: History) -> bool:
    """Whether there are sequences, one for all servers or one for each, that explain all answers:
    every sequence of every choice of messages is tried."""
    calls = [call for call in made.calls() if call.outcome == "ok"]
    sends = {c.argument: c for c in calls if c.f == "broadcast"}
    answers = [c for c in calls if c.f != "broadcast"]
    for call in answers:
        for message in call.result["messages"]:
            if message not in sends or sends[message].invoke_index > call.complete_index:
                return False
    if any(set(sends) - {*c.result["messages"]} for c in answers if c.f == "drain"):
        return False  # all were acknowledged before
    orders = [o for n in range(len(sends) + 1) for o in permutations(sorted(sends), n)]
    if checker == TOTAL.name:
        return any(_explains(order, answers) for order in orders)
    before = set(_pairs(calls, sends, checker))
    for server in {c.result["server"] for c in answers}:
        mine = [c for c in answers if c.result["server"] == server]
        longest = max(len(c.result["messages"]) for c in mine)
        fitting = (o for o in orders if len(o) == longest and _explains(o, mine))
        if not any(_keeps(order, before) for order in fitting):
            return False
    return True


def _explains(order, answers) -> bool:
    told = (call.result["messages"] for call in answers)
    return all(list(order[: len(messages)]) == messages for messages in told)


def _pairs(calls, sends, checker):
    for later in sends.values():
        for call in calls:
            if call.process == later.process and call.complete_index < later.invoke_index:
                if call.f == "broadcast":
                    yield call.argument, later.argument
                elif checker == CAUSAL.name:
                    yield from ((message, later.argument) for message in call.result["messages"])


def _keeps(order, before) -> bool:
    return all(
        one in order and order.index(one) < order.index(two) for one, two in before if two in order
    )


@pytest.mark.parametrize("checker", [TOTAL, FIFO, CAUSAL], ids=lambda checker: checker.name)
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(checker):
    random = Random(checker.name)
    refuted = tried = 0
    for _ in range(350):
        events = simulated(random)
        for each in (events, mutated(events, random)):
            made = history(each)
            verdict = checker.check(made)

            assert (verdict.validity is INVALID) == (not twin(checker.name, made)), each
            tried += 1
            refuted += verdict.validity is INVALID
            if verdict.validity is not UNKNOWN:
                ENTRIES[checker.name].verified(made, verdict)
    assert tried / 5 < refuted < tried * 0.8


def test_a_forged_verdict_is_refused():
    good = history(send(1, 1), send(1, 2), drain("a", 1, 2), drain("b", 1, 2))
    bad = history(send(1, 1), send(1, 2), drain("a", 1, 2), drain("b", 2, 1))
    for checker in (TOTAL, FIFO, CAUSAL):
        entry = ENTRIES[checker.name]
        valid, invalid = checker.check(good), checker.check(bad)
        with pytest.raises(CertificateError):
            entry.verified(bad, valid)
        with pytest.raises(CertificateError):
            entry.verified(good, invalid)
        with pytest.raises(CertificateError):
            entry.verified(bad, replace(invalid, certificate={"findings": []}))
