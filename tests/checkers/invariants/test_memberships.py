"""Membership: examples of each finding, and a twin by the definitions on mutated histories."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import findings_checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.invariants.memberships import ENTRY, STATUSES, membership
from splitbrain.checkers.models import ModelError


def whole(*parts):
    events = [event for part in parts for event in part]
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def judged(*parts):
    return membership().check(History.from_operations(whole(*parts)))


def told(by, of, number, status="alive", life=1):
    value = {"of": of, "status": status, "incarnation": number, "life": life}
    return [(by, "info", "member", value)]


def tagged(server, number):
    value = {"server": server, "incarnation": number}
    return [(0, "invoke", "announce", number), (0, "ok", "announce", value)]


def settled(by, **members):
    records = {name: [status, number, number] for name, (status, number) in members.items()}
    value = {"by": by, "members": records}
    return [(1, "invoke", "settled", None), (1, "ok", "settled", value)]


def fault(kind, *targets):
    value = {"id": "f1", "phase": "start", "targets": list(targets), "detail": {}}
    return [("nemesis", "info", kind, value)]


A1, A2 = ("alive", 1), ("alive", 2)
DEAD1 = ("dead", 1)
JOINED = (told("n1", "n1", 1), told("n2", "n2", 1), tagged("n1", 1))
AGREED = (settled("n1", n1=A1, n2=A1), settled("n2", n1=A1, n2=A1))


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([*JOINED, *AGREED], VALID, []),
        ([*JOINED, settled("n1", n1=A1, n2=A1), settled("n2", n1=A1)], INVALID, ["false-death"]),
        ([*JOINED, settled("n1", n1=A1, n2=DEAD1)], VALID, []),  # n2 answers nobody
        (
            [*JOINED, settled("n1", n1=A1, n2=DEAD1), settled("n2", n1=A1, n2=A1)],
            INVALID,
            ["false-death"],
        ),
        (
            [*JOINED, settled("n1", n1=A1, n2=A1), settled("n2", n1=A1, n2=A2)],
            INVALID,
            ["disagreement"],
        ),
        ([*JOINED, tagged("n1", 2), *AGREED], INVALID, ["stale-tag", "stale-tag"]),
        (
            [*JOINED, fault("member.dead", "n2"), settled("n1", n1=A1, n2=A1)],
            INVALID,
            ["undetected"],
        ),
        ([*JOINED, fault("member.dead", "n2"), settled("n1", n1=A1, n2=DEAD1)], VALID, []),
        ([*JOINED, told("n1", "n2", 2), *AGREED], INVALID, ["forged"]),
        (
            [*JOINED, told("n1", "n2", 1, "suspect"), told("n1", "n2", 1), *AGREED],
            INVALID,
            ["resurrected"],
        ),
        (
            [*JOINED, told("n1", "n2", 1, "suspect"), told("n1", "n2", 1, life=2), *AGREED],
            VALID,
            [],
        ),
        ([*JOINED, told("n1", "n2", 1, "dead"), *AGREED], INVALID, ["needless-death"]),
        (
            [*JOINED, fault("clock.bump", "n1"), told("n1", "n2", 1, "dead"), *AGREED],
            INVALID,
            ["needless-death"],
        ),
        ([*JOINED, fault("net.loss", "n1"), told("n1", "n2", 1, "dead"), *AGREED], VALID, []),
        ([*JOINED], UNKNOWN, []),
        ([*AGREED], UNKNOWN, []),
    ],
)
def test_membership(parts, validity, kinds):
    verdict = judged(*parts)

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    "part",
    [
        [("n1", "info", "member", {"of": "n2"})],
        told("n1", "n2", 1, "ill"),
        [(1, "invoke", "settled", None), (1, "ok", "settled", {"by": "n1"})],
        settled("n1", n1=("ill", 1)),
        [(0, "invoke", "announce", 1), (0, "ok", "announce", 7)],
    ],
)
def test_what_is_no_membership_is_refused(part):
    with pytest.raises(ModelError):
        judged(part)


def simulated(random):
    """Members that announce, hear of each other, and agree in the end."""
    parts, numbers = [], {"n1": 1, "n2": 1, "n3": 1}
    known = {(by, of): (0, 0) for by in numbers for of in numbers}
    parts += [told(name, name, 1) for name in numbers]
    if random.random() < 0.5:
        parts.append(fault(random.choice(("net.loss", "clock.bump")), "n1"))
    calm = parts[-1][0][2] != "net.loss"
    for _ in range(random.randrange(1, 9)):
        by, of = random.choice(sorted(numbers)), random.choice(sorted(numbers))
        if by == of:
            numbers[of] += 1
            parts += [told(of, of, numbers[of]), tagged(of, numbers[of])]
        elif known[by, of] < (numbers[of], 2 if not calm else 1):
            rank = random.randint(0, 1 if calm else 2)
            if known[by, of] < (numbers[of], rank):
                known[by, of] = numbers[of], rank
                parts.append(told(by, of, numbers[of], STATUSES[rank]))
    members = {name: ("alive", number) for name, number in numbers.items()}
    parts += [settled(by, **members) for by in numbers]
    return whole(*parts)


def mutated(operations, random):
    """The same with something that was told changed."""
    able = [n for n, o in enumerate(operations) if o.type != "invoke" and o.process != "nemesis"]
    at = random.choice(able)
    value = dict(operations[at].value)
    if "members" in value:
        members = {name: list(record) for name, record in value["members"].items()}
        victim = random.choice(sorted(members))
        if random.random() < 0.2:
            del members[victim]
        else:
            members[victim][0] = random.choice(STATUSES)
            members[victim][1] += random.choice((-1, 0, 1))
        value["members"] = members
    else:
        value["incarnation"] += random.choice((-1, 0, 1, 2))
        if "status" in value:
            value["status"] = random.choice(STATUSES)
    return [replace(o, value=value) if n == at else o for n, o in enumerate(operations)]


def twin(operations):
    """Kinds of findings, for every pair of events by itself."""
    kinds = set()
    told = [o for o in operations if o.f == "member"]
    faults = [o for o in operations if o.process == "nemesis"]
    views = [o for o in operations if o.f == "settled" and o.type == "ok"]
    living = {o.value["by"] for o in views}
    for n, one in enumerate(told):
        v = one.value
        own = [o.value["incarnation"] for o in told[:n] if o.process == o.value["of"] == v["of"]]
        if one.process != v["of"] and v["incarnation"] > max(own, default=0):
            kinds.add("forged")
        same = [o for o in told[:n] if o.process == one.process and o.value["of"] == v["of"]]
        if same and age(same[-1]) > age(one):
            kinds.add("resurrected")
        earlier = [f for f in faults if f.index < one.index and not f.f.startswith("clock.")]
        if v["status"] == "dead" and not earlier:
            kinds.add("needless-death")
    for one in views:
        members = one.value["members"]
        for name in living:
            if name not in members or members[name][0] != "alive":
                kinds.add("false-death")
        for name, record in members.items():
            for other in views:
                theirs = other.value["members"].get(name, record)
                if theirs[1:] != record[1:]:
                    kinds.add("disagreement")
        for o in operations:
            tags = o.f == "announce" and o.type == "ok" and o.value["server"] in members
            if tags and members[o.value["server"]][1] < o.value["incarnation"]:
                kinds.add("stale-tag")
    return kinds


def age(event):
    return event.value["incarnation"], STATUSES.index(event.value["status"])


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_its_twin(seed):
    random, seen = Random(seed), set()
    for _ in range(400):
        operations = simulated(random)
        assert membership().check(History.from_operations(operations)).anomalies == ()
        changed = mutated(operations, random)
        history = History.from_operations(changed)
        verdict = membership().check(history)
        kinds = {kind for kind, *_ in verdict.certificate.get("findings", [])}

        assert kinds == twin(changed), changed
        findings_checked_again(ENTRY, history, verdict)
        seen |= kinds
    assert seen >= {"forged", "resurrected", "needless-death", "false-death", "disagreement"}
