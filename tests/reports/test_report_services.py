"""Pictures of services: requests over time where load is open, and breakers by state."""

from __future__ import annotations

from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import pictures_of, seen_of
from splitbrain.reports.pictures.goodput import goodput_plots
from splitbrain.systems.reliability.pictures import BREAKERS


def test_open_load_shows_what_was_sent_and_what_was_answered_before_the_spike_and_after(bug_folder):
    view = load_run(bug_folder("RES-08"))
    (plot,) = goodput_plots(view)
    sent, answered = plot.series

    assert (sent.name, answered.name) == ("sent", "answered")
    assert sent.points[0][1] == answered.points[0][1] > 0
    assert max(rate for _, rate in sent.points) > 3 * sent.points[0][1]
    pairs = zip(sent.points, answered.points, strict=True)
    assert any(done[1] < asked[1] / 2 for asked, done in pairs)
    load = next(picture for picture in pictures_of(view) if picture.name == "load")
    assert len(load.svgs) == 4


def test_a_breaker_that_lets_two_through_shows_both_probes_in_its_half_open_time(bug_folder):
    lanes = BREAKERS.draw(seen_of(load_run(bug_folder("RES-06"))))

    for lane in lanes.lanes:
        half_open = [bar for bar in lane.bars if bar.text == "half-open"]
        probes = [point.time for point in lane.points if point.text == "probe"]
        assert all(any(bar.start <= time <= bar.end for bar in half_open) for time in probes)
    assert any(
        sum(bar.start <= point.time <= bar.end for point in lane.points if point.text == "probe")
        > 1
        for lane in lanes.lanes
        for bar in lane.bars
        if bar.text == "half-open"
    )
