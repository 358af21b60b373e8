"""Pictures of streams and batch jobs: watermarks, owners, offsets, attempts."""

from dataclasses import replace
from itertools import pairwise

import pytest
from picturing import form_of, write_trace
from run_recording import SECOND
from sample_traces import two_leaders_run

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import seen_of
from splitbrain.systems import registry
from splitbrain.systems.batch.dataflow.pictures import ATTEMPTS
from splitbrain.systems.streams.change_capture.pictures import FOLLOWED
from splitbrain.systems.streams.partitioned_log.pictures import OWNERS
from splitbrain.systems.streams.processor.pictures import WATERMARKS
from splitbrain.systems.streams.replicated_log.pictures import LEADERS
from splitbrain.systems.streams.replicated_log.pictures import OWNERS as GROUP_OWNERS


def test_a_watermark_is_drawn_against_the_times_of_events(tmp_path):
    folder = two_leaders_run(tmp_path)
    took = (
        [0.1, 0, 0, 900, None],
        [0.2, 0, 1, 1500, 400.0],
        [0.3, 0, 0, 1200, 700.0],
        [0.4, 0, 1, 600, 700.0],
        [0.5, 0, 1, 1600, 500.0],
    )
    write_trace(folder, [[time, "took", "n1", *rest] for time, *rest in took])

    plot = WATERMARKS.draw(seen_of(load_run(folder)))

    assert {series.name: series.points for series in plot.series} == {
        "events of partition 0": ((100_000_000, 0.9), (300_000_000, 1.2)),
        "events of partition 1": ((200_000_000, 1.5), (400_000_000, 0.6), (500_000_000, 1.6)),
        "watermark of group 0": (
            (200_000_000, 0.4),
            (300_000_000, 0.7),
            (400_000_000, 0.7),
            (500_000_000, 0.5),
        ),
        "late": ((400_000_000, 0.6),),
        "goes back": ((500_000_000, 0.5),),
    }


def test_workers_trace_what_the_picture_of_watermarks_is_made_of(bug_folder):
    plot = form_of(bug_folder("STR-07"), "watermarks")

    assert any(series.name.startswith("watermark of group") for series in plot.series)


def test_partitions_have_owners_in_generations_and_a_commit_that_comes_again_is_red(bug_folder):
    folder = bug_folder("STR-06")
    lanes, plot = form_of(folder, "owners"), form_of(folder, "offsets")

    assert all(lane.bars and lane.points for lane in lanes.lanes)
    assert {bar.text[:2] for lane in lanes.lanes for bar in lane.bars} == {"n2", "n3"}
    assert {series.name[:3] for series in plot.series} == {"end", "com"}
    assert [p.text for lane in lanes.lanes for p in lane.points if p.tone == "bad"] == ["3 again"]


def test_commits_are_pale_if_refused_and_red_if_taken_of_one_who_is_no_owner(tmp_path):
    folder = two_leaders_run(tmp_path)
    start = seen_of(load_run(folder)).start / 1e9
    events = (
        [start + 0.1, "owner", "n1", 0, 7, "n2"],
        [start + 0.2, "offset", "n1", "commit", 0, 3, "n2", True],
        [start + 0.3, "owner", "n1", 0, 8, "n3"],
        [start + 0.4, "offset", "n1", "commit", 0, 5, "n2", False],
        [start + 0.5, "offset", "n1", "commit", 0, 6, "n2", True],
        [start + 0.6, "offset", "n1", "commit", 0, 6, "n3", True],
    )
    write_trace(folder, events)

    (lane,) = OWNERS.draw(seen_of(load_run(folder))).lanes

    first, second = lane.bars
    assert [(bar.text, bar.end) for bar in lane.bars] == [("n2 g0", second.start), ("n3 g1", None)]
    assert first.start < second.start
    assert [(point.text, point.tone) for point in lane.points] == [
        ("3", "good"),
        ("5 refused", "faint"),
        ("6 by n2", "bad"),
        ("6 again", "bad"),
    ]


def test_a_consumer_that_stood_still_commits_over_the_new_owner_of_its_key(bug_folder):
    lanes = form_of(bug_folder("STR-06-GROUP"), "owners").lanes
    (red,) = [(lane, point) for lane in lanes for point in lane.points if point.tone == "bad"]
    lane, point = red

    owner = next(bar for bar in lane.bars if bar.start <= point.time <= (bar.end or point.time))
    assert lane.name.startswith("key ")
    assert owner.text.rpartition(" ")[0] in point.note
    assert owner.text.rpartition(" ")[0] not in point.text


