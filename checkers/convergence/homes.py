"""Did the servers that have a key end up with the same values?

*Property.* As `splitbrain.checkers.convergence.replicas`, for data of which each server has a part:
once faults are healed and clients silent, all homes of a key hold the same.

*Source.* Operations ``homes`` of ``[key, null]`` give ``[key, {server: values}]``: what those homes
hold that answered. The last answer for each key after the phase event ``final`` counts.

*Algorithm.* Compare as multisets. Linear.

*Left out.* Whether what they agree on is right; homes that did not answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.convergence.recheck.equal_replicas import verify_homes
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import FINAL, PHASE

HOMES = "homes"


def homes_converged() -> Checker:
    """A checker: in the end the homes of a key hold the same. See the module."""
    return _HomesConverged()


@dataclass(frozen=True, slots=True)
class _HomesConverged:
    name: str = "homes-converged"
    least_servers: int = 2
    eventual: bool = True

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            ModelError: an answer is not of the form the module describes.
        """
        begin = [event.index for event in history.events(f=PHASE) if event.value == FINAL][:1]
        last: dict[Any, Call] = {}
        for call in history.calls():
            if call.f == HOMES and call.outcome == OK and begin and call.invoke_index > begin[0]:
                last[frozen(_answer(call)[0])] = call
        compared = [call for call in last.values() if len(call.result[1]) > 1]
        coverage = {"keys": len(last), "keys of which homes were compared": len(compared)}
        anomalies = tuple(filter(None, map(_differing, compared)))
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, anomalies, coverage=coverage)
        if not compared or len(compared) < len(last):
            reason = f"of {len(last)} keys, two homes of {len(compared)} answered in the end"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"the homes of {len(compared)} keys agree"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _answer(call: Call) -> Any:
    result = call.result
    fits = isinstance(result, list | tuple) and len(result) == 2 and isinstance(result[1], Mapping)
    if not fits or not all(isinstance(values, list | tuple) for values in result[1].values()):
        raise ModelError(
            event_of(call),
            f"{HOMES} completes with [key, {{server: values}}], not {shown(result)[:80]}",
        )
    return result


def _differing(call: Call) -> Anomaly | None:
    key, answers = call.result
    held = {server: Counter(map(frozen, values)) for server, values in answers.items()}
    first = next(iter(held.values()))
    if all(values == first for values in held.values()):
        return None
    each = ", ".join(f"{shown(values)} on {server}" for server, values in answers.items())
    return Anomaly("diverged", f"the homes of {shown(key)} end with {each}", (event_of(call),))


ENTRY = CheckerEntry(
    "homes-converged",
    homes_converged,
    "in the end the homes of a key hold the same",
    verify=verify_homes,
)
"""By name."""
