"""Verdicts on placements and on moves checked again, key by key, from the definitions.

These are those of `splitbrain.checkers.invariants.placements` and ``rebalances``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import Verdict
from splitbrain.checkers.vocabulary import PLACEMENT, REBALANCE

MOST_TIMES_THE_MEAN = 2.5
"""The load of a member above which a placement is uneven."""

SAMPLE = 40
"""Of so few keys nothing is said of how even they are."""


def verify_placement(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Each announcement with those before it. Quadratic in the announcements.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    events = history.events(f=PLACEMENT)
    found: dict[int, set[str]] = {}
    for number, event in enumerate(events):
        earlier = events[:number]
        same = [
            e.value for e in earlier if list(e.value["members"]) == list(event.value["members"])
        ]
        own = [e.value for e in earlier if e.process == event.process]
        kinds = set(_alone(event.value))
        if same and _disagree(same[0]["owners"], event.value["owners"]):
            kinds.add("disagreement")
        if own and _needless(own[-1], event.value):
            kinds.add("needless-movement")
        if kinds:
            found[event.index] = kinds
    return compare(verdict, found, f"{len(events)} placements were compared key by key")


def verify_moves(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """The sum of squares of what servers have, before each move and after it.

    Raises:
        CertificateError: as `verify_placement`.
    """
    events = history.events(f=REBALANCE)
    found: dict[int, set[str]] = {}
    for event in events:
        counts = dict(event.value["ranges"])
        before = sum(count**2 for count in counts.values())
        counts[event.value["from"]] -= 1
        counts[event.value["to"]] += 1
        if sum(count**2 for count in counts.values()) >= before:
            found[event.index] = {"needless-move"}
    return compare(verdict, found, f"the sums of squares around {len(events)} moves were compared")


def _alone(value: Mapping[str, Any]) -> Iterator[str]:
    members, rows = value["members"], list(value["owners"].values())
    for row in rows:
        if sum(member in row for member in members) < min(value["copies"], len(members)):
            yield "repeated-member"
    firsts = [row[0] for row in rows]
    fair = len(rows) / len(members)
    if "bound" in value and value["bound"] is not None:
        held = {member: firsts.count(member) for member in members}
        most = value["bound"] * len(rows) / len(members)
        # A whole number is above another one rounded up if one less is not below that.
        if any(load - 1 >= most for load in held.values()):
            yield "imbalance"
        passed = [home for key, home in value["homes"].items() if value["owners"][key][0] != home]
        if any(held[home] < most for home in passed):
            yield "passed-on"
    elif len(rows) > SAMPLE and max(map(firsts.count, members)) > MOST_TIMES_THE_MEAN * fair:
        yield "imbalance"


def _disagree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(list(one[key]) != list(row) for key, row in other.items() if key in one)


def _needless(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    stayed = [member for member in after["members"] if member in before["members"]]
    if len(stayed) == len(before["members"]) == len(after["members"]):
        return False
    pairs = [(_at_home(before, key), _at_home(after, key)) for key in after["owners"]]
    if len(pairs) != len(before["owners"]) or any(was is None for was, _ in pairs):
        return False
    return any(was != now and was in stayed and now in stayed for was, now in pairs)


def _at_home(value: Mapping[str, Any], key: str) -> str | None:
    row = value["owners"].get(key)
    return None if row is None else value.get("homes", {}).get(key, row[0])
