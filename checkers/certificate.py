"""Verdicts checked again by independent code: what comes of it, for every family of checkers.

Each family's re-checking stands in a folder ``recheck`` that imports none of the code that found
the verdict (import-linter holds that). `splitbrain.checkers.entry.CheckerEntry.verify` leads to it.
It ends in one of three ways: a `Certified` that says how much was confirmed, a `CertificateError`
for evidence that is wrong, a `NoCertificate` where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass


class CertificateError(ValueError):
    """Evidence that does not prove what it should; the message says at which operation."""


class NoCertificate(CertificateError):
    """Nothing that could be checked: no certificate at all, or data of another form.

    It proves nothing either, so whoever asks for a proof need not tell the two apart.
    """


@dataclass(frozen=True, slots=True)
class Certified:
    """What the evidence of a verdict was found to show.

    Attributes:
        sentence: what was confirmed.
        complete: whether that proves the verdict. If not, nothing in the evidence is wrong, but the
            verdict claims more than can be checked from it: such a verdict is not confirmed, and
            ``splitbrain verify`` ends with exit code 3.
        unchecked: what was not checked, unless complete.
    """

    sentence: str
    complete: bool = True
    unchecked: str = ""
