"""Verdicts on counters checked again: sums of subsets as a set, for one read at a time.

The definition is that of `splitbrain.checkers.convergence.totals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

STEPS = 5_000_000
"""So many sums are listed; what would take more is not checked again."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each read.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: there are too many sums.
    """
    begin = [event.index for event in history.events(f=PHASE) if event.value == FINAL][:1]
    gone = any(GONE in event.value.values() for event in history.events(f=ANSWERS))
    calls = [call for call in history.calls() if call.outcome != FAIL]
    adds = [call for call in calls if call.f == "add"]
    found = {}
    left = STEPS
    for read in (call for call in calls if call.f == "read" and call.outcome == OK):
        assert read.complete_index is not None
        begun = [add for add in adds if add.invoke_index < read.complete_index]
        sure = [add for add in begun if _before(add, read)]
        late = not gone and any(read.invoke_index > index for index in begin)
        anyhow, left = _sums(begun, 0, left)
        if read.result not in anyhow:
            found[read.complete_index] = "unexpected"
        elif late:
            open_ones = [add for add in begun if add not in sure]
            possible, left = _sums(open_ones, sum(add.argument for add in sure), left)
            if read.result not in possible:
                found[read.complete_index] = "lost"
    if (verdict.validity is INVALID) != bool(found):
        raise CertificateError(f"{len(found)} reads are wrong, and the verdict says otherwise")
    for anomaly in verdict.anomalies:
        if found.get(anomaly.operations[-1]) != anomaly.kind:
            raise CertificateError(f"operation {anomaly.operations[-1]} is not {anomaly.kind}")
    return Certified("each read was compared again with the sums that it may give")


def _before(add: Call, read: Call) -> bool:
    ended = add.complete_index
    return add.outcome == OK and ended is not None and ended < read.invoke_index


def _sums(adds: list[Call], fixed: int, left: int) -> tuple[set[int], int]:
    """All sums of subsets, and how many steps are left."""
    sums = {fixed}
    for add in adds:
        left -= len(sums)
        if left < 0:
            raise NoCertificate(f"the adds have more than {STEPS} sums, too many to list again")
        sums |= {value + add.argument for value in sums}
    return sums, left
