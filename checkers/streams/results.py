"""What a stream processor made of its input is what a plain loop over the same input makes of it.

*Property.* Clients put events into a log, ``click`` ``[id, user, amount]`` and ``tier`` ``[id,
user, tier]``; each is given a time by its producer, in milliseconds. A read, ``results``, gives an
object of lists:

============  ======================================================================================
``events``    ``[partition, kind, id, user, time, value]``, the input so far, in the log's order
``late``      ids of events that came after the watermark had passed their time, and were put aside
``closed``    ``[group, kind, user, start, end, count, sum, watermark]``: windows whose end the
              watermark had passed, in the order in which each group of users gave them
``open``      ``[kind, user, start, end, count, sum]``: windows that are not at their end
``joined``    ``[id, tier]``: each click with the user's tier at its time, null if there was none
``waiting``   ids of clicks that have not been joined
============  ======================================================================================

and ``bound``, how far the watermark is behind the greatest time seen in a partition (it is the
least of these over partitions), and ``partitions``, how many there are, if all was made of the
whole input. The kinds of windows are those of `WINDOWS`.

====================  ==============================================================================
lost-event            the input lacks an event that was acknowledged before the read
unsent-event          it has one that nobody sent, or that was refused, or has it twice, or other
                      than it was sent
wrong-window          a window's events are not those of the input, without late ones
repeated-window       a window is there twice: it was closed, and gave another result later
early-window          it was closed before the watermark was at its end
overdue-window        it is open, and the watermark of the input is at its end (if ``partitions`` is
                      told)
watermark-regressed   a group's watermark is less than it was
unjustified-late      an event was put aside, and its partition had none before that is later by
                      more than the bound
wrong-join            a click is joined with another tier than that of its time
lost-join             a click was neither joined nor waits nor was late; or more than one of these
overdue-join          a click waits whose time the watermark of the input has passed (likewise)
====================  ==============================================================================

`window_complete`, `watermark_monotonic`, `late_policy` and `checkpoint_consistent` ask for some of
these alone; where nothing was late, the policy for it says nothing.

*Source.* DDIA chapter 11, "Reasoning About Time", "Stream Joins" (time-dependence of joins) and
"Fault Tolerance"; Akidau et al., "The Dataflow Model" (VLDB 2015), section 2.

*Algorithm.* All windows and joins from the input, for each read. O(e log e) a read of e events.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.streams.recheck.results import verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

CLICK, TIER, RESULTS = "click", "tier", "results"
NAME, LATE_POLICY = "stream-results", "late-policy"

TUMBLING, SLIDING, SESSION = "tumbling", "sliding", "session"
WINDOWS = {TUMBLING: (1000, 1000), SLIDING: (2000, 1000), SESSION: (500, 0)}
"""By kind, how long a window is and how far apart two are, in milliseconds: a session ends that
long after its last event."""

_SHOWN = 100


class Event(NamedTuple):
    """An event of the input."""

    partition: int
    kind: str
    id: int
    user: str
    time: int
    value: Any


Window = tuple[str, str, int, int]
"""Kind, user, start and end."""

Found = tuple[str, str]
"""The kind of an anomaly, and a sentence."""


def stream_results() -> Checker:
    """A checker: windows and joins are what the input says. See the module."""
    return _StreamResults()


def windows_of(kind: str, time: int) -> Iterator[tuple[int, int]]:
    """Start and end of each window that has a time; of a session, the least that it is."""
    length, apart = WINDOWS[kind]
    if kind == SESSION:
        yield time, time + length
        return
    start = time - time % apart
    while start > time - length:
        yield start, start + length
        start -= apart


def windows(clicks: Iterable[Event]) -> dict[Window, tuple[int, int]]:
    """Count and sum of each window that has any of these events."""
    found: dict[Window, tuple[int, int]] = {}
    open_session: dict[str, Window] = {}
    for event in sorted(clicks, key=lambda event: event.time):
        for kind in (TUMBLING, SLIDING):
            for start, end in windows_of(kind, event.time):
                _add(found, (kind, event.user, start, end), event.value)
        last = open_session.get(event.user)
        count, total, start = 0, 0, event.time
        if last is not None and event.time < last[3]:
            (count, total), start = found.pop(last), last[2]
        session = (SESSION, event.user, start, event.time + WINDOWS[SESSION][0])
        found[session] = (count + 1, total + event.value)
        open_session[event.user] = session
    return found


def _add(found: dict[Window, tuple[int, int]], window: Window, value: int) -> None:
    count, total = found.get(window, (0, 0))
    found[window] = count + 1, total + value


def version_at(versions: Mapping[str, list[tuple[int, int, Any]]], click: Event) -> Any:
    """What a table says of an event's user at its time: its newest version that isn't later; null
    if there is none. Versions are ``(time, id, value)``, sorted."""
    mine = versions.get(click.user, [])
    at = bisect_right(mine, (click.time, click.id), key=lambda version: version[:2])
    return mine[at - 1][2] if at else None


def window_complete() -> Checker:
    """A checker of windows alone: each has its events, once, when its time has come."""
    kinds = frozenset({"wrong-window", "repeated-window", "early-window", "overdue-window"})
    return _StreamResults("window-complete", kinds)


def watermark_monotonic() -> Checker:
    """A checker of watermarks alone: none goes back."""
    return _StreamResults("watermark-monotonic", frozenset({"watermark-regressed"}))


def late_policy() -> Checker:
    """A checker of lateness alone: what is put aside came too late by more than the bound."""
    return _StreamResults(LATE_POLICY, frozenset({"unjustified-late"}))


def checkpoint_consistent() -> Checker:
    """A checker of checkpoints alone: state and outputs have the effect of each event that is
    before the positions, once, and of none that is behind them (Chandy and Lamport 1985)."""
    kinds = frozenset({"wrong-window", "repeated-window", "lost-join"})
    return _StreamResults("checkpoint-consistent", kinds)


@dataclass(frozen=True, slots=True)
class _StreamResults:
    """See the module; `kinds` are the anomalies that count, all unless given."""

    name: str = NAME
    kinds: frozenset[str] = frozenset()

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a read gives something else than such lists.
        """
        calls = history.calls()
        sent = {call.argument[0]: call for call in calls if call.f in (CLICK, TIER)}
        reads = [call for call in calls if call.f == RESULTS and call.outcome == OK]
        anomalies = []
        told: set[str] = set()
        windows_seen = late_seen = 0
        for read in reads:
            given = _Given.of(read)
            windows_seen = max(windows_seen, len(given.closed))
            late_seen = max(late_seen, len(given.late))
            for kind, said in (*input_problems(given.events, read, sent), *problems(given)):
                if said not in told and (not self.kinds or kind in self.kinds):
                    told.add(said)
                    at = read.complete_index or read.invoke_index
                    anomalies.append(Anomaly(kind, f"process {read.process} reads {said}", (at,)))
        coverage = {"events": len(sent), "reads": len(reads), "closed windows": windows_seen}
        if anomalies:
            kinds = Counter(anomaly.kind for anomaly in anomalies)
            counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            reason = f"{counts}; {anomalies[0].message}"
            return Verdict(self.name, INVALID, reason, tuple(anomalies[:_SHOWN]), coverage=coverage)
        if not windows_seen:
            reason = "no read has a closed window, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        if self.name == LATE_POLICY and not late_seen:
            reason = "no event was late, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        what = f", as far as {self.name} asks" if self.kinds else " and all joins"
        reason = f"{windows_seen} windows{what} are what the input says"
        return Verdict(self.name, VALID, reason, coverage=coverage)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a read gave."""

    events: list[Event]
    late: list[int]
    closed: list[list[Any]]
    open: list[list[Any]]
    joined: list[list[Any]]
    waiting: list[int]
    bound: int
    partitions: int | None = None

    @classmethod
    def of(cls, read: Call) -> _Given:
        """Raises ModelError if it is not of this form."""
        try:
            given = dict(read.result)
            given["events"] = [Event(*event) for event in given["events"]]
            made = cls(**given)
            widths = ((made.closed, 8), (made.open, 6), (made.joined, 2))
            fits = all(len(row) == width for rows, width in widths for row in rows)
            fits = fits and all(type(event.time) is int for event in made.events)
            fits = fits and (made.partitions is None or type(made.partitions) is int)
        except (TypeError, ValueError, KeyError):
            fits = False
        if not fits:
            raise ModelError(
                read.invoke_index,
                f"{RESULTS} gave {shown(read.result)}: give an object with events, late, closed, "
                "open, joined, waiting and bound, and perhaps partitions",
            )
        return made


def input_problems(
    events: Sequence[Event], read: Call, sent: Mapping[int, Call]
) -> Iterator[Found]:
    """What of an input isn't what clients know of it; `sent` has their calls by events' ids."""
    counts = Counter(event.id for event in events)
    for event in events:
        call = sent.get(event.id)
        plain = [event.id, event.user, event.value]
        unsent = call is None or call.invoked > (read.completed or 0) or call.outcome == FAIL
        if unsent or counts[event.id] > 1 or call.f != event.kind or call.argument != plain:  # type: ignore[union-attr]
            how = f"{counts[event.id]} times" if counts[event.id] > 1 else "which nobody had sent"
            yield "unsent-event", f"{event.kind} {event.id} of {event.user}, {how}"
    for identity, call in sent.items():
        acknowledged = call.outcome == OK and (call.completed or 0) < read.invoked
        if acknowledged and not counts[identity]:
            yield "lost-event", f"no {call.f} {identity}, which was acknowledged before"


def watermark_of(events: Iterable[Event], partitions: int, bound: int) -> float:
    """All events before this time are in the input, or late."""
    seen: dict[int, int] = {}
    for event in events:
        seen[event.partition] = max(event.time, seen.get(event.partition, event.time))
    if len(seen) < partitions:
        return float("-inf")
    return min(seen.values()) - bound


def problems(given: _Given) -> Iterator[Found]:
    """What results are not what their own input says."""
    late = set(given.late)
    accepted = [event for event in given.events if event.id not in late]
    yield from _windows(given, [event for event in accepted if event.kind == CLICK])
    yield from _lateness(given, late)
    yield from _joins(given, accepted)
    if given.partitions:
        watermark = watermark_of(given.events, given.partitions, given.bound)
        yield from _overdue(given, watermark)


def _overdue(given: _Given, watermark: float) -> Iterator[Found]:
    """What was not done though its time has come."""
    for row in given.open:
        if row[3] <= watermark:
            yield "overdue-window", f"{_named(row)} open, and the watermark is {watermark:.0f}"
    times: dict[int, int] = {}
    for event in given.events:
        times[event.id] = min(event.time, times.get(event.id, event.time))
    for identity in given.waiting:
        if times.get(identity, watermark) < watermark:
            said = f"click {identity}, of {times[identity]}, not joined"
            yield "overdue-join", f"{said}, and the watermark is {watermark:.0f}"


def _windows(given: _Given, clicks: list[Event]) -> Iterator[Found]:
    right = windows(clicks)
    told: dict[Window, tuple[int, int]] = {}
    watermarks: dict[int, int] = {}
    closed = [(tuple(row[1:5]), tuple(row[5:7])) for row in given.closed]
    for window, counted in (*closed, *((tuple(r[:4]), tuple(r[4:])) for r in given.open)):
        if window in told:
            yield "repeated-window", f"{_named(window)} twice"
        told[window] = counted
    for window in sorted({*right, *told}):
        if told.get(window, (0, 0)) != right.get(window, (0, 0)):
            count, total = told.get(window, (0, 0))
            wanted = right.get(window, (0, 0))
            yield (
                "wrong-window",
                f"{_named(window)} of {count} events and sum {total}; the input has {wanted[0]} "
                f"and {wanted[1]}",
            )
    for group, *row, watermark in given.closed:
        if watermark < row[3]:
            yield "early-window", f"{_named(row)}, closed when the watermark was {watermark}"
        if watermark < watermarks.get(group, watermark):
            said = f"a watermark of {watermark} after {watermarks[group]} in group {group}"
            yield "watermark-regressed", said
        watermarks[group] = watermark


def _named(window: Any) -> str:
    kind, user, start, end = window[:4]
    return f"the {kind} window of {user} from {start} to {end}"


def _lateness(given: _Given, late: set[int]) -> Iterator[Found]:
    greatest: dict[int, int] = {}
    for event in given.events:
        before = greatest.get(event.partition, event.time)
        if event.id in late and event.time >= before - given.bound:
            said = f"{event.kind} {event.id}, of {event.time}, put aside as late: its partition"
            yield "unjustified-late", f"{said} was at {before}, and the bound is {given.bound}"
        greatest[event.partition] = max(before, event.time)


def _joins(given: _Given, accepted: list[Event]) -> Iterator[Found]:
    versions: dict[str, list[tuple[int, int, Any]]] = {}
    for event in accepted:
        if event.kind == TIER:
            versions.setdefault(event.user, []).append((event.time, event.id, event.value))
    for mine in versions.values():
        mine.sort(key=lambda version: version[:2])
    joined = Counter(identity for identity, _ in given.joined)
    waiting = Counter(given.waiting)
    clicks = {event.id: event for event in accepted if event.kind == CLICK}
    for identity in sorted({*clicks, *joined, *waiting}):
        wanted = 1 if identity in clicks else 0
        if joined[identity] + waiting[identity] != wanted:
            said = f"click {identity} joined {joined[identity]} times, and waiting"
            yield "lost-join", f"{said} {waiting[identity]} times"
    for identity, tier in given.joined:
        if identity in clicks:
            right = version_at(versions, clicks[identity])
            if tier != right:
                said = f"click {identity} joined with {shown(tier)}, and its user's tier was then"
                yield "wrong-join", f"{said} {shown(right)}"


WINDOWS_ENTRY = CheckerEntry(
    "window-complete",
    window_complete,
    "each window of a stream has its events, once",
    verify=verify,
)
WATERMARKS_ENTRY = CheckerEntry(
    "watermark-monotonic",
    watermark_monotonic,
    "no watermark of a stream goes back",
    verify=verify,
)
LATE_ENTRY = CheckerEntry(
    LATE_POLICY,
    late_policy,
    "what a stream puts aside as late is later than the bound",
    verify=verify,
)
CHECKPOINTS_ENTRY = CheckerEntry(
    "checkpoint-consistent",
    checkpoint_consistent,
    "a checkpoint of a stream has what is before its positions, and nothing else",
    verify=verify,
)
ENTRY = CheckerEntry(
    NAME, stream_results, "windows and joins of a stream are what its input says", verify=verify
)
