"""Placements agree, are apart, even, and move little: examples, a twin, mutants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from math import ceil
from random import Random

import pytest

from splitbrain.checkers import INVALID, VALID, Anomaly
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.placements import ENTRY, MOST, placement
from splitbrain.checkers.models import ModelError

KEYS = [f"k{i:02}" for i in range(60)]


def announced(*events):
    return History.from_operations(
        Operation(i, i * 10**9, server, INFO, "placement", value)
        for i, (server, value) in enumerate(events)
    )


def placed(members, owners, copies=1, **bound):
    return {"members": list(members), "copies": copies, "owners": owners, **bound}


def held(times, homes=(), bound=1.0):
    """Of members a, b and c so many keys, some of which have other homes."""
    owners = [member for member, n in zip("abc", times, strict=True) for _ in range(n)]
    rows = {f"k{i}": [owner] for i, owner in enumerate(owners)}
    return placed(ABC, rows, bound=bound, homes=dict(homes))


A, B, AB, ABC = ("a",), ("b",), ("a", "b"), ("a", "b", "c")
MOVED = ("n1", placed(ABC, {"x": ["a"], "y": ["c"]}, bound=1, homes={}))


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ([("n1", placed(AB, {"x": ["a"]})), ("n2", placed(AB, {"x": ["a"]}))], []),
        ([("n1", placed(AB, {"x": ["a"]})), ("n2", placed(AB, {"x": ["b"]}))], ["disagreement"]),
        # Who knows other members may place otherwise.
        ([("n1", placed(AB, {"x": ["a"]})), ("n2", placed(ABC, {"x": ["c"]}))], []),
        # To the one that came, or from the one that went; and between two that stay.
        ([("n1", placed(AB, {"x": ["a"]})), ("n1", placed(ABC, {"x": ["c"]}))], []),
        ([("n1", placed(ABC, {"x": ["c"]})), ("n1", placed(AB, {"x": ["b"]}))], []),
        (
            [("n1", placed(AB, {"x": ["a"]})), ("n1", placed(ABC, {"x": ["b"]}))],
            ["needless-movement"],
        ),
        # Copies are apart, as far as there are members.
        ([("n1", placed(AB, {"x": ["a", "b"]}, 2))], []),
        ([("n1", placed(AB, {"x": ["a", "a"]}, 2))], ["repeated-member"]),
        ([("n1", placed(A, {"x": ["a"]}, 2))], []),
        # A few keys may all be on one.
        ([("n1", placed(ABC, {key: ["a"] for key in KEYS}))], ["imbalance"]),
        ([("n1", placed(ABC, {key: ["a"] for key in KEYS[:40]}))], []),
        # With a bound, which is rounded up; and only who has as many passes a key on.
        ([("n1", held((2, 2, 2)))], []),
        ([("n1", held((3, 2, 1)))], ["imbalance"]),
        ([("n1", held((3, 2, 1), bound=1.25))], []),
        ([("n1", held((2, 2, 2), {"k5": "a"}))], []),
        ([("n1", held((3, 2, 1), {"k5": "b"}, bound=1.25))], ["passed-on"]),
        # A key that was passed on may move; its home may not.
        ([("n1", placed(AB, {"x": ["b"], "y": ["a"]}, bound=1, homes={"x": "a"})), MOVED], []),
        (
            [
                ("n1", placed(AB, {"x": ["b"], "y": ["a"]}, bound=1, homes={})),
                MOVED,
            ],
            ["needless-movement"],
        ),
    ],
)
def test_placement(events, kinds):
    verdict = placement().check(announced(*events))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds
    assert verdict.validity is (INVALID if kinds else VALID)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        placed((), {"x": ["a"]}),
        placed(A, {}),
        placed(A, {"x": []}),
        placed(A, {"x": ["b"]}),
        placed(A, {"x": "a"}),
        {**placed(A, {"x": ["a"]}), "copies": "1"},
        placed(A, {"x": ["a"]}, bound=0.5),
        placed(A, {"x": ["a"]}, bound="2"),
        placed(A, {"x": ["a"]}, bound=2, homes={"y": "a"}),
        placed(A, {"x": ["a"]}, bound=2, homes={"x": "b"}),
        placed(A, {"x": ["a"]}, bound=2, homes=[]),
    ],
)
def test_what_is_no_placement_is_named(value):
    with pytest.raises(ModelError, match="n1 announces placement"):
        placement().check(announced(("n1", value)))


def right(members, keys=KEYS):
    """By rendezvous of numbers: each key ranks the members."""
    return {k: sorted(members, key=lambda m: Random(f"{k}/{m}").random())[:2] for k in keys}


def bounded(value, factor):
    """Has full members pass keys on to the next one that is not."""
    room = ceil(factor * len(value["owners"]) / len(value["members"]))
    left, homes = dict.fromkeys(value["members"], room), {}
    for key, row in value["owners"].items():
        first = next(m for m in (*row, *value["members"]) if left[m])
        left[first] -= 1
        if first != row[0]:
            homes[key] = row[0]
            row[:] = [first, next(member for member in row if member != first)]
    value |= {"bound": factor, "homes": homes}


def wrong(events):
    """The twin: kinds that are there, each by its definition, over all pairs of announcements."""
    kinds = set()
    for i, (server, one) in enumerate(events):
        members, owners = one["members"], one["owners"]
        most = Counter(each[0] for each in owners.values()).most_common(1)[0][1]
        homes = {key: one.get("homes", {}).get(key, row[0]) for key, row in owners.items()}
        if "bound" in one:
            bound = -(-Fraction(one["bound"]) * len(owners) // len(members))
            if most > bound:
                kinds.add("imbalance")
            for key, home in homes.items():
                has = sum(row[0] == home for row in owners.values())
                if home != owners[key][0] and has < bound:
                    kinds.add("passed-on")
        elif len(owners) > 40 and most > MOST * len(owners) / len(members):
            kinds.add("imbalance")
        if any(len(set(each)) < min(2, len(members)) for each in owners.values()):
            kinds.add("repeated-member")
        earlier = [value for who, value in events[:i] if who == server][-1:]
        for before in earlier:
            changed = set(before["members"]) ^ set(members)
            for key in owners:
                was = before.get("homes", {}).get(key, before["owners"][key][0])
                now = homes[key]
                if changed and was != now and was not in changed and now not in changed:
                    kinds.add("needless-movement")
        same = next(value for _, value in events if value["members"] == members)
        if same["owners"] != owners:
            kinds.add("disagreement")
    return kinds


@pytest.mark.parametrize("chunk", range(5))
def test_the_checker_says_what_its_twin_says(chunk):
    """Of hundreds of histories, most of them with an owner changed."""
    seen = Counter()
    for seed in range(60):
        draw = Random(f"{chunk}/{seed}")
        keys = KEYS if seed % 2 else KEYS[:5]
        events = []
        for _ in range(draw.randrange(1, 6)):
            members = sorted(draw.sample("abcd", draw.randrange(1, 5)))
            value = placed(members, right(members, keys), 2)
            if seed % 4 in (0, 1):
                bounded(value, draw.choice([1.0, 1.25, 1.5]))
            events.append((draw.choice(["n1", "n2"]), value))
        for _ in range(draw.randrange(3)):
            _, value = draw.choice(events)
            if "homes" in value and draw.random() < 0.7:
                value["homes"][draw.choice(keys)] = draw.choice(value["members"])
                value["bound"] = 1.0
                continue
            value["owners"][draw.choice(keys)] = [draw.choice(value["members"]) for _ in range(2)]
        kinds = wrong(events)
        seen.update(kinds or {"none"})
        history = announced(*events)
        verdict = placement().check(history)
        assert {a.kind for a in verdict.anomalies} == kinds, events
        assert ENTRY.verified(history, verdict).complete
        other = VALID if kinds else INVALID
        kept = () if kinds else (Anomaly("imbalance", "made up", (0,)),)
        with pytest.raises(CertificateError):
            ENTRY.verified(history, replace(verdict, validity=other, anomalies=kept))

    kinds = {"none", "disagreement", "repeated-member", "needless-movement"}
    assert kinds | {"imbalance", "passed-on"} <= set(seen)
