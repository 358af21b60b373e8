"""Whether what a verdict names shows what it says, without anything else of the history."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import Anomaly, Verdict

ONE_IN = 6
"""Of so many verdicts one is looked into: histories are drawn by the thousand."""


def shown_alone(checker, history, verdict):
    """The first anomaly, looked for again among the operations that it names, alone."""
    looked_into = crc32(verdict.reason.encode()) % ONE_IN == 0
    for anomaly in verdict.anomalies[:1] if looked_into else ():
        named = [event for event in history if event.index in anomaly.operations]
        assert len(named) == len(set(anomaly.operations)), anomaly
        alone = History.from_operations(replace(e, index=i) for i, e in enumerate(named))
        kinds = {found.kind for found in checker.check(alone).anomalies}
        assert anomaly.kind in kinds, (anomaly, list(history))


def checked_again(entry, history, verdict):
    """Other code confirms a verdict that says something, and refuses its opposite."""
    if verdict.validity is UNKNOWN:
        return
    assert entry.verified(history, verdict).complete
    if verdict.validity is INVALID:
        forged = replace(verdict, validity=VALID, anomalies=())
    else:
        anomalies = (Anomaly("lost", "it is wrong", (len(history) - 1,)),)
        forged = replace(verdict, validity=INVALID, anomalies=anomalies)
    with pytest.raises(CertificateError):
        entry.verified(history, forged)


def findings_checked_again(entry, history, verdict):
    """`checked_again`, of a verdict whose certificate names what was found: without one, or with a
    finding elsewhere, it is refused."""
    checked_again(entry, history, verdict)
    if verdict.validity is INVALID:
        moved = replace(verdict.anomalies[0], operations=(len(history),))
        for forged in (Verdict(entry.name, VALID, "nothing"), replace(verdict, anomalies=(moved,))):
            with pytest.raises(CertificateError):
                entry.verified(history, forged)
