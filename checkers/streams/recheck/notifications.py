"""Verdicts on notifications checked again: each post and friend in each read, each two operations.

The definition is that of `splitbrain.checkers.streams.recipients`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.streams.recheck.results import STEPS
from splitbrain.checkers.verdict import Verdict


def verify_recipients(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each read. O(reads * posts * friends * changes + operations^2).

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    acts = [call for call in calls if call.f in ("befriend", "unfriend", "post")]
    reads = [call for call in calls if call.f == "notified" and call.outcome == OK]
    rows = max((len(read.result["notified"]) for read in reads), default=0)
    if (len(reads) + 1) * (len(acts) + rows) ** 2 > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {read.complete_index or 0: set(_wrong(read, acts)) for read in reads}
    placed = [act for act in acts if _place(act) is not None]
    for act in placed:
        earlier = [other for other in placed if (other.completed or 0) < act.invoked]
        if any((_place(other) or 0) >= (_place(act) or 0) for other in earlier):
            found[act.complete_index or 0] = {"order-violated"}
    return compare(verdict, found, f"each friend of each post was looked up in {len(reads)} reads")


def _place(act: Call) -> int | None:
    return act.result[2] if act.outcome == OK else None


def _wrong(read: Call, acts: list[Call]) -> Iterator[str]:
    end, completed = read.result["position"], read.completed or 0
    rows = [(frozen(number), frozen(friend)) for number, friend in read.result["notified"]]
    acts = [act for act in acts if act.outcome != FAIL]
    posts = [act for act in acts if act.f == "post"]
    begun = [frozen(post.argument[1]) for post in posts if post.invoked <= completed]
    for act in acts:
        place = _place(act)
        if place is not None and (act.completed or 0) < read.invoked and place > end:
            yield "stale-view"
    for row in rows:
        if row[0] not in begun:
            yield "unknown-post"
        elif rows.count(row) > 1:
            yield "notified-twice"
    for post in posts:
        user, number = map(frozen, post.argument)
        changes = [a for a in acts if a.f != "post" and frozen(a.argument[0]) == user]
        told = {friend for other, friend in rows if other == number}
        place = _place(post)
        for friend in told | {frozen(act.argument[1]) for act in changes}:
            mine = [a for a in changes if frozen(a.argument[1]) == friend]
            possible = set(_states(place, mine, completed))
            if friend in told and "befriend" not in possible:
                yield "wrong-recipient"
            is_due = place is not None and place <= end
            if friend not in told and is_due and possible == {"befriend"}:
                yield "not-notified"


def _states(place: int | None, changes: list[Call], completed: int) -> Iterator[str]:
    """The changes by which somebody may be, or not be, a friend at a post's place."""
    sure = [act for act in changes if _place(act) is not None]
    if place is None:
        yield "unfriend"
        yield from (act.f for act in sure)
    else:
        before = [act for act in sure if (_place(act) or 0) < place]
        last = max(before, key=lambda act: _place(act) or 0, default=None)
        yield last.f if last is not None else "unfriend"
    yield from (a.f for a in changes if _place(a) is None and a.invoked < completed)
