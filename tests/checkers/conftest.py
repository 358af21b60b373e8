"""What tests of checkers share: verdicts are checked again, by code of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.registry import entry_of_verdict
from splitbrain.checkers.verdict import Anomaly


@pytest.fixture(scope="session")
def certify():
    """Checks a verdict again, and that its opposite and what it does not say are refused."""

    def certify(history, verdict):
        entry = entry_of_verdict(verdict.checker)
        if verdict.validity is UNKNOWN:
            return
        assert entry.verified(history, verdict).complete
        if verdict.validity is INVALID:
            refused = replace(verdict, validity=VALID, anomalies=())
        else:
            last = len(history) - 1
            refused = replace(verdict, validity=INVALID, anomalies=(Anomaly("lost", "x", (last,)),))
        with pytest.raises(CertificateError):
            entry.verified(history, refused)

    return certify
