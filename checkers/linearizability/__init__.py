"""Linearizability: search, certificates and witnesses."""

from __future__ import annotations

from checkers.linearizability.certificate import CertificateError, verify, verify_order
from checkers.linearizability.checker import linearizable
from checkers.linearizability.search import Budget

__all__ = ["Budget", "CertificateError", "linearizable", "verify", "verify_order"]
