"""Re-checking a "linearizable" verdict, with none of the code that found it.

The certificate of a valid verdict is the order itself: for each key, the invocation indices of its
operations as they took effect. Checking it takes one pass:

* every ok operation is there, once; no failed one; no operation of another key;
* **real time**: no operation comes after one that was invoked when it had already completed. It is
  enough to compare each operation's completion with the latest invocation so far;
* the model accepts the operations, with their results, one after another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checkers.history import Call, History
from checkers.linearizability.parts import parts_of
from checkers.models import Model


class CertificateError(ValueError):
    """A certificate that does not prove what it should; the message says at which operation."""


def verify(model: Model, history: History, certificate: Mapping[str, Any]) -> None:
    """Check that a certificate proves that the history is linearizable.

    Args:
        model: the model of the verdict.
        history: the history judged.
        certificate: ``Verdict.certificate`` of a valid verdict, possibly back from JSON.

    Raises:
        CertificateError: it doesn't.
        checkers.models.ModelError: the history isn't one of this model.
    """
    parts = parts_of(model, history, keyed=certificate["keyed"])
    orders = certificate["linearizations"]
    if [entry["key"] for entry in orders] != [part.key for part in parts.parts]:
        raise CertificateError("the certificate's keys are not the history's")
    for part, entry in zip(parts.parts, orders, strict=True):
        verify_order(parts.model, part.calls, entry["order"])


def verify_order(model: Model, calls: Sequence[Call], order: Sequence[int]) -> None:
    """Check one key's linearization, given as invocation indices.

    Raises:
        CertificateError: it is none.
    """
    by_index = {call.invoke_index: call for call in calls}
    missing = {call.invoke_index: call for call in calls if call.outcome == "ok"}
    seen: dict[int, None] = {}
    state, latest = model.initial, -1
    for index in order:
        call = by_index.get(index)
        if call is None or index in seen:
            raise CertificateError(f"operation {index} is not there, or is there twice")
        if call.outcome == "fail":
            raise CertificateError(f"operation {index} failed, but was given an effect")
        seen[index] = None
        missing.pop(index, None)
        if call.outcome == "ok" and call.completed is not None and call.completed < latest:
            raise CertificateError(f"operation {index} had completed before its predecessor began")
        latest = max(latest, call.invoked)
        fits, state = model.step(state, call)
        if not fits:
            raise CertificateError(f"operation {index} ({model.describe(call)}) does not fit there")
    if missing:
        raise CertificateError(f"operation {min(missing)} succeeded, but is left out")
