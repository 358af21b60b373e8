"""Strong eventual consistency: examples, a twin that compares every two reads, mutants."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.convergence import strong_eventual_consistency
from splitbrain.checkers.convergence.strong_eventual import ENTRY
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

FINAL = [(NEMESIS, "info", "phase", "final")]


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def update(f, argument, kind="ok"):
    process = {"ok": 1, "fail": 2, "info": 10 + argument}[kind]
    return [(process, "invoke", f, argument), (process, kind, f, argument)]


def read(seen, *elements, counter=0, register=None, process=3):
    result = {
        "seen": {"a": seen},
        "elements": list(elements),
        "counter": counter,
        "register": register,
    }
    return [(process, "invoke", "read", None), (process, "ok", "read", result)]


DEAD = [(NEMESIS, "info", "answers", {"n1": "gone", "n2": "answered"})]
ADD = update("add", 1)
GONE = [*ADD, *update("remove", 1)]
OVER = [*read(1, register=5, process=4), (4, "invoke", "assign", 7), (4, "ok", "assign", 7)]
SET = [*update("assign", 5), *update("assign", 6)]
UP = update("increment", 4)


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([ADD, FINAL, read(1, 1), read(1, 1)], VALID, []),
        ([ADD, read(0), read(1, 1), FINAL, read(1, 1)], VALID, []),
        ([ADD, read(1), FINAL, read(1, 1)], INVALID, ["diverged"]),
        ([ADD, FINAL, read(1, 1), read(2)], INVALID, ["lost"]),
        ([GONE, FINAL, read(2), read(2)], VALID, []),
        ([GONE, FINAL, read(2, 1), read(2, 1)], INVALID, ["resurrected"]),
        ([ADD, update("remove", 1, "info"), FINAL, read(1), read(1)], VALID, []),
        ([ADD, update("remove", 1, "info"), FINAL, read(1, 1), read(1, 1)], VALID, []),
        ([ADD, update("remove", 1, "fail"), FINAL, read(1), read(1)], INVALID, ["lost"]),
        # What ended before the only addition began removed nothing.
        ([GONE[2:], ADD, FINAL, read(2, 1), read(2, 1)], VALID, []),
        ([GONE[2:], ADD, FINAL, read(2), read(2)], INVALID, ["lost"]),
        ([GONE[2:], FINAL, read(1, 1), read(1, 1)], INVALID, ["unexpected"]),
        # Added again: by one who may not have known of the removal, and after it.
        ([GONE, ADD, FINAL, read(3, 1), read(3, 1)], VALID, []),
        ([GONE, ADD, FINAL, read(3), read(3)], INVALID, ["lost"]),
        ([ADD, GONE, FINAL, read(3, 1), read(3, 1)], VALID, []),
        ([ADD, GONE, FINAL, read(3), read(3)], VALID, []),
        ([ADD, FINAL, read(1, 1, 7), read(1, 1, 7)], INVALID, ["unexpected"]),
        ([ADD, FINAL, read(1, 1, register=3), read(1, 1, register=3)], INVALID, ["unexpected"]),
        ([UP, FINAL, read(1, counter=4), read(1, counter=4)], VALID, []),
        ([UP, FINAL, read(1, counter=3), read(1, counter=3)], INVALID, ["miscounted"]),
        ([UP, update("increment", 2, "info"), FINAL, *[read(1, counter=6)] * 2], VALID, []),
        ([UP, update("increment", 2, "info"), FINAL, *[read(1, counter=5)] * 2], INVALID, ["mis"]),
        ([SET, FINAL, *[read(2, register=6)] * 2], VALID, []),
        ([SET, FINAL, *[read(2, register=5)] * 2], INVALID, ["superseded"]),
        (
            [SET, read(1, register=5, process=1), FINAL, *[read(2, register=6)] * 2],
            INVALID,
            ["sup"],
        ),
        ([update("assign", 5), OVER, read(1, register=5, process=4), FINAL], INVALID, ["sup"]),
        # Who had read it has replaced it; who had not, has not.
        ([update("assign", 5), OVER, FINAL, *[read(2, register=7)] * 2], VALID, []),
        ([update("assign", 5), OVER, FINAL, *[read(2, register=5)] * 2], INVALID, ["superseded"]),
        ([update("assign", 5), OVER[2:], FINAL, *[read(2, register=5)] * 2], VALID, []),
        ([SET, read(1, register=5), FINAL, *[read(2, register=6)] * 2], VALID, []),
        # What only a server had that never came back is not there; equal they must be all the same.
        ([ADD, FINAL, DEAD, read(0), read(0)], VALID, []),
        ([ADD, FINAL, DEAD, read(1), read(1, 1)], INVALID, ["diverged"]),
        ([ADD, FINAL, read(1, 1), read(2, 1)], UNKNOWN, []),  # nothing could be compared
        ([ADD, read(1, 1), read(1, 1)], UNKNOWN, []),
        ([FINAL, read(0), read(0)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_strong_eventual_consistency(parts, validity, kinds):
    made = history(*parts)
    verdict = strong_eventual_consistency().check(made)

    assert verdict.validity is validity, verdict
    if validity is not UNKNOWN:
        ENTRY.verified(made, verdict)
    assert [a.kind[: len(kind)] for a, kind in zip(verdict.anomalies, kinds, strict=True)] == kinds


@pytest.mark.parametrize("result", [None, 3, {}, {"seen": {}, "elements": 1}])
def test_what_is_no_such_read_is_refused(result):
    with pytest.raises(ModelError, match="read gives seen, elements"):
        strong_eventual_consistency().check(
            history([(1, "invoke", "read", None), (1, "ok", "read", result)])
        )


# A twin


def simulated(random: Random) -> list[Operation]:
    """Two replicas that take updates alone and hear from each other; some outcomes are unknown."""
    events, states = [], [{"add": {}, "remove": {}, "increment": {}, "assign": {}} for _ in "ab"]
    processes = [10, 11]

    def value(state):
        latest = max(state["assign"].items(), default=(None, None))
        return {
            "seen": {f: len(known) for f, known in state.items()}
            | {"which": sorted(number for known in state.values() for number in known)},
            "elements": sorted(
                {
                    element
                    for number, element in state["add"].items()
                    if not any(number in covered for _, covered in state["remove"].values())
                }
            ),
            "counter": sum(state["increment"].values()),
            "register": latest[1],
        }

    def one_read(state):
        # By who updates this replica, or by somebody else.
        process = random.choice([processes[0 if state is states[0] else 1], 0])
        events.append((process, "invoke", "read", None))
        events.append((process, "ok", "read", value(state)))

    for fresh in range(random.randrange(1, 8)):
        which = random.randrange(2)
        state = states[which]
        there = value(state)["elements"]
        f = random.choice(["add", "increment", "assign", *(["remove"] if there else [])])
        argument = random.choice(there) if f == "remove" else fresh
        if f == "add" and random.random() < 0.4:
            argument = random.randrange(fresh + 1)  # perhaps once more
        process = processes[which]
        kind = random.choice(["ok", "ok", "ok", "info", "fail"])
        events.append((process, "invoke", f, argument))
        if kind == "ok" or (kind == "info" and random.random() < 0.5):
            seen = [number for number, element in state["add"].items() if element == argument]
            state[f][fresh] = (argument, tuple(seen)) if f == "remove" else argument
        events.append((process, kind, f, argument))
        if kind == "info":
            processes[which] += 2
        if random.random() < 0.4:
            one_read(random.choice(states))
        if random.random() < 0.4:
            join(states)
    events += FINAL
    join(states)
    for state in states:
        one_read(state)
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def join(states):
    for f in states[0]:
        states[0][f] = states[1][f] = states[0][f] | states[1][f]
    states[1] = {f: dict(known) for f, known in states[0].items()}
    states[0] = {f: dict(known) for f, known in states[0].items()}


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with one part of one read changed."""
    at = random.choice([n for n, o in enumerate(operations) if o.f == "read" and o.type == "ok"])
    result = dict(operations[at].value)
    match random.randrange(4):
        case 0 if result["elements"]:
            result["elements"] = result["elements"][1:]
        case 1:
            result["elements"] = sorted({*result["elements"], random.randrange(8)})
        case 2:
            result["counter"] += random.choice((-1, 1, 2))
        case _:
            result["register"] = random.randrange(8)
    return [replace(o, value=result) if n == at else o for n, o in enumerate(operations)]


