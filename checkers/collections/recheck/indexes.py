"""Verdicts on searches by an index checked again, by the definition and without the detector.

The definition is that of `splitbrain.checkers.collections.indexes`. Here the operations are read
anew, and for each search and key every value that the key may have had is sought, write by write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.verdict import VALID, Verdict

_WRITES = ("put", "delete")


def verify_searches(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each kind that the verdict tells; of a valid one, that none is.

    Raises:
        CertificateError: a kind is not there, or the verdict is valid and one is.
    """
    calls = [call for call in history.calls() if call.outcome != FAIL]
    writes: dict[str, list[Call]] = {}
    for call in calls:
        if call.f in _WRITES:
            writes.setdefault(call.argument[0], []).append(call)
    searches = [call for call in calls if call.f in ("find", "scan") and call.outcome == OK]
    there = {kind for search in searches for kind in _kinds(search, writes)}
    told = {anomaly.kind for anomaly in verdict.anomalies}
    if verdict.validity is VALID:
        if there:
            raise CertificateError(f"the verdict is valid, and the history shows {min(there)}")
        return Certified(f"{len(searches)} searches were compared with all writes again")
    if not told or told - there:
        missing = min(told - there, default="nothing")
        raise CertificateError(f"the verdict tells {missing}, and the history doesn't show it")
    return Certified(f"{', '.join(sorted(told))}: the history shows it")


def _kinds(search: Call, writes: Mapping[str, list[Call]]) -> Iterator[str]:
    """What is wrong with a search, key by key."""
    color = search.argument[0] if search.f == "find" else None
    items = search.result if color is None else search.result[1]
    shown: dict[str, list[Any]] = {}
    for key, *item in items:
        shown.setdefault(key, []).append(item if color is None else [color, *item])
    for key in {*writes, *shown}:
        of_key, seen = writes.get(key, []), shown.get(key, [])
        values = [_value(write) for write in of_key if _possible(search, write, of_key)]
        if not any(_end(write) < search.invoked for write in of_key):
            values.append(None)
        if not seen and all(value and color in (None, value[0]) for value in values):
            yield "missing"
        if len(seen) > 1:
            yield "duplicated"
        for item in seen:
            if item not in values:
                early = [w.invoked for w in of_key if _value(w) == item]
                yield "stale" if early and early[0] < _end(search) else "unexpected"


def _possible(search: Call, write: Call, of_key: list[Call]) -> bool:
    """Whether a write may be the last one at some moment of the search."""
    replaced = any(_end(write) < w.invoked and _end(w) < search.invoked for w in of_key)
    return write.invoked < _end(search) and not replaced


def _value(write: Call) -> Any:
    return None if write.f == "delete" else list(write.argument[1])


def _end(call: Call) -> float:
    return inf if call.completed is None else call.completed
