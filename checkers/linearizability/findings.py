"""What was found for the keys of a history, before it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history.columns import Int64
from splitbrain.checkers.verdict import INVALID, Anomaly, Validity

SEARCH = "Wing & Gong, just in time (Lowe)"

WALK = "certain reasons by one walk over the events, O(n)"
"""See `splitbrain.checkers.linearizability.register_anomalies`."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Why a key has no linearization.

    Attributes:
        anomaly: what is broken.
        certificate: the longest prefix of a linearization that was found, the operation that it
            has no place for, and why no other can go before that one; see `certificate`.
    """

    anomaly: Anomaly
    certificate: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for one key.

    Attributes:
        key: the key as recorded; None without keys.
        validity: whether it is linearizable.
        order: invocation indices of a linearization, if it is.
        algorithm: what decided, or tried to.
        configurations: how many were explored.
        completed: completions that the furthest attempt passed, and how many there are.
        broken_at: position of the completion that can't be passed, if it is not linearizable.
        explain: makes the witness, if it is not; takes the configurations that may be explored for
            it.
    """

    key: Any
    validity: Validity
    algorithm: str = SEARCH
    order: Sequence[int] | Int64 = ()
    configurations: int = 0
    completed: tuple[int, int] = (0, 0)
    broken_at: int = -1
    explain: Callable[[int], Witness] | None = None

    def witness(self, effort: int) -> Witness:
        """The witness of a key that is not linearizable."""
        assert self.validity is INVALID
        assert self.explain is not None
        return self.explain(effort)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found for a history.

    Attributes:
        keyed: whether values are ``[key, value]``.
        keys: one finding for each key, in order of first invocation.
        coverage: what was exercised.
        observed: whether some operation could have contradicted another.
    """

    keyed: bool
    keys: list[Finding]
    coverage: dict[str, int]
    observed: bool = True
