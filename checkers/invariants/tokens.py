"""Fencing tokens only grow.

*Property.* Every token is greater than all that were given before it.

*Source.* Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 8, "Fencing tokens". A
lock service announces each token when it gives it: ``granted`` with ``{"token": 34}``, and with
``"lock"`` if it has several.

*Algorithm.* Compare each with the greatest before it, lock by lock. Linear.

*Left out.* Whether anybody compares them: what they protect shows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

GRANTED = "granted"


def fencing_tokens() -> Checker:
    """A checker: tokens of a lock only grow. See the module."""
    return _FencingTokens()


@dataclass(frozen=True, slots=True)
class _FencingTokens:
    name: str = "fencing-tokens"
    needs_events: str = GRANTED

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an announcement has no token, or one that is no integer.
        """
        greatest: dict[Any, tuple[int, Operation]] = {}
        anomalies = []
        events = history.events(f=GRANTED)
        for event in events:
            lock, token = _granted(event)
            last, before = greatest.get(lock, (token - 1, event))
            if token <= last:
                said = (
                    f"{event.process} gave token {token} at {event.time / 1e9:.3f} s, though "
                    f"{last} had been given at {before.time / 1e9:.3f} s"
                )
                anomalies.append(Anomaly("token-reused", said, (before.index, event.index)))
            else:
                greatest[lock] = token, event
        coverage = {"tokens": len(events), "locks": len(greatest)}
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:100]), coverage=coverage)
        if not events:
            reason = "no token was given, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(events)} tokens, each greater than those before it"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _granted(event: Operation) -> tuple[Any, int]:
    value = event.value if isinstance(event.value, Mapping) else {}
    token = value.get("token")
    if type(token) is not int:
        raise ModelError(
            event.index,
            f"{event.process} announces {GRANTED} with value {shown(event.value)}; "
            'the value is {"token": N} with an integer N',
        )
    return frozen(value.get("lock")), token
