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
from collections.abc import Sequence
from dataclasses import dataclass, replace

from splitbrain.checkers.history import Call
from splitbrain.reports.model import RunView
from splitbrain.reports.phrases import UNCUT
from splitbrain.reports.spacetime.answers import answered_by
from splitbrain.reports.witness import operation_text
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

    @property
    def clock(self) -> str:
        """The time in words."""
        return seconds(self.time)


def tell(view: RunView, limit: int = LINE_LIMIT) -> tuple[StoryLine, ...]:
    """The story of this run's own history in at most `limit` lines and the elisions between."""
    lines = sorted(
        [*_operation_lines(view), *_event_lines(view), *_certain_line(view)],
        key=lambda line: (line.time, line.rank if line.index is None else line.index),
    )
    told = lines if len(lines) <= limit else _elided(lines, _chosen(view, lines, limit))
    return tuple(_worded(view, line) if line.kind == OPERATION else line for line in told)


def _operation_lines(view: RunView) -> list[StoryLine]:
    """A line for each operation, without words: few of many are told."""
    marked = view.marked
    culprit = max(marked, default=-1)
    kind = safe_text(shortened(view.anomaly.kind)) if view.anomaly else ""
    return [
        StoryLine(
            kind=OPERATION,
            time=call.start,
            text="",
            outcome=call.outcome,
            marked=position in marked,
            note=kind if position == culprit else "",
            index=call.invoke_index,
        )
        for position, call in enumerate(view.calls)
    ]


def _worded(view: RunView, line: StoryLine) -> StoryLine:
    """An operation's line with its words: who did what, who answered, how long that took."""
    assert line.index is not None
    position = view.call_at[line.index]
    call = view.calls[position]
    text = operation_text(view, position, UNCUT if view.small else VALUE_LIMIT)
    return replace(line, text=text + answered_by(view, call), took=_took(view, call))


def _took(view: RunView, call: Call) -> str:
    if call.end is not None:
        return duration(call.end - call.start)
    completion = view.completion(call)
    return "never ended" if completion is None else duration(completion.time - call.start)


def _event_lines(view: RunView) -> list[StoryLine]:
    lines = []
    servers = view.servers
    for fault in view.faults:
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
            lines.append(StoryLine(FAULT, time, text, note=note, index=index, rank=rank))
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


def _chosen(view: RunView, lines: Sequence[StoryLine], limit: int) -> frozenset[int]:
    """Which lines to keep, by position in `lines`: the anomaly's, then others nearest before it.

    Without an anomaly the end of the run is what matters: a killed run shows its last moments.
    """
    marked = [number for number, line in enumerate(lines) if line.marked]
    pivot = marked[-1] if marked else len(lines) - 1
    kept = [number for number, line in enumerate(lines) if line.kind == CERTAIN]
    kept += marked[-limit + len(kept) :]
    room = limit - len(kept)
    events = [number for number, line in enumerate(lines) if line.kind != OPERATION]
    operations = [
        number for number, line in enumerate(lines) if line.kind == OPERATION and not line.marked
    ]
    related = [number for number in operations if _same_key(view, lines[number])]
    for pool, share in ((events, room // 2), (related, room // 4), (operations, limit)):
        free = [number for number in pool if number not in kept]
        free.sort(key=lambda number: (number > pivot, abs(number - pivot)))
        kept += free[: min(share, limit - len(kept))]
    return frozenset(kept)


def _same_key(view: RunView, line: StoryLine) -> bool:
    if view.anomaly is None or line.index is None:
        return False
    key = view.anomaly.details.get("key")
    argument = view.calls[view.call_at[line.index]].argument
    return key is not None and isinstance(argument, list) and argument[:1] == [key]


def _elided(lines: Sequence[StoryLine], kept: frozenset[int]) -> tuple[StoryLine, ...]:
    told: list[StoryLine] = []
    gap: list[StoryLine] = []
    for number, line in enumerate(lines):
        if number not in kept:
            gap.append(line)
            continue
        if gap:
            told.append(_elision(gap))
            gap = []
        told.append(line)
    if gap:
        told.append(_elision(gap))
    return tuple(told)


def _elision(gap: Sequence[StoryLine]) -> StoryLine:
    operations = sum(line.kind == OPERATION for line in gap)
    parts = [counted(operations, "operation")] if operations else []
    if len(gap) > operations:
        parts.append(counted(len(gap) - operations, "other event"))
    return StoryLine(ELISION, gap[0].time, f"... {' and '.join(parts)} not shown ...")
