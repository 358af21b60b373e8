"""Verdicts on repairs that are to end checked again: each is compared with the end of the run.

The definition is that of `splitbrain.checkers.convergence.repairs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.checkers.vocabulary import FINAL, PHASE, REPAIR

HALF_A_SECOND = 500_000_000


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Which repairs came within half a second of the final reads, or after them.

    Raises:
        CertificateError: the verdict names others, or says otherwise.
    """
    (end, *_) = [event for event in history.events(f=PHASE) if event.value == FINAL]
    repairs = history.events(f=REPAIR)
    late = [event.index for event in repairs if end.time - event.time < HALF_A_SECOND]
    if (verdict.validity is INVALID) != bool(late) or not repairs:
        raise CertificateError(f"{len(late)} repairs are late, and the verdict says otherwise")
    told = [index for anomaly in verdict.anomalies for index in anomaly.operations]
    if wrong := sorted(set(told) - set(late)):
        raise CertificateError(f"operation {wrong[0]} is no late repair")
    if late and not told:
        raise CertificateError("the verdict names no repair")
    return Certified(f"of {len(repairs)} repairs {len(late)} are late")
