"""Where in the code each event of a trace came from."""

from __future__ import annotations

import linecache
import sys
from types import FrameType

from splitbrain.harness.error_text import is_ours, place
from splitbrain.harness.ground import Ground, World
from splitbrain.harness.plan import Plan
from splitbrain.harness.simulation.trace import Event, Trace

MOST_FRAMES = 8


class Stacks(list[Event]):
    """The events of a trace, with the stack of each: frames of the code under test, innermost
    first; none where the simulator acts by itself (it delivers a message, say)."""

    def __init__(self) -> None:
        super().__init__()
        self.stacks: list[list[str]] = []

    def append(self, event: Event) -> None:
        """Keep an event, and where it comes from."""
        super().append(event)
        self.stacks.append(_stack(sys._getframe(1)))


class Stacked:
    """A ground whose worlds keep the stacks of their events. All else is as on the given ground."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.deterministic = ground.deterministic
        self.faults = ground.faults
        self.options = ground.options
        self.check = ground.check

    def world(self, plan: Plan, trace: Trace) -> World:
        """See `Ground.world`."""
        trace.events = Stacks()
        return self._ground.world(plan, trace)


def _stack(frame: FrameType | None) -> list[str]:
    found: list[str] = []
    while frame is not None and len(found) < MOST_FRAMES:
        name = frame.f_globals.get("__name__", "")
        if name in ("__main__", "runpy"):
            break  # this process's own
        if not is_ours(frame):
            file, line = frame.f_code.co_filename, frame.f_lineno
            source = linecache.getline(file, line, frame.f_globals).strip()
            found.append(f"{place(frame)}: {source}" if source else place(frame))
        frame = frame.f_back
    return found
