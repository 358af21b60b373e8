"""Verdicts on stores checked again, from the history alone and by none of the code that found them.

For each piece of evidence: the operations are there, say what the verdict says, and lie in time as
they must. That nothing else is wrong is not checked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import INVALID, Verdict

_NEVER = -1


class _Events:
    """A history as a list of events, and what each operation became."""

    def __init__(self, history: History) -> None:
        self.by_index = {event.index: (at, event) for at, event in enumerate(history)}
        self.end: dict[int, tuple[float, str]] = {}
        self.begin: dict[int, int] = {}
        open_at: dict[int, int] = {}
        for at, event in enumerate(history):
            if not isinstance(event.process, int):
                continue
            if event.type == "invoke":
                open_at[event.process] = at
            elif event.process in open_at:
                began = open_at.pop(event.process)
                self.end[began] = (at if event.type == "ok" else inf, event.type)
                self.begin[at] = began
        self.history = history

    def position(self, index: Any, what: str) -> int:
        if index not in self.by_index:
            raise CertificateError(f"there is no operation {index}, which is said to be a {what}")
        return self.by_index[index][0]

    def parts(self, at: int, value: Any) -> dict[Any, Any]:
        event = self.history[at]
        found = value if event.f in ("batch", "scan") else [value]
        try:
            return dict(found)
        except (TypeError, ValueError):
            raise CertificateError(f"operation {event.index} has no keys and values") from None

    def last_explanation(self, key: Any, value: Any, before: int) -> float:
        """When the last write had ended that may have left a value; -2 if there is none."""
        last = float(_NEVER) if value is None else -2.0
        ends = (self.end.get(at, (inf, "info"))[0] for at in self.writers(key, value, before))
        return max(last, *ends, last)

    def writers(self, key: Any, value: Any, before: int) -> list[int]:
        """Where the writes begin that may have left a value by then."""
        found = []
        for at, event in enumerate(self.history):
            if event.type == "invoke" and event.f in ("put", "delete", "batch") and at < before:
                parts = self.parts(at, event.value)
                failed = self.end.get(at, (inf, "info"))[1] == "fail"
                if not failed and key in parts and parts[key] == value:
                    found.append(at)
        return found

    def seen(self, at: int, key: Any) -> Any:
        event = self.history[at]
        if event.type != "ok" or event.f not in ("get", "scan"):
            raise CertificateError(f"operation {event.index} completes no read")
        return self.parts(at, self.history[at].value).get(key)


def _evidence(verdict: Verdict, name: str) -> Iterator[Mapping[str, Any]]:
    found = verdict.certificate.get(name)
    if not isinstance(found, list):
        raise NoCertificate(f"the certificate has no list {name!r}")
    if verdict.validity is INVALID and not found:
        raise CertificateError(f"an invalid verdict without evidence: {name!r} is empty")
    for each in found:
        if not isinstance(each, Mapping):
            raise CertificateError(f"{name!r} holds something that is no object")
        yield each


def _certified(verdict: Verdict, count: int, what: str) -> Certified:
    if verdict.validity is INVALID:
        return Certified(f"{count} {what}")
    return Certified("nothing is wrong", complete=False, unchecked=f"that there are no {what}")


def verify_hidden(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Of `splitbrain.checkers.storage.hiding`."""
    events, count = _Events(history), 0
    for each in _evidence(verdict, "hidden"):
        write, read = (
            events.position(each.get("write"), "write"),
            events.position(each.get("read"), "read"),
        )
        end, outcome = events.end.get(write, (inf, "info"))
        key, horizon = each.get("key"), each.get("horizon")
        parts = events.parts(write, history[write].value)
        kind = str(verdict.certificate.get("which"))
        which = {"puts": False, "deletes": True, "shown": False}.get(kind)
        if outcome == "fail" or key not in parts or which not in (None, parts[key] is None):
            raise CertificateError(f"operation {each.get('write')} did not write {key!r}")
        if kind == "shown":
            end = min(end, _shown_by(events, each, key, write))
        elif outcome != "ok":
            raise CertificateError(f"nobody knows whether operation {each.get('write')} happened")
        if read not in events.begin or not isinstance(horizon, int) or horizon >= len(history):
            raise CertificateError(f"operation {each.get('read')} completes no read")
        if verdict.certificate.get("which") == "writes":
            _check_shown(events, read, horizon)
        elif horizon != events.begin[read]:
            raise CertificateError(f"the read {each.get('read')} did not begin at {horizon}")
        if not end < horizon:
            raise CertificateError(f"operation {each.get('write')} had not ended by {horizon}")
        if not _older(events, read, key, write):
            raise CertificateError(f"the read {each.get('read')} may show something later")
        count += 1
    return _certified(verdict, count, "hidden writes")


