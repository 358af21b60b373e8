"""A registry's schemas: examples, what codecs make of them, a twin by the definitions, mutants."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.encoding import schema_compatible
from splitbrain.checkers.encoding.registrations import reads
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.harness.workloads.services.schema_registrations import a_schema
from splitbrain.systems.encoding import EncodingError, avro, tagged


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def whole(*parts):
    return history(*(event for part in parts for event in part))


def schema(*fields):
    """An Avro record of ints; a field with a star has a default."""
    made = [{"name": name.strip("*"), "type": "int"} for name in fields]
    for field, name in zip(made, fields, strict=True):
        if name.endswith("*"):
            field["default"] = 0
    return {"type": "record", "name": "R", "fields": made}


def registered(id, of, subject="avro/backward"):
    value = [subject, of]
    return [(0, "invoke", "register", value), (0, "ok", "register", id)]


def versions(*found, subject="avro/backward"):
    answer = [list(each) for each in found]
    return [(1, "invoke", "versions", subject), (1, "ok", "versions", answer)]


A, AB, ABS = schema("a"), schema("a", "b"), schema("a", "b*")


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([registered(1, A), registered(2, ABS), versions((1, A), (2, ABS))], VALID, []),
        ([versions((1, AB), (2, A))], VALID, []),
        ([versions((1, A), (2, AB))], INVALID, ["incompatible"]),
        ([versions((1, A), (2, AB), subject="avro/forward")], VALID, []),
        ([versions((1, AB), (2, A), subject="avro/forward")], INVALID, ["incompatible"]),
        ([versions((1, A), (2, AB), subject="avro/none")], VALID, []),
        ([versions((1, A), (2, ABS), (3, AB))], VALID, []),
        ([versions((1, A), (2, ABS), (3, AB), subject="avro/backward-transitive")], INVALID,
         ["incompatible"]),
        ([registered(1, A), registered(1, ABS), versions((1, A), (2, ABS))], INVALID,
         ["id-reused"]),
        ([registered(1, A), registered(2, ABS), versions((1, A))], INVALID, ["lost"]),
        ([versions((1, A), (2, ABS)), versions((2, ABS))], INVALID, ["rewritten"]),
        ([registered(1, A), versions((1, A))], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)  # fmt: skip
def test_schema_compatible(parts, validity, kinds):
    verdict = schema_compatible().check(whole(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    "events",
    [
        [(0, "invoke", "register", ["no mode", A])],
        [(0, "invoke", "versions", "avro/full"), (0, "ok", "versions", 7)],
        [(0, "invoke", "jump", 1)],
    ],
)
def test_what_is_no_such_operation_is_refused(events):
    with pytest.raises(ModelError):
        schema_compatible().check(history(*events))


SAMPLES = {"int": (0, -5, 2**31 - 1), "long": (0, 2**40), "string": ("", "é"), "bytes": (b"ab",)}


def avro_reads(reader, writer):
    """Whether every value of some that the one writes is read by the other."""
    ours, theirs = avro.parse(reader), avro.parse(writer)
    names = [field["name"] for field in writer["fields"]]
    for values in product(*(SAMPLES[field["type"]] for field in writer["fields"])):
        data = avro.encode(theirs, dict(zip(names, values, strict=True)))
        try:
            avro.decode(theirs, ours, data)
        except EncodingError:
            return False
    return True


TAGGED = {"int32": (-5, 300), "int64": (-5, 300), "string": ("ab",), "bytes": (b"ab",)}


def tagged_reads(reader, writer):
    """Whether the fields that both have come out as they went in."""
    ours, theirs = (
        tagged.MessageType("M", tuple(tagged.Field(n, f"f{n}", t) for n, _, t in each))
        for each in (reader, writer)
    )
    both = {n for n, _, _ in reader} & {n for n, _, _ in writer}
    for values in product(*(TAGGED[type] for _, _, type in writer)):
        written = {f"f{n}": value for (n, _, _), value in zip(writer, values, strict=True)}
        found = tagged.decode(ours, tagged.encode(theirs, written))
        for name in (f"f{n}" for n in both):
            one, other = found[name], written[name]
            same = one.encode() if isinstance(one, str) else one
            if same != (other.encode() if isinstance(other, str) else other):
                return False
    return True


def test_the_rules_say_what_codecs_do():
    random = Random(1)
    seen = set()
    for _ in range(400):
        one, other = a_schema("avro", random), a_schema("avro", random)
        assert reads("avro", one, other) == avro_reads(one, other), (one, other)
        two, another = a_schema("tagged", random), a_schema("tagged", random)
        assert reads("tagged", two, another) == tagged_reads(two, another), (two, another)
        seen |= {(reads("avro", one, other), reads("tagged", two, another))}
    assert len(seen) == 4


def simulated(random: Random) -> list[Operation]:
    """A right registry of few subjects; some answers get lost."""
    events, known, id = [], {}, 0
    subjects = random.sample(["avro/backward", "avro/full-transitive", "tagged/forward"], 2)
    for process in range(random.randrange(3, 12)):
        subject = random.choice(subjects)
        format, _, mode = subject.partition("/")
        mine = known.setdefault(subject, [])
        if random.random() < 0.4:
            events.append((process, "invoke", "versions", subject))
            events.append((process, "ok", "versions", [list(each) for each in mine]))
            continue
        made = a_schema(format, random)
        events.append((process, "invoke", "register", [subject, made]))
        before = mine if "transitive" in mode else mine[-1:]
        if fits(format, mode, made, [each for _, each in before]) and made not in [
            each for _, each in mine
        ]:
            id += 1
            mine.append((id, made))
            lost = random.random() < 0.1
            events.append((process, "info", "register", events[-1][3]) if lost else
                          (process, "ok", "register", id))  # fmt: skip
        else:
            events.append((process, "fail", "register", events[-1][3]))
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def fits(format, mode, made, before):
    backward = all(reads(format, made, each) for each in before)
    forward = all(reads(format, each, made) for each in before)
    return {"b": backward, "fo": forward, "fu": backward and forward}[
        mode[:2] if mode[0] == "f" else "b"
    ]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with one answer changed: a schema or an id more, less, or another one."""
    answers = [n for n, o in enumerate(operations) if o.type == "ok"]
    if not answers:
        return operations
    at = random.choice(answers)
    found = operations[at].value
    if isinstance(found, int):
        found = random.randrange(1, 5)
    else:
        found = [list(each) for each in found]
        match random.randrange(3):
            case 0 if found:
                found.pop(random.randrange(len(found)))
            case 1 if found:
                random.choice(found)[0] = random.randrange(1, 5)
            case _:
                subject = operations[at - 1].value
                found.append([random.randrange(1, 9), a_schema(subject.partition("/")[0], random)])
    return [replace(o, value=found) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> set[str]:
    """Kinds of anomalies, pair by pair."""
    kinds, named, done, lists = set(), {}, [], []
    for asked, o in zip(operations[::2], operations[1::2], strict=True):
        if o.type != "ok":
            continue
        if o.f == "register":
            done.append((asked.value, o.index))
            named.setdefault(o.value, set()).add(repr(asked.value))
            continue
        subject, format = asked.value, asked.value.partition("/")[0]
        mode = asked.value.partition("/")[2]
        schemas = [each for _, each in o.value]
        for position, one in enumerate(schemas):
            named.setdefault(o.value[position][0], set()).add(repr([subject, one]))
            before = schemas[:position] if "transitive" in mode else schemas[:position][-1:]
            if not fits(format, mode, one, before):
                kinds.add("incompatible")
        if any(of == subject and made not in schemas for (of, made), at in done):
            kinds.add("lost")
        if any(of == subject and o.value[: len(one)] != one for of, one in lists):
            kinds.add("rewritten")
        lists.append((subject, o.value))
    return kinds | ({"id-reused"} if any(len(meaning) > 1 for meaning in named.values()) else set())


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_its_twin(seed):
    random = Random(seed)
    for _ in range(100):
        operations = simulated(random)
        assert not twin(operations)
        for events in (operations, mutated(operations, random)):
            history = History.from_operations(events)
            verdict = schema_compatible().check(history)
            shown_alone(schema_compatible(), history, verdict)
            assert {a.kind for a in verdict.anomalies} == twin(events), events
