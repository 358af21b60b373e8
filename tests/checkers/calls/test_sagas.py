"""A saga has all of its effects in the end, or none: examples, and a twin on mutated histories."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import findings_checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.calls.sagas import ENTRY, saga
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def whole(*parts):
    events = [event for part in parts for event in part]
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def order(number, kind="ok"):
    process = {"ok": 0, "fail": 0, "info": 100 + number}[kind]
    return [(process, "invoke", "order", [number, 5]), (process, kind, "order", [number, 5])]


def ledgers(f="audit", **lines):
    told = {service: [list(line) for line in done] for service, done in lines.items()}
    return [(1, "invoke", f, None), (1, "ok", f, told)]


DID, UNDID, SIX = (7, "did"), (7, "undid"), (6, "did")

GONE = [("nemesis", "info", "answers", {"n1": "gone", "n2": "ok"})]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([order(7), ledgers(a=[DID], b=[DID])], VALID, []),
        (
            [order(7), order(8, "fail"), ledgers(a=[DID, (8, "did"), (8, "undid")], b=[DID])],
            VALID,
            [],
        ),
        (
            [order(7), order(8, "info"), ledgers(a=[DID, (8, "did")], b=[(8, "did"), DID])],
            VALID,
            [],
        ),
        ([order(7), order(8, "info"), ledgers(a=[DID], b=[DID])], VALID, []),
        ([order(7), ledgers("ledgers", a=[DID], b=[]), ledgers(a=[DID], b=[DID])], VALID, []),
        ([order(7), ledgers(a=[DID], b=[])], INVALID, ["lost-step"]),
        ([order(7), ledgers(a=[DID], b=[DID, UNDID])], INVALID, ["lost-step"]),
        ([order(7, "fail"), ledgers(a=[DID], b=[])], INVALID, ["left-over"]),
        ([order(7, "info"), ledgers(a=[DID], b=[])], INVALID, ["torn"]),
        ([order(6), order(7, "info"), ledgers(a=[SIX, DID], b=[SIX]), GONE], VALID, []),
        ([order(6), order(7, "fail"), ledgers(a=[SIX, DID], b=[SIX]), GONE], VALID, []),
        ([order(7), ledgers(a=[DID], b=[]), GONE], INVALID, ["lost-step"]),
        ([order(7), ledgers(a=[DID, DID], b=[DID])], INVALID, ["done-twice"]),
        ([order(7, "fail"), ledgers(a=[UNDID], b=[])], INVALID, ["undone-without-doing"]),
        ([order(7, "fail"), ledgers(a=[DID, UNDID, UNDID], b=[])], INVALID, ["undone-twice"]),
        ([ledgers("ledgers", a=[DID]), order(7)], INVALID, ["unrequested"]),
        ([order(7)], UNKNOWN, []),
        ([order(7, "fail"), ledgers(a=[], b=[])], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_sagas(parts, validity, kinds):
    verdict = saga().check(History.from_operations(whole(*parts)))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    "parts",
    [
        [order(7), order(7)],
        [ledgers(a=[(7, "maybe")])],
        [[(1, "invoke", "audit", None), (1, "ok", "audit", 3)]],
        [[(0, "invoke", "order", "x"), (0, "ok", "order", "x")]],
    ],
)
def test_what_is_no_saga_is_refused(parts):
    with pytest.raises(ModelError):
        saga().check(History.from_operations(whole(*parts)))


def simulated(random):
    """Orders one after the other, some refused at the second service, with a look now and then."""
    parts, lines = [], {"a": [], "b": []}
    for number in range(random.randrange(1, 6)):
        kind = random.choice(("ok", "ok", "fail", "info"))
        booked = kind == "ok" or (kind == "info" and random.random() < 0.5)
        if booked:
            lines["a"].append((number, "did"))
            lines["b"].append((number, "did"))
        elif random.random() < 0.7:
            lines["a"] += [(number, "did"), (number, "undid")]
        parts.append(order(number, kind))
        if random.random() < 0.4:
            parts.append(ledgers("ledgers", **lines))
    return whole(*parts, ledgers(**lines))


def mutated(operations, random):
    """The same with one ledger changed: a line dropped, doubled, turned over, or of nobody's."""
    at = random.choice([n for n, o in enumerate(operations) if o.type == "ok" and o.f != "order"])
    told = {service: [list(line) for line in v] for service, v in operations[at].value.items()}
    lines = told[random.choice("ab")]
    match random.randrange(4):
        case 0 if lines:
            lines.pop(random.randrange(len(lines)))
        case 1 if lines:
            lines.append(list(random.choice(lines)))
        case 2 if lines:
            line = random.choice(lines)
            line[1] = "undid" if line[1] == "did" else "did"
        case _:
            lines.append([random.randrange(7), random.choice(("did", "undid"))])
    return [replace(o, value=told) if n == at else o for n, o in enumerate(operations)]


def twin(operations):
    """Kinds of findings, line by line and order by order."""
    kinds = set()
    asked = {o.value[0]: o.index for o in operations if o.f == "order" and o.type == "invoke"}
    became = {o.value[0]: o.type for o in operations if o.f == "order" and o.type != "invoke"}
    for read in operations:
        if read.f == "order" or read.type != "ok":
            continue
        for lines in read.value.values():
            for place, (number, what) in enumerate(lines):
                before = [done for n, done in lines[:place] if n == number]
                if asked.get(number, read.index) >= read.index:
                    kinds.add("unrequested")
                elif what == "undid" and "did" not in before:
                    kinds.add("undone-without-doing")
                elif what in before:
                    kinds.add("done-twice" if what == "did" else "undone-twice")
        if read.f == "audit":
            for number, outcome in became.items():
                ends = {
                    ([done for n, done in lines if n == number] or ["undid"])[-1]
                    for lines in read.value.values()
                }
                if outcome == "ok" and ends != {"did"}:
                    kinds.add("lost-step")
                if outcome == "fail" and "did" in ends:
                    kinds.add("left-over")
                if outcome == "info" and len(ends) > 1:
                    kinds.add("torn")
    return kinds


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_its_twin(seed):
    random, seen = Random(seed), set()
    for _ in range(500):
        operations = simulated(random)
        assert saga().check(History.from_operations(operations)).anomalies == ()
        changed = mutated(operations, random)
        history = History.from_operations(changed)
        verdict = saga().check(history)
        kinds = {kind for kind, *_ in verdict.certificate.get("findings", [])}

        assert kinds == twin(changed), changed
        findings_checked_again(ENTRY, history, verdict)
        seen |= kinds
    assert len(seen) == 7, seen
