"""Fencing tokens only grow, and no lock is given while its lease lasts.

*Property.* Every token is greater than all that were given before it (else ``token-reused``). Where
grants tell when their leases end, none is given before the last one has ended, or before who had
that one has given it back (``granted-while-held``): a service that takes any release for the
holder's, one of long ago that comes late, say, breaks it. Fencing may hide that from what the lock
protects; the holders find themselves fenced for nothing.

*Source.* Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 8, "Fencing tokens". A
lock service announces each token when it gives it: ``granted`` with ``{"token": 34}``, and with
``"lock"`` if it has several; with ``"at"`` and ``"until"``, by its own monotonic clock in seconds,
if it gives leases. Who gives one back announces ``released`` with token (and lock) before it does.
Gray and Cheriton, "Leases" (SOSP 1989): the holder's for its term.

*Algorithm.* Compare each with the greatest and with the last one before it, lock by lock. Linear.

*Left out.* Whether anybody compares tokens: what they protect shows that. Whether two *believe*
that they hold the lock: with leases they may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

GRANTED, RELEASED = "granted", "released"


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
        anomalies = list(_given_too_early(history))
        events = history.events(f=GRANTED)
        for event in events:
            lock, token = _token_of(event)
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
        if len(events) == len(greatest):
            reason = "no lock was given twice, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(events)} tokens, each greater than those before it"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _given_too_early(history: History) -> Iterator[Anomaly]:
    """Grants before the lease of the one before had ended, which its holder had not given back."""
    last: dict[Any, tuple[Operation, Any, float]] = {}
    for event in history:
        if event.f == RELEASED and event.type == INFO:
            lock, token = _token_of(event)
            if lock in last and last[lock][1] == token:
                del last[lock]
        elif event.f == GRANTED and event.type == INFO:
            lock, token = _token_of(event)
            at, until = (event.value.get(name) for name in ("at", "until"))
            if lock in last and at is not None and at < last[lock][2]:
                before, held, ends = last[lock]
                said = (
                    f"{event.process} gave token {token} at {event.time / 1e9:.3f} s, "
                    f"{ends - at:.3f} s before the lease of {held} ended, which was not given back"
                )
                yield Anomaly("granted-while-held", said, (before.index, event.index))
            last.pop(lock, None)
            if until is not None:
                last[lock] = event, token, until


def _token_of(event: Operation) -> tuple[Any, int]:
    value = event.value if isinstance(event.value, Mapping) else {}
    token = value.get("token")
    if type(token) is not int:
        raise ModelError(
            event.index,
            f"{event.process} announces {event.f} with value {shown(event.value)}; "
            'the value is {"token": N} with an integer N',
        )
    return frozen(value.get("lock")), token
