"""A picture of a system's own: what of a run it shows, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splitbrain.checkers.history import Call, History
from splitbrain.checkers.verdict import Anomaly
from splitbrain.harness.pictures.forms import Form
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.recorded_trace import RunTrace

MARGIN = 1_000_000_000
"""How long before the first blamed operation a picture begins, ns."""

LONGEST = 4_000_000_000
"""How much of a run a picture shows at most, ns."""


@dataclass(frozen=True)
class Seen:
    """A run as a picture sees it: read from its files, never from live objects.

    Attributes:
        plan: what was run.
        history: what happened, announcements of servers among it.
        calls: the clients' operations, by invocation.
        blamed: positions in `calls` of what the verdict names.
        anomaly: what it says; None for a run that did not fail.
        trace: all that happened, by order.
        start: from when on it is worth looking, ns.
        end: until when.
    """

    plan: Plan
    history: History
    calls: Sequence[Call]
    blamed: Sequence[int]
    anomaly: Anomaly | None
    trace: RunTrace
    start: int
    end: int

    def between(self, time: int) -> bool:
        """Whether a time is worth looking at."""
        return self.start <= time <= self.end


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Attributes:
        name: its name in links to it: lower case and hyphens.
        title: what it is, in a few words.
        told: how it is to be read, in a sentence or two.
        draw: makes its form of a run; None if there is nothing to see in this one.
    """

    name: str
    title: str
    told: str
    draw: Callable[[Seen], Form | None]
