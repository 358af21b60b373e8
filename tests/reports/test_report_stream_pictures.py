"""Pictures of streams and batch jobs: watermarks, owners, offsets, attempts."""

from picturing import form_of, write_trace
from sample_traces import two_leaders_run

from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import seen_of
from splitbrain.systems.batch.dataflow.pictures import ATTEMPTS
from splitbrain.systems.streams.partitioned_log.pictures import OWNERS
from splitbrain.systems.streams.processor.pictures import WATERMARKS


def test_a_watermark_is_drawn_against_the_times_of_events(tmp_path):
    folder = two_leaders_run(tmp_path)
    took = ([0.1, 0, 0, 900, None], [0.2, 0, 1, 1500, 400.0], [0.3, 0, 0, 1200, 700.0])
    write_trace(folder, [[time, "took", "n1", *rest] for time, *rest in took])

    plot = WATERMARKS.draw(seen_of(load_run(folder)))

    assert {series.name: series.points for series in plot.series} == {
        "events of partition 0": ((100_000_000, 0.9), (300_000_000, 1.2)),
        "events of partition 1": ((200_000_000, 1.5),),
        "watermark of group 0": ((200_000_000, 0.4), (300_000_000, 0.7)),
    }


def test_workers_trace_what_the_picture_of_watermarks_is_made_of(bug_folder):
    plot = form_of(bug_folder("STR-07"), "watermarks")

    assert any(series.name.startswith("watermark of group") for series in plot.series)


def test_partitions_have_owners_in_generations_and_commits_of_others_are_red(bug_folder):
    folder = bug_folder("STR-06")
    lanes, plot = form_of(folder, "owners"), form_of(folder, "offsets")

    assert all(lane.bars and lane.points for lane in lanes.lanes)
    assert {bar.text[:2] for lane in lanes.lanes for bar in lane.bars} == {"n2", "n3"}
    assert {series.name[:3] for series in plot.series} == {"end", "com"}


def test_a_refused_commit_is_red_beside_its_partitions_owner(tmp_path):
    folder = two_leaders_run(tmp_path)
    start = seen_of(load_run(folder)).start / 1e9
    events = (
        [start + 0.1, "owner", "n1", 0, 7, "n2"],
        [start + 0.2, "offset", "n1", "commit", 0, 3, "n2", True],
        [start + 0.3, "owner", "n1", 0, 8, "n3"],
        [start + 0.4, "offset", "n1", "commit", 0, 5, "n2", False],
    )
    write_trace(folder, events)

    (lane,) = OWNERS.draw(seen_of(load_run(folder))).lanes

    first, second = lane.bars
    assert [(bar.text, bar.end) for bar in lane.bars] == [("n2 g0", second.start), ("n3 g1", None)]
    assert first.start < second.start
    assert [(point.text, point.tone) for point in lane.points] == [("3", "good"), ("5", "bad")]


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
