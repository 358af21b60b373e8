"""Re-checking anomalies that single reads show, by looking at these reads again."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import FAIL, OK, Call
from splitbrain.checkers.isolation.recheck.cycles import comes_before
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.verdict import Anomaly


def _by_reader(
    shows: Callable[[Lookup, Call, Any, Any], bool],
) -> Callable[[Lookup, Anomaly], None]:
    """A check that some read of the anomaly's transaction, of its key, shows something."""

    def check(look: Lookup, anomaly: Anomaly) -> None:
        call, key = look.member(anomaly.operations[0]), anomaly.details["key"]
        if not any(shows(look, call, key, seen) for seen in look.reads(call, key)):
            raise CertificateError(
                f"no read of {key} by operation {anomaly.operations[0]} shows {anomaly.kind}"
            )

    return check


def _garbage(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    if look.lists:
        return any(look.writer(key, element) is None for element in look.elements(seen))
    return look.is_garbage(key, seen)


def _aborted(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    writers = (look.writer(key, element) for element in look.elements(seen))
    return any(writer is not None and writer.outcome == FAIL for writer in writers)


def _intermediate(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    last = look.elements(seen)[-1:]
    writer = look.writer(key, last[0]) if last else None
    return writer is not None and writer is not call and look.is_intermediate(key, last[0])


def _duplicate(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    return len(set(seen)) < len(seen)


def _incompatible(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    others = (read for other in look.readers(key) for read in look.reads(other, key))
    return any(seen[: len(other)] != other[: len(seen)] for other in others)


def _reordered(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    """Whether an append is seen that does not come after its transaction's one before it."""
    passed: set[Any] = set()
    for element in look.elements(seen):
        earlier = look.earlier(key, element)
        if earlier is not None and earlier not in passed:
            return True
        passed.add(element)
    return False


def _future(look: Lookup, call: Call, key: Any, seen: Any) -> bool:
    own = [element for element in look.elements(seen) if look.writer(key, element) is call]
    if not own:
        return False
    micros = look.micro_operations(call)
    at = next(i for i, (f, k, v) in enumerate(micros) if f == "r" and k == key and v == seen)
    later = [v for f, k, v in micros[at:] if f != "r" and k == key]
    return any(element in later for element in own)


def disagreements(look: Lookup, call: Call) -> Iterator[Any]:
    """Keys of which a read is not what the earlier micro-operations make it."""
    known: dict[Any, Any] = {}
    tails: dict[Any, list[Any]] = {}
    for f, key, value in look.micro_operations(call) if call.outcome == OK else ():
        if f != "r":
            tails.setdefault(key, []).append(value)
            continue
        tail = tails.pop(key, [])
        seen = look.elements(value)
        if look.lists:
            wrong = bool(tail) and seen[-len(tail) :] != tail
            wrong |= key in known and seen != [*known[key], *tail]
        else:
            wrong = seen != tail[-1:] if tail else key in known and seen != known[key]
        if wrong:
            yield key
        known[key] = seen


def _internal(look: Lookup, anomaly: Anomaly) -> None:
    call, key = look.member(anomaly.operations[0]), anomaly.details["key"]
    if key not in disagreements(look, call):
        raise CertificateError(f"operation {anomaly.operations[0]} agrees with itself on {key}")


def _lost_update(look: Lookup, anomaly: Anomaly) -> None:
    key = anomaly.details["key"]
    calls = [look.member(index) for index in anomaly.operations]
    read = [look.external(call, key)[:1] for call in calls]
    if look.lists:
        read = [[value or [] for value in seen] for seen in read]
    same = all(seen and seen == read[0] for seen in read)
    same &= look.lists or read[0] != [None] or look.starts(key, None)
    wrote = all(call.outcome == OK and look.writes(call, key) for call in calls)
    if len({call.invoke_index for call in calls}) < 2 or not same or not wrote:
        raise CertificateError(f"operations {anomaly.operations} lost no update of {key}")


def _dirty_update(look: Lookup, anomaly: Anomaly) -> None:
    aborted, committed, reader = (look.member(index) for index in anomaly.operations)
    key = anomaly.details["key"]
    first, second = look.writes(aborted, key), look.writes(committed, key)
    shown = any(_follows(look, key, seen, first, second) for seen in look.reads(reader, key))
    if aborted.outcome != FAIL or committed.outcome != OK or not shown:
        raise CertificateError(f"operations {anomaly.operations} are no dirty update of {key}")


def _follows(look: Lookup, key: Any, seen: list[Any], first: list[Any], second: list[Any]) -> bool:
    """Whether one of `second` comes after one of `first`, none but indeterminate between."""
    open_since_first = False
    for element in seen:
        if open_since_first and element in second:
            return True
        writer = look.writer(key, element)
        unclear = writer is not None and writer.outcome not in (OK, FAIL)
        open_since_first = element in first or (open_since_first and unclear)
    return False


def _cyclic_versions(look: Lookup, anomaly: Anomaly) -> None:
    """Each version comes before the next for the reason given, and the last before the first.

    Or before the initial one, which nothing can precede.
    """
    key, pairs = anomaly.details["key"], anomaly.details["versions"]
    for pair, following in zip(pairs, [*pairs[1:], pairs[0]], strict=True):
        contradicts = pair["next"] == following["value"] or (
            look.starts(key, pair["next"]) and pair is pairs[-1]
        )
        if not contradicts or not comes_before(look, key, pair["value"], pair["next"], pair):
            raise CertificateError(
                f"nothing says that {key} = {pair['value']} comes before {pair['next']}"
            )


_BY_READ: dict[str, Callable[[Lookup, Call, Any, Any], bool]] = {
    "garbage": _garbage,
    "G1a": _aborted,
    "G1b": _intermediate,
    "duplicate-elements": _duplicate,
    "append-order": _reordered,
    "future-read": _future,
}


def verify_absence(look: Lookup, kinds: Container[str]) -> None:
    """Check that no read shows an anomaly of some kinds.

    Dirty updates are not looked for: whoever sees one reads what failed (G1a).

    Raises:
        CertificateError: one does.
    """
    wanted = {kind: shows for kind, shows in _BY_READ.items() if kind in kinds}
    if not look.lists:
        for kind in ("duplicate-elements", "append-order"):
            wanted.pop(kind, None)
    longest: dict[Any, list[Any]] = {}
    updates: dict[Any, set[Any]] = {}
    for call in look.calls:
        if "internal" in kinds and any(True for _ in disagreements(look, call)):
            raise CertificateError(f"operation {call.invoke_index} does not agree with itself")
        for f, key, value in call.result if call.outcome == OK else ():
            seen = (value or []) if look.lists else value
            if f != "r":
                continue
            kind = next(
                (kind for kind, shows in wanted.items() if shows(look, call, key, seen)), ""
            )
            if look.lists and "incompatible-order" in kinds:
                known = longest.setdefault(key, [])
                kind = kind or ("" if seen[: len(known)] == known[: len(seen)] else "an order")
                longest[key] = max(known, seen, key=len)
            if kind:
                raise CertificateError(f"operation {call.invoke_index} read {kind} of {key}")
        if "lost-update" in kinds:
            _verify_no_lost_update(look, call, updates)


def _verify_no_lost_update(look: Lookup, call: Call, updates: dict[Any, set[Any]]) -> None:
    """A transaction that reads a key and then writes it is the only one with what it read."""
    written = set(look.written(call)) if call.outcome == OK else set()
    first: dict[Any, Any] = {}
    for _, key, value in look.externals(call):
        if key in written:
            first.setdefault(key, value)
    for key, value in first.items():
        # Lists are told apart by their last element: those that are no prefix were refused.
        if value is None and not look.starts(key, value):
            continue
        if value in updates.setdefault(key, set()):
            raise CertificateError(f"operation {call.invoke_index} lost an update of {key}")
        updates[key].add(value)


READ_ANOMALIES: dict[str, Callable[[Lookup, Anomaly], None]] = {
    **{kind: _by_reader(shows) for kind, shows in _BY_READ.items()},
    "incompatible-order": _by_reader(_incompatible),
    "internal": _internal,
    "lost-update": _lost_update,
    "dirty-update": _dirty_update,
    "cyclic-versions": _cyclic_versions,
}
"""What looks for each kind of anomaly again. They raise `CertificateError` if it is not there."""
