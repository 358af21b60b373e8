"""What was put into a queue and taken out of it, counted again.

The definition is that of `splitbrain.checkers.collections.total_queues`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import VALID, Verdict


def verify_queue(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Check that a verdict of total-queue says what the history shows.

    Args:
        history: the history judged.
        verdict: the verdict.
        options: those of the checker.

    Raises:
        CertificateError: it doesn't.
    """
    found = _wrong(list(history.calls()), at_least_once=options.get("at_least_once", False))
    if verdict.validity is VALID:
        if found == {"duplicated"} and "at_least_once" not in options:
            return Certified(
                "nothing is lost or unexpected",
                complete=False,
                unchecked="an element was taken more often than it was put in; say "
                "-o at_least_once=true if `check` was told so",
            )
        if found:
            raise CertificateError(f"the verdict says valid, but an element is {min(found)}")
        return Certified("valid: what was put in and taken out was counted again")
    told = {anomaly.kind for anomaly in verdict.anomalies}
    if not told or told - found:
        raise CertificateError(f"no element is {min(told - found, default='wrong')}")
    return Certified(f"invalid: elements are {', '.join(sorted(told))}, as it says")


def _wrong(calls: list[Call], *, at_least_once: bool) -> set[str]:
    """The kinds of what is wrong."""
    tried: dict[Hashable, list[int]] = {}  # when enqueues that may have happened began
    due: Counter[Hashable] = Counter()
    taken: dict[Hashable, list[int]] = {}  # when those that took an element completed
    drained = max((c.invoked for c in calls if c.f == "drain" and c.outcome == "ok"), default=-1)
    for call in calls:
        if call.f == "enqueue" and call.outcome != "fail":
            tried.setdefault(frozen(call.argument), []).append(call.invoked)
            if call.outcome == "ok" and (call.completed or 0) < drained:
                due[frozen(call.argument)] += 1
        elif call.outcome == "ok" and call.f in ("dequeue", "drain"):
            values = call.result if call.f == "drain" else [call.result]
            for value in values:
                if value is not None or call.f == "drain":
                    taken.setdefault(frozen(value), []).append(call.completed or 0)
    found = set()
    for element, ends in taken.items():
        begun = tried.get(element, [])
        if any(all(begin > end for begin in begun) for end in ends):
            found.add("unexpected")
        if len(ends) > max(1, len(begun)) and not at_least_once:
            found.add("duplicated")
    missing = sum(max(0, number - len(taken.get(e, ()))) for e, number in due.items())
    unsure = [c.f for c in calls if c.f in ("dequeue", "drain") and c.outcome == "info"]
    if missing > len(unsure) and "drain" not in unsure:
        found.add("lost")
    return found
