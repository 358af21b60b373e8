"""How runs went from day to day, as small pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from splitbrain.reports.overview.entries import NOT_JUDGED, Entry

DAYS = 60
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


def days_of(entries: Sequence[Entry]) -> list[Day]:
    """The last days on which anything ran, oldest first."""
    counts = Counter((entry.date, entry.judgement) for entry in entries if entry.date)
    dates = sorted({date for date, word in counts if word != NOT_JUDGED})
    return [
        Day(date, counts[date, "valid"], counts[date, "invalid"], counts[date, "unknown"])
        for date in dates[-DAYS:]
    ]


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


def draw_finds(entries: Sequence[Entry], days: Sequence[Day]) -> Markup:
    """One failure's share of each day's runs."""
    if len(days) < 2:
        return Markup("")
    found = Counter(entry.date for entry in entries)
    parts = [_head(f"found on {len(found)} of {len(days)} days", len(days))]
    for number, day in enumerate(days):
        if found[day.date] and day.runs:
            height = max(2.0, found[day.date] / day.runs * (HEIGHT - 2))
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
