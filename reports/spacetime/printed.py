"""What nodes printed and logged, with virtual time and event: lines to stand beside a diagram."""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.reports.model import RunView
from splitbrain.reports.wording import safe_text, shortened

KINDS = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class Printed:
    """A line that a node printed.

    Attributes:
        time: when, ns.
        event: the event's number in the trace, from 0.
        node: who.
        text: what.
    """

    time: int
    event: int
    node: str
    text: str


def printed_by(view: RunView, limit: int) -> tuple[list[Printed], int]:
    """The last lines up to the failure, or the end, and how many before them are left out."""
    trace = view.trace
    marked = [view.completion(view.calls[at]) for at in view.marked]
    end = max((event.time for event in marked if event is not None), default=view.end)
    found = [
        at
        for at, event in enumerate(trace.events)
        if event[1] in KINDS and len(event) > 3 and trace.time(at) <= end
    ]
    lines = [
        Printed(
            trace.time(at),
            trace.number(at),
            safe_text(shortened(str(trace.events[at][2]), 24)),
            safe_text(shortened(str(trace.events[at][3]), 240)),
        )
        for at in found[-limit:]
    ]
    return lines, len(found) - len(lines)
