"""An index that is derived from a database says what the database says.

*Property.* Clients write, ``put`` ``[key, value]`` -> ``[key, value, position]`` and ``delete``
``key`` -> ``[key, position]``; positions are those of the database's log, in whose order writes
happen. A read, ``view``, gives ``{"position": p, "entries": [[value, key], ...]}``: the index as it
is after the writes up to p, which are all that had been acknowledged when it was asked for.

==================  ================================================================================
stale-view          a write that was acknowledged before the read is behind its position
missing-entry       a key has a value at the position, and the index lacks that
stale-entry         the index has another value of a key than it has there, or several
unwritten-entry     nobody ever wrote that value to that key
==================  ================================================================================

A write of unknown outcome may have happened at any position that no other write has, or never; but
once a view shows it, it has: no view at that position or behind it has what was there before.

*Source.* DDIA chapter 11, "Keeping Systems in Sync" (figure 11-4) and "Change Data Capture".

*Algorithm.* For each read and key, the last write up to the position and those in doubt, if there
is room for one in between. O(reads * (writes + entries)). What two writes in doubt can't do
together is not looked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.recheck.views import verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

PUT, DELETE, VIEW = "put", "delete", "view"
NAME = "view-consistent"

_SHOWN = 100

Index = list[tuple[Any, Any]]
"""The entries of a view: value and key."""

Found = tuple[str, str, Call | None, Call | None]
"""The kind of an anomaly, a sentence, the last known write and another view."""


def view_consistent() -> Checker:
    """A checker: an index is what its database says. See the module."""
    return _ViewConsistent()


@dataclass(frozen=True, slots=True)
class _Write:
    """A write; no position, if its outcome is unknown; no value, if it deletes."""

    call: Call
    key: Any
    value: Any
    position: int | None


@dataclass(frozen=True, slots=True)
class _ViewConsistent:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a write or a read is none.
        """
        calls = history.calls()
        writes = [_write(call) for call in calls if call.f in (PUT, DELETE)]
        writes = [write for write in writes if write.call.outcome != FAIL]
        reads = [call for call in calls if call.f == VIEW and call.outcome == OK]
        views = [(read, *_view(read)) for read in reads]
        shown_at = _show_doubtful(views, writes)
        told: dict[tuple[str, str], Anomaly] = {}
        entries = 0
        for read, position, index in views:
            entries = max(entries, len(index))
            for kind, said, *others in _problems(read, position, index, writes, shown_at):
                events = [call.complete_index for call in others if call is not None]
                at = (*[e for e in events if e is not None], read.complete_index or 0)
                told.setdefault((kind, said), Anomaly(kind, f"{_who(read)} {said}", at))
        anomalies = tuple(told.values())
        acknowledged = sum(write.position is not None for write in writes)
        coverage = {"writes": acknowledged, "views": len(reads), "entries": entries}
        if anomalies:
            kinds = Counter(anomaly.kind for anomaly in anomalies)
            counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            reason = f"{counts}; {anomalies[0].message}"
            return Verdict(self.name, INVALID, reason, anomalies[:_SHOWN], coverage=coverage)
        if not entries:
            return Verdict(self.name, UNKNOWN, "no view has any entry", coverage=coverage)
        reason = f"{len(reads)} views are what {acknowledged} writes say"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _who(read: Call) -> str:
    return f"process {read.process} is given a view that"


def _write(call: Call) -> _Write:
    value = call.argument if call.f == PUT else [call.argument, None]
    result = call.result if call.outcome == OK else [None]
    fits = isinstance(value, list) and len(value) == 2 and isinstance(result, list) and result
    if not fits or (call.outcome == OK and type(result[-1]) is not int):
        raise ModelError(
            call.invoke_index,
            f"{call.f} {shown(call.argument)} gave {shown(call.result)}: give [key, value] and "
            "[key, value, position], to delete a key and [key, position]",
        )
    return _Write(call, value[0], value[1], result[-1])


def _view(read: Call) -> tuple[int, Index]:
    try:
        return int(read.result["position"]), [(v, k) for v, k in read.result["entries"]]
    except (TypeError, ValueError, KeyError):
        said = f"{VIEW} gave {shown(read.result)}: give position and entries, [value, key] each"
        raise ModelError(read.invoke_index, said) from None


