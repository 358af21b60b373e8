"""What was done stays done: examples, a twin by the definition, mutants, forged verdicts."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.calls.work_done import ENTRY, kept_work
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*parts):
    return History.from_operations(
        Operation(i, i, *event) for i, event in enumerate(e for part in parts for e in part)
    )


def call(number, by="n2", kind="ok"):
    process = 10 + number
    result = [number, by] if kind == "ok" else number
    return [(process, "invoke", "call", number), (process, kind, "call", result)]


def done(*numbers, by="n2", process=1):
    return [(process, "invoke", "done", 0), (process, "ok", "done", [0, by, list(numbers)])]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([call(1), call(2), done(1, 2)], VALID, []),
        ([call(1), call(2, by="n3"), done(1)], VALID, []),
        ([call(1), call(2, kind="info"), done(1, 2), done(1, 2)], VALID, []),
        ([call(1), call(2, kind="fail"), done(1)], VALID, []),
        ([call(1), done(1, 1)], VALID, []),  # twice is not forbidden
        ([call(1), done()], INVALID, ["lost-work"]),
        ([call(1), done(1), done()], INVALID, ["lost-work"]),
        ([call(1), call(2, kind="info"), done(1, 2), done(1)], INVALID, ["vanished-work"]),
        ([call(1), done(1, 3)], INVALID, ["unasked-work"]),
        ([done(1), call(1)], INVALID, ["unasked-work"]),
        ([done(), call(1)], UNKNOWN, []),
        ([call(1), done(by="n3")], UNKNOWN, []),
        ([call(1)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_kept_work(parts, validity, kinds):
    verdict = kept_work().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize("result", [None, [0, "n2"], [0, 2, []], [0, "n2", ["x"]]])
def test_what_is_no_list_is_refused(result):
    with pytest.raises(ModelError, match="done gave"):
        kept_work().check(history([(1, "invoke", "done", 0), (1, "ok", "done", result)]))


def simulated(random: Random) -> list[Operation]:
    """Right backends: calls overlap, some answers get lost, lists are of one moment."""
    events, under_way, work = [], [], {"n2": [], "n3": []}
    for number in range(random.randrange(2, 10)):
        events.append(call(number)[0])
        under_way.append((number, random.choice(["n2", "n3"])))
        while under_way and random.random() < 0.7:
            one, by = under_way.pop(random.randrange(len(under_way)))
            kind = random.choice(["ok", "ok", "info", "fail"])
            if kind != "fail" or random.random() < 0.3:
                work[by].append(one)
            events.append(call(one, by, kind)[1])
        if random.random() < 0.6:
            by = random.choice(["n2", "n3"])
            events += done(*work[by], by=by)
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with one list lacking a call or having another, or one answer by another backend."""
    at = random.choice([n for n, o in enumerate(operations) if o.type == "ok"] or [0])
    one = operations[at]
    if one.type != "ok":
        return operations
    if one.f == "call":
        value = [one.value[0], random.choice(["n2", "n3"])]
    else:
        numbers = list(one.value[2])
        if numbers and random.random() < 0.6:
            numbers.pop(random.randrange(len(numbers)))
        else:
            numbers.append(random.randrange(12))
        value = [0, one.value[1], numbers]
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> set[tuple[str, int]]:
    """Kinds of anomalies with the lists that show them, list by list and call by call."""
    found = set()
    for read in (o for o in operations if o.f == "done" and o.type == "ok"):
        begun = max(
            o.index for o in operations[: read.index] if o.type == "invoke" and o.f == "done"
        )
        _, by, numbers = read.value
        asked = {o.value for o in operations[: read.index] if o.f == "call" and o.type == "invoke"}
        before = [o for o in operations[:begun] if o.type == "ok"]
        told = {o.value[0] for o in before if o.f == "call" and o.value[1] == by}
        seen = {n for o in before if o.f == "done" and o.value[1] == by for n in o.value[2]}
        found |= {("lost-work", read.index)} if told - {*numbers} else set()
        found |= {("vanished-work", read.index)} if seen - told - {*numbers} else set()
        found |= {("unasked-work", read.index)} if {*numbers} - asked else set()
    return found


def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both():
    random, broken = Random(1), 0
    for _ in range(400):
        right = simulated(random)
        assert twin(right) == set()
        for events in (right, mutated(right, random)):
            made = History.from_operations(events)
            verdict = kept_work().check(made)

            assert {(a.kind, a.operations[-1]) for a in verdict.anomalies} == twin(events), events
            broken += bool(verdict.anomalies)
            shown_alone(kept_work(), made, verdict)
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)
    assert broken > 80


def test_a_forged_verdict_is_refuted():
    good, bad = history(call(1), done(1)), history(call(1), done())
    valid, invalid = (kept_work().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="the verdict says otherwise"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid)
