"""How a run was loaded: latency, rate and operations under way, over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from splitbrain.checkers.history import Call
from splitbrain.harness.pictures.forms import Plot, Series, Tone
from splitbrain.reports.model import RunView

BUCKETS = 120
_TONES: dict[str, Tone] = {"ok": "good", "fail": "faint", "info": "doubt"}


def load_plots(view: RunView) -> list[Plot]:
    """The three plots; none of a history whose operations never ended, or that has no times."""
    if view.recorded is not None and not view.recorded.timed:
        return []
    partner, time = view.history.partner.tolist(), view.history.time.tolist()
    ended = [
        (call, time[partner[call.invoked]]) for call in view.calls if partner[call.invoked] >= 0
    ]
    if not ended:
        return []
    return [_latency(ended), _rate(ended, view.end), _under_way(view, ended)]


def _latency(ended: Sequence[tuple[Call, int]]) -> Plot:
    series = [
        Series(
            outcome,
            tuple(
                (call.start, max(1e-6, (end - call.start) / 1e6))
                for call, end in ended
                if call.outcome == outcome
            ),
            "dots",
            tone,
        )
        for outcome, tone in _TONES.items()
    ]
    return Plot(tuple(series), "latency, ms", logarithmic=True)


def _rate(ended: Sequence[tuple[Call, int]], over: int) -> Plot:
    """Operations a second by the time of their end, in stretches of equal length."""
    width = max(1, -(-(over + 1) // BUCKETS))
    series = []
    for outcome, tone in _TONES.items():
        counts = Counter(end // width for call, end in ended if call.outcome == outcome)
        if counts:
            points = [(at * width, counts[at] * 1e9 / width) for at in range(over // width + 1)]
            series.append(Series(outcome, tuple(points), "steps", tone))
    return Plot(tuple(series), "ended, per second")


def _under_way(view: RunView, ended: Sequence[tuple[Call, int]]) -> Plot:
    """How many operations were invoked and not over; one that never ended counts to the end."""
    changes = Counter(call.start for call in view.calls)
    changes.subtract(Counter(end for _, end in ended))
    points, now = [], 0
    for time in sorted(changes):
        now += changes[time]
        points.append((time, float(now)))
    return Plot((Series("in flight", tuple(points), "steps", "a"),), "operations under way")
