"""Re-checking cycles in the order of commits, which refute weak levels (see `weak`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import Call
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.verdict import Anomaly

_SESSIONS_MATTER = ("causality-violation", "monotonic-writes", "read-your-writes")


def verify_commit_order(look: Lookup, anomaly: Anomaly) -> None:
    """Check that the steps of a cycle follow from the history at the anomaly's level.

    Raises:
        CertificateError: one does not, or they are no cycle.
    """
    steps = anomaly.details["commit order"]
    for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        source, target = (_end(look, step[end]) for end in ("from operation", "to operation"))
        if step["to operation"] != following["from operation"]:
            raise CertificateError(f"the step after {step['because']!r} begins elsewhere")
        if step["type"] == "commit":
            right = _commits_first(look, anomaly.kind, source, target, step)
        elif source is None or target is None:
            # The initial state comes before everything, and what is read from it as well.
            right = source is None and step["type"] in ("initial", "wr")
        else:
            right = _FOLLOWS[step["type"]](look, source, target)
            right &= step["type"] != "session" or anomaly.kind in _SESSIONS_MATTER
        if not right:
            raise CertificateError(f"the history does not say that {step['because']}")


def _end(look: Lookup, index: int | None) -> Call | None:
    return None if index is None else look.transaction(index)


def _reads_from(look: Lookup, source: Call, target: Call) -> bool:
    return any(value in look.writes(source, key) for _, key, value in look.externals(target))


def _session(look: Lookup, source: Call, target: Call) -> bool:
    ended = source.completed
    return source.process == target.process and ended is not None and ended < target.invoked


def _versions(look: Lookup, source: Call, target: Call) -> bool:
    """Some list shows what the source appended before what the target did, or without it."""
    for f, key, value in look.micro_operations(source):
        later = look.writes(target, key) if f != "r" else []
        for element in later:
            for call in look.readers(key):
                for seen in look.reads(call, key):
                    if value in seen and (
                        element not in seen or seen.index(value) < seen.index(element)
                    ):
                        return True
    return False


_FOLLOWS: dict[str, Callable[[Lookup, Call, Call], bool]] = {
    "wr": _reads_from,
    "session": _session,
    "versions": _versions,
}


def _commits_first(
    look: Lookup, kind: str, source: Call | None, target: Call | None, step: Mapping[str, Any]
) -> bool:
    """The reader read the key from the target, though it saw the source, which wrote it too."""
    reader, key = look.transaction(step["reader operation"]), step["key"]
    if source is None or source is target or source is reader or not look.writes(source, key):
        return False
    for place, read_key, value in look.externals(reader):
        if target is None:
            from_target = look.starts(key, value)
        else:
            from_target = value in look.writes(target, key)
        if read_key == key and from_target and _saw(look, kind, reader, source, place):
            return True
    return False


def _saw(look: Lookup, kind: str, reader: Call, source: Call, place: int) -> bool:
    """Whether a reader had seen a transaction, in the sense of the level."""
    if kind == "non-monotonic-reads":
        seen = ((k, v) for at, k, v in look.externals(reader) if at < place)
        return any(value in look.writes(source, key) for key, value in seen)
    if kind == "fractured-read":
        return _reads_from(look, source, reader)
    if kind == "monotonic-reads":
        key = next(k for at, k, _ in look.externals(reader) if at == place)
        own = [v for at, k, v in look.externals(reader) if at < place and k == key]
        before = look.predecessor(reader)
        again = any(value in look.writes(source, key) for value in own)
        return again or (before is not None and _has_read(look, before, source))
    if kind in _GUARANTEES:
        return _GUARANTEES[kind](look, reader, source)
    reached, unexplored = {reader.invoke_index}, [reader]
    while unexplored:
        call = unexplored.pop()
        before = look.predecessor(call)
        for other in (*look.sources(call), *(() if before is None else (before,))):
            if other.invoke_index not in reached:
                reached.add(other.invoke_index)
                unexplored.append(other)
    return source.invoke_index in reached


def _session_before(look: Lookup, call: Call) -> Iterator[Call]:
    """A transaction, and those that had completed before it in its process, latest first."""
    at: Call | None = call
    while at is not None:
        yield at
        at = look.predecessor(at)


def _read_your_writes(look: Lookup, reader: Call, source: Call) -> bool:
    return _session(look, source, reader)


def _has_read(look: Lookup, call: Call, source: Call) -> bool:
    """Whether a transaction, or one before it in its process, read from another."""
    return any(_reads_from(look, source, other) for other in _session_before(look, call))


def _monotonic_writes(look: Lookup, reader: Call, source: Call) -> bool:
    return any(_session(look, source, call) for call in look.sources(reader))


def _writes_follow_reads(look: Lookup, reader: Call, source: Call) -> bool:
    return any(_has_read(look, call, source) for call in look.sources(reader))


_GUARANTEES: dict[str, Callable[[Lookup, Call, Call], bool]] = {
    "read-your-writes": _read_your_writes,
    "monotonic-writes": _monotonic_writes,
    "writes-follow-reads": _writes_follow_reads,
}
