"""Permits that expire do: whoever died with one does not keep it.

*Property.* A permit of a name that promises to expire is not held any more when a run has been at
rest for long enough: clients went with the load, so nobody asked for one since, and whoever still
has one died with it, or forgot it. Else nobody else would ever have it.

*Source.* Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File
Cache Consistency", SOSP 1989; DDIA chapter 8, "The leader and the lock".

*Algorithm.* Looks at what each replica said in the end that it holds (``replica-state``, with
``"permits": [[name, owner, token, ...], ...]``). Who decides that a permit has ended measures anew
when it comes to lead, so time is counted from the last leader's beginning, and from the end of the
load. Linear.

*Left out.* How long a permit lasted while there was load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import LEADER, PHASE, REPLICA_STATE, SETTLE

_Permit = tuple[str, Any, Any]


def permits_end(names: Iterable[str], within_s: float) -> Checker:
    """A checker: at rest nobody holds a permit that expires. See the module.

    Args:
        names: of what the permits are that expire.
        within_s: how long one may last at most when nothing fails, in seconds.
    """
    return _PermitsEnd(frozenset(names), within_s)


@dataclass(frozen=True, slots=True)
class _PermitsEnd:
    names: frozenset[str]
    within_s: float
    name: str = "permits-end"
    needs_operations: str = REPLICA_STATE
    eventual: bool = True

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`."""
        rest = self._rest_begins(history)
        states = [c for c in history.calls() if c.f == REPLICA_STATE and c.outcome == OK]
        anomalies, held, early = [], 0, 0
        for call in states:
            for name, owner, token in self._permits(call):
                held += 1
                if rest is None or call.start - rest < self.within_s * 1e9:
                    early += 1
                    continue
                said = (
                    f"{shown(owner)} still holds the permit {token} of {name}, "
                    f"{(call.start - rest) / 1e9:.3f} s after the last leader and all clients came "
                    f"to rest; such a permit lasts {self.within_s:g} s at most"
                )
                anomalies.append(Anomaly("kept-for-ever", said, (call.invoke_index,)))
        coverage = {"states": len(states), "permits held": held}
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:20]), coverage=coverage)
        if early or not states:
            reason = "a permit is held, for how long nobody knows" if early else "no state was read"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        return Verdict(
            self.name, VALID, "no permit that expires is held at rest", coverage=coverage
        )

    def _permits(self, call: Call) -> Iterator[_Permit]:
        match call.result:
            case (_, Mapping() as state):
                for name, owner, token, *_ in state.get("permits", ()):
                    if name in self.names:
                        yield name, owner, token

    def _rest_begins(self, history: History) -> int | None:
        """When the last of these came: the end of the load and its faults, and the last leader; in
        nanoseconds. None if the run did not get so far."""
        settled = [e.time for e in history.events(f=PHASE) if e.value == SETTLE]
        if not settled:
            return None
        return max(settled[-1], *(e.time for e in history.events(f=LEADER)), 0)