def _problems(
    read: Call,
    position: int,
    index: Index,
    writes: list[_Write],
    shown_at: Mapping[Any, Mapping[int, Call]],
) -> Iterator[Found]:
    seen, last = _by_key(index), _newest(position, writes)
    doubtful = _in_doubt(read, position, last, writes)
    for write in writes:
        late = write.position is not None and write.position > position
        if late and (write.call.completed or 0) < read.invoked:
            said = f"is at {position}, and a {write.call.f} at {write.position} was acknowledged"
            yield "stale-view", said, write.call, None
    for key in sorted({*seen, *last, *shown_at}, key=str):
        newest = last.get(key)
        right = newest.value if newest else None
        allowed = [right, *doubtful.get(key, ())]
        begun = _position(newest)
        mine = shown_at.get(key, {})
        other = next((mine[at] for at in mine if begun <= at <= position), None)
        if other is not None:
            del allowed[0]  # something in doubt has happened since
        for kind, said in _entry(key, seen.get(key, []), allowed, right, other, writes):
            yield kind, said, newest.call if newest else None, other


def _show_doubtful(
    views: Iterable[tuple[Call, int, Index]], writes: list[_Write]
) -> dict[Any, dict[int, Call]]:
    """By key and position, views which show that a write in doubt was the last one there."""
    found: dict[Any, dict[int, Call]] = {}
    if all(write.position is not None for write in writes):
        return found
    for read, position, index in views:
        seen, last = _by_key(index), _newest(position, writes)
        for key, values in _in_doubt(read, position, last, writes).items():
            newest = last.get(key)
            value, *others = seen.get(key, [None])
            if not others and value != (newest.value if newest else None) and value in values:
                found.setdefault(key, {}).setdefault(position, read)
    return found


def _by_key(index: Index) -> dict[Any, list[Any]]:
    seen: dict[Any, list[Any]] = {}
    for value, key in index:
        seen.setdefault(key, []).append(value)
    return seen


def _newest(position: int, writes: list[_Write]) -> dict[Any, _Write]:
    """By key, the last write up to a position that is known."""
    last: dict[Any, _Write] = {}
    for write in writes:
        if write.position is not None and write.position <= position:
            before = last.get(write.key)
            if before is None or (before.position or 0) < write.position:
                last[write.key] = write
    return last


def _position(newest: _Write | None) -> int:
    return -1 if newest is None or newest.position is None else newest.position


def _in_doubt(
    read: Call, position: int, last: Mapping[Any, _Write], writes: list[_Write]
) -> dict[Any, list[Any]]:
    """By key, what it may be by writes of unknown outcome that had begun before a read ended: if
    some position between the key's last known write and the view's own is no known write's."""
    taken = sorted(write.position for write in writes if write.position is not None)
    upto = bisect_right(taken, position)
    doubtful: dict[Any, list[Any]] = {}
    for write in writes:
        if write.position is None and write.call.invoked < (read.completed or 0):
            begun = _position(last.get(write.key))
            if position - begun > upto - bisect_right(taken, begun):
                doubtful.setdefault(write.key, []).append(write.value)
    return doubtful


def _entry(
    key: Any,
    found: list[Any],
    allowed: list[Any],
    right: Any,
    other: Call | None,
    writes: list[_Write],
) -> Iterator[tuple[str, str]]:
    """What is wrong with what an index has of a key; `right` is what it is without what is in
    doubt, and `other` a view which shows that something of that has come since."""
    now = f"it is {shown(right)}"
    if other is not None:
        now = f"process {other.process} is given a view with a later write"
    if not found and None not in allowed:
        yield "missing-entry", f"lacks {shown(key)}, and {now}"
    for value in found if len(found) == 1 else ():
        if value not in allowed:
            ever = any(write.key == key and write.value == value for write in writes)
            kind = "stale-entry" if ever else "unwritten-entry"
            yield kind, f"has {shown(key)} as {shown(value)}, and {now}"
    if len(found) > 1:
        yield "stale-entry", f"has {shown(key)} as each of {shown(sorted(found, key=str))}"


ENTRY = CheckerEntry(NAME, view_consistent, "an index is what its database says", verify=verify)


def index_of(values: Mapping[Any, Any]) -> list[list[Any]]:
    """The entries of an index over these keys and values, in order."""
    return sorted(([value, key] for key, value in values.items()), key=str)
