"""The story of a run in plain sentences, in order of time.

    2.412 s  network: n1 cut off from n2, n3
    2.500 s  now it is certain: n1 receives (lease, 3) from n3 (30 of 30 continuations fail, ...)
    4.870 s  client 2 writes x = 2           ok
  * 9.001 s  client 1 reads x -> 1           ok    <- stale-read

It is told of the shrunk run when there is one. What doesn't fit is left out in so many words, the
anomaly's operations and the faults before them last.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from splitbrain.checkers.history import OK, Call
from splitbrain.reports.evidence.witness import operation_text
from splitbrain.reports.model import RunView
from splitbrain.reports.phrases import UNCUT
from splitbrain.reports.spacetime.answers import answered_by
from splitbrain.reports.wording import (
    VALUE_LIMIT,
    clipped,
    counted,
    duration,
    fault_text,
    safe_text,
    seconds,
    shortened,
)

LINE_LIMIT = 40

FAULT, OPERATION, ANNOUNCEMENT, PHASE, ELISION, CERTAIN = (
    *("fault", "operation", "announcement", "phase", "elision", "certain"),
)


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One sentence of the story.

    Attributes:
        kind: ``fault``, ``operation``, ``announcement``, ``phase``, ``elision`` or ``certain``.
        time: when, ns; for an elision, of the first thing left out.
        text: what happened.
        outcome: how an operation ended (``ok``, ``fail``, ``info``), or "".
        took: how long an operation took, in words, or "".
        marked: whether it belongs to the anomaly.
        note: what else to say of it, or "".
        index: history index of the event; None for an elision.
        rank: what comes first among lines of the same time: the lower.
        close: whether a fault was in force while an operation of the anomaly was under way.
    """

    kind: str
    time: int
    text: str
    outcome: str = ""
    took: str = ""
    marked: bool = False
    note: str = ""
    index: int | None = None
    rank: float = -1
    close: bool = False

    @property
    def clock(self) -> str:
        """The time in words."""
        return seconds(self.time)


def tell(view: RunView, limit: int = LINE_LIMIT) -> tuple[StoryLine, ...]:
    """The story of this run's own history in at most `limit` lines and the elisions between."""
    events = sorted([*_event_lines(view), *_certain_line(view)], key=_place)
    order = _Order(view, events)
    whole = order.total <= limit
    kept = range(order.total) if whole else sorted(_chosen(view, order, limit))
    told: list[StoryLine] = []
    after = 0
    for number in kept:
        told += _elision(order, after, number)
        told.append(order.line(number))
        after = number + 1
    return (*told, *_elision(order, after, order.total))


def _place(line: StoryLine) -> tuple[int, float]:
    return line.time, line.rank if line.index is None else line.index


class _Order:
    """All that could be told, numbered in order of time. Of many operations few are told, so that
    lines are made of these alone.

    Attributes:
        view: the run.
        events: lines of what is no operation, and `numbers` of these.
        total: how many lines there would be.
        pivot: number of the last line of the anomaly; without one, of the last of all: a killed run
            shows its last moments.
    """

    def __init__(self, view: RunView, events: Sequence[StoryLine]) -> None:
        self.view, self.events = view, events
        self._before = [
            bisect_left(view.calls, _place(event), key=lambda call: (call.start, call.invoke_index))
            for event in events
        ]
        self.numbers = [n + before for n, before in enumerate(self._before)]
        self.total = len(view.calls) + len(events)
        marked = [n for n, event in zip(self.numbers, events, strict=True) if event.marked]
        marked += [self.of_operation(position) for position in view.marked]
        self.marked = sorted(marked)
        self.pivot = self.marked[-1] if marked else self.total - 1

    def of_operation(self, position: int) -> int:
        """The number of an operation's line."""
        return position + bisect_right(self._before, position)

    def event(self, number: int) -> StoryLine | None:
        """The line of this number if it is no operation's."""
        place = bisect_left(self.numbers, number)
        there = place < len(self.numbers) and self.numbers[place] == number
        return self.events[place] if there else None

    def operations(self, number: int) -> int:
        """How many operations come before a line."""
        return number - bisect_left(self.numbers, number)

    def line(self, number: int) -> StoryLine:
        """The line of this number."""
        return self.event(number) or _operation_line(self.view, self.operations(number))

    def from_pivot(self) -> Iterator[int]:
        """Positions of operations: the nearest before the pivot, then the nearest after it."""
        first = self.operations(self.pivot)
        yield from range(min(first, len(self.view.calls) - 1), -1, -1)
        yield from range(first + 1, len(self.view.calls))


def _operation_line(view: RunView, position: int) -> StoryLine:
    """An operation's line: who did what, who answered, how long that took."""
    call = view.calls[position]
    marked = view.marked
    text = operation_text(view, position, UNCUT if view.small else VALUE_LIMIT)
    culprit = view.anomaly is not None and position == max(marked, default=-1)
    return StoryLine(
        kind=OPERATION,
        time=call.start,
        text=text + answered_by(view, call) + _why(view, call),
        outcome=call.outcome,
        took=_took(view, call),
        marked=position in marked,
        note=safe_text(shortened(view.anomaly.kind)) if culprit and view.anomaly else "",
        index=call.invoke_index,
    )