def _shown_by(events: _Events, each: Mapping[str, Any], key: Any, write: int) -> float:
    """By when a write had certainly taken effect, as a read showed what nobody else wrote."""
    read = events.position(each.get("shown"), "read")
    value = events.parts(write, events.history[write].value)[key]
    if read not in events.begin or events.seen(read, key) != value:
        raise CertificateError(f"operation {each.get('shown')} does not show {key!r} = {value!r}")
    if events.writers(key, value, read) != [write]:
        raise CertificateError(f"operation {each.get('shown')} may show another write's {value!r}")
    return float(read)


def _older(events: _Events, read: int, key: Any, write: int) -> bool:
    """Whether what a read saw of a key was left by writes that had ended before another began."""
    return _NEVER <= events.last_explanation(key, events.seen(read, key), read) < write


def _check_shown(events: _Events, read: int, horizon: int) -> None:
    """That something which began at the horizon certainly shows in the scan."""
    event = events.history[horizon]
    for key, value in events.parts(horizon, event.value).items():
        if value is not None and events.seen(read, key) == value:
            return
    raise CertificateError(f"the scan at {read} does not show what began at {horizon}")


def verify_torn(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Of `splitbrain.checkers.storage.batches`."""
    events, count = _Events(history), 0
    for each in _evidence(verdict, "torn"):
        batch, scan = (
            events.position(each.get("batch"), "batch"),
            events.position(each.get("scan"), "scan"),
        )
        parts = events.parts(batch, history[batch].value)
        shown, hidden = each.get("shown"), each.get("hidden")
        if shown not in parts or hidden not in parts or parts[shown] is None:
            raise CertificateError(f"batch {each.get('batch')} has no parts {shown!r}, {hidden!r}")
        if events.seen(scan, shown) != parts[shown]:
            raise CertificateError(f"scan {each.get('scan')} does not show {shown!r} of the batch")
        if not _older(events, scan, hidden, batch):
            raise CertificateError(f"scan {each.get('scan')} may show {hidden!r} of the batch")
        count += 1
    return _certified(verdict, count, "torn batches")


def verify_corrupt(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Of `splitbrain.checkers.storage.corruption`."""
    events, count = _Events(history), 0
    for each in _evidence(verdict, "unexplained"):
        read = events.position(each.get("read"), "read")
        key = each.get("key")
        value = events.seen(read, key)
        if events.last_explanation(key, value, read) != -2.0:
            raise CertificateError(f"somebody wrote {key!r} = {value!r} before {each.get('read')}")
        count += 1
    return _certified(verdict, count, "values that nobody wrote")


def verify_structure(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Of `splitbrain.checkers.storage.structures`: whether any ``verify`` found a problem."""
    found = [e for e in history if e.f == "verify" and e.type == "ok" and e.value]
    if bool(found) is not (verdict.validity is INVALID):
        raise CertificateError(f"{len(found)} looks at the files found something wrong")
    return Certified(f"{len(found)} looks at the files found something wrong")
