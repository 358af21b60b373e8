"""Nobody is told that all permits are taken while one is free.

*Property.* An acquire that is refused because all permits are taken saw them taken: at some moment
between its invocation and its completion there were as many who may have held one. A service that
forgets to take a permit back, or gives none at all, breaks it: then clients starve though nobody
does anything wrong, and no check of what was granted can tell.

*Source.* Herlihy and Wing, "Linearizability" (1990): a refusal is an answer, which holds at a
moment within its operation. Linearizability with the mutex model leaves refusals out, since a lock
may well refuse for other reasons; this looks at those alone that give that reason.

*Algorithm.* One pass. Whoever asked for a permit and was not refused may hold it from its
invocation until its release has completed for certain; a client in doubt whether it released may
hold it for ever, and so may one whose permit expired. All who are being refused meanwhile remember
the greatest number of holders. Linear, times the number of clients.

*Left out.* Whether a permit that was free was given at last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

ACQUIRE, RELEASE = "acquire", "release"


def refusals(permits: int, taken: str) -> Checker:
    """A checker: who is refused for want of a permit met as many holders as there are permits.

    Args:
        permits: how many there are.
        taken: how the error of an acquire begins that was refused because they are taken.
    """
    return _Refusals(permits, taken)


@dataclass(slots=True)
class _Refused:
    """An acquire that was refused, and the most who may have held a permit meanwhile."""

    call: Call
    holders: int


@dataclass(frozen=True, slots=True)
class _Refusals:
    permits: int
    taken: str
    name: str = "refusals"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`."""
        calls = history.calls()
        begins = {call.invoke_index: call for call in calls}
        ends = {c.complete_index: c for c in calls if c.complete_index is not None}
        freeing = _freeing(calls)
        holders, waiting, refused = 0, dict[int, _Refused](), list[_Refused]()
        for event in history:
            if (call := begins.get(event.index)) is not None and call.f == ACQUIRE:
                if self._says_taken(history, call):
                    waiting[event.index] = _Refused(call, holders)
                elif call.outcome != FAIL:
                    holders += 1
                    for each in waiting.values():
                        each.holders = max(each.holders, holders)
            elif (call := ends.get(event.index)) is not None:
                if call.invoke_index in freeing:
                    holders -= 1
                elif (seen := waiting.pop(call.invoke_index, None)) is not None:
                    refused.append(seen)
        return self._verdict(refused, holders or bool(freeing))

    def _says_taken(self, history: History, call: Call) -> bool:
        if call.outcome != FAIL or call.completed is None:
            return False
        return (history.errors[call.completed] or "").startswith(self.taken)

    def _verdict(self, refused: list[_Refused], granted: int) -> Verdict:
        coverage = {"refusals": len(refused)}
        wrong = [each for each in refused if each.holders < self.permits]
        if wrong:
            anomalies = tuple(self._anomaly(each) for each in wrong[:100])
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, anomalies, coverage=coverage)
        if not refused and not granted:
            reason = "nobody acquired anything, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(refused)} refusals, each while {self.permits} may have been held"
        return Verdict(self.name, VALID, reason, coverage=coverage)

    def _anomaly(self, refused: _Refused) -> Anomaly:
        call, most = refused.call, refused.holders
        held = "nobody can" if not most else f"at most {most} of {self.permits} can"
        said = (
            f"process {call.process} was refused ({self.taken}), though {held} have held a permit "
            "meanwhile"
        )
        indices = (call.invoke_index, call.complete_index)
        return Anomaly("refused-while-free", said, tuple(i for i in indices if i is not None))


def _freeing(calls: Sequence[Call]) -> set[int]:
    """Invocations of releases that succeeded, of what the same process had acquired before."""
    holding, freeing = set[object](), set[int]()
    for call in calls:
        if call.f == ACQUIRE and call.outcome == OK:
            holding.add(call.process)
        elif call.f == RELEASE and call.outcome == OK and call.process in holding:
            holding.remove(call.process)
            freeing.add(call.invoke_index)
    return freeing
