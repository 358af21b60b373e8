"""Pictures of storage engines: levels, pages, ways to keys, and what a crash took."""

import pytest
from picturing import drawn, form_of, write_trace
from sample_traces import two_leaders_run

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import seen_of
from splitbrain.systems import registry
from splitbrain.systems.storage.b_tree.pictures import PAGES
from splitbrain.systems.storage.b_tree.summary_pictures import PATHS
from splitbrain.systems.storage.lsm_tree.pictures import LEVELS


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
        "at 0.500 s: power loss: 2 lost, 1 torn",
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
def test_engines_trace_what_their_pictures_are_made_of(bug, name, bug_folder):
    folder = bug_folder(bug)

    assert form_of(folder, name) is not None
    assert 'class="thing' in drawn(folder)[name]


def test_an_unsynced_write_is_red_before_the_crash_that_lost_it(bug_folder):
    lanes = form_of(bug_folder("STO-01"), "disk")
    operations, _, server = lanes.lanes
    crash = max(point.time for point in server.points if point.tone == "bad")

    assert all(bar.start <= crash + 10**9 for bar in operations.bars)
    assert any(point.text == "boot" and point.time > crash for point in server.points)
