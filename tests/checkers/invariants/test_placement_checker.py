"""Placements agree, are apart, even, and move little: examples, a twin, mutants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
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


def placed(members, owners, copies=1):
    return {"members": list(members), "copies": copies, "owners": owners}


A, B, AB, ABC = ("a",), ("b",), ("a", "b"), ("a", "b", "c")


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
    ],
)
def test_what_is_no_placement_is_named(value):
    with pytest.raises(ModelError, match="n1 announces placement"):
        placement().check(announced(("n1", value)))


def right(members, keys=KEYS):
    """By rendezvous of numbers: each key ranks the members."""
    return {k: sorted(members, key=lambda m: Random(f"{k}/{m}").random())[:2] for k in keys}


def wrong(events):
    """The twin: kinds that are there, each by its definition, over all pairs of announcements."""
    kinds = set()
    for i, (server, one) in enumerate(events):
        members, owners = one["members"], one["owners"]
        most = Counter(each[0] for each in owners.values()).most_common(1)[0][1]
        if len(owners) > 40 and most > MOST * len(owners) / len(members):
            kinds.add("imbalance")
        if any(len(set(each)) < min(2, len(members)) for each in owners.values()):
            kinds.add("repeated-member")
        earlier = [value for who, value in events[:i] if who == server][-1:]
        for before in earlier:
            changed = set(before["members"]) ^ set(members)
            for key in owners:
                was, now = before["owners"][key][0], owners[key][0]
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
            events.append((draw.choice(["n1", "n2"]), placed(members, right(members, keys), 2)))
        for _ in range(draw.randrange(3)):
            _, value = draw.choice(events)
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

    assert {"none", "disagreement", "repeated-member", "needless-movement"} <= set(seen)
