"""How a run was loaded: latency, rate and operations under way, over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history import TYPES
from splitbrain.checkers.history.columns import Int8
from splitbrain.harness.pictures.forms import Plot, Series, Tone
from splitbrain.reports.model import RunView
from splitbrain.reports.pictures.curves import DOTS, STEPS, greatest

BUCKETS = 120
_TONES: dict[str, Tone] = {"ok": "good", "fail": "faint", "info": "doubt"}

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Ended:
    """The operations that ended: when each was invoked and ended, ns, and how."""

    start: Times
    end: Times
    outcome: Int8


def load_plots(view: RunView) -> list[Plot]:
    """The three plots; none of a history whose operations never ended, or that has no times."""
    if view.recorded is not None and not view.recorded.timed:
        return []
    history = view.history
    calls = history.client_calls
    invoked, partner, outcome = calls.invoked, calls.partner, calls.outcome
    over = partner >= 0
    if not over.any():
        return []
    start, end = history.time[invoked], history.time[partner[over]]
    ended = _Ended(start[over], end, outcome[over])
    return [_latency(ended), _rate(ended, view.end), _under_way(start, end)]


def _latency(ended: _Ended) -> Plot:
    took = np.maximum(1e-6, (ended.end - ended.start) / 1e6)
    series = []
    for outcome, tone in _TONES.items():
        here = ended.outcome == TYPES.index(outcome)
        start, latency = ended.start[here], took[here]
        shown = greatest(latency, DOTS)
        points = zip(start[shown].tolist(), latency[shown].tolist(), strict=True)
        series.append(Series(outcome, tuple(points), "dots", tone))
    return Plot(tuple(series), "latency, ms", logarithmic=True)


def _rate(ended: _Ended, over: int) -> Plot:
    """Operations a second by the time of their end, in stretches of equal length."""
    width = max(1, -(-(over + 1) // BUCKETS))
    series = []
    for outcome, tone in _TONES.items():
        ends = ended.end[ended.outcome == TYPES.index(outcome)]
        if len(ends):
            counts = np.bincount(ends // width, minlength=over // width + 1).tolist()
            points = [(at * width, count * 1e9 / width) for at, count in enumerate(counts)]
            series.append(Series(outcome, tuple(points), "steps", tone))
    return Plot(tuple(series), "ended, per second")


def _under_way(start: Times, end: Times) -> Plot:
    """How many operations were invoked and not over; one that never ended counts to the end."""
    times, place = np.unique(np.concatenate([start, end]), return_inverse=True)
    steps = np.repeat([1, -1], [len(start), len(end)])
    now = np.cumsum(np.bincount(place, steps, len(times)))
    shown = greatest(now, STEPS)
    points = zip(times[shown].tolist(), now[shown].tolist(), strict=True)
    return Plot((Series("in flight", tuple(points), "steps", "a"),), "operations under way")
