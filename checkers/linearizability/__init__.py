"""Linearizability: search, certificates and witnesses."""

from __future__ import annotations

from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.linearizability.checker import linearizable
from splitbrain.checkers.linearizability.limits import Budget
from splitbrain.checkers.linearizability.recheck.linearizations import verify, verify_order

__all__ = ["Budget", "CertificateError", "NoCertificate", "linearizable", "verify", "verify_order"]
