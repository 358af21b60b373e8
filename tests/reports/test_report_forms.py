"""The forms of pictures: whatever a system says, what is drawn is well-formed and only shapes."""

import re
import xml.etree.ElementTree as ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from splitbrain.harness.pictures import forms
from splitbrain.harness.pictures.forms import (
    SERIES,
    Bar,
    Cell,
    Grid,
    Lane,
    Lanes,
    Link,
    Plot,
    Point,
    Row,
    Series,
)
from splitbrain.reports.pictures.grids import draw_grid
from splitbrain.reports.pictures.lanes import draw_lanes
from splitbrain.reports.pictures.marking import Axis
from splitbrain.reports.pictures.plots import draw_plot
from splitbrain.reports.pictures.rings import draw_ring

names = st.text(max_size=12)
times = st.integers(0, 10**10)
tones = st.sampled_from(("plain", "faint", "good", "bad", "doubt", "lead", *SERIES))
bars = st.builds(Bar, times, st.none() | times, names, tones, names)
points = st.builds(Point, times, names, tones, names)


def some(of):
    """A few of them, as a tuple."""
    return st.lists(of, max_size=4).map(tuple)


lanes = st.builds(Lane, names, some(bars), some(points))
links = st.builds(Link, names, times, names, times, names, st.booleans())
rows = st.builds(Row, names, some(st.builds(Cell, names, tones, names)))
series = st.builds(
    Series,
    names,
    some(st.tuples(times, st.floats(-1e9, 1e9))),
    st.sampled_from(("line", "steps", "dots")),
    tones,
)
shares = st.lists(st.tuples(st.floats(0.01, 0.99), names), max_size=4).map(sorted)
drawings = st.one_of(
    st.builds(Lanes, some(lanes), some(links)),
    st.builds(Grid, some(names), some(rows)),
    st.builds(Plot, some(series), names, st.booleans()),
    st.builds(forms.Ring, shares.map(tuple), shares.map(tuple), shares.map(tuple)),
)


@example(form=Lanes((Lane("n1"), Lane("n1", (Bar(0, 1, "two of a name"),)))))
@given(form=drawings)
def test_any_form_is_drawn_as_well_formed_markup_with_nothing_but_shapes(form):
    draw = {
        Lanes: lambda: draw_lanes(form, (), "it"),
        Grid: lambda: draw_grid(form, "it"),
        Plot: lambda: draw_plot(form, (), "it"),
        forms.Ring: lambda: draw_ring(form, "it"),
    }
    svg = draw[type(form)]()

    if svg:
        tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
        assert tags <= {"svg", "g", "rect", "path", "line", "circle", "text", "title"}
        assert "nan" not in svg
        assert "inf" not in re.sub(r">[^<]*<|\"[^\"]*\"", "", svg)


@given(moments=st.lists(times, min_size=1, max_size=30))
def test_an_axis_keeps_the_order_of_times(moments):
    axis = Axis(moments)
    places = [axis.x(time) for time in sorted(moments)]

    assert places == sorted(places)
    assert places[-1] == axis.width
    assert all(0 <= x <= axis.width for x, _ in axis.breaks)
