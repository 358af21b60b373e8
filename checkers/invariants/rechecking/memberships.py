"""Verdicts on members checked again: each thing that was told, and each view, beside all others.

The definition is that of `splitbrain.checkers.invariants.memberships`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import NEMESIS, OK, Call, History, Operation
from splitbrain.checkers.verdict import Verdict

_WORSE = {"alive": 0, "suspect": 1, "dead": 2}
_WALL_CLOCKS = ("bump", "strobe", "freeze", "backward", "slew", "leap")

Found = Iterator[tuple[str, int]]
"""Kinds, each with the operation that shows it."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Each announcement with all before it, each view with all others. Quadratic.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    told = [e for e in history.events(f="member") if e.process != NEMESIS]
    faults = [e for e in history if e.process == NEMESIS and isinstance(e.value, Mapping)]
    done = [call for call in history.calls() if call.outcome == OK]
    views = [call for call in done if call.f == "settled"]
    found: dict[int, set[str]] = {}
    for kind, index in (*_told(told, faults), *_views(views, faults), *_old(views, done)):
        found.setdefault(index, set()).add(kind)
    return compare(
        verdict, found, f"{len(told)} announcements and {len(views)} views were compared in pairs"
    )


def _told(told: list[Operation], faults: list[Operation]) -> Found:
    for number, event in enumerate(told):
        said, before = event.value, told[:number]
        same = [e for e in before if e.process == event.process and _about(e) == _about(event)]
        if same and _age(event) < _age(same[-1]):
            yield "resurrected", event.index
        of = said["of"]
        own = [e.value["incarnation"] for e in before if e.process == of == e.value["of"]]
        if event.process != of and said["incarnation"] > max(own, default=0):
            yield "forged", event.index
        disturbed = [e for e in faults if "id" in e.value and not _harmless(e.f)]
        if said["status"] == "dead" and not any(e.index < event.index for e in disturbed):
            yield "needless-death", event.index


def _about(event: Operation) -> tuple[Any, Any]:
    return event.value["life"], event.value["of"]


def _age(event: Operation) -> tuple[int, int]:
    return event.value["incarnation"], _WORSE[event.value["status"]]


def _harmless(fault: str) -> bool:
    family, _, verb = fault.partition(".")
    return family == "clock" and verb in _WALL_CLOCKS


def _views(views: list[Call], faults: list[Operation]) -> Found:
    living = {view.result["by"] for view in views}
    starts = [e for e in faults if e.f == "member.dead" and e.value.get("phase") == "start"]
    killed = {name for e in starts for name in e.value.get("targets", ())} - living
    for number, view in enumerate(views):
        members, at = view.result["members"], _end(view)
        for name in living:
            if name not in members or members[name][0] != "alive":
                yield "false-death", at
        for name in killed & members.keys():
            if members[name][0] != "dead":
                yield "undetected", at
        for name, record in members.items():
            told = (each.result["members"].get(name) for each in views[: number + 1])
            first = next(each for each in told if each is not None)
            if list(first[1:3]) != list(record[1:3]):
                yield "disagreement", at


def _old(views: list[Call], done: list[Call]) -> Found:
    announced = [call.result for call in done if call.f == "announce"]
    living = {view.result["by"] for view in views}
    for view in views:
        for each in announced:
            server, number = each["server"], each["incarnation"]
            known = view.result["members"].get(server)
            if server in living and known is not None and known[1] < number:
                yield "stale-tag", _end(view)


def _end(call: Call) -> int:
    assert call.complete_index is not None
    return call.complete_index
