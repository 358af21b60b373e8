"""No node's process ends because its code raised, and no node does what no node may.

An error that escapes from a server is a crash that nobody injected: in production a restart loop,
and often the first sign of a broken invariant. The simulated world announces it as an event
``died`` of the node. What the world refuses to a node, because the run could not be repeated or
would never end, is an event ``tripwire``: it counts even if the node's code catches the error.
This is a guard of the harness, as Jepsen's log and exception checkers are; linear in the history.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.verdict import INVALID, VALID, Anomaly, Verdict
from splitbrain.checkers.vocabulary import DIED, TRIPWIRE

RUN_STOPPED = "run-stopped"
"""The kind of anomaly that a watchdog of real time or memory gives."""

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class UnhandledExceptions:
    """See `unhandled_exceptions`."""

    name: str = "unhandled-exceptions"

    def check(self, history: History) -> Verdict:
        """Valid if no node announced that its code raised or did what no node may."""
        refusals, deaths = history.events(TRIPWIRE), history.events(DIED)
        coverage = {"died": len(deaths), "tripwires": len(refusals)}
        anomalies = (
            *(_anomaly(_kind(event), event) for event in refusals[:_SHOWN]),
            *(_anomaly("node-died", event) for event in deaths[:_SHOWN]),
        )
        if not anomalies:
            return Verdict(self.name, VALID, "no node's code raised", coverage=coverage)
        return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)


def _kind(event: Operation) -> str:
    """A tripwire that ended the whole run measures the real machine, and is told apart."""
    ended = isinstance(event.value, dict) and event.value.get("stopped")
    return RUN_STOPPED if ended else "tripwire"


def _anomaly(kind: str, event: Operation) -> Anomaly:
    told = event.value if isinstance(event.value, dict) else {"error": str(event.value)}
    error = str(told.get("error", told))
    lines = {name: told[name] for name in ("traceback", "last") if told.get(name)}
    place = _place(lines.get("traceback"))
    verb = "died" if kind == "node-died" else "was stopped"
    return Anomaly(
        kind,
        f"{event.process} {verb} at {event.time / 1e9:.3f} s: {error}{place}",
        (event.index,),
        {"node": str(event.process), "error": error, **lines},
    )


def _place(traceback: object) -> str:
    """Where the error was raised, if that is known and no cause comes behind it."""
    if not isinstance(traceback, list):
        return ""
    before = []
    for line in traceback:
        if str(line).startswith("caused by"):
            break
        before.append(str(line))
    return f" ({before[-1]})" if before else ""


def unhandled_exceptions() -> UnhandledExceptions:
    """The checker that no node's code raised."""
    return UnhandledExceptions()
