"""Pictures that any run has, and what holds of all: names of their own, words stay words."""

import json
import re
import sys
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import hostile_pictures
import hostile_servers
import picture_system
import pytest
import sample_runs
from picturing import drawn, words_in, write_trace
from sample_traces import pictured_run, two_leaders_run
from test_report_html import Page

from splitbrain.harness.pictures.picture import Picture
from splitbrain.reports import load_run, render_html
from splitbrain.reports.pictures.drawn import pictures_of, seen_of
from splitbrain.reports.pictures.lanes import draw_lanes
from splitbrain.reports.pictures.servers import SERVERS
from splitbrain.systems import registry


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


def test_two_that_lead_at_once_and_one_that_is_down_are_seen(bug_folder):
    led = SERVERS.draw(seen_of(load_run(bug_folder("REP-01")))).lanes
    down = SERVERS.draw(seen_of(load_run(bug_folder("REP-04")))).lanes

    leads = [(bar.start, bar.end) for lane in led for bar in lane.bars if bar.tone == "lead"]
    assert any(a < d and c < b for (a, b), (c, d) in combinations(leads, 2))
    lives = [pairwise(lane.bars) for lane in down if ":" not in lane.name]
    assert any(one.end < other.start for pairs in lives for one, other in pairs)


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


@pytest.mark.parametrize("system", hostile_pictures.TRACED)
def test_hostile_words_in_what_servers_trace_stay_text(tmp_path, system):
    page = render_html(load_run(hostile_pictures.traced_run(tmp_path, system)))

    assert Page(page).errors == []
    assert "<img" not in page
    assert "can&#39;t be drawn" not in page
    for name in hostile_pictures.TRACED[system][1]:
        assert f'id="picture-{name}"' in page


def test_hostile_names_on_a_ring_stay_text(tmp_path):
    page = render_html(load_run(hostile_pictures.ring_run(tmp_path)))

    assert Page(page).errors == []
    assert "<img" not in page
    assert 'id="picture-ring"' in page


@pytest.mark.parametrize("picture", hostile_servers.TOLD)
def test_whatever_servers_say_a_picture_has_no_markup_but_its_own(tmp_path, picture):
    svg = drawn(hostile_servers.told_run(tmp_path, picture))[picture.partition("/")[2]]

    elements = list(ElementTree.fromstring(svg).iter())  # what is no character of XML raises
    assert {each.tag for each in elements} <= {
        "svg",
        "g",
        "title",
        "text",
        "rect",
        "path",
        "line",
        "circle",
    }
    attributes = {name for each in elements for name in each.attrib}
    assert not {name for name in attributes if name in ("href", "style") or name.startswith("on")}
    assert any("<" in (each.text or "") for each in elements), "no hostile word was drawn"
    assert not set("\u202e\u2066") & set(svg), "what turns the text round is told, not done"


def test_no_module_is_imported_because_a_file_names_it(hostile, monkeypatch):
    monkeypatch.delitem(sys.modules, picture_system.__name__)

    render_html(load_run(hostile))

    assert picture_system.__name__ not in sys.modules


def test_the_picture_of_the_documentation_is_drawn(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "reports.md").read_text()
    (listing,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(listing, names)

    form = names["SYNCS"].draw(seen_of(load_run(two_leaders_run(tmp_path))))

    assert "wal" in words_in(draw_lanes(form, (), "it"))
