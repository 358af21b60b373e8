"""Records that versions share: examples, a twin by the definitions, mutants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.encoding import round_trip, unknown_fields_preserved
from splitbrain.checkers.encoding.person import SYMBOLS, seen
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def whole(*parts):
    return history(*(event for part in parts for event in part))


def record(number, **more):
    made = {"number": number, "name": "Ada", "email": None, "score": "1.5", "kind": "home"}
    return made | {"tags": [], "note": "", "fax": "f", "phone": "p", "city": "c"} | more


def put(number, version=2, position=None, kind="ok", key="x", **more):
    value = [key, "avro", record(number, **more)]
    process = {"ok": 0, "fail": 1, "info": 100 + number}[kind]
    result = [version, position or number] if kind == "ok" else value
    return [(process, "invoke", "put", value), (process, kind, "put", result)]


def edit(note, version, position, key="x"):
    return [(3, "invoke", "edit", [key, note]), (3, "ok", "edit", [version, position])]


def get(version, position, found, key="x"):
    answer = ["read", version, position, found] if isinstance(found, dict) else found
    return [(2, "invoke", "get", key), (2, "ok", "get", answer)]


def cut(answer):
    return [(2, "invoke", "cut", ["x", 3]), (2, "ok", "cut", answer)]


NEW = seen(record(1, city="new"), 3, 3)
EDITED = seen(record(1, note="e"), 2, 2)
BY_OLD = {name: value for name, value in record(1).items() if name not in ("phone", "city")}


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([put(1), get(2, 1, seen(record(1), 2, 2))], VALID, []),
        ([put(1, version=1), get(1, 1, BY_OLD)], VALID, []),
        ([put(1, version=1), get(2, 1, seen(record(1), 1, 2))], VALID, []),
        ([put(1, version=3, kind="info"), get(1, 1, seen(record(1), 3, 1))], VALID, []),
        ([put(1, version=3), get(1, 1, seen(record(1), 1, 1))], INVALID, ["altered"]),
        ([put(1), get(2, 1, seen(record(1, name="ada"), 2, 2))], INVALID, ["altered"]),
        ([put(1), get(2, 1, seen(record(1), 2, 2) | {"city": "c"})], INVALID, ["altered"]),
        ([put(1), get(2, 1, seen(record(1), 2, 2) | {"number": 1.0})], INVALID, ["unwritten"]),
        ([get(2, 1, seen(record(1), 2, 2)), put(1)], INVALID, ["unwritten"]),
        ([put(1, key="y"), get(2, 1, seen(record(1), 2, 2))], INVALID, ["unwritten"]),
        ([put(1), get(2, 1, ["unreadable", 2, 1, "why"])], INVALID, ["unreadable"]),
        ([put(1), put(2), get(2, 1, seen(record(1), 2, 2))], INVALID, ["stale"]),
        ([put(1), get(2, 1, ["none", 2])], INVALID, ["lost"]),
        ([put(1), put(2), get(2, 3, seen(record(1), 2, 2))], INVALID, ["again"]),
        ([put(1, kind="info"), put(2), get(2, 3, seen(record(1), 2, 2))], VALID, []),
        ([put(1), edit("e", 2, 2), get(2, 3, seen(record(1, note="e"), 2, 2))], INVALID, ["again"]),
        ([put(1), put(2), edit("e", 2, 3), get(2, 3, EDITED)], INVALID, ["reverted"]),
        ([put(1), put(4), edit("e", 2, 3), get(2, 3, EDITED)], INVALID, ["stale"]),
        ([put(1), get(2, 1, seen(record(1), 2, 2)), cut(["refused", "why"])], VALID, []),
        ([put(1), cut(["read", seen(record(1), 2, 2)])], INVALID, ["partial"]),
        ([put(1)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_round_trip(parts, validity, kinds):
    verdict = round_trip().check(whole(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    ("parts", "validity"),
    [
        ([put(1, version=3, city="new"), edit("e", 1, 2), get(3, 2, NEW | {"note": "e"})], VALID),
        ([put(1, version=3, city="new"), edit("e", 1, 2), get(3, 1, NEW)], UNKNOWN),
        ([put(1), edit("e", 1, 2)], UNKNOWN),
    ],
)
def test_unknown_fields_preserved(parts, validity):
    assert unknown_fields_preserved().check(whole(*parts)).validity is validity


def test_an_edit_that_drops_what_it_does_not_know():
    """DDIA figure 4-7."""
    dropped = seen(record(1, note="e"), 3, 3) | {"city": "nowhere"}
    verdict = unknown_fields_preserved().check(
        whole(put(1, version=3), edit("e", 1, 2), get(3, 2, dropped))
    )

    assert [a.kind for a in verdict.anomalies] == ["dropped-field"]
    assert 'by version 1, city "nowhere", and it should be "c"' in verdict.reason
    assert verdict.anomalies[0].operations == (0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    "events",
    [
        [(0, "invoke", "put", ["x"])],
        [(0, "invoke", "get", "x"), (0, "ok", "get", ["read", 9, 1, {}])],
        [(0, "invoke", "get", "x"), (0, "ok", "get", None)],
        [(0, "invoke", "jump", 1)],
        [*put(1), *put(1)],
    ],
)
def test_what_is_no_such_operation_is_refused(events):
    with pytest.raises(ModelError):
        round_trip().check(history(*events))


def simulated(random: Random) -> list[Operation]:
    """A right service: operations overlap, servers are of any version, some answers get lost."""
    events, latest, position = [], {}, 0
    for number in range(random.randrange(2, 9)):
        key, version, process = random.choice("xy"), random.randint(1, 3), 10 + number
        what = random.random()
        if what < 0.4 or key not in latest:
            made = record(number, kind=random.choice(SYMBOLS[version]), city=random.choice("cd"))
            position += 1
            latest[key] = position, version, made
            events.append((process, "invoke", "put", [key, "json", made]))
            lost = random.random() < 0.2
            result = events[-1][3] if lost else [version, position]
            events.append((process, "info" if lost else "ok", "put", result))
        elif what < 0.6:
            _, writer, made = latest[key]
            position += 1
            latest[key] = position, writer, made | {"note": f"e{number}"}
            events.append((process, "invoke", "edit", [key, f"e{number}"]))
            events.append((process, "ok", "edit", [version, position]))
        else:
            at, writer, made = latest[key]
            events.append((process, "invoke", "get", key))
            answer = ["read", version, at, seen(made, writer, version)]
            events.append((process, "ok", "get", answer))
    return [Operation(i, i, *event) for i, event in enumerate(overlapping(events, random))]


def overlapping(events, random):
    """The same with some invocations earlier: completions keep their order."""
    made = list(events)
    for at in range(len(made)):
        if made[at][1] == "invoke" and at and random.random() < 0.3:
            made.insert(random.randrange(max(0, at - 3), at + 1), made.pop(at))
    return made


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with what one read observed changed."""
    gets = [n for n, o in enumerate(operations) if o.f == "get" and o.type == "ok"]
    if not gets:
        return operations
    at = random.choice(gets)
    _, version, position, found = operations[at].value
    match random.randrange(6):
        case 5:
            answer = ["read", version, position + 1, found]
        case 0:
            answer = ["none", version]
        case 1:
            answer = ["unreadable", version, position, "why"]
        case 2:
            answer = ["read", version, position - 1, found]
        case 3:
            name = random.choice(sorted(found))
            answer = ["read", version, position, found | {name: random.choice(["", "d", None, 0])}]
        case _:
            name = random.choice(sorted(found))
            answer = ["read", version, position, {k: v for k, v in found.items() if k != name}]
    return [replace(o, value=answer) if n == at else o for n, o in enumerate(operations)]


