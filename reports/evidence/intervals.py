"""A window of operations drawn as intervals: a static SVG that needs no script.

What matters about a window is the order of its invocations and completions, while its times can
span milliseconds and minutes at once. So the horizontal axis shows order: every event gets a place,
and places are pushed apart until each operation's text fits into its own bar.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from splitbrain.checkers.history import Call
from splitbrain.reports.model import RunView
from splitbrain.reports.wording import client_name, seconds, shortened

# Pixels. A monospaced glyph is 0.602 em wide in the fonts asked for; 0.62 leaves a margin, and
# `textLength` makes the text fit where a reader's font is wider.
GLYPH = 12 * 0.62
SMALL_GLYPH = 10 * 0.62
GUTTER_GLYPH = 12 * 0.58
PADDING = 9
GAP = 14
ROW = 46
BAR = 24
TEXT_LIMIT = 34


@dataclass(frozen=True, slots=True)
class Bar:
    """One operation of the drawing.

    Attributes:
        position: of its call.
        row: its lane, from 0.
        start: number of the place where it is invoked.
        end: number of the place where it completes; None if it stays open for ever.
        text: what it does.
        times: when.
        outcome: ``ok``, ``fail`` or ``info``.
        blamed: whether the anomaly names it.
    """

    position: int
    row: int
    start: int
    end: int | None
    text: str
    times: str
    outcome: str
    blamed: bool

    @property
    def width(self) -> float:
        """The least width at which its texts fit, in pixels."""
        longest = max(len(self.text) * GLYPH, len(self.times) * SMALL_GLYPH)
        return longest + 2 * PADDING


def draw_intervals(
    view: RunView,
    window: Sequence[int],
    blamed: Collection[int],
    order: Sequence[int] = (),
    notes: Mapping[int, str] | None = None,
) -> Markup:
    """The SVG of the calls at these positions; empty when there are none.

    Args:
        view: the run.
        window: positions of the calls to draw.
        blamed: those that the anomaly names.
        order: some of them in the order in which a checker put them, drawn as a path.
        notes: what to say of a call when it is pointed at.
    """
    if not window:
        return Markup("")
    calls = [(position, view.calls[position]) for position in window]
    lanes = _lanes(view, calls)
    bars = _bars(view, calls, list(lanes), blamed)
    places = _places(bars)
    return _svg(bars, places, lanes, order, notes or {})


def _lanes(view: RunView, calls: Sequence[tuple[int, Call]]) -> dict[int, str]:
    processes = sorted({call.process for _, call in calls})
    return {process: client_name(process, view.plan.clients) for process in processes}


def _bars(
    view: RunView,
    calls: Sequence[tuple[int, Call]],
    processes: Sequence[int],
    blamed: Collection[int],
) -> list[Bar]:
    """The bars; places are numbered by position in the history, which orders equal times too."""
    moments = {call.invoked for _, call in calls}
    moments |= {call.completed for _, call in calls if call.completed is not None}
    place = {moment: number for number, moment in enumerate(sorted(moments))}
    return [
        Bar(
            position,
            processes.index(call.process),
            place[call.invoked],
            None if call.completed is None else place[call.completed],
            _bar_text(view, position, call),
            _times(call),
            call.outcome,
            position in blamed,
        )
        for position, call in calls
    ]


def _bar_text(view: RunView, position: int, call: Call) -> str:
    text = view.phrases.label(call, view.number(position), TEXT_LIMIT)
    verb = shortened(call.f, 20)
    return shortened(f"{verb} {text}", TEXT_LIMIT + 16)


def _times(call: Call) -> str:
    if call.end is None:
        return f"{seconds(call.start)} - outcome unknown"
    return f"{call.start / 1e9:.3f} - {seconds(call.end)}"


def _places(bars: Sequence[Bar]) -> list[float]:
    """x of every place: the least that leaves each bar its width (a longest path)."""
    count = 1 + max(max(bar.start, bar.end or 0) for bar in bars)
    ending: dict[int, list[Bar]] = {}
    for bar in bars:
        if bar.end is not None:
            ending.setdefault(bar.end, []).append(bar)
    places = [0.0] * count
    for number in range(1, count):
        places[number] = places[number - 1] + GAP
        for bar in ending.get(number, ()):
            places[number] = max(places[number], places[bar.start] + bar.width)
    return places


def _svg(
    bars: Sequence[Bar],
    places: Sequence[float],
    lanes: dict[int, str],
    order: Sequence[int],
    notes: Mapping[int, str],
) -> Markup:
    names = list(lanes.values())
    gutter = max(len(name) for name in names) * GUTTER_GLYPH + 20
    open_ends = [places[bar.start] + bar.width + GAP for bar in bars if bar.end is None]
    right = max([places[-1] + 4, *open_ends])
    width, height = gutter + right + 12, len(names) * ROW + 8
    parts = [
        Markup('<svg class="intervals" role="img" aria-label="operations as intervals" ')
        + Markup('width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}">').format(
            width, height
        )
    ]
    for row, name in enumerate(names):
        y = row * ROW + 4
        parts.append(
            Markup('<text class="lane" x="{:.1f}" y="{:.1f}">{}</text>').format(
                gutter - 12, y + BAR / 2 + 4, name
            )
        )
        parts.append(
            Markup('<line class="rule" x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
                gutter, width - 4, y=y + BAR / 2
            )
        )
    steps = {position: step for step, position in enumerate(order)}
    for bar in bars:
        told = _told(bar, steps.get(bar.position), notes.get(bar.position))
        parts.append(_bar_svg(bar, places, gutter, right, told))
    parts += _path(bars, places, gutter, order)
    return Markup("").join([*parts, Markup("</svg>")])


@dataclass(frozen=True, slots=True)
class _Told:
    """What a bar says when it is pointed at: more classes, attributes, and a tool tip."""

    classes: str
    attributes: Markup
    title: Markup


def _told(bar: Bar, step: int | None, note: str | None) -> _Told:
    if note is None:
        return _Told("", Markup(""), Markup(""))
    attributes = Markup(' data-note="{}" tabindex="0"').format(note)
    if step is not None:
        attributes += Markup(' data-step="{}"').format(step)
    title = Markup("<title>{}</title>").format(note)
    return _Told(" blocked" if step is None else "", attributes, title)


def _path(
    bars: Sequence[Bar], places: Sequence[float], gutter: float, order: Sequence[int]
) -> list[Markup]:
    """The order as points on the bars' upper edges, joined from left to right.

    Each operation takes effect right after the last invocation among those up to it, which is
    before it completed if the order respects real time.
    """
    by_position = {bar.position: bar for bar in bars}
    ordered = [by_position[position] for position in order]
    latest, moments = -1, []
    for bar in ordered:
        latest = max(latest, bar.start)
        moments.append(latest)
    parts = []
    previous: tuple[float, float] | None = None
    for step, (bar, moment) in enumerate(zip(ordered, moments, strict=True)):
        share = (moments[:step].count(moment) + 1) / (moments.count(moment) + 1)
        x, y = gutter + places[moment] + share * GAP, bar.row * ROW + 4.0
        if previous is not None:
            line = '<path class="path" data-step="{}" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>'
            parts.append(Markup(line).format(step, *previous, x, y))
        point = '<circle class="point" data-step="{}" cx="{:.1f}" cy="{:.1f}" r="3.5"/>'
        parts.append(Markup(point).format(step, x, y))
        previous = (x, y)
    return parts


def _bar_svg(bar: Bar, places: Sequence[float], gutter: float, right: float, told: _Told) -> Markup:
    x, y = gutter + places[bar.start], bar.row * ROW + 4
    width = (right if bar.end is None else places[bar.end]) - places[bar.start]
    classes = (
        f"bar {bar.outcome}{' blamed' if bar.blamed else ''}{' open' if bar.end is None else ''}"
        f"{told.classes}"
    )
    room = width - 2 * PADDING
    return Markup(
        '<g class="{classes}"{attributes}>{title}'
        '<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{bar}" rx="4"/>'
        '<text class="what" x="{text_x:.1f}" y="{what_y:.1f}"{what_fit}>{text}</text>'
        '<text class="when" x="{text_x:.1f}" y="{when_y:.1f}"{when_fit}>{times}</text></g>'
    ).format(
        classes=classes,
        attributes=told.attributes,
        title=told.title,
        x=x,
        y=y,
        width=width,
        bar=BAR,
        text_x=x + PADDING,
        what_y=y + BAR / 2 + 4,
        when_y=y + BAR + 12,
        text=bar.text,
        times=bar.times,
        what_fit=_fit(bar.text, GLYPH, room),
        when_fit=_fit(bar.times, SMALL_GLYPH, room),
    )


def _fit(text: str, glyph: float, room: float) -> Markup:
    """A `textLength` for text that wide glyphs (CJK, emoji) could push out of its bar."""
    if text.isascii():
        return Markup("")
    length = min(room, len(text) * glyph)
    return Markup(' textLength="{:.0f}" lengthAdjust="spacingAndGlyphs"').format(length)


def draw_life(times: Sequence[tuple[int, bool]], acknowledged: int, end: int) -> Markup:
    """An element's life line: from its acknowledgment (ns) on, reads with and without it.

    Dots above the line are reads that contain it, crosses below are reads that don't; to scale from
    the acknowledgment to the end of the run.
    """
    span, width = max(1, end - acknowledged), 220
    parts = [Markup('<svg class="life" role="img" aria-label="life line" width="244" height="22">')]
    parts.append(Markup('<line class="rule" x1="8" x2="236" y1="11" y2="11"/>'))
    parts.append(Markup('<rect class="born" x="5" y="5" width="4" height="12"/>'))
    drawn: set[tuple[int, bool]] = set()
    for time, present in times:
        x = 12 + round((time - acknowledged) / span * width)
        if (x, present) in drawn:
            continue
        drawn.add((x, present))
        if present:
            parts.append(Markup('<circle class="seen" cx="{}" cy="7" r="3.5"/>').format(x))
        else:
            cross = Markup('<path class="gone" d="M{} 12l7 7m0 -7l-7 7"/>')
            parts.append(cross.format(x - 3))
    return Markup("").join([*parts, Markup("</svg>")])
