"""Work that was acknowledged stays done, at whoever did it.

*Property.* ``call n`` gives ``[n, backend]``: who did it. ``done position`` gives ``[position,
backend, [n, ...]]``: all calls that a backend has done. Of every such list

==============  ====================================================================================
lost-work       it lacks a call whose answer, by this backend, came before the list was asked for
vanished-work   it lacks a call that an earlier list of the backend has
unasked-work    it has a call that nobody had made when it ended
==============  ====================================================================================

A call that was not acknowledged may be done or not, by any backend, and by several.

*Source.* DDIA chapter 7, "Durability"; ``jepsen.checker/set-full`` asks the same of sets.

*Algorithm.* The events in their order, with what each backend has acknowledged and listed so far.
O(n + r * e), with r lists of e calls.

*Left out.* How often a call is done, and whether one that failed is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import INVOKE, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, shown
from splitbrain.checkers.verdict import INVALID, Anomaly, Checker, Verdict

NAME = "kept-work"

CALL, DONE = "call", "done"
LOST, VANISHED, UNASKED = "lost-work", "vanished-work", "unasked-work"


def kept_work() -> Checker:
    """A checker: what was acknowledged as done stays done. See the module."""
    return _KeptWork()


@dataclass(slots=True)
class _Backend:
    """What is known of a backend: by call, its answer, and the first list that had it."""

    acknowledged: dict[int, Call] = field(default_factory=dict)
    listed: dict[int, Call] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _KeptWork:
    name: str = NAME
    needs_operations: str = DONE

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation that succeeded gave something else.
        """
        calls = history.calls()
        made = {_number(c): c.invoked for c in reversed(calls) if c.f == CALL}
        ended = [c for c in calls if c.outcome == OK and c.f in (CALL, DONE)]
        ended.sort(key=lambda call: call.completed or 0)
        backends: dict[str, _Backend] = {}
        anomalies: list[Anomaly] = []
        kept = lists = 0
        for call in ended:
            backend, numbers = _answer(call)
            known = backends.setdefault(backend, _Backend())
            if call.f == CALL:
                known.acknowledged.setdefault(numbers[0], call)
                continue
            found = set(numbers)
            lists += 1
            kept += sum(_before(call, one) for one in known.acknowledged.values())
            anomalies += _missing(call, backend, known, found)
            for number in sorted(found):
                if number not in made or made[number] > (call.completed or 0):
                    said = f"{_who(call)} is told that {backend} has done {number}, which nobody"
                    anomalies.append(Anomaly(UNASKED, f"{said} had asked for", _events(call)))
                known.listed.setdefault(number, call)
        coverage = {"lists of what was done": lists, "acknowledged calls looked for": kept}
        vain = None if kept else "no list was asked for after a call of the same backend"
        return verdict_of(
            self.name, anomalies, coverage, holds=f"{kept} calls are still done", vain=vain
        )


def _missing(read: Call, backend: str, known: _Backend, found: set[int]) -> Iterator[Anomaly]:
    """What a list lacks; each call once."""
    who = f"{_who(read)} is told what {backend} has done"
    for number, call in known.acknowledged.items():
        if number not in found and _before(read, call):
            said = f"{who}, without {number}, which it had done for process {call.process}"
            yield Anomaly(LOST, said, _events(call, read))
    for number, earlier in known.listed.items():
        told = number in known.acknowledged and _before(read, known.acknowledged[number])
        if number not in found and not told and _before(read, earlier):
            said = f"{who}, without {number}, which process {earlier.process} was told of before"
            yield Anomaly(VANISHED, said, _events(earlier, read))


def _number(call: Call) -> int:
    if isinstance(call.argument, bool) or not isinstance(call.argument, int):
        raise ModelError(call.invoke_index, f"{CALL} {shown(call.argument)}: give a number")
    return call.argument


def _answer(call: Call) -> tuple[str, list[int]]:
    """The backend that an operation is of, and the calls that it has done."""
    match call.f, call.result:
        case "call", [int() as number, str() as backend]:
            return backend, [number]
        case "done", [_, str() as backend, list() as numbers] if all(
            isinstance(number, int) for number in numbers
        ):
            return backend, numbers
    raise ModelError(event_of(call), f"{call.f} gave {shown(call.result)}")


def _before(read: Call, call: Call) -> bool:
    """Whether an operation that succeeded had ended when a list was asked for."""
    return (call.completed or 0) < read.invoked


def _who(read: Call) -> str:
    return f"process {read.process}"


def _events(*calls: Call) -> tuple[int, ...]:
    return tuple(index for call in calls for index in (call.invoke_index, event_of(call)))


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Look for every call in every list again, from the events alone.

    Raises:
        CertificateError: the history shows something else than the verdict says.
    """
    found = set(_shown_by(history))
    named = {(a.kind, a.operations[-1]) for a in verdict.anomalies}
    if not named <= found:
        kind, index = min(named - found)
        raise CertificateError(f"{kind} at operation {index}: the history doesn't show it")
    if (verdict.validity is INVALID) != bool(found):
        raise CertificateError(f"{len(found)} lists are wrong, and the verdict says otherwise")
    return Certified(f"{len(found)} wrong lists, by looking for each call in each")


def _shown_by(history: History) -> Iterator[tuple[str, int]]:
    """Kinds of anomalies, with the list that shows each."""
    asked: dict[Any, tuple[int, Any]] = {}
    made: set[Any] = set()
    facts: list[tuple[int, str, Any]] = []
    for event in history:
        if event.f not in (CALL, DONE) or not isinstance(event.process, int):
            continue
        if event.type == INVOKE:
            asked[event.process] = event.index, event.value
            made |= {event.value} if event.f == CALL else set()
        elif event.type == OK and event.f == CALL:
            facts.append((event.index, event.value[1], event.value[0]))
        elif event.type == OK:
            begun, backend, numbers = asked[event.process][0], event.value[1], event.value[2]
            mine = [(n, at) for at, whose, n in facts if whose == backend and at < begun]
            for number, _ in mine:
                if not isinstance(number, tuple) and number not in numbers:
                    yield LOST, event.index
                if isinstance(number, tuple) and set(number) - set(numbers):
                    yield VANISHED, event.index
            if set(numbers) - made:
                yield UNASKED, event.index
            facts.append((event.index, backend, tuple(numbers)))


ENTRY = CheckerEntry(
    NAME, kept_work, "work that was acknowledged stays done, at whoever did it", verify=verify
)
