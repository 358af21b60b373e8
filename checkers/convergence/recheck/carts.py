"""Verdicts on shopping carts checked again: one item at a time, from the history's events.

The definition is that of `splitbrain.checkers.convergence.carts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each item of each look.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
    """
    begin = [event.index for event in history.events(f=PHASE) if event.value == FINAL][:1]
    gone = any(GONE in event.value.values() for event in history.events(f=ANSWERS))
    calls = [call for call in history.calls() if call.outcome != FAIL]
    found: set[tuple[str, int | None, Any]] = set()
    earlier: dict[Any, Call] = {}
    for look in (call for call in calls if call.f == "look" and call.outcome == OK):
        final = not gone and any(look.invoke_index > index for index in begin)
        of_cart = [
            call
            for call in calls
            if call.f in ("put", "take") and call.argument[0] == look.argument[0]
        ]
        items = [frozen(item) for item in look.result[1]]
        last = gone and any(look.invoke_index > index for index in begin)
        before = earlier.setdefault(frozen(look.argument[0]), look) if last else look
        for item in {*items, *(frozen(call.argument[1]) for call in of_cart)}:
            of_item = [call for call in of_cart if frozen(call.argument[1]) == item]
            kind = _wrong(look, items.count(item), of_item, final)
            if kind is not None:
                found.add((kind, look.complete_index, item))
            other = [frozen(each) for each in before.result[1]]
            if (item in items) != (item in other) and _settled(of_item, before):
                found.add(("diverged", look.complete_index, item))
    if (verdict.validity is INVALID) != bool(found):
        raise CertificateError(f"{len(found)} items are wrong, and the verdict says otherwise")
    for anomaly in verdict.anomalies:
        item = frozen(anomaly.details.get("item"))
        if (anomaly.kind, anomaly.operations[-1], item) not in found:
            raise CertificateError(f"operation {anomaly.operations[-1]} has no {anomaly.kind}")
    return Certified("each look was compared again with what was done to each item")


def _settled(of_item: list[Call], look: Call) -> bool:
    """Whether the item was put in, and all that was asked of it was acknowledged before a look."""
    ended = (
        call.outcome == OK and (call.complete_index or 0) < look.invoke_index for call in of_item
    )
    return any(call.f == "put" for call in of_item) and all(ended)


def _wrong(look: Call, shown: int, of_item: list[Call], final: bool) -> str | None:
    """What is wrong with an item that a look shows so many times."""
    puts = [call for call in of_item if call.f == "put"]
    takes = [call for call in of_item if call.f == "take"]
    begun = any(put.invoke_index < (look.complete_index or 0) for put in puts)
    if shown > 1 or (shown and not begun):
        return "unexpected"
    done = [call for call in of_item if call.outcome == OK]
    before = [call.f for call in done if (call.complete_index or 0) < look.invoke_index]
    if final and shown and "take" in before:
        return "returned"
    if final and not shown and not takes and "put" in before:
        return "lost"
    return None