def misplaced(calls, key, position, found, notes):
    """Whether what was read was made elsewhere, or edits another record than the last one."""
    puts = {p[1][2]["number"]: p[4][1] for p in calls if p[0] == "put" and p[3]}
    edits = {e[1][1]: e[4][1] for e in calls if e[0] == "edit" and e[3]}
    number, note = found.get("number"), found.get("note")
    mine = puts.get(number) if type(number) is int else None
    if note not in notes:
        return mine is not None and mine != position
    if note not in edits:
        return False
    others = (p[4][1] for p in calls if p[0] == "put" and p[3] and p[1][0] == key)
    undone = mine is not None and any(mine < other < position for other in others)
    return edits[note] != position or undone


def reverting(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with one read of an edited record showing an earlier one with that note."""
    edits = [n for n, o in enumerate(operations) if o.f == "get" and o.type == "ok"]
    edits = [n for n in edits if operations[n].value[-1].get("note")]
    puts = [o.value[2] for o in operations if o.f == "put" and o.type == "invoke"]
    if not edits or not puts:
        return operations
    at, other = random.choice(edits), random.choice(puts)
    _, version, position, found = operations[at].value
    shown = seen(other | {"note": found["note"]}, random.randint(1, 3), version)
    answer = ["read", version, position, shown]
    return [replace(o, value=answer) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> tuple[bool, bool]:
    """Whether round-trip and unknown-fields-preserved are broken, by their definitions."""
    calls = []
    for o in operations:
        if o.type == "invoke":
            calls.append([o.f, o.value, o.index, None, None])
        elif o.type == "ok":
            mine = [c for c in calls if c[2] < o.index and operations[c[2]].process == o.process]
            mine[-1][3:] = [o.index, o.value]
    trip = dropped = False
    notes = {c[1][1] for c in calls if c[0] == "edit"}
    for f, key, begun, ended, answer in calls:
        if f != "get" or ended is None:
            continue
        before = [c for c in calls if c[0] in ("put", "edit") and c[3] and c[3] < begun]
        newest = max((c[4][1] for c in before if c[1][0] == key), default=0)
        if answer[0] != "read":
            trip |= answer[0] == "unreadable" or newest > 0
            continue
        trip |= answer[2] < newest
        found = answer[3]
        trip |= misplaced(calls, key, answer[2], found, notes)
        fits = False
        exists = False
        for p in calls:
            if p[0] == "put" and p[1][0] == key and p[2] < ended:
                number = p[1][2]["number"]
                exists |= type(found.get("number")) is int and found["number"] == number
                for writer in [p[4][0]] if p[3] else (1, 2, 3):
                    note = {"note": found["note"]} if found.get("note") in notes else {}
                    fits |= repr(sorted(found.items())) == repr(
                        sorted(seen(p[1][2] | note, writer, answer[1]).items())
                    )
        if not fits and found.get("note") in notes:
            dropped = True
        elif not fits:
            trip = True
    return trip, dropped


@pytest.mark.parametrize("seed", range(4))
def test_the_checkers_agree_with_their_twin(seed):
    random = Random(seed)
    for _ in range(150):
        operations = simulated(random)
        for events in (
            operations,
            mutated(operations, random),
            reverting(operations, random),
        ):
            made = History.from_operations(events)
            verdicts = [checker.check(made) for checker in CHECKERS]
            found = [verdict.validity is INVALID for verdict in verdicts]
            for checker, verdict in zip(CHECKERS, verdicts, strict=True):
                shown_alone(checker, made, verdict)
            assert tuple(found) == twin(events), events
        assert not any(c.check(History.from_operations(operations)).anomalies for c in CHECKERS)


CHECKERS = (round_trip(), unknown_fields_preserved())