def _why(view: RunView, call: Call) -> str:
    """Why an operation did not succeed, as far as it was told."""
    completion = None if call.outcome == OK else view.completion(call)
    if completion is None or not completion.error:
        return ""
    return f": {safe_text(clipped(completion.error, 80))}"


def _took(view: RunView, call: Call) -> str:
    if call.end is not None:
        return duration(call.end - call.start)
    completion = view.completion(call)
    return "never ended" if completion is None else duration(completion.time - call.start)


def _event_lines(view: RunView) -> list[StoryLine]:
    lines = []
    servers = view.servers
    spans = [_span(view, view.calls[position]) for position in view.marked]
    for fault in view.faults:
        begin = -math.inf if fault.start is None else fault.start
        end = math.inf if fault.end is None else fault.end
        close = any(begin <= over and start <= end for start, over in spans)
        sides = (("start", fault.start), ("stop", fault.end))
        for phase, time in sides:
            if time is None:
                continue
            text = fault_text(fault.kind, fault.targets, servers, phase, fault.detail)
            index = fault.index if phase == "start" else None
            idle = fault.observed is False and phase == "stop"
            note = "no effect observed" if idle else ""
            # What ends at the moment it began ends after it; others end before new ones begin.
            instant = phase == "stop" and time == fault.start
            rank = -1 if not instant or fault.index is None else fault.index + 0.5
            line = StoryLine(FAULT, time, text, note=note, index=index, rank=rank, close=close)
            lines.append(line)
        family = safe_text(fault.kind.split(".", 1)[0])
        lines += [StoryLine(FAULT, time, f"{family}: {text}") for time, text in fault.steps]
    named = set(view.anomaly.operations) if view.anomaly else set()
    lines += [
        StoryLine(
            ANNOUNCEMENT,
            mark.time,
            f"{safe_text(mark.who)}: {mark.text}",
            marked=mark.index in named,
            index=mark.index,
        )
        for mark in view.marks
    ]
    lines += [
        StoryLine(PHASE, phase.time, _PHASE_WORDS[phase.text], index=phase.index)
        for phase in view.phases
        if phase.text in _PHASE_WORDS
    ]
    return lines


def _span(view: RunView, call: Call) -> tuple[int, int]:
    """When somebody waited for an operation: from, to."""
    completion = view.completion(call)
    return call.start, call.start if completion is None else completion.time


def _certain_line(view: RunView) -> list[StoryLine]:
    """From where on the failure is certain: after everything that happened at that moment."""
    certain = view.certain
    if certain is None:
        return []
    if certain.time is None:
        text = f"certain from the start, whatever the schedule ({certain.figures})"
        return [StoryLine(CERTAIN, 0, text)]
    event = safe_text(clipped(certain.event, 80))
    text = f"now it is certain: {event} ({certain.figures})"
    return [StoryLine(CERTAIN, certain.time, text, rank=math.inf)]


_PHASE_WORDS = {
    "heal": "all faults are healed",
    "final": "final reads begin",
}


def _chosen(view: RunView, order: _Order, limit: int) -> set[int]:
    """Numbers of the lines to keep: the anomaly's, then the others nearest before it: events, first
    the faults that were in force while it came about, then operations on its key, then any."""
    marked = set(order.marked)
    certain = [
        n for n, event in zip(order.numbers, order.events, strict=True) if event.kind == CERTAIN
    ]
    kept = [*certain, *order.marked[-limit + len(certain) :]]
    room = limit - len(kept)
    # What came after the failure explains nothing of it.
    before = [
        pair for pair in zip(order.numbers, order.events, strict=True) if pair[0] < order.pivot
    ]
    events = [n for n, _ in sorted(before, key=lambda pair: (not pair[1].close, -pair[0]))]
    operations = (n for n in map(order.of_operation, order.from_pivot()) if n not in marked)
    related = (n for n in map(order.of_operation, _of_the_key(view, order)) if n not in marked)
    for pool, share in ((events, room // 2), (related, room // 4), (operations, limit)):
        free = (number for number in pool if number not in kept)
        kept += islice(free, max(0, min(share, limit - len(kept))))
    return set(kept)


def _of_the_key(view: RunView, order: _Order) -> Iterator[int]:
    """Positions of the operations on the key that the anomaly names."""
    key = view.anomaly.details.get("key") if view.anomaly else None
    for position in order.from_pivot() if key is not None else ():
        argument = view.calls[position].argument
        if isinstance(argument, list) and argument[:1] == [key]:
            yield position


def _elision(order: _Order, first: int, after: int) -> list[StoryLine]:
    """What is said in the place of the lines from one on to before another; nothing for none."""
    if first == after:
        return []
    operations = order.operations(after) - order.operations(first)
    parts = [counted(operations, "operation")] if operations else []
    if after - first > operations:
        parts.append(counted(after - first - operations, "other event"))
    event = order.event(first)
    time = event.time if event else order.view.calls[order.operations(first)].start
    return [StoryLine(ELISION, time, f"... {' and '.join(parts)} not shown ...")]
