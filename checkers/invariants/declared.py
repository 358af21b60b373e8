"""No invariant was broken that the system declares and that was watched at every step.

*Property.* What the system's own probe says (`splitbrain.harness.invariants`), which looks at the
servers from within while they run. *Source.* An event ``invariant`` of the server at which it was
seen; the run ended there, so there is one at most. *Algorithm.* The event is looked up.

What was to come true at some moment (`splitbrain.harness.oracle.sometimes`) and never did was not
tried, so the run says nothing: unknown. An event ``goals`` at the end of the run tells it.

*Left out.* Whether the probe is right. If it raised, nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict
from splitbrain.checkers.vocabulary import GOALS, INVARIANT


@dataclass(frozen=True, slots=True)
class DeclaredInvariants:
    """See `declared_invariants`."""

    name: str = "invariants"

    def check(self, history: History) -> Verdict:
        """Valid if no event says that an invariant was broken."""
        events = history.events(INVARIANT)
        if not events:
            if missed := _missed(history):
                reason = f"what was to come true at some moment never did: {', '.join(missed)}"
                return Verdict(self.name, UNKNOWN, reason)
            return Verdict(self.name, VALID, "no invariant was seen broken at any step")
        event = events[0]
        told = event.value if isinstance(event.value, Mapping) else {"failed": str(event.value)}
        if "failed" in told:
            reason = f"what watches the invariants failed itself: {told['failed']}"
            cost = {"traceback": told.get("traceback", [])}
            return Verdict(self.name, UNKNOWN, reason, cost=cost)
        said = f"{told.get('said')} ({event.process} at {event.time / 1e9:.3f} s)"
        anomaly = Anomaly(str(told.get("invariant")), said, (event.index,))
        return Verdict(self.name, INVALID, said, (anomaly,))


def _missed(history: History) -> list[str]:
    """The names of goals that were not reached."""
    return [
        str(name)
        for event in history.events(GOALS)
        if isinstance(event.value, Mapping)
        for name in event.value.get("missed", ())
    ]


def declared_invariants() -> DeclaredInvariants:
    """The checker that no declared invariant was broken."""
    return DeclaredInvariants()
