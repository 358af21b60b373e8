"""Verdicts on derived indexes checked again: what each key may be, by looking at all its writes.

The definition is that of `splitbrain.checkers.streams.views`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import Verdict

STEPS = 50_000_000
"""Pairs of a read's entry and a write that are looked at, at most."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each view. Linear in the writes, for each entry of each view.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    writes = [call for call in calls if call.f in ("put", "delete") and call.outcome != FAIL]
    views = [call for call in calls if call.f == "view" and call.outcome == OK]
    if sum(len(view.result["entries"]) + 1 for view in views) * len(writes) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {view.complete_index or 0: set(_wrong(view, writes)) for view in views}
    return compare(verdict, found, f"each key of {len(views)} views was looked up again")


def _key(write: Call) -> Any:
    return frozen(write.argument[0] if write.f == "put" else write.argument)


def _value(write: Call) -> Any:
    return frozen(write.argument[1]) if write.f == "put" else None


def _wrong(view: Call, writes: list[Call]) -> Iterator[str]:
    at = view.result["position"]
    entries = [(frozen(key), frozen(value)) for value, key in view.result["entries"]]
    sure = [write for write in writes if write.outcome == OK]
    for write in sure:
        if write.result[-1] > at and (write.completed or 0) < view.invoked:
            yield "stale-view"
    for key in {key for key, _ in entries} | {_key(write) for write in writes}:
        told = [value for other, value in entries if other == key]
        mine = [write for write in writes if _key(write) == key]
        past = [write for write in mine if write in sure and write.result[-1] <= at]
        newest = max(past, key=lambda write: write.result[-1], default=None)
        may_be = [_value(newest) if newest is not None else None]
        may_be += [_value(w) for w in mine if w not in sure and w.invoked < (view.completed or 0)]
        if len(told) > 1:
            yield "stale-entry"
        elif not told and None not in may_be:
            yield "missing-entry"
        elif told and told[0] not in may_be:
            yield "stale-entry" if told[0] in map(_value, mine) else "unwritten-entry"
