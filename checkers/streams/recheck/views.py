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
"""Triples of a read, an entry of another one and a write that are looked at, at most."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each view. Linear in the writes, for each view and each entry
    of each other one.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    writes = [call for call in calls if call.f in ("put", "delete") and call.outcome != FAIL]
    views = [call for call in calls if call.f == "view" and call.outcome == OK]
    if len(views) * sum(len(v.result["entries"]) + 1 for v in views) * len(writes) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {view.complete_index or 0: set(_wrong(view, writes, views)) for view in views}
    return compare(verdict, found, f"each key of {len(views)} views was looked up again")


def _key(write: Call) -> Any:
    return frozen(write.argument[0] if write.f == "put" else write.argument)


def _value(write: Call) -> Any:
    return frozen(write.argument[1]) if write.f == "put" else None


def _told(view: Call, key: Any) -> list[Any]:
    return [frozen(value) for value, other in view.result["entries"] if frozen(other) == key]


def _newest(key: Any, at: int, writes: list[Call]) -> Call | None:
    past = [w for w in writes if w.outcome == OK and _key(w) == key and w.result[-1] <= at]
    return max(past, key=lambda write: write.result[-1], default=None)


def _in_doubt(view: Call, key: Any, writes: list[Call]) -> list[Any]:
    at, end = view.result["position"], view.completed or 0
    newest = _newest(key, at, writes)
    since = newest.result[-1] if newest is not None else -1
    known = {write.result[-1] for write in writes if write.outcome == OK}
    if not set(range(since + 1, at + 1)) - known:
        return []
    return [_value(w) for w in writes if w.outcome != OK and _key(w) == key and w.invoked < end]


def _is_over(key: Any, since: int, at: int, writes: list[Call], views: list[Call]) -> bool:
    """Whether a view between two positions shows that something in doubt was the last write."""
    for view in views:
        if since <= view.result["position"] <= at:
            told, newest = _told(view, key) or [None], _newest(key, view.result["position"], writes)
            is_other = told[0] != (_value(newest) if newest is not None else None)
            if len(told) == 1 and is_other and told[0] in _in_doubt(view, key, writes):
                return True
    return False


def _wrong(view: Call, writes: list[Call], views: list[Call]) -> Iterator[str]:
    at = view.result["position"]
    for write in writes:
        is_due = write.outcome == OK and (write.completed or 0) < view.invoked
        if is_due and write.result[-1] > at:
            yield "stale-view"
    for key in {frozen(key) for _, key in view.result["entries"]} | {*map(_key, writes)}:
        told, newest = _told(view, key), _newest(key, at, writes)
        may_be = _in_doubt(view, key, writes)
        since = newest.result[-1] if newest is not None else -1
        if not _is_over(key, since, at, writes, views):
            may_be.append(_value(newest) if newest is not None else None)
        if len(told) > 1:
            yield "stale-entry"
        elif not told and None not in may_be:
            yield "missing-entry"
        elif told and told[0] not in may_be:
            ever = told[0] in [_value(write) for write in writes if _key(write) == key]
            yield "stale-entry" if ever else "unwritten-entry"
