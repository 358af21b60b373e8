"""Of each post those are notified who were friends when it was posted, and nobody else.

*Property.* ``befriend`` and ``unfriend`` ``[user, friend]`` and ``post`` ``[user, number]`` each
return what they were given and a position: that of a log, in whose order all happens. Numbers of
posts are all different. A read, ``notified``, gives ``{"position": p, "notified": [[number,
friend], ...]}`` by all posts up to p; what had been acknowledged when it was asked for is among
them.

==================  ================================================================================
wrong-recipient     somebody was notified who was no friend when the post was made
not-notified        a friend was not notified of a post up to the position
notified-twice      a friend was notified of a post more than once
unknown-post        a post that nobody had made by then, or that failed
stale-view          something that was acknowledged before the read is behind its position
order-violated      of two operations the one that was acknowledged before the other was invoked has
                    the greater position: the log is no order of causes and effects
==================  ================================================================================

An operation of unknown outcome may have happened at any position, or never.

*Source.* DDIA chapter 12, "Ordering events to capture causality" (the unfriended ex-partner);
Lamport 1978.

*Algorithm.* For each post and user's friend, the last change before its position and those in
doubt. O(reads * posts * changes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.recheck.notifications import verify_recipients
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

BEFRIEND, UNFRIEND, POST, READ = "befriend", "unfriend", "post", "notified"
NAME = "causal-recipients"

Found = tuple[str, str, tuple[Call, ...]]


def causal_recipients() -> Checker:
    """A checker: friends at the time of a post are notified of it. See the module."""
    return _CausalRecipients()


@dataclass(frozen=True, slots=True)
class _Act:
    """What a user did; no position if that is in doubt."""

    call: Call
    user: Any
    subject: Any
    position: int | None


@dataclass(frozen=True, slots=True)
class _CausalRecipients:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is none, or two posts have one number.
        """
        calls = history.calls()
        acts = [_act(call) for call in calls if call.f in (BEFRIEND, UNFRIEND, POST)]
        posts: dict[Any, _Act] = {}
        for act in acts:
            if act.call.f == POST and posts.setdefault(act.subject, act) is not act:
                raise ModelError(act.call.invoke_index, f"post {act.subject} was made before")
        reads = [(call, *_read(call)) for call in calls if call.f == READ and call.outcome == OK]
        told: dict[str, Anomaly] = {}
        found = [*_orders(acts)]
        for call, position, rows in reads:
            found += _problems(call, position, rows, acts, posts)
        for kind, said, blamed in found:
            events = tuple(each.complete_index or each.invoke_index for each in blamed)
            told.setdefault(said, Anomaly(kind, said, events))
        most = max((len(rows) for _, _, rows in reads), default=0)
        coverage = {"posts": len(posts), "reads": len(reads), "notified": most}
        vain = None if most else "nobody was ever notified, so nothing was exercised"
        holds = f"{most} notifications went to who were friends"
        return verdict_of(self.name, told.values(), coverage, holds=holds, vain=vain)


def _act(call: Call) -> _Act:
    match call.argument, call.result if call.outcome == OK else [None, None, None]:
        case [user, subject], [_, _, position] if position is None or type(position) is int:
            return _Act(call, user, subject, position)
    raise ModelError(
        call.invoke_index,
        f"{call.f} {shown(call.argument)} gave {shown(call.result)}: give two parts, and these and "
        "a position",
    )


def _read(call: Call) -> tuple[int, Counter[tuple[Any, Any]]]:
    try:
        rows = Counter((number, friend) for number, friend in call.result["notified"])
        return int(call.result["position"]), rows
    except (TypeError, ValueError, KeyError):
        said = (
            f"{READ} gave {shown(call.result)}: give position and notified, [number, friend] each"
        )
        raise ModelError(call.invoke_index, said) from None


def _orders(acts: list[_Act]) -> Iterator[Found]:
    """Each operation against the greatest position of those that had ended before it began."""
    done = sorted((a for a in acts if a.position is not None), key=lambda a: a.call.completed or 0)
    best: _Act | None = None
    at = 0
    for act in sorted(done, key=lambda act: act.call.invoked):
        while at < len(done) and (done[at].call.completed or 0) < act.call.invoked:
            if best is None or (done[at].position or 0) > (best.position or 0):
                best = done[at]
            at += 1
        if best is not None and (act.position or 0) <= (best.position or 0):
            said = f"{_told(act)} is at {act.position}, and {_told(best)}, before it, at"
            yield "order-violated", f"{said} {best.position}", (best.call, act.call)


def _problems(
    read: Call,
    position: int,
    rows: Counter[tuple[Any, Any]],
    acts: list[_Act],
    posts: Mapping[Any, _Act],
) -> Iterator[Found]:
    completed = read.completed or 0
    who = f"process {read.process} is told that"
    for act in acts:
        early = act.position is not None and (act.call.completed or 0) < read.invoked
        if early and (act.position or 0) > position:
            said = f"{who} all up to {position} is there, and {_told(act)} at {act.position} was"
            yield "stale-view", f"{said} acknowledged before", (act.call, read)
    for (number, friend), count in rows.items():
        post = posts.get(number)
        if post is None or post.call.outcome == FAIL or post.call.invoked > completed:
            said = f"{who} {shown(friend)} was notified of post {shown(number)}, which nobody made"
            yield "unknown-post", said, (read,)
        elif count > 1:
            said = f"{who} {shown(friend)} was notified of post {number} {count} times"
            yield "notified-twice", said, (post.call, read)
    changes: dict[Any, dict[Any, list[_Act]]] = {}
    for act in acts:
        if act.call.f != POST:
            changes.setdefault(act.user, {}).setdefault(act.subject, []).append(act)
    told: dict[Any, list[Any]] = {}
    for number, friend in rows:
        told.setdefault(number, []).append(friend)
    for number, post in posts.items():
        if post.call.outcome == FAIL:
            continue
        due = post.position is not None and post.position <= position
        mine = changes.get(post.user, {})
        for friend in sorted({*mine, *told.get(number, ())}, key=str):
            may, must, last = _friendship(post, mine.get(friend, []), completed)
            blamed = tuple(act.call for act in (last, post) if act is not None)
            if rows[number, friend] and not may:
                said = f"{who} {shown(friend)} was notified of {_told(post)}, and was no friend"
                yield "wrong-recipient", said, (*blamed, read)
            if due and must and not rows[number, friend]:
                said = f"{who} {shown(friend)}, a friend, was not notified of {_told(post)}"
                yield "not-notified", said, (*blamed, read)


def _friendship(post: _Act, changes: list[_Act], completed: int) -> tuple[bool, bool, _Act | None]:
    """Whether somebody may have been, or must have been, a friend of a post's user at its position,
    by the changes between the two, and the last of these that says so."""
    last: _Act | None = None
    doubted = set()
    for act in changes:
        if act.position is None:
            if act.call.outcome != FAIL and act.call.invoked < completed:
                doubted.add(act.call.f)
        elif post.position is None:
            doubted.add(act.call.f)
        elif act.position < post.position and (last is None or act.position > (last.position or 0)):
            last = act
    is_friend = last is not None and last.call.f == BEFRIEND
    return is_friend or BEFRIEND in doubted, is_friend and UNFRIEND not in doubted, last


def _told(act: _Act) -> str:
    return f"{act.call.f} {shown([act.user, act.subject])}"


ENTRY = CheckerEntry(
    NAME,
    causal_recipients,
    "who was a friend when it was posted is notified",
    verify=verify_recipients,
)
