"""Re-checking verdicts on transactions, with none of the code that found them.

*Invalid.* Cycles quote what each step rests on (`cycles`, `commit_orders`), and the
quotes are looked up; anomalies that single reads show are looked for in these reads
(`reads`). A complete search has a proof that no order is left
(`refutation`).

*Valid.* The certificate has the transactions in a serial order, which is run: every read must
return what it did. Or a schedule of begins and commits, run by the rules of snapshot isolation
(`runs`). Sessions and real time are compared, if they matter. For weaker models it has
an order in which dependencies go forward (`forward`), and one of commits that satisfies
a level's axiom (`levels`); that no read is wrong by itself is seen in the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import History
from splitbrain.checkers.invariants.rechecking.transactions import INVARIANTS, verify_invariant
from splitbrain.checkers.isolation.consistency import (
    DECIDED_BY_ORDERS,
    SESSION_KINDS,
    STRONGEST,
    forbidden,
    implied,
)
from splitbrain.checkers.isolation.recheck.commit_orders import verify_commit_order
from splitbrain.checkers.isolation.recheck.cycles import verify_cycle
from splitbrain.checkers.isolation.recheck.forward import (
    list_edges,
    register_edges,
    verify_dependencies,
)
from splitbrain.checkers.isolation.recheck.levels import verify_level
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.isolation.recheck.predicates import (
    Items,
    no_anomaly,
    verify_predicate_anomaly,
    verify_predicate_valid,
)
from splitbrain.checkers.isolation.recheck.reads import READ_ANOMALIES, verify_absence
from splitbrain.checkers.isolation.recheck.refutation import verify_refutation
from splitbrain.checkers.isolation.recheck.runs import (
    verify_order,
    verify_schedule,
    verify_time,
)
from splitbrain.checkers.isolation.recheck.types import typed_anomaly
from splitbrain.checkers.verdict import INVALID, UNKNOWN, Anomaly, Verdict

_LEVELS = {
    "causal": "causality-violation",
    "read-atomic": "fractured-read",
    "monotonic-atomic-view": "non-monotonic-reads",
    "read-your-writes": "read-your-writes",
    "monotonic-reads": "monotonic-reads",
    "monotonic-writes": "monotonic-writes",
    "writes-follow-reads": "writes-follow-reads",
}
"""Levels with an axiom of their own, and the anomaly that refutes each."""


def verify(history: History, verdict: Verdict) -> str:
    """What `certified` says, in a sentence."""
    return certified(history, verdict).sentence


def certified(history: History, verdict: Verdict) -> Certified:
    """Check that a verdict's evidence proves it.

    Args:
        history: the history judged.
        verdict: of a checker of `splitbrain.checkers.isolation`, possibly back from JSON.

    Returns:
        What was proved; of weak models not always all that the verdict says.

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
        raise NoCertificate(
            f"the evidence is of another form than the history ({error!r})"
        ) from None


def _verify(history: History, verdict: Verdict) -> Certified:
    if verdict.checker.startswith("predicate-reads"):
        return _verify_predicates(history, verdict)
    if verdict.checker in INVARIANTS:
        return Certified(verify_invariant(history, verdict))
    if not verdict.checker.startswith(("list-append", "rw-register")):
        raise NoCertificate(f"verdicts of {verdict.checker} have no evidence that is re-checked")
    certificate = verdict.certificate
    lists = verdict.checker.startswith("list-append")
    assumptions = certificate.get("assumptions", ())
    look = Lookup(history, lists=lists, assumptions=assumptions, typed=True)
    model = _model(verdict)
    if verdict.validity is INVALID:
        for anomaly in verdict.anomalies:
            _verify_anomaly(look, typed_anomaly(anomaly))
        return Certified(f"{len(verdict.anomalies)} anomalies were found again in the history")
    return _verify_valid(look, model, certificate)


def _verify_predicates(history: History, verdict: Verdict) -> Certified:
    items = Items(Lookup(history, lists=False, assumptions=("initial",)))
    model = _model(verdict)
    if verdict.validity is not INVALID:
        return verify_predicate_valid(items, model, verdict.certificate)
    for anomaly in verdict.anomalies:
        verify_predicate_anomaly(items, anomaly)
    return Certified(f"{len(verdict.anomalies)} anomalies were found again in the history")


def _verify_valid(look: Lookup, model: str, certificate: Mapping[str, Any]) -> Certified:
    kinds = forbidden(model)
    if "schedule" in certificate:
        if model not in implied("strong-snapshot-isolation"):
            raise CertificateError(f"{model} is more than a schedule of snapshots can show")
        verify_schedule(look, certificate)
        return Certified(
            f"{len(certificate['schedule']) // 2} transactions run as scheduled give every read"
        )
    if "order" in certificate:
        order = verify_order(look, certificate)
        if not model.startswith("strong-") and kinds & SESSION_KINDS:
            verify_time(order, realtime=False)
        return Certified(f"{len(order)} transactions run in the order given give every read")
    if not certificate.keys() & {"dependencies", "commits"}:
        raise NoCertificate(
            str(certificate.get("no proof", "a verdict of valid without an order proves nothing"))
        )
    return _verify_levels(look, model, certificate)


def _verify_levels(look: Lookup, model: str, certificate: Mapping[str, Any]) -> Certified:
    """Weak models: no read is wrong, and orders of dependencies and commits are as they must be."""
    kinds = forbidden(model)
    verify_absence(look, kinds)
    if "G0" in kinds:
        if not look.lists and "G-single" in kinds:
            raise CertificateError(f"who read from whom is not enough for {model}")
        if "G-nonadjacent" in kinds:
            raise CertificateError(f"{model} needs a schedule")
        edges = list_edges(look) if look.lists else register_edges(look)
        verify_dependencies(look, model, certificate["dependencies"], edges)
    levels = [level for level, kind in _LEVELS.items() if kind in kinds]
    if levels:
        # The strongest level's order is one for all that it implies.
        level, order = certificate["commits"]["level"], certificate["commits"]["order"]
        if not all(wanted in implied(level) for wanted in levels):
            raise CertificateError(f"{model} needs more than {level}")
        verify_level(look, level, order)
    if model in DECIDED_BY_ORDERS:
        return Certified(f"{model} holds by the orders of the transactions given")
    return no_anomaly(model)


def _model(verdict: Verdict) -> str:
    """The model that a verdict is about, which its checker's name and its certificate both have."""
    _, _, asked = verdict.checker.rstrip(")").partition("(")
    model: str = verdict.certificate["consistency"]
    if model != (asked or STRONGEST):
        raise CertificateError(f"{verdict.checker} is about {asked or STRONGEST}, not {model}")
    kinds = [anomaly.kind for anomaly in verdict.anomalies]
    if verdict.validity is INVALID and forbidden(model).isdisjoint(kinds):
        raise CertificateError(f"no anomaly of the verdict rules out {model}")
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
