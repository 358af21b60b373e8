"""Pictures beside the messages: a system's shows the cause of a failure, and words stay words."""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise
from pathlib import Path

import picture_system
import pytest
import sample_runs
from hypothesis import example, given
from hypothesis import strategies as st
from sample_traces import bug_run, pictured_run, two_leaders_run
from test_report_html import Page

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
from splitbrain.harness.pictures.picture import Picture
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import load_run, render_html
from splitbrain.reports.pictures.drawn import pictures_of, seen_of
from splitbrain.reports.pictures.grids import draw_grid
from splitbrain.reports.pictures.lanes import draw_lanes
from splitbrain.reports.pictures.marking import Axis
from splitbrain.reports.pictures.plots import draw_plot
from splitbrain.reports.pictures.rings import draw_ring
from splitbrain.reports.pictures.servers import SERVERS
from splitbrain.systems import registry
from splitbrain.systems.batch.dataflow.pictures import ATTEMPTS
from splitbrain.systems.storage.b_tree.pictures import PAGES
from splitbrain.systems.storage.b_tree.summary_pictures import PATHS
from splitbrain.systems.storage.lsm_tree.pictures import LEVELS
from splitbrain.systems.streams.partitioned_log.pictures import OWNERS
from splitbrain.systems.streams.processor.pictures import WATERMARKS


def drawn(folder):
    """The pictures of a run's report, by name, as one text each."""
    return {p.name: "".join(p.svgs) for p in pictures_of(load_run(folder))}


def form_of(folder, name):
    """What a picture of the run's system says, as data."""
    view = load_run(folder)
    picture = next(p for p in registry.SYSTEMS[view.plan.system].pictures if p.name == name)
    return picture.draw(seen_of(view))


