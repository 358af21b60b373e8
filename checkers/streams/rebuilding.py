"""An event store: what it has in memory is what its events make, and events never change.

*Property.* ``append`` ``[stream, values]`` -> ``[stream, version, values]``: these events follow
the first `version` ones of their stream; values of a stream are all different. ``read`` and
``rebuild`` of a stream give ``{"version": v, "state": s, "events": [...]}``, from memory and from
the log on disk. The state of events is `folded`, which depends on each of them and on their order.

====================  ==============================================================================
live-differs          version or state are not what the events make that are told with them
torn-append           a read has some events of an append and lacks others, or has them elsewhere
                      than the append said, or not next to each other
lost-append           a read lacks an append that was acknowledged before it was invoked
refused-append        it has one that was refused
repeated-event        it has an event twice
unwritten-event       it has an event that nobody had appended by then
rewritten             two reads have other events at the same place
went-back             a read has fewer events than one which had ended before it was invoked
both-accepted         two appends at the same version of a stream were acknowledged
====================  ==============================================================================

*Source.* DDIA chapter 11, "Event Sourcing" and "Deriving current state from the event log"; Young,
"CQRS Documents" (2010), for optimistic appends.

*Algorithm.* Each read is compared with the longest one of its stream, and appends with the places
that they named. O(reads * events).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.recheck.stores_of_events import verify_stores
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

APPEND, READ, REBUILD = "append", "read", "rebuild"
NAME = "rebuild-equals-live"

_PRIME = 1_000_003
_SIZE = 1 << 31

Found = tuple[str, str, tuple[Call, ...]]
"""The kind of an anomaly, a sentence, and the operations."""


def folded(values: Iterable[int], state: int) -> int:
    """What a stream's state becomes by these events."""
    for value in values:
        state = (state * _PRIME + value + 1) % _SIZE
    return state


def rebuild_equals_live() -> Checker:
    """A checker: streams are what their events make. See the module."""
    return _RebuildEqualsLive()


