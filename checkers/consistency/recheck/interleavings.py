"""Orders of sequential consistency, run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.consistency.recheck.exhaustion import orders_exhausted
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability.parts import numbered, parts_of
from splitbrain.checkers.models import Model
from splitbrain.checkers.verdict import Verdict


def verify_sequential(model: Model, history: History, certificate: Mapping[str, Any]) -> Certified:
    """Check that a certificate proves that the history is sequentially consistent.

    One pass: none of the ok operations is missing, each operation comes after the ok ones that
    precede it in its process, and the model accepts them one after another. Shares nothing with
    the search.

    Args:
        model: the model of the verdict.
        history: the history judged.
        certificate: ``Verdict.certificate`` of a valid verdict, possibly back from JSON.

    Raises:
        CertificateError: it doesn't.
        NoCertificate: it is no certificate of sequential consistency.
        splitbrain.checkers.models.ModelError: the history isn't one of this model.
    """
    keyed, order = certificate.get("keyed"), certificate.get("order")
    if type(keyed) is not bool or not isinstance(order, list):
        raise NoCertificate("this is no certificate of sequential consistency: it has no order")
    parts = parts_of(model, history, keyed=keyed)
    calls = {call.invoke_index: (key, call) for key, call in numbered(parts)}
    missing = {index: None for index, (_, call) in calls.items() if call.outcome == "ok"}
    seen: dict[int, None] = {}
    before = _predecessors(calls)
    states = [parts.model.initial for _ in parts.parts]
    for index in order:
        if type(index) is not int or index not in calls or index in seen:
            raise CertificateError(f"operation {index} is not there, or is there twice")
        key, call = calls[index]
        if call.outcome == "fail":
            raise CertificateError(f"operation {index} failed, but was given an effect")
        if before[index] in missing:
            raise CertificateError(
                f"operation {index} comes before operation {before[index]} of its process"
            )
        seen[index] = None
        missing.pop(index, None)
        fits, states[key] = parts.model.step(states[key], call)
        if not fits:
            raise CertificateError(
                f"operation {index} ({parts.model.describe(call)}) does not fit there"
            )
    if missing:
        raise CertificateError(f"operation {min(missing)} succeeded, but is left out")
    return Certified(f"valid: {len(order)} operations in an order that keeps every process's own")


EXHAUSTED = 200_000
"""Configurations after which it stays unchecked that there is no order."""


def verify_not_sequential(
    model: Model, history: History, verdict: Verdict, keyed: bool | None
) -> Certified:
    """Check that a history is not sequentially consistent: all orders are tried again.

    Args:
        model: the model of the verdict.
        history: the history judged.
        verdict: the invalid verdict.
        keyed: whether values are ``[key, value]``; None finds out.

    Raises:
        CertificateError: there is an order, or an operation that the verdict names is not there.
        splitbrain.checkers.models.ModelError: the history isn't one of this model.
    """
    parts = parts_of(model, history, keyed=keyed)
    there = {i for _, call in numbered(parts) for i in (call.invoke_index, call.complete_index)}
    for anomaly in verdict.anomalies:
        if not there.issuperset(anomaly.operations):
            raise CertificateError("an operation that it names is not there")
    none_left = orders_exhausted(parts, EXHAUSTED)
    if none_left is False:
        raise CertificateError("there is an order that keeps every process's own")
    if none_left:
        return Certified("invalid: all orders that keep every process's own were tried again")
    return Certified(
        "the operations that it names are there",
        complete=False,
        unchecked=f"that no order exists was not checked: there are more than {EXHAUSTED} "
        "configurations",
    )


def _predecessors(calls: Mapping[int, tuple[int, Call]]) -> dict[int, int | None]:
    """For each operation the last ok one before it in its process."""
    last: dict[int, int] = {}
    before: dict[int, int | None] = {}
    for index, (_, call) in calls.items():
        before[index] = last.get(call.process)
        if call.outcome == "ok":
            last[call.process] = index
    return before
