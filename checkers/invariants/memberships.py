"""Membership: members agree, in the end, on who is there; and never unsay what they knew.

    members, settled  -> {"by": server, "members": {name: [status, incarnation, tag]}}
    announce          tag -> {"server": name, "incarnation": i}
    events of servers: ``member``, {"of": name, "status": s, "incarnation": i, "life": l}

*Property.* At any time, of what one life of a server announces: what it knows of a member never
goes back, by incarnation and then alive, suspect, dead (``resurrected``), and no incarnation is
told that the member itself has not announced (``forged``). While nothing but wall clocks was
disturbed, nobody is declared dead (``needless-death``). In the end, of the ``settled`` reads: who
answers is alive to all that answer (``false-death``), who was killed for good is dead
(``undetected``), all agree on incarnations and tags (``disagreement``), and know what those
announced last who answer (``stale-tag``).

*Source.* Das, Gupta and Motivala, "SWIM", DSN 2002, sections 2 (completeness, accuracy) and 4.2;
Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems", JACM 43(2), 1996
(strong completeness, eventual strong accuracy).

*Algorithm.* One pass over the announcements, one over the last reads.

*Left out.* How soon a failure is detected, and how many are detected that were none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import MOST_SHOWN
from splitbrain.checkers.history import NEMESIS, OK, Call, History, Operation
from splitbrain.checkers.invariants.rechecking.memberships import verify
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

NAME = "membership"
MEMBER = "member"
SETTLED = "settled"
ANNOUNCE = "announce"

STATUSES = ("alive", "suspect", "dead")

_HARMLESS = tuple(
    f"clock.{verb}" for verb in ("bump", "strobe", "freeze", "backward", "slew", "leap")
)
"""Faults under which nobody may be declared dead: they touch wall clocks only."""


def membership() -> Checker:
    """A checker: members agree in the end, and never unsay what they knew. See the module."""
    return _Membership()


class _Membership:
    name = NAME

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            ModelError: an announcement or an answer does not have the form above.
        """
        told = [_told(e) for e in history.events(f=MEMBER) if e.process != NEMESIS]
        calls = [call for call in history.calls() if call.outcome == OK]
        views = [_view(call) for call in calls if call.f == SETTLED]
        announced = [call for call in calls if call.f == ANNOUNCE]
        faults = [e for e in history if e.process == NEMESIS and isinstance(e.value, Mapping)]
        anomalies = [*_unsaid(told), *_forged(told), *_needless(told, faults)]
        anomalies += [*_in_the_end(views, _killed(faults)), *_stale(views, announced)]
        coverage = {
            "changes announced": len(told),
            "tags announced": len(announced),
            "views in the end": len(views),
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        if anomalies:
            said = f"{len(anomalies)} findings; {anomalies[0].message}"
            return Verdict(
                NAME, INVALID, said, tuple(anomalies[:MOST_SHOWN]), certificate, coverage
            )
        if not views or not announced:
            said = "nothing was announced, or nobody was asked in the end: nothing was exercised"
            return Verdict(NAME, UNKNOWN, said, coverage=coverage)
        said = f"{len(views)} members agree on who is there"
        return Verdict(NAME, VALID, said, certificate=certificate, coverage=coverage)


Told = tuple[Operation, str, int, int, int]
"""An event, whom it is about, an incarnation, a rank, and the life of the server that tells it."""

View = tuple[Call, str, Mapping[str, Any]]


def _told(event: Operation) -> Told:
    match event.value:
        case {"of": str(of), "status": str(status), "incarnation": int(number), "life": int(life)}:
            if status in STATUSES:
                return event, of, number, STATUSES.index(status), life
    raise ModelError(event.index, f"{shown(event.value)} is no announcement of a member")


def _view(call: Call) -> View:
    match call.result:
        case {"by": str(by), "members": Mapping() as members}:
            for entry in members.values():
                if not isinstance(entry, list | tuple) or entry[0] not in STATUSES:
                    raise ModelError(call.invoke_index, f"{shown(entry)}: no record of a member")
            return call, by, members
    raise ModelError(call.invoke_index, f"{shown(call.result)} is no view of the members")


def _unsaid(told: list[Told]) -> Iterator[Anomaly]:
    known: dict[Any, Told] = {}
    for one in told:
        event, of, number, rank, life = one
        before = known.get((event.process, life, of))
        if before is not None and (number, rank) < (before[2], before[3]):
            said = (
                f"{event.process} knew {of} as {STATUSES[before[3]]} ({before[2]}), and takes it "
                f"for {STATUSES[rank]} ({number})"
            )
            yield Anomaly("resurrected", said, (before[0].index, event.index))
        known[event.process, life, of] = one


def _forged(told: list[Told]) -> Iterator[Anomaly]:
    greatest: dict[str, int] = {}
    for event, of, number, _, _ in told:
        if event.process == of:
            greatest[of] = max(number, greatest.get(of, 0))
        elif number > greatest.get(of, 0):
            said = f"{event.process} tells of incarnation {number} of {of}, which announced none"
            yield Anomaly("forged", said, (event.index,))


def _needless(told: list[Told], faults: list[Operation]) -> Iterator[Anomaly]:
    disturbed = next((e.index for e in faults if e.f not in _HARMLESS and "id" in e.value), None)
    for event, of, number, rank, _ in told:
        if STATUSES[rank] == "dead" and (disturbed is None or event.index < disturbed):
            said = f"{event.process} declares {of} ({number}) dead, and nothing was done to it"
            yield Anomaly("needless-death", said, (event.index,))


def _killed(faults: list[Operation]) -> frozenset[str]:
    """Who was killed for good."""
    dead = [e for e in faults if e.f == "member.dead" and e.value.get("phase") == "start"]
    return frozenset(name for event in dead for name in event.value.get("targets", ()))


def _in_the_end(views: list[View], killed: frozenset[str]) -> Iterator[Anomaly]:
    living = {by for _, by, _ in views}
    first: dict[str, tuple[Call, str, Any]] = {}
    for call, by, members in views:
        for name, (status, number, tag, *_) in sorted(members.items()):
            if name in living and status != "alive":
                said = f"in the end {by} takes {name} for {status}, and it answers"
                yield Anomaly("false-death", said, (_end(call),))
            elif name in killed and name not in living and status != "dead":
                said = f"in the end {by} takes {name} for {status}, and it was killed for good"
                yield Anomaly("undetected", said, (_end(call),))
            other, its_by, its = first.setdefault(name, (call, by, (number, tag)))
            if its != (number, tag):
                said = f"in the end {its_by} knows {name} as {shown(its)}, and {by} as"
                said = f"{said} {shown((number, tag))}"
                yield Anomaly("disagreement", said, (_end(other), _end(call)))
        for name in sorted(living - members.keys()):
            said = f"in the end {by} does not know {name}, and it answers"
            yield Anomaly("false-death", said, (_end(call),))


def _stale(views: list[View], announced: list[Call]) -> Iterator[Anomaly]:
    latest: dict[str, tuple[int, Call]] = {}
    for call in announced:
        match call.result:
            case {"server": str(server), "incarnation": int(number)}:
                if number > latest.get(server, (0, call))[0]:
                    latest[server] = number, call
            case result:
                raise ModelError(_end(call), f"{shown(result)} is no announced incarnation")
    living = {by for _, by, _ in views}
    for call, by, members in views:
        for name, (number, announcement) in sorted(latest.items()):
            if name in living and name in members and members[name][1] < number:
                said = f"in the end {by} knows incarnation {members[name][1]} of {name}, and"
                said = f"{said} {number} was announced"
                yield Anomaly("stale-tag", said, (_end(announcement), _end(call)))


def _end(call: Call) -> int:
    assert call.complete_index is not None
    return call.complete_index


ENTRY = CheckerEntry(
    NAME, membership, "members agree in the end, and never unsay what they knew", verify=verify
)
