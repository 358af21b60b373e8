"""All pictures of a run, drawn: those of its system, then those that any run has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from splitbrain.harness.pictures.forms import Form, Grid, Lanes, Plot, Ring
from splitbrain.harness.pictures.picture import LONGEST, MARGIN, Picture, Seen
from splitbrain.harness.system import System
from splitbrain.reports.model import RunView
from splitbrain.reports.pictures.clocks import CLOCKS
from splitbrain.reports.pictures.goodput import goodput_plots
from splitbrain.reports.pictures.grids import draw_grid
from splitbrain.reports.pictures.keys import KEY
from splitbrain.reports.pictures.lanes import draw_lanes
from splitbrain.reports.pictures.load import load_plots
from splitbrain.reports.pictures.plots import draw_plot
from splitbrain.reports.pictures.rings import draw_ring
from splitbrain.reports.pictures.servers import SERVERS
from splitbrain.reports.wording import safe_text, shortened
from splitbrain.systems import registry

ANY_RUN = (KEY, SERVERS, CLOCKS)
"""Pictures of whatever a run has, whatever its system."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture on a page.

    Attributes:
        name: its name in links.
        title: what it is.
        told: how it is to be read.
        svgs: the picture, in one part or several.
        problem: why there is none, in a sentence; empty if there is one.
    """

    name: str
    title: str
    told: str
    svgs: tuple[Markup, ...]
    problem: str = ""


def pictures_of(view: RunView) -> list[Drawn]:
    """The pictures of a run that has something to see in them; of a valid one, its load alone."""
    drawn: list[Drawn] = []
    if view.judgement != "valid":
        seen = seen_of(view)
        for picture in (*_own(view), *ANY_RUN):
            drawn += _drawn(view, seen, picture)
    return [*drawn, *_load(view)]


def seen_of(view: RunView) -> Seen:
    """The run as a picture sees it: around the failure, or its end if nothing is blamed."""
    blamed = sorted(view.marked)
    ended = [view.completion(view.calls[at]) for at in blamed]
    named = set(view.anomaly.operations) if view.anomaly else set()
    marks = [mark.time for mark in view.marks if mark.index in named]
    ends = [*(view.end if event is None else event.time for event in ended), *marks]
    end = max(ends, default=view.end)
    first = min([*(view.calls[at].start for at in blamed), *marks], default=end)
    start = 0 if view.small else max(0, end - LONGEST, first - MARGIN)
    return Seen(
        view.plan,
        view.history,
        view.calls,
        blamed,
        view.anomaly,
        view.trace,
        start,
        end,
    )


def _own(view: RunView) -> tuple[Picture, ...]:
    """The pictures of the run's system; none of a system that would have to be imported for it from
    wherever a file says."""
    name = view.plan.system
    if view.recorded is not None:
        return ()
    if name in registry.SYSTEMS:
        return registry.SYSTEMS[name].pictures
    module, _, attribute = name.partition(":")
    found = getattr(sys.modules.get(module), attribute, None) if attribute.isidentifier() else None
    return found.pictures if isinstance(found, System) else ()


def _drawn(view: RunView, seen: Seen, picture: Picture) -> Iterator[Drawn]:
    """A picture; a problem where its code raises, since that must not hide a verdict."""
    try:
        form = picture.draw(seen)
        svg = Markup("") if form is None else _svg(view, form, picture.title)
    except Exception as error:  # noqa: BLE001 - a system's own code, on any history
        told = safe_text(shortened(f"{type(error).__name__}: {error}", 200))
        problem = f"This picture of {view.plan.system} can't be drawn: {told}"
        yield Drawn(picture.name, picture.title, picture.told, (), safe_text(problem))
        return
    if svg:
        yield Drawn(picture.name, picture.title, picture.told, (svg,))


def _svg(view: RunView, form: Form, title: str) -> Markup:
    match form:
        case Lanes():
            return draw_lanes(form, view.faults, title)
        case Grid():
            return draw_grid(form, title)
        case Plot():
            return draw_plot(form, view.faults, title)
        case Ring():
            return draw_ring(form, title)


def _load(view: RunView) -> list[Drawn]:
    """Latency, rate and operations under way, if any ended."""
    svgs = tuple(
        svg
        for plot in (*goodput_plots(view), *load_plots(view))
        if (svg := draw_plot(plot, view.faults, "load", (0, max(1, view.end))))
    )
    told = (
        "Latency of each operation by its outcome, operations that ended in a second, and how many "
        "were under way; of open-loop load first what was sent, and answered in time. Bands are "
        "faults."
    )
    return [Drawn("load", "Latency, rate, in flight", told, svgs)] if svgs else []