def write_trace(folder, events):
    """A trace of a run that is a server's events and nothing else."""
    lines = [json.dumps(event) for event in (*events, [9.0, "fsync", "n1", "log"])]
    (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")


def words_in(svg):
    return set(re.findall(r">([^<>]+)<", svg))


def test_a_stale_reads_key_shows_the_write_and_the_server_that_missed_it(tmp_path):
    svg = drawn(two_leaders_run(tmp_path))["key"]

    assert {"z: writes", "read from n1", "15", "null"} <= words_in(svg)
    assert svg.count('class="thing bad"') == 2


def test_each_server_is_shown_in_its_roles_and_with_what_it_said_it_held(tmp_path):
    lanes = {
        lane.name: lane for lane in SERVERS.draw(seen_of(load_run(two_leaders_run(tmp_path)))).lanes
    }

    assert [(bar.text, bar.tone) for bar in lanes["n3"].bars] == [
        ("up", "faint"),
        ("candidate 7", "doubt"),
        ("leader 7", "lead"),
    ]
    assert [(bar.text, bar.tone) for bar in lanes["n1"].bars][-1] == ("leader 5", "lead")
    assert [(bar.text, bar.tone) for bar in lanes["n1: z"].bars] == [("null", "bad")]
    assert [point.note for point in lanes["n2"].points] == ["n2 syncs its disk"]


def test_what_a_server_tells_of_its_inner_state_is_shown_until_it_goes_down(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = (
        [1.0, "boot", "n1", 0],
        [2.0, "holds", "n1", "z", None],
        [2.2, "holds", "n1", "y", 3],
        [2.3, "state", "n1", "applied", 7],
        [2.5, "holds", "n1", "z", ["a", 15]],
        [2.6, "state", "n1", "applied", 8],
        [2.7, "kill", "n1"],
        [2.75, "boot", "n1", 1],
        [2.76, "holds", "n1", "z", ["a", 15]],
        [2.9, "holds", "n1", "z", 16],
    )
    write_trace(folder, events)
    seen = seen_of(load_run(folder))

    lanes = {lane.name: lane.bars for lane in SERVERS.draw(seen).lanes}

    millisecond = 1_000_000
    assert list(lanes) == ["n1", "n1 holds z", "n1 applied"]
    assert [(bar.text, bar.start, bar.end) for bar in lanes["n1 holds z"]] == [
        ("null", max(seen.start, 2000 * millisecond), 2500 * millisecond),
        ('["a", 15]', 2500 * millisecond, 2700 * millisecond),
        ('["a", 15]', 2760 * millisecond, seen.end),
    ]
    assert [(bar.text, bar.end) for bar in lanes["n1 applied"]] == [
        ("7", 2600 * millisecond),
        ("8", 2700 * millisecond),
    ]


def test_two_that_lead_at_once_and_one_that_is_down_are_seen(tmp_path):
    led = SERVERS.draw(seen_of(load_run(bug_run(tmp_path / "two", "REP-01")))).lanes
    down = SERVERS.draw(seen_of(load_run(bug_run(tmp_path / "down", "REP-04")))).lanes

    leads = [(bar.start, bar.end) for lane in led for bar in lane.bars if bar.tone == "lead"]
    assert any(a < d and c < b for (a, b), (c, d) in combinations(leads, 2))
    lives = [pairwise(lane.bars) for lane in down if ":" not in lane.name]
    assert any(one.end < other.start for pairs in lives for one, other in pairs)


def test_a_log_is_shown_by_term_up_to_what_is_committed_with_what_a_crash_left(tmp_path):
    folder = two_leaders_run(tmp_path)
    lines = (folder / "trace.jsonl").read_text().splitlines()
    logs = (
        [1.01, "log", "n1", 1, [5]],
        [1.02, "commit", "n1", 1],
        [1.03, "log", "n3", 1, [5, 5]],
        [2.61, "log", "n3", 2, [7, 7]],
        [2.62, "compacted", "n3", 1],
        [2.63, "boot", "n2", 1],
        [2.64, "log", "n2", 1, [5]],
        [9.9, "log", "n1", 1, [9, 9, 9, 9]],  # after the failure
    )
    lines += map(json.dumps, logs)
    lines.sort(key=lambda line: json.loads(line)[0])
    (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")

    grid = form_of(folder, "logs")

    assert grid.columns == ("1", "2", "3")
    assert [(row.name, *(cell.text for cell in row.cells)) for row in grid.rows] == [
        ("at 2.603 s: n3 leads term 7",),
        ("n1", "5 ✓", "", ""),
        ("n3", "5", "5", ""),
        ("at 2.802 s: the failure",),
        ("n1", "5 ✓", "", ""),
        ("n2", "5", "", ""),
        ("n3", "snap", "7", "7"),
    ]
    terms = {cell.text[0]: cell.tone for row in grid.rows for cell in row.cells if cell.text}
    assert len(set(terms.values())) == 3


def test_the_logs_of_a_real_raft_differ_between_its_leaders(tmp_path):
    grid = form_of(bug_run(tmp_path, "CON-04"), "logs")
    moments, at = {}, ""
    for row in grid.rows:
        at = row.name if not row.cells else at
        if row.cells:
            moments.setdefault(at, set()).add(tuple(cell.text for cell in row.cells))

    assert list(moments)[-1].endswith("the failure")
    assert any(len(rows) > 1 for rows in moments.values())
    assert any("✓" in text for rows in moments.values() for row in rows for text in row)


def test_a_read_and_a_write_of_small_quorums_have_no_replica_in_common(tmp_path):
    grid = form_of(bug_run(tmp_path, "LL-01"), "quorums")
    heard = {}
    told = ""
    for row in grid.rows:
        told = row.name if not row.cells else told
        if row.cells:
            servers = zip(grid.columns, row.cells, strict=True)
            heard[told, row.name] = {n for n, cell in servers if cell.text == "heard"}
    stored = [names for (_, what), names in heard.items() if what == "store"]
    asked = [names for (who, what), names in heard.items() if what == "query" and " read " in who]

    assert any(not (names & others) for names in stored for others in asked)


@pytest.mark.parametrize("bug", ["ML-06", "ML-09"])
def test_a_replica_that_had_not_heard_of_all_is_red(tmp_path, bug):
    grid = form_of(bug_run(tmp_path, bug), "heard")
    tones = {cell.tone for row in grid.rows for cell in row.cells}

    assert grid.rows[0].name.startswith("client ")
    assert all(len(row.cells) == len(grid.columns) for row in grid.rows if row.cells)
    assert tones == {"good", "bad"}


def test_two_owners_of_a_range_are_red_and_a_hand_over_is_not(tmp_path):
    lanes = form_of(bug_run(tmp_path / "two", "PART-12"), "ranges")
    red = [(lane.name, bar.text) for lane in lanes.lanes for bar in lane.bars if bar.tone == "bad"]
    moved = form_of(bug_run(tmp_path / "moved", "PART-01"), "ranges")

    assert {name for name, _ in red} == {"n2", "n3"}
    assert len({text for _, text in red}) == 1
    assert all(bar.tone != "bad" for lane in moved.lanes for bar in lane.bars)
    assert all(lane.bars for lane in moved.lanes)


def test_an_older_token_that_writes_after_a_newer_one_is_red(tmp_path):
    lanes = form_of(bug_run(tmp_path, "CLK-01"), "leases")
    storage = lanes.lanes[-1]
    bad = [point for point in storage.points if point.tone == "bad"]

    assert lanes.lanes[0].name == "lock service n1"
    assert storage.name == "storage n2"
    assert any(point.text.startswith("write") and "was here" in point.note for point in bad)


def test_a_participant_that_rolls_back_in_doubt_is_seen(tmp_path):
    lanes = form_of(bug_run(tmp_path, "TX-20"), "commits")
    outcomes = {}
    for lane in lanes.lanes:
        for point in lane.points:
            txn, _, outcome = point.text.partition(" ")
            outcomes.setdefault(txn, set()).add(outcome)

    assert {"commit", "abort"} in outcomes.values()
    assert any(bar.text.endswith("in doubt") for lane in lanes.lanes for bar in lane.bars)


def test_a_tombstone_that_a_merge_drops_over_an_older_value_is_seen_to_end(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = (
        [0.1, "table", "n1", 1, "a", "z", []],
        [0.2, "levels", "n1", [[1]]],
        [0.3, "levels", "n1", [[], [1]]],
        [0.4, "deleted", "n1", "z"],
        [0.5, "table", "n1", 2, "z", "z", ["z"]],
        [0.6, "levels", "n1", [[2], [1]]],
        [0.7, "power-loss", "n1", 1, 0, 0],
        [0.8, "levels", "n1", [[], [1]]],
    )
    write_trace(folder, events)

    levels = LEVELS.draw(seen_of(load_run(folder)))
    named = {lane.name: lane for lane in levels.lanes}

    assert [bar.text for bar in named["level 0"].bars] == ["1 a..z", "2† z..z"]
    assert [(bar.start, bar.end) for bar in named["level 1"].bars] == [(300_000_000, None)]
    (tombstone,) = named["tombstone of z"].bars
    assert (tombstone.text, tombstone.start, tombstone.end) == ("in 2", 600_000_000, 800_000_000)
    assert [point.text for point in named["tombstone of z"].points] == ["deleted", "power-loss"]


def test_pages_of_a_commit_that_a_crash_lost_are_gone_after_it(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = (
        [0.1, "tree", "n1", 0, 0, []],
        [0.2, "pages", "n1", 1, [[2, "leaf"]], []],
        [0.3, "root", "n1", 1, 2],
        [0.4, "pages", "n1", 2, [[3, "leaf"], [4, "branch"]], [2]],
        [0.5, "power-loss", "n1", 2, 1, 0],
        [0.6, "boot", "n1", 1],
        [0.7, "tree", "n1", 0, 0, []],
    )
    write_trace(folder, events)

    grid = PAGES.draw(seen_of(load_run(folder)))
    titles = [row.name for row in grid.rows if not row.cells]
    pages = [[cell.text for cell in row.cells] for row in grid.rows if row.cells]

    assert titles[-3:] == [
        "at 0.400 s: commit 2 writes",
        "at 0.500 s: power loss: 2 writes lost, 1 torn, 0 names lost",
        "at 0.700 s: opened at commit 0, root 0",
    ]
    assert pages[-2:] == [
        ["meta", "meta", "", "leaf 2", "branch 2"],
        ["meta", "meta", "", "gone", "gone"],
    ]


def test_the_way_to_a_key_shows_another_key_s_value_beside_it(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = (
        [0.1, "insert", "n1", "z", "7.vv", [[["b", "2.vv"]], [["y", "5.vv"], ["z", "7.vv"]]]],
        [0.2, "insert", "n1", "c", "8.vv", [[["c", "8.vv"]]]],
        [0.3, "search", "n1", "z", "5.vv", [[["z", "5.vv"], ["x", None]]]],
    )
    write_trace(folder, events)

    grid = PATHS.draw(seen_of(load_run(folder)))

    assert [row.name for row in grid.rows] == [
        "at 0.100 s: z = 7. is inserted; a search goes this way",
        "root",
        "level 1",
        "at 0.300 s: z is looked for; a search goes this way",
        "root",
    ]
    cells = [[(cell.text, cell.tone) for cell in row.cells] for row in grid.rows if row.cells]
    assert cells == [
        [("b=2.", "plain")],
        [("y=5.", "plain"), ("z=7.", "good")],
        [("z=5.", "bad"), ("x=?", "plain")],
    ]


@pytest.mark.parametrize(
    ("system", "name"), [("b-tree-summary", "paths"), ("lsm-tree-summary", "levels")]
)
def test_summary_forms_trace_what_their_pictures_are_made_of(tmp_path, system, name):
    plan = Plan(system, "store", nodes=1, seed=3, rate=40.0, time_limit=4.0)
    run_in_folder(registry.experiment(draw(plan, "kill")), tmp_path)

    assert 'class="thing' in drawn(tmp_path)[name]


@pytest.mark.parametrize(("bug", "name"), [("LSM-01", "levels"), ("BT-04", "pages")])
def test_engines_trace_what_their_pictures_are_made_of(tmp_path, bug, name):
    folder = bug_run(tmp_path, bug)

    assert form_of(folder, name) is not None
    assert 'class="thing' in drawn(folder)[name]


def test_an_unsynced_write_is_red_before_the_crash_that_lost_it(tmp_path):
    lanes = form_of(bug_run(tmp_path, "STO-01"), "disk")
    operations, _, server = lanes.lanes
    crash = max(point.time for point in server.points if point.tone == "bad")

    assert all(bar.start <= crash + 10**9 for bar in operations.bars)
    assert any(point.text == "boot" and point.time > crash for point in server.points)


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


def test_workers_trace_what_the_picture_of_watermarks_is_made_of(tmp_path):
    plot = form_of(bug_run(tmp_path, "STR-07"), "watermarks")

    assert any(series.name.startswith("watermark of group") for series in plot.series)


def test_partitions_have_owners_in_generations_and_commits_of_others_are_red(tmp_path):
    folder = bug_run(tmp_path, "STR-06")
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


def test_second_attempts_of_mapreduce_are_drawn_beside_the_first(tmp_path):
    lanes = form_of(bug_run(tmp_path, "BAT-02"), "attempts").lanes

    kinds = {lane.name.split(",")[0] for lane in lanes}
    assert kinds == {"step map", "step reduce"}
    assert max(len(lane.bars) for lane in lanes) >= 2
    assert any(bar.text.startswith("n") for lane in lanes for bar in lane.bars)


def test_attempts_of_a_job_are_drawn_task_by_task(tmp_path):
    lanes = form_of(bug_run(tmp_path, "BAT-10"), "attempts").lanes

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


def test_every_picture_of_ours_has_a_name_of_its_own():
    for name in registry.SYSTEMS.ours:
        pictures = registry.SYSTEMS[name].pictures
        names = [picture.name for picture in pictures]

        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z-]+", each) for each in names)
        assert all(isinstance(picture, Picture) for picture in pictures)


def test_latency_rate_and_operations_under_way_have_the_faults_behind_them(tmp_path):
    load = {p.name: p.svgs for p in pictures_of(load_run(sample_runs.valid_run(tmp_path)))}["load"]

    assert len(load) == 3
    assert all('class="fault-band"' in svg for svg in load)
    assert {"latency, ms", "ended, per second", "operations under way"} <= words_in("".join(load))


def test_a_clock_that_jumped_and_one_that_runs_fast_are_drawn(tmp_path):
    folder = two_leaders_run(tmp_path)
    with (folder / "trace.jsonl").open("a") as trace:
        for event in ([3.0, "clock-jump", "n1", -2.5], [3.1, "clock-rate", "n2", 1.5]):
            trace.write(json.dumps(event) + "\n")
        trace.write(json.dumps([5.1, "fsync", "n2", "wal"]) + "\n")

    svg = drawn(folder)["clocks"]

    assert {"n1", "n2", "clock minus true time, s"} <= words_in(svg)
    assert svg.count('class="curve') == 2


@pytest.fixture
def hostile(tmp_path):
    return pictured_run(tmp_path)


def test_hostile_words_of_a_systems_own_pictures_stay_text(hostile):
    page = render_html(load_run(hostile))

    assert Page(page).errors == []
    assert page.count("can&#39;t be drawn: ValueError") == 1
    assert "<img" not in page
    assert page.count("</script") == 3  # ours, and the data of the timeline and the messages
    for form in ("lanes", "grid", "plot", "ring"):
        assert f'id="picture-{form}"' in page
    assert 'id="picture-nothing"' not in page


def test_no_module_is_imported_because_a_file_names_it(hostile, monkeypatch):
    monkeypatch.delitem(sys.modules, picture_system.__name__)

    render_html(load_run(hostile))

    assert picture_system.__name__ not in sys.modules


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


def test_the_picture_of_the_documentation_is_drawn(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "reports.md").read_text()
    (listing,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(listing, names)

    form = names["SYNCS"].draw(seen_of(load_run(two_leaders_run(tmp_path))))

    assert "wal" in words_in(draw_lanes(form, (), "it"))
