"""What a search finds by an index, and a scan, is what the items are.

*Property.* Items have a color each, and a search for a color agrees with the items: for each key
there is a moment within the search at which the item was what the search says of it, and so for a
scan of all items. Moments may differ from key to key: neither is a snapshot. Precisely, an item may
be *current* in a search if its write was invoked before the search ended, and no other write of the
key lies wholly between the two; no item may be, if no write of the key ended before the search
began, or if a deletion may be current. Then

* **missing**: a key that is not found, though all that may be current are of the color;
* **stale**: an item that is found, though another write had replaced it before the search began;
* **unexpected**: an item that nobody wrote so, or whose write failed or came later;
* **duplicated**: a key that one search finds twice.

*Source.* Kleppmann, "Designing Data-Intensive Applications", chapter 6, "Partitioning and Secondary
Indexes": a query by a local index has to ask all partitions, and a global index is often updated
later than the items.

*History.* ``put`` with ``[key, [color, number]]``, each number another one; ``delete`` with ``[key,
null]``; ``find`` with ``[color, null]`` gives ``[color, [[key, number], ...]]``; ``scan`` gives
``[[key, color, number], ...]``.

*Algorithm.* For each search and each key, all writes of the key are looked at twice: searches times
writes. It is exact for each search alone, as intervals that overlap may be in any order.

*Left out.* Whether several searches fit together: two may see two writes in opposite orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from splitbrain.checkers.collections.recheck.indexes import verify_searches
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import NOT_OF_DATA

MISSING, STALE, UNEXPECTED, DUPLICATED = "missing", "stale", "unexpected", "duplicated"

_SEVERITY = (MISSING, UNEXPECTED, DUPLICATED, STALE)
_SHOWN = 50


class Write(NamedTuple):
    """A write of a key: an item, or none.

    Attributes:
        call: the operation.
        color: the item's; None for a deletion.
        number: likewise.
        start, end: positions of invocation and completion; no end if it may happen at any time.
    """

    call: Call
    color: str | None
    number: Any
    start: float
    end: float


class Search(NamedTuple):
    """A find of a color, or a scan if there is none, and what it found: by key, numbers."""

    call: Call
    color: str | None
    found: Mapping[str, Sequence[tuple[str | None, Any]]]
    start: float
    end: float

    def wants(self, write: Write) -> bool:
        """Whether this search shows such an item."""
        return write.color is not None and self.color in (None, write.color)


def index_agreement() -> Checker:
    """A checker: searches agree with the items. See the module."""
    return _IndexAgreement()


@dataclass(frozen=True, slots=True)
class _IndexAgreement:
    name: str = "index-agreement"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is of another form.
        """
        writes, searches = read_items(history)
        anomalies = [each for search in searches for each in _wrong(search, writes)]
        anomalies.sort(key=lambda anomaly: _SEVERITY.index(anomaly.kind))
        coverage = {
            "writes": sum(len(of_key) for of_key in writes.values()),
            "searches": len(searches),
            "items found": sum(len(search.found) for search in searches),
        }
        if anomalies:
            said = f"{len(anomalies)} times; first: {anomalies[0].message}"
            return Verdict(self.name, INVALID, said, tuple(anomalies[:_SHOWN]), coverage=coverage)
        if not coverage["items found"]:
            reason = "no search found anything, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(searches)} searches found what was there, {coverage['items found']} items"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def read_items(history: History) -> tuple[dict[str, list[Write]], list[Search]]:
    """The writes that may have happened, by key, and the searches that were answered.

    Raises:
        ModelError: an operation is of another form.
    """
    writes: dict[str, list[Write]] = {}
    searches = []
    for call in history.calls():
        end = inf if call.completed is None else float(call.completed)
        match call.f, call.argument:
            case "put", [str() as key, [str() as color, number]]:
                write = Write(call, color, number, call.invoked, end)
            case "delete", [str() as key, None]:
                write = Write(call, None, None, call.invoked, end)
            case ("find", [str(), None]) | ("scan", None):
                if call.outcome == OK:
                    searches.append(_search(call, end))
                continue
            case f, _ if f in NOT_OF_DATA:
                continue
            case _:
                told = (
                    f"{call.f} of {shown(call.argument)} is no put, delete, find or scan of items"
                )
                raise ModelError(call.invoke_index, told)
        if call.outcome != FAIL:
            writes.setdefault(key, []).append(write)
    return writes, searches


def _search(call: Call, end: float) -> Search:
    color = call.argument[0] if call.f == "find" else None
    found: dict[str, list[tuple[str | None, Any]]] = {}
    result = call.result
    if color is not None and isinstance(result, list) and len(result) == 2:
        result = result[1]
    if not isinstance(result, list):
        raise ModelError(event_of(call), f"a {call.f} gives {shown(result)}, which is no list")
    for item in result:
        if not _is_item(item, 3 if color is None else 2):
            told = f"a {call.f} gives {shown(item)}, which is no item"
            raise ModelError(event_of(call), told)
        found.setdefault(item[0], []).append((item[1] if color is None else color, item[-1]))
    return Search(call, color, found, call.invoked, end)


def _is_item(item: Any, length: int) -> bool:
    return isinstance(item, list) and len(item) == length and isinstance(item[0], str)


def current(search: Search, writes: Iterable[Write]) -> tuple[list[Write], bool]:
    """The writes of a key that may be current in a search, and whether it may be that none is."""
    of_key = list(writes)
    over = [write for write in of_key if write.end < search.start]
    latest = max((later.start for later in over), default=-1)
    possible = [w for w in of_key if w.start < search.end and w.end >= latest]
    return possible, not over


def _wrong(search: Search, writes: Mapping[str, Sequence[Write]]) -> Iterator[Anomaly]:
    for key in sorted({*writes, *search.found}):
        of_key = writes.get(key, ())
        possible, nothing = current(search, of_key)
        found = search.found.get(key, ())
        if not found and not nothing and all(search.wants(write) for write in possible):
            said = f"does not find {key!r}, which {_told(possible[-1])}"
            yield _anomaly(MISSING, search, said, possible)
        if len(found) > 1:
            yield _anomaly(DUPLICATED, search, f"finds {key!r} {len(found)} times", ())
        for color, number in found:
            if any((write.color, write.number) == (color, number) for write in possible):
                continue
            known = [write for write in of_key if (write.color, write.number) == (color, number)]
            if known and known[0].start < search.end:
                later = [write for write in of_key if known[0].end < write.start]
                said = f"finds {key!r} as it was before it {_told(later[0])}"
                yield _anomaly(STALE, search, said, (known[0], later[0]))
            else:
                said = f"finds {key!r} with number {shown(number)}, which nobody had written so"
                yield _anomaly(UNEXPECTED, search, said, known)


def _told(write: Write) -> str:
    if write.color is None:
        return f"was deleted by process {write.call.process}"
    return f"was made {write.color} (number {shown(write.number)}) by process {write.call.process}"


def _anomaly(kind: str, search: Search, said: str, writes: Iterable[Write]) -> Anomaly:
    what = "scan" if search.color is None else f"search for {search.color}"
    call = search.call
    message = f"the {what} of process {call.process} that began at {call.start / 1e9:.3f} s {said}"
    events = {event_of(write.call) for write in writes} | {call.invoke_index, event_of(call)}
    return Anomaly(kind, message, tuple(sorted(events)))


ENTRY = CheckerEntry(
    "index-agreement",
    index_agreement,
    "searches by an index agree with the items",
    verify=verify_searches,
)