def presences(asked, ends) -> set[bool]:
    """Whether an element may be there in the end: each operation in doubt happened or not, and each
    removal took away some of the additions that had begun before it ended, at least one if any."""
    found = set()
    choices = [(True,) if ends[a.index].type == "ok" else (False, True) for a in asked]
    for happened in product(*choices):
        done = [a for a, did in zip(asked, happened, strict=True) if did]
        additions = [a.index for a in done if a.f == "add"]
        taken = []
        for removal in (a for a in done if a.f == "remove"):
            end = ends[removal.index]
            last = end.index if end.type == "ok" else float("inf")
            near = [index for index in additions if index < last]
            some = [c for n in range(1, len(near) + 1) for c in combinations(near, n)]
            taken.append(some or [()])
        for each in product(*taken):
            found.add(bool(set(additions).difference(*each)))
    return found


def twin(operations: list[Operation]) -> set[str]:
    """Kinds of anomalies, read off every two reads and every choice of what may have happened."""
    kinds = set()
    asked = [o for o in operations if o.f not in ("read", "phase") and o.type == "invoke"]
    ends = {o.index: operations[o.index + 1] for o in asked}
    asked = [o for o in asked if ends[o.index].type != "fail"]
    reads = [o for o in operations if o.f == "read" and o.type == "ok"]
    final = next(o.index for o in operations if o.f == "phase")
    for one, other in product(reads, reads):
        if one.value["seen"] == other.value["seen"] and one.value != other.value:
            kinds.add("diverged")
    for o in reads:
        begun = [(a.f, a.value) for a in asked if a.index < o.index]
        values = [("add", element) for element in o.value["elements"]]
        if o.value["register"] is not None:
            values.append(("assign", o.value["register"]))
        if any(value not in begun for value in values):
            kinds.add("unexpected")
        for p in {a.process for a in asked} if o.index > final else {o.process}:
            mine = [a for a in asked if (a.f, a.process) == ("assign", p) and a.index < o.index]
            done = [a for a in mine if ends[a.index].type == "ok"]
            knew = [(r.index, r.value["register"]) for r in reads if r.process == p]
            knew += [(a.index, a.value) for a in mine]
            here = o.value["register"]
            if (
                done
                and done[-1].value != here
                and any(value == here and at < done[-1].index for at, value in knew)
            ):
                kinds.add("superseded")
        if o.index < final:
            continue
        sure = {(a.f, a.value) for a in asked if ends[a.index].type == "ok"}
        for value in {value for f, value in sure if f in ("add", "remove")}:
            its = [a for a in asked if a.value == value and a.f in ("add", "remove")]
            possible = presences(its, ends)
            if value not in o.value["elements"] and possible == {True}:
                kinds.add("lost")
            if value in o.value["elements"] and possible == {False}:
                kinds.add("resurrected")
        counts = [a for a in asked if a.f == "increment"]
        choices = [(1,) if ends[a.index].type == "ok" else (0, 1) for a in counts]
        sums = {
            sum(a.value * taken for a, taken in zip(counts, choice, strict=True))
            for choice in product(*choices)
        }
        if o.value["counter"] not in sums:
            kinds.add("miscounted")
    return kinds


@pytest.mark.parametrize("seed", range(10))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed):
    random = Random(seed)
    refuted = 0
    for _ in range(100):
        operations = simulated(random)
        assert twin(operations) == set()
        for events in (operations, mutated(operations, random)):
            made = History.from_operations(events)
            verdict = strong_eventual_consistency().check(made)

            found = {anomaly.kind for anomaly in verdict.anomalies}
            assert found == twin(events), events
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)
            refuted += verdict.validity is INVALID
    assert refuted > 40


def test_a_forged_verdict_is_refuted():
    good = history(ADD, FINAL, read(1, 1), read(1, 1))
    bad = history(ADD, FINAL, read(2), read(2))
    valid, invalid = (strong_eventual_consistency().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="shows lost"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="tells lost"):
        ENTRY.verified(good, invalid)
