"""Each acknowledged request has its effect exactly once, and each failed one none.

*Property.* Requests are operations ``pay`` with value ``[id, ...]``, whose ids are all different;
reads (``ledger``) list all effects so far, ``[id, ...]`` each. Of every read that succeeded:

==================  ================================================================================
lost                it lacks the effect of a request that was acknowledged before it was invoked
duplicated          it has an effect twice
failed-effect       it has the effect of a request that was told as failed
unrequested         it has an effect that nobody had requested when it ended
altered             it has an effect that differs from its request in more than the id
vanished            it lacks an effect that a read which had ended before it was invoked has
==================  ================================================================================

A request of unknown outcome may have its effect at any time, or never, but not twice.

*Source.* DDIA chapter 11, "Fault Tolerance", and chapter 12, "The End-to-End Argument for
Databases" (exactly once, or effectively once). ``jepsen.checker/set-full`` and ``total-queue`` ask
the same of sets and queues.

*Algorithm.* Each read is compared with the counts of what was acknowledged before it: sort requests
by completion and reads by invocation, and merge. O(n log n + r * e), with r reads of e effects.

*Left out.* The order of effects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.calls.recheck import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

REQUEST, READ = "pay", "ledger"
NAME = "exactly-once-effect"


def exactly_once_effect() -> Checker:
    """A checker: no effect is lost, repeated, or had by a failed request. See the module."""
    return _ExactlyOnce()


@dataclass(frozen=True, slots=True)
class _ExactlyOnce:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a request or an effect is no list that begins with an id, or an id is
                requested twice.
        """
        calls = history.calls()
        requests = _requests(calls)
        reads = [c for c in calls if c.f == READ and c.outcome == OK]
        anomalies = list(_anomalies(requests, reads))
        acknowledged = sum(c.outcome == OK for c in requests.values())
        coverage = {
            "requests": len(requests),
            "acknowledged requests": acknowledged,
            "reads of all effects": len(reads),
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        first = min((_end(c) for c in requests.values() if c.outcome == OK), default=None)
        seen = first is not None and any(read.invoked > first for read in reads)
        nothing = "no effects were read after a request was acknowledged: nothing was exercised"
        vain = None if seen else nothing
        holds = f"{acknowledged} acknowledged requests had their effect once"
        return verdict_of(
            self.name, anomalies, coverage, holds=holds, vain=vain, certificate=certificate
        )


def _requests(calls: list[Call]) -> dict[Any, Call]:
    requests: dict[Any, Call] = {}
    for call in calls:
        if call.f == REQUEST:
            identity = _identity(call.argument, call.invoke_index)
            if identity in requests:
                raise ModelError(
                    call.invoke_index,
                    f"{REQUEST} {shown(call.argument)}: request {shown(identity)} was made before, "
                    f"at operation {requests[identity].invoke_index}; ids must be all different",
                )
            requests[identity] = call
    return requests


def _end(call: Call) -> int:
    """Where an operation that succeeded was completed."""
    assert call.completed is not None
    return call.completed


def _identity(value: Any, index: int) -> Any:
    if not isinstance(value, list | tuple) or not value:
        raise ModelError(index, f"{shown(value)} is no request or effect: give [id, ...]")
    return frozen(value[0])


def _anomalies(requests: Mapping[Any, Call], reads: list[Call]) -> Iterator[Anomaly]:
    """Each request's or effect's first anomaly of a kind, by the reads in order of invocation."""
    told: set[tuple[str, Any]] = set()
    acknowledged = sorted(
        ((_end(c), identity) for identity, c in requests.items() if c.outcome == OK),
        key=lambda due: due[0],
    )
    due: dict[Any, None] = {}  # acknowledged before the read at hand, in order
    position = 0
    for read in sorted(reads, key=lambda read: read.invoked):
        while position < len(acknowledged) and acknowledged[position][0] < read.invoked:
            due[acknowledged[position][1]] = None
            position += 1
        effects = _effects(read)
        for anomaly, identity in (
            *_missing(requests, read, effects, due),
            *_strange(requests, read, effects),
        ):
            if (anomaly.kind, identity) not in told:
                told.add((anomaly.kind, identity))
                yield anomaly
    yield from _vanished(reads, told)


def _effects(read: Call) -> dict[Any, list[Any]]:
    if not isinstance(read.result, list | tuple):
        raise ModelError(read.invoke_index, f"{READ} gave {shown(read.result)}, which is no list")
    effects: dict[Any, list[Any]] = {}
    for effect in read.result:
        effects.setdefault(_identity(effect, read.invoke_index), []).append(effect)
    return effects


def _found(kind: str, message: str, *events: int | None) -> Anomaly:
    return Anomaly(kind, message, tuple(event for event in events if event is not None))


def _missing(
    requests: Mapping[Any, Call], read: Call, effects: Mapping[Any, Any], due: Mapping[Any, None]
) -> Iterator[tuple[Anomaly, Any]]:
    for identity in due:
        if identity not in effects:
            request = requests[identity]
            said = (
                f"{REQUEST} {shown(request.argument)} was acknowledged to process "
                f"{request.process}, and process {read.process} reads no such effect later"
            )
            events = (
                request.invoke_index,
                request.complete_index,
                read.invoke_index,
                read.complete_index,
            )
            yield _found("lost", said, *events), identity


def _strange(
    requests: Mapping[Any, Call], read: Call, effects: Mapping[Any, list[Any]]
) -> Iterator[tuple[Anomaly, Any]]:
    for identity, found in effects.items():
        request = requests.get(identity)
        seen = f"process {read.process} reads"
        if request is None or request.invoked > _end(read):
            said = f"{seen} the effect {shown(found[0])}, which nobody had requested"
            yield _found("unrequested", said, read.invoke_index, read.complete_index), identity
            continue
        events = (
            request.invoke_index,
            request.complete_index,
            read.invoke_index,
            read.complete_index,
        )
        if len(found) > 1:
            said = f"{seen} the effect of {REQUEST} {shown(request.argument)} {len(found)} times"
            yield _found("duplicated", said, *events), identity
        if request.outcome == FAIL:
            said = f"{seen} the effect of {REQUEST} {shown(request.argument)}, which failed"
            yield _found("failed-effect", said, *events), identity
        other = next((e for e in found if frozen(e) != frozen(request.argument)), None)
        if other is not None:
            said = f"{seen} {shown(other)} where {shown(request.argument)} was requested"
            yield _found("altered", said, *events), identity


def _vanished(reads: list[Call], told: set[tuple[str, Any]]) -> Iterator[Anomaly]:
    """Effects that one read has and a later one lacks, though nobody was told of them."""
    by_end = sorted(reads, key=_end)
    had: dict[Any, Call] = {}
    position = 0
    for read in sorted(reads, key=lambda read: read.invoked):
        while _end(by_end[position]) < read.invoked:
            for identity in _effects(by_end[position]):
                had.setdefault(identity, by_end[position])
            position += 1
        missing = had.keys() - _effects(read).keys()
        for identity in [identity for identity in had if identity in missing]:
            if not told & {("lost", identity), ("vanished", identity)}:
                told.add(("vanished", identity))
                before = had[identity]
                said = (
                    f"process {before.process} reads the effect of request {shown(identity)}, and "
                    f"process {read.process} reads no such effect later"
                )
                events = before.invoke_index, before.complete_index
                yield _found("vanished", said, *events, read.invoke_index, read.complete_index)


ENTRY = CheckerEntry(
    NAME, exactly_once_effect, "each acknowledged request has its effect once", verify=verify
)