def test_records_that_a_new_leader_has_not_are_red_where_they_were_acknowledged(bug_folder):
    form = form_of(bug_folder("STR-05"), "leaders")
    red = [point for lane in form.lanes for point in lane.points if point.tone == "bad"]
    led = {bar.text.split()[0] for lane in form.lanes for bar in lane.bars}

    assert {lane.name for lane in form.lanes} == {"partition 0", "partition 1", "partition 2"}
    assert led == {"n2", "n3"}
    assert any("n3 acknowledges" in point.note and "n2" in point.note for point in red)
    assert {curve.name for curve in form.curves} == {"n2", "n3", "n4"}


def test_nothing_is_red_of_a_log_that_loses_nothing(tmp_path):
    base = Plan("replicated-log", "kafka", nodes=4, seed=2, time_limit=4.0)
    run_in_folder(registry.experiment(draw(base, "kill,partition")), tmp_path)
    seen = replace(seen_of(load_run(tmp_path)), start=0, end=60 * SECOND)
    for picture in (LEADERS, GROUP_OWNERS):
        tones = {point.tone for lane in picture.draw(seen).lanes for point in lane.points}

        assert "good" in tones
        assert "bad" not in tones


@pytest.mark.slow
def test_a_view_that_reads_on_behind_lost_tombstones_is_red_where_it_passes_over_writes(bug_folder):
    form = form_of(bug_folder("STR-11"), "followed")
    store, *views = form.lanes
    red = [(lane.name, p) for lane in views for p in lane.points if p.tone == "bad"]

    assert [lane.name for lane in form.lanes] == ["n1, the store", "n2", "n3"]
    assert {"log 10", "log 11"} < {bar.text for bar in store.bars}
    ((name, jump),) = red
    assert name == "n2"
    assert "from log 8" in jump.note
    assert "to log 11" in jump.note
    assert [curve.name for curve in form.curves] == ["written", "read by n2", "read by n3"]


def test_a_view_that_begins_anew_copies_and_passes_over_nothing(tmp_path):
    base = Plan("change-capture", "cdc", nodes=3, seed=4, time_limit=4.0)
    run_in_folder(registry.experiment(draw(base, "process.pause,net.partition")), tmp_path)
    seen = replace(seen_of(load_run(tmp_path)), start=0, end=60 * SECOND)
    form = FOLLOWED.draw(seen)

    assert all(point.tone != "bad" for lane in form.lanes for point in lane.points)
    assert sum(bar.text == "copies" for lane in form.lanes for bar in lane.bars) > 2
    assert any(
        after < before for curve in form.curves for before, after in pairwise(_values(curve))
    )


def _values(curve):
    return [value for _, value in curve.points]


def test_second_attempts_of_mapreduce_are_drawn_beside_the_first(bug_folder):
    lanes = form_of(bug_folder("BAT-02"), "attempts").lanes

    kinds = {lane.name.split(",")[0] for lane in lanes}
    assert kinds == {"step map", "step reduce"}
    assert max(len(lane.bars) for lane in lanes) >= 2
    assert any(bar.text.startswith("n") for lane in lanes for bar in lane.bars)


def test_attempts_of_a_job_are_drawn_task_by_task(bug_folder):
    lanes = form_of(bug_folder("BAT-10"), "attempts").lanes

    assert {lane.name.split(",")[0] for lane in lanes} == {"step 0", "step 1"}
    assert all(lane.bars for lane in lanes)


def test_an_attempt_of_which_nothing_came_is_red_until_the_next_one(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = (
        [0.1, "attempt", "n1", 7, 0, 0, 0, 1, 1, "n2"],
        [0.3, "attempt", "n1", 7, 0, 0, 0, 1, 2, "n3"],
        [0.4, "made", "n3", 7, 0, 0, 0, 1, 2],
    )
    write_trace(folder, events)

    (lane,) = ATTEMPTS.draw(seen_of(load_run(folder))).lanes

    first, second = lane.bars
    assert (first.text, first.tone, first.end) == ("n2", "bad", second.start)
    assert (second.text, second.start, second.end) == ("n3", 300_000_000, 400_000_000)