@dataclass(frozen=True, slots=True)
class _Append:
    call: Call
    stream: str
    version: int | None
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    call: Call
    stream: str
    version: int
    state: int
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _RebuildEqualsLive:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an append or a read is none, or a stream has a value twice.
        """
        calls = history.calls()
        appends: dict[str, list[_Append]] = {}
        reads: dict[str, list[_Read]] = {}
        for call in calls:
            if call.f == APPEND:
                append = _append(call)
                appends.setdefault(append.stream, []).append(append)
            elif call.f in (READ, REBUILD) and call.outcome == OK:
                read = _read(call)
                reads.setdefault(read.stream, []).append(read)
        found: list[Anomaly] = []
        for stream in sorted({*appends, *reads}):
            mine = appends.get(stream, []), reads.get(stream, [])
            for kind, said, blamed in (*_clashes(mine[0]), *_of_stream(*mine)):
                events = tuple(call.complete_index or call.invoke_index for call in blamed)
                found.append(Anomaly(kind, f"stream {stream}: {said}", events))
        number = sum(map(len, reads.values()))
        rebuilt = sum(read.call.f == REBUILD for some in reads.values() for read in some)
        coverage = {"appends": sum(map(len, appends.values())), "reads": number, "rebuilt": rebuilt}
        has_events = any(read.events for some in reads.values() for read in some)
        vain = None if has_events else "no read has any event, so nothing was exercised"
        holds = f"{number} reads, {rebuilt} of them made from the log, are what was appended"
        return verdict_of(self.name, found, coverage, holds=holds, vain=vain)


def _append(call: Call) -> _Append:
    match call.argument, call.result if call.outcome == OK else [None, None, None]:
        case [str() as stream, list() as values], [_, version, _] if values and (
            version is None or type(version) is int
        ):
            return _Append(call, stream, version, tuple(values))
    raise ModelError(
        call.invoke_index,
        f"{APPEND} {shown(call.argument)} gave {shown(call.result)}: give [stream, values] and "
        "[stream, version, values]",
    )


def _read(call: Call) -> _Read:
    match call.argument, call.result:
        case str() as stream, {"version": int() as v, "state": int() as s, "events": list() as e}:
            return _Read(call, stream, v, s, tuple(e))
    raise ModelError(
        call.invoke_index,
        f"{call.f} of {shown(call.argument)} gave {shown(call.result)}: give version, state and "
        "events",
    )


def _clashes(appends: list[_Append]) -> Iterator[Found]:
    """Acknowledged appends that claim the same place."""
    owners: dict[int, _Append] = {}
    values: dict[int, _Append] = {}
    for append in appends:
        for value in append.values:
            if value in values:
                raise ModelError(append.call.invoke_index, f"{value} is appended for a second time")
            values[value] = append
        if append.version is None:
            continue
        places = range(append.version, append.version + len(append.values))
        other = next((owners[place] for place in places if place in owners), None)
        if other is not None:
            said = f"appends at versions {other.version} and {append.version} were both accepted"
            yield "both-accepted", said, (other.call, append.call)
        owners.update(dict.fromkeys(places, append))


def _of_stream(appends: list[_Append], reads: list[_Read]) -> Iterator[Found]:
    longest = max(reads, key=lambda read: len(read.events), default=None)
    written = {value: append for append in appends for value in append.values}
    for read in reads:
        assert longest is not None
        who = f"process {read.call.process} reads"
        right = len(read.events), folded(read.events, 0)
        if (read.version, read.state) != right:
            said = f"version {read.version} and state {read.state}; its events make {list(right)}"
            yield "live-differs", f"{who} {said}", (read.call,)
        if read.events != longest.events[: len(read.events)]:
            yield (
                "rewritten",
                f"{who} other events than process {longest.call.process}",
                (
                    longest.call,
                    read.call,
                ),
            )
        yield from _against_appends(read, who, appends, written)
    yield from _went_back(reads)


def _against_appends(
    read: _Read, who: str, appends: list[_Append], written: Mapping[int, _Append]
) -> Iterator[Found]:
    completed = read.call.completed or 0
    unwritten = [
        value
        for value in read.events
        if value not in written or written[value].call.invoked > completed
    ]
    if unwritten:
        yield (
            "unwritten-event",
            f"{who} {shown(unwritten)}, which nobody had appended",
            (read.call,),
        )
    there = set(read.events)
    if len(there) < len(read.events):
        yield "repeated-event", f"{who} an event twice: {shown(list(read.events))}", (read.call,)
    for append in appends:
        blamed = append.call, read.call
        is_there = there.intersection(append.values)
        if is_there and not _is_whole(append, read.events):
            yield "torn-append", f"{who} some of {shown(list(append.values))}, or elsewhere", blamed
        elif is_there and append.call.outcome == FAIL:
            yield "refused-append", f"{who} {shown(list(append.values))}, which was refused", blamed
        elif not is_there and _is_due(append, read):
            said = f"nothing of {shown(list(append.values))}, which was acknowledged before"
            yield "lost-append", f"{who} {said}", blamed


def _is_due(append: _Append, read: _Read) -> bool:
    """Whether a read must have an append."""
    return append.call.outcome == OK and (append.call.completed or 0) < read.call.invoked


def _is_whole(append: _Append, events: tuple[int, ...]) -> bool:
    """Whether an append's events are next to each other, at the place that was told."""
    first = append.values[0]
    at = events.index(first) if first in events else -1
    is_placed = append.version in (None, at)
    return at >= 0 and is_placed and events[at : at + len(append.values)] == append.values


def _went_back(reads: list[_Read]) -> Iterator[Found]:
    """Each read against the longest of those that had ended before it was invoked."""
    ended = sorted(reads, key=lambda read: read.call.completed or 0)
    best: _Read | None = None
    at = 0
    for read in sorted(reads, key=lambda read: read.call.invoked):
        while at < len(ended) and (ended[at].call.completed or 0) < read.call.invoked:
            if best is None or len(ended[at].events) > len(best.events):
                best = ended[at]
            at += 1
        if best is not None and len(read.events) < len(best.events):
            said = f"{len(read.events)} events, and {len(best.events)} were read before"
            yield "went-back", f"process {read.call.process} reads {said}", (best.call, read.call)


ENTRY = CheckerEntry(
    NAME,
    rebuild_equals_live,
    "streams are what their events make, and stay so",
    verify=verify_stores,
)
