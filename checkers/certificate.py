"""Verdicts checked again by independent code: what comes of it, for every family of checkers.

Each family's re-checking stands in a folder ``recheck`` that imports none of the code that found
the verdict (import-linter holds that). `splitbrain.checkers.entry.CheckerEntry.verify` leads to it.
It ends in one of three ways: a `Certified` that says how much was confirmed, a `CertificateError`
for evidence that is wrong, a `NoCertificate` where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from splitbrain.checkers.findings import MOST_SHOWN
from splitbrain.checkers.verdict import INVALID, Verdict


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


def compare(verdict: Verdict, found: Mapping[int, Set[str]], sentence: str) -> Certified:
    """What comes of a verdict when other code has found all that there is.

    Args:
        verdict: whose anomalies each end with the operation that shows them.
        found: by that operation's index, the kinds of anomalies that it shows.
        sentence: what was done to find them.

    Raises:
        CertificateError: an anomaly is not there; or a kind is there and isn't told, unless the
            verdict has so many that some are left out.
    """
    for anomaly in verdict.anomalies:
        if not anomaly.operations or anomaly.kind not in found.get(anomaly.operations[-1], ()):
            at = anomaly.operations[-1] if anomaly.operations else "none"
            raise CertificateError(f"{anomaly.kind} at operation {at}: the history doesn't show it")
    told = {anomaly.kind for anomaly in verdict.anomalies}
    for index, kinds in sorted(found.items()):
        if kinds - told and len(verdict.anomalies) < MOST_SHOWN:
            kind = min(kinds - told)
            raise CertificateError(f"operation {index} shows {kind}, and the verdict doesn't tell")
    if verdict.validity is INVALID and not verdict.anomalies:
        raise CertificateError("the verdict is invalid and names no anomaly")
    return Certified(sentence)
