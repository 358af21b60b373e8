"""What became of requests where one operation makes many of them: open-loop load."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from splitbrain.checkers.history import OK
from splitbrain.harness.pictures.forms import Plot, Series, Tone
from splitbrain.reports.model import RunView

_REQUESTS: dict[str, Tone] = {"sent": "faint", "answered": "good"}
"""What an operation tells of its requests."""

_FEW = 20
"""If none of so many operations tells of requests, none does."""


def goodput_plots(view: RunView) -> list[Plot]:
    """What was sent and what was answered in time, at the rate of a second; none where operations
    don't tell that."""
    if view.recorded is not None and not view.recorded.timed:
        return []
    done = (call for call in view.calls if call.outcome == OK)
    if not any(_tells(call.result) for call in islice(done, _FEW)):
        return []
    told = sorted(
        (call.start, call.end, call.result)
        for call in view.calls
        if call.outcome == OK and call.end is not None and _tells(call.result)
    )
    width = max(1, min(end - start for start, end, _ in told))
    series = [
        Series(
            name,
            tuple((start, result[name] * 1e9 / width) for start, _, result in told),
            "steps",
            tone,
        )
        for name, tone in _REQUESTS.items()
    ]
    return [Plot(tuple(series), "requests, per second")]


def _tells(result: Any) -> bool:
    return isinstance(result, Mapping) and all(type(result.get(name)) is int for name in _REQUESTS)
