"""The error that re-checking a verdict on transactions ends in."""

from __future__ import annotations


class CertificateError(ValueError):
    """A certificate that does not prove what it should; the message says where."""
