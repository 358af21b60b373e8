"""At most one leader in each term.

*Property.* Election safety: "at most one leader can be elected in a given term" (Ongaro and
Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014, figure 3; proved
in section 5.2 from majorities and one vote a term).

*Source.* Nodes announce their elections: events of a node's process with f ``leader`` and value
``{"term": 3}``. The same node may announce a term again (after a restart, say).

*Algorithm.* Remember who announced each term first. Linear.

*Left out.* Whether a leader knows that it has been deposed: several leaders at one time are fine in
different terms. Elections nobody announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Shape, Verdict
from splitbrain.checkers.vocabulary import LEADER


def leader_per_term() -> Checker:
    """A checker: no two nodes announce that they lead the same term. See the module."""
    return _LeaderPerTerm()


@dataclass(frozen=True, slots=True)
class _LeaderPerTerm:
    name: str = "leader-per-term"
    needs_events: str = LEADER

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            ModelError: an announcement has no term, or one that is no integer.
        """
        first: dict[int, Operation] = {}
        rivals: dict[int, list[Operation]] = {}
        announcements = [e for e in history.events(f=LEADER) if e.process != NEMESIS]
        for event in announcements:
            term = _term(event)
            leader = first.setdefault(term, event)
            others = rivals.setdefault(term, [leader])
            if event.process not in [other.process for other in others]:
                others.append(event)
        coverage = {"announcements": len(announcements), "terms": len(first)}
        anomalies = tuple(
            _two_leaders(term, events) for term, events in rivals.items() if len(events) > 1
        )
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        if not announcements:
            reason = "no node announced that it became leader, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        number = len(first)
        reason = f"{number} term{'s' if number > 1 else ''}, with one leader each"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _term(event: Operation) -> int:
    value = event.value
    term = value.get("term") if isinstance(value, Mapping) else None
    if type(term) is not int:
        raise ModelError(
            event.index,
            f"{event.process} announces {LEADER} with value {shown(value)}; "
            'the value is {"term": N} with an integer N',
        )
    return term


def _two_leaders(term: int, events: list[Operation]) -> Anomaly:
    who = " and ".join(f"{e.process} (at {e.time / 1e9:.3f} s)" for e in events)
    return Anomaly(
        "two-leaders",
        f"in term {term}, {who} each became leader",
        tuple(e.index for e in events),
        {"term": term, "leaders": [str(e.process) for e in events]},
        Shape.LEADERS,
    )
