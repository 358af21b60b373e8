"""A verdict from what a checker found: what many checkers of one property say in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict

MOST_SHOWN = 100


def verdict_of(
    name: str,
    anomalies: Iterable[Anomaly],
    coverage: Mapping[str, int],
    *,
    holds: str,
    vain: str | None = None,
    certificate: Mapping[str, Any] | None = None,
) -> Verdict:
    """The verdict of a checker that looks for anomalies, first ones first.

    Args:
        name: the checker's.
        anomalies: what it found.
        coverage: what was exercised.
        holds: what to say if nothing was found.
        vain: why a history in which nothing was found says nothing; None if it says something.
        certificate: by what a verdict that says something is checked again.
    """
    found = list(anomalies)
    if found:
        kinds = Counter(anomaly.kind for anomaly in found)
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        reason = f"{counts}; {found[0].message}"
        kept = tuple(found[:MOST_SHOWN])
        return Verdict(name, INVALID, reason, kept, certificate, coverage)
    if vain is not None:
        return Verdict(name, UNKNOWN, vain, coverage=coverage)
    return Verdict(name, VALID, holds, certificate=certificate, coverage=coverage)
