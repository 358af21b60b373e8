"""How runs went from day to day, as small pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from splitbrain.reports.overview.entries import Entry
from splitbrain.reports.overview.remembered import Failure, Remembered

DAYS = 60
JUDGED = ("valid", "invalid", "unknown")
HEIGHT = 34.0
_BAR = 9.0


@dataclass(frozen=True, slots=True)
class Day:
    """The judged runs of one day, by what came of them."""

    date: str
    valid: int
    invalid: int
    unknown: int

    @property
    def runs(self) -> int:
        """All of them."""
        return self.valid + self.invalid + self.unknown


def days_of(entries: Sequence[Entry], hunted: Remembered) -> list[Day]:
    """The last days on which anything ran, oldest first: runs in folders, and all that hunts tried
    on a day that they remember."""
    counts = Counter((entry.date, entry.judgement) for entry in _others(entries, hunted))
    counts.update(hunted.days)
    dates = sorted({date for date, word in counts if word in JUDGED})
    return [Day(date, *(counts[date, word] for word in JUDGED)) for date in dates[-DAYS:]]


def finds_of(entries: Sequence[Entry], hunted: Remembered, failure: Failure) -> Counter[str]:
    """How often a failure, which these runs in folders are, was found on each day."""
    found = Counter(entry.date for entry in _others(entries, hunted))
    found.update(hunted.found.get(failure, {}))
    return found


def _others(entries: Sequence[Entry], hunted: Remembered) -> list[Entry]:
    """The runs in folders that are not among what hunts count."""
    return [e for e in entries if e.date and (e.target, e.seed) not in hunted.dated]


def draw_days(days: Sequence[Day]) -> Markup:
    """A bar a day: failures below, what is undecided and valid above them."""
    most = max((day.runs for day in days), default=0)
    if not most:
        return Markup("")
    parts = [_head(f"runs on {len(days)} days", len(days))]
    for number, day in enumerate(days):
        told = f"{day.date}: {day.invalid} invalid, {day.unknown} unknown, {day.valid} valid"
        parts.append(Markup("<g><title>{}</title>").format(told))
        y = HEIGHT
        for kind, count in (("bad", day.invalid), ("info", day.unknown), ("ok", day.valid)):
            if count:
                height = max(1.0, count / most * (HEIGHT - 2))
                y -= height
                parts.append(_rect(kind, number, y, height))
        parts.append(Markup("</g>"))
    return Markup("").join([*parts, Markup("</svg>")])


def draw_finds(found: Mapping[str, int], days: Sequence[Day]) -> Markup:
    """One failure's share of each day's runs, of how often it was found on each."""
    if len(days) < 2:
        return Markup("")
    on = sum(day.date in found for day in days)
    parts = [_head(f"found on {on} of {len(days)} days", len(days))]
    for number, day in enumerate(days):
        times = found.get(day.date, 0)
        if times and day.runs:
            height = max(2.0, times / day.runs * (HEIGHT - 2))
            parts.append(_rect("bad", number, HEIGHT - height, height))
    return Markup("").join([*parts, Markup("</svg>")])


def _head(told: str, count: int) -> Markup:
    return Markup(
        '<svg class="days" role="img" aria-label="{}" width="{:.0f}" height="{:.0f}">'
    ).format(told, count * _BAR, HEIGHT)


def _rect(kind: str, number: int, y: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:.0f}" y="{:.1f}" width="{:.0f}" height="{:.1f}"/>').format(
        kind, number * _BAR, y, _BAR - 2, height
    )
