"""The errors that re-checking a verdict on transactions ends in."""

from __future__ import annotations


class CertificateError(ValueError):
    """A certificate that does not prove what it should; the message says where."""


class NoCertificate(CertificateError):
    """Nothing that could be re-checked: no certificate at all, or data of another form."""
