"""No node's process ends because its code raised.

An error that escapes from a server is a crash that nobody injected: in production a restart loop,
and often the first sign of a broken invariant. The simulated world announces it as an event
``died`` of the node. This is a guard of the harness, as Jepsen's log and exception checkers are;
linear in the history.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, VALID, Anomaly, Verdict
from splitbrain.checkers.vocabulary import DIED

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class UnhandledExceptions:
    """See `unhandled_exceptions`."""

    name: str = "unhandled-exceptions"

    def check(self, history: History) -> Verdict:
        """Valid if no node announced that its code raised."""
        deaths = history.events(DIED)
        coverage = {"died": len(deaths)}
        if not deaths:
            return Verdict(self.name, VALID, "no node's code raised", coverage=coverage)
        anomalies = tuple(
            Anomaly(
                "node-died",
                f"{death.process} died at {death.time / 1e9:.3f} s: {_error(death.value)}",
                (death.index,),
                {"node": str(death.process), "error": _error(death.value)},
            )
            for death in deaths[:_SHOWN]
        )
        return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)


def _error(value: object) -> str:
    return str(value.get("error", value)) if isinstance(value, dict) else str(value)


def unhandled_exceptions() -> UnhandledExceptions:
    """The checker that no node's code raised."""
    return UnhandledExceptions()
