"""Re-checking verdicts on transactions, with none of the code that found them.

*Invalid.* Cycles quote what each step rests on (`certificate_cycles`, `certificate_weak`), and the
quotes are looked up; anomalies that single reads show are looked for in these reads
(`certificate_reads`). A complete search has a proof that no order is left
(`certificate_refutation`).

*Valid.* The certificate has the transactions in a serial order, which is run: every read must
return what it did. Or a schedule of begins and commits, run by the rules of snapshot isolation
(`certificate_runs`). Sessions and real time are compared, if they matter.
"""

from __future__ import annotations

from checkers.history import History
from checkers.isolation.certificate_cycles import verify_cycle
from checkers.isolation.certificate_error import CertificateError, NoCertificate
from checkers.isolation.certificate_reads import READ_ANOMALIES
from checkers.isolation.certificate_refutation import verify_refutation
from checkers.isolation.certificate_runs import verify_order, verify_schedule
from checkers.isolation.certificate_weak import verify_commit_order
from checkers.isolation.consistency import STRONGEST, forbidden
from checkers.isolation.lookup import Lookup
from checkers.verdict import INVALID, UNKNOWN, Anomaly, Verdict


def verify(history: History, verdict: Verdict) -> str:
    """Check that a verdict's evidence proves it.

    Args:
        history: the history judged.
        verdict: of a checker of `checkers.isolation`, possibly back from JSON.

    Returns:
        What was proved, in a sentence.

    Raises:
        CertificateError: the evidence is wrong; the message says where.
        NoCertificate: there is none, or it is of another form.
    """
    if verdict.validity is UNKNOWN:
        raise NoCertificate("the verdict is unknown, so there is nothing to verify")
    try:
        return _verify(history, verdict)
    except CertificateError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise NoCertificate(f"the evidence is of another form ({error!r})") from None


def _verify(history: History, verdict: Verdict) -> str:
    if not verdict.checker.startswith(("list-append", "rw-register")):
        raise NoCertificate(f"verdicts of {verdict.checker} have no evidence that is re-checked")
    certificate = verdict.certificate
    lists = verdict.checker.startswith("list-append")
    look = Lookup(history, lists=lists, assumptions=certificate.get("assumptions", ()))
    model = _model(verdict)
    if verdict.validity is INVALID:
        if not any(anomaly.kind in forbidden(model) for anomaly in verdict.anomalies):
            raise CertificateError(f"no anomaly of the verdict rules out {model}")
        for anomaly in verdict.anomalies:
            _verify_anomaly(look, anomaly)
        return f"{len(verdict.anomalies)} anomalies were found again in the history"
    if "schedule" in certificate:
        verify_schedule(look, certificate)
        return f"{len(certificate['schedule']) // 2} transactions run as scheduled give every read"
    if certificate.get("order") is not None:
        verify_order(look, certificate)
        return f"{len(certificate['order'])} transactions run in the order given give every read"
    raise NoCertificate("a verdict of valid without an order proves nothing")


def _model(verdict: Verdict) -> str:
    """The model that a verdict is about, which its checker's name and its certificate both have."""
    _, _, asked = verdict.checker.rstrip(")").partition("(")
    model: str = verdict.certificate["consistency"]
    if model != (asked or STRONGEST):
        raise CertificateError(f"{verdict.checker} is about {asked or STRONGEST}, not {model}")
    return model


def _verify_anomaly(look: Lookup, anomaly: Anomaly) -> None:
    if "cycle" in anomaly.details:
        verify_cycle(look, anomaly)
    elif "commit order" in anomaly.details:
        verify_commit_order(look, anomaly)
    elif "refutation" in anomaly.details:
        verify_refutation(look, anomaly)
    elif anomaly.kind in READ_ANOMALIES:
        READ_ANOMALIES[anomaly.kind](look, anomaly)
    else:
        raise CertificateError(f"{anomaly.kind} comes without evidence that could be looked up")
