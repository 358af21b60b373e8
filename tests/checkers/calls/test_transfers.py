"""Transfers are booked on both sides once: examples, and mutants against another reckoning."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from witnesses import checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.calls.transfers import ENTRY, transfers_booked_once
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def whole(*parts):
    events = [event for part in parts for event in part]
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def transfer(request, kind="ok", amount=5):
    value = [request, "a", "b", amount]
    process = request if kind == "info" else 0
    return [(process, "invoke", "transfer", value), (process, kind, "transfer", value)]


def both(request, amount=5):
    return [[request, "a", -amount], [request, "b", amount]]


def accounts(*entries, **balances):
    rows = [row for entry in entries for row in (entry if isinstance(entry[0], list) else [entry])]
    sums = Counter()
    for _, account, amount in rows:
        sums[account] += amount
    result = {"entries": rows, "balances": {**sums, **balances}}
    return [(9, "invoke", "accounts", None), (9, "ok", "accounts", result)]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([transfer(1), accounts(both(1))], VALID, []),
        ([transfer(1), transfer(2, "info"), accounts(both(1))], VALID, []),
        ([transfer(1), transfer(2, "info"), accounts(both(1), both(2)[0])], VALID, []),
        ([transfer(1), transfer(2, "fail"), accounts(both(1))], VALID, []),
        ([transfer(1), transfer(2), accounts(both(1))], INVALID, ["lost"]),
        ([transfer(1), accounts(both(1)[0])], INVALID, ["half-booked"]),
        ([transfer(2, "info"), accounts(both(2)[0]), accounts(both(2)[0])], INVALID,
         ["half-booked"]),
        ([transfer(2, "info"), accounts(both(2)[0]), accounts(both(2))], VALID, []),
        ([transfer(2, "info"), accounts(both(2)), accounts()], INVALID, ["lost"]),
        ([transfer(2, "info"), accounts(), accounts(both(2))], VALID, []),
        ([transfer(1), accounts(both(1), both(1))], INVALID, ["double-booked"]),
        ([transfer(1), accounts(both(1), both(1)[1])], INVALID, ["double-booked"]),
        ([transfer(1), accounts(both(1), [7, "a", 1])], INVALID, ["unrequested"]),
        ([transfer(1), transfer(2, "fail"), accounts(both(1), both(2))], INVALID, None),
        ([transfer(1), accounts(both(1), a=-4)], INVALID, ["wrong-balance"]),
        ([transfer(1), accounts(both(1), c=3)], INVALID, ["wrong-balance"]),
        ([transfer(1, "info"), accounts()], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)  # fmt: skip
def test_each_anomaly_by_its_name(parts, validity, kinds):
    verdict = transfers_booked_once().check(whole(*parts))

    assert verdict.validity == validity, verdict
    if kinds is not None:
        assert [anomaly.kind for anomaly in verdict.anomalies] == kinds


@pytest.mark.parametrize(
    "event",
    [
        ("transfer", [1, "a", "b"], None),
        ("accounts", None, [1]),
        ("accounts", None, {"entries": 3}),
    ],
)
def test_what_is_no_operation_is_named(event):
    f, asked, told = event
    with pytest.raises(ModelError):
        transfers_booked_once().check(whole([(0, "invoke", f, asked), (0, "ok", f, told)]))


def simulated(random):
    """Requests into a log, whose sides are booked some time later; a read first waits for all."""
    events, log, booked, pending = [], [], [], []
    for number in range(random.randint(1, 9)):
        if random.random() < 0.4:
            events.append((50, "invoke", "accounts", None))
            booked = [row for entry in log for row in entry]
            while pending and random.random() < 0.5:
                log.append(both(pending[-1][3][0], pending[-1][3][3]))
                booked += log[-1][: random.randrange(3)]
                events.append(pending.pop())
            events += accounts(*booked)[1:] if booked else accounts()[1:]
            events[-1] = (50, *events[-1][1:])
            continue
        value = [number, "a", "b", random.randint(1, 9)]
        kind = random.choice(("ok", "ok", "info", "fail"))
        events.append((number, "invoke", "transfer", value))
        if kind == "ok":
            pending.append((number, kind, "transfer", value))
        else:
            events.append((number, kind, "transfer", value))
            if kind == "info" and random.random() < 0.5:
                log.append(both(number, value[3]))
    return [Operation(i, i, *event) for i, event in enumerate([*events, *pending])]


def mutated(operations, random):
    """The same with one entry less or twice or altered, or another balance."""
    reads = [n for n, o in enumerate(operations) if o.f == "accounts" and o.type == "ok"]
    if not reads:
        return operations
    at = random.choice(reads)
    entries = [list(row) for row in operations[at].value["entries"]]
    balances = dict(operations[at].value["balances"])
    row = random.choice(entries) if entries else [0, "a", 1]
    choice, all_of_it = random.randrange(4), random.random() < 0.5
    if choice == 3:
        balances["a"] = balances.get("a", 0) + 1
    else:
        if choice == 0 and entries:
            for gone in [
                each for each in entries if each is row or (all_of_it and each[0] == row[0])
            ]:
                entries.remove(gone)
                balances[gone[1]] -= gone[2]
        else:
            added = [*row] if choice == 1 else [row[0], row[1], row[2] + 1]
            entries.append(added)
            balances[added[1]] = balances.get(added[1], 0) + added[2]
    value = {"entries": entries, "balances": balances}
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def another_way(operations):
    """Kinds of anomalies, each looked for by itself."""
    kinds, invoked, began, reads = set(), {}, {}, []
    outcome = {o.value[0]: o.type for o in operations if o.f == "transfer" and o.type != "invoke"}
    ended = {
        o.value[0]: n for n, o in enumerate(operations) if o.f == "transfer" and o.type == "ok"
    }
    for at, o in enumerate(operations):
        if o.type == "invoke":
            began[o.process] = at
        if o.f == "transfer" and o.type == "invoke":
            invoked[o.value[0]] = o.value
        if o.f != "accounts" or o.type != "ok":
            continue
        start, rows = began[o.process], [tuple(row) for row in o.value["entries"]]
        earlier = {row[0] for end, seen in reads if end < start for row in seen}
        right = []
        for request, source, target, amount in invoked.values():
            pair = [(request, source, -amount), (request, target, amount)]
            right += pair if outcome.get(request) != "fail" else []
            there = [rows.count(side) for side in pair]
            acknowledged = ended.get(request, at) < start
            was_there = request in earlier and outcome.get(request) != "fail"
            kinds |= {"lost"} if (acknowledged or was_there) and there == [0, 0] else set()
            kinds |= {"double-booked"} if max(there) > 1 else set()
            half = (there[0] == 0) != (there[1] == 0)
            kinds |= {"half-booked"} if half and (acknowledged or request in earlier) else set()
        kinds |= {"unrequested" for row in rows if row not in right}
        for account in {*o.value["balances"], *(row[1] for row in rows)}:
            total = sum(row[2] for row in rows if row[1] == account)
            kinds |= {"wrong-balance"} if total != o.value["balances"].get(account, 0) else set()
        reads.append((at, rows))
    return kinds


def test_the_checker_agrees_with_another_reckoning():
    kinds = Counter()
    for seed in range(800):
        random = Random(seed)
        right = simulated(random)
        for operations in (right, mutated(right, random)):
            made = History.from_operations(operations)
            verdict = transfers_booked_once().check(made)
            found = {anomaly.kind for anomaly in verdict.anomalies}
            assert found == another_way(operations), (operations, verdict)
            kinds.update(found)
            assert operations is not right or not found
            if seed % 4 == 0:
                checked_again(ENTRY, made, verdict)
    assert len(kinds) >= 5, kinds
