"""No invariant was broken that the system declares and that was watched at every step.

*Property.* What the system's own probe says (`splitbrain.harness.invariants`), which looks at the
servers from within while they run. *Source.* An event ``invariant`` of the server at which it was
seen; the run ended there, so there is one at most. *Algorithm.* The event is looked up.

*Left out.* Whether the probe is right. If it raised, nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict
from splitbrain.checkers.vocabulary import INVARIANT


@dataclass(frozen=True, slots=True)
class DeclaredInvariants:
    """See `declared_invariants`."""

    name: str = "invariants"

    def check(self, history: History) -> Verdict:
        """Valid if no event says that an invariant was broken."""
        events = history.events(INVARIANT)
        if not events:
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


def declared_invariants() -> DeclaredInvariants:
    """The checker that no declared invariant was broken."""
    return DeclaredInvariants()
