"""Every page by axe-core: reports, both views of them, many runs, what is served, the gallery.

axe-core is not in this repository: AXE_CORE is the path of its ``axe.min.js`` (npm pack axe-core).
"""

import os
import re
import shutil
import threading
from pathlib import Path

import pytest
import sample_runs
import sample_traces
from chromium import find_chromium
from click.testing import CliRunner
from test_report_recorded import EDN

from splitbrain.harness.commands.cli import main
from splitbrain.harness.isolation.ladder import climb
from splitbrain.reports import write_report
from splitbrain.reports.ladder import write_ladder
from splitbrain.reports.overview.page import Changed, write_index
from splitbrain.reports.overview.serving import RunsServer
from splitbrain.systems import registry

AXE = Path(os.environ.get("AXE_CORE", ""))
GALLERY = Path(__file__).parents[2] / "docs" / "gallery"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
    pytest.mark.skipif(not AXE.is_file(), reason="AXE_CORE is not the path of axe.min.js"),
]

FOUND = """axe.run(document).then(result => result.violations.map(
    v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120)).slice(0, 3)}`))"""
LOOKS = {
    "light": {"scheme": "light"},
    "dark": {"scheme": "dark"},
    "narrow": {"width": 380},
    "forced": {"features": [{"name": "forced-colors", "value": "active"}]},
    "print": {"media": "print"},
}
TRACED = {
    "two-leaders": sample_traces.two_leaders_run,
    "busy": sample_traces.busy_run,
    "hostile-trace": sample_traces.hostile_trace_run,
    "raft": sample_traces.raft_run,
    "pictured": sample_traces.pictured_run,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, make in {**sample_runs.ALL, **TRACED}.items():
        write_report(make(folder / name))
    zoo = Path(__file__).parents[2] / "benchmarks" / "zoo.jsonl"
    shutil.copy(zoo, folder / "zoo.jsonl")
    write_index(folder, [Changed("stale", "invalid", "unknown")])
    return folder


def violations(browser, page, look, before="0"):
    """What axe finds on a page, once a script has changed it."""
    options = dict(LOOKS[look])
    emulated = {name: options.pop(name) for name in ("features", "media") if name in options}
    browser.open(page, **options)
    if emulated:
        browser.call("Emulation.setEmulatedMedia", **emulated)
    browser.evaluate(before)
    browser.settle()
    browser.evaluate(AXE.read_text() + "; 0")
    return browser.evaluate(FOUND)


@pytest.mark.parametrize("look", LOOKS)
def test_reports(browser, runs, look):
    found = {page: violations(browser, page, look) for page in sorted(runs.rglob("report.html"))}
    assert not {page: each for page, each in found.items() if each}


@pytest.mark.parametrize("look", LOOKS)
def test_the_whole_run_and_what_was_chosen_and_found(browser, runs, look):
    whole = "document.getElementById('side-whole').click()"
    asked = (
        "(i => { i.value = 'n1'; i.dispatchEvent(new Event('input')); })"
        "(document.getElementById('search')); document.getElementById('to-failure')?.click();"
        "document.querySelector('g.message')?.dispatchEvent(new MouseEvent('click', "
        "{ bubbles: true }))"
    )
    assert violations(browser, runs / "stale" / "report.html", look, whole) == []
    assert violations(browser, runs / "busy" / "report.html", look, asked) == []


@pytest.mark.parametrize("look", LOOKS)
def test_many_runs_and_two_of_them_compared(browser, runs, look):
    chosen = "document.getElementById('one').dispatchEvent(new Event('change'))"
    assert violations(browser, runs / "index.html", look) == []
    assert violations(browser, runs / "index.html", look, chosen) == []


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_served(browser, runs, look):
    server = RunsServer(runs, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        for path in ("", "compare?one=two-leaders&other=busy", "two-leaders/report.html"):
            assert violations(browser, server.url + path, look) == [], path
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("look", LOOKS)
def test_the_gallery(browser, look):
    found = {page: violations(browser, page, look) for page in sorted(GALLERY.glob("*.html"))}
    assert not {page: each for page, each in found.items() if each}


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Reports of other tools' histories: one with faults, one without times."""
    folder = tmp_path_factory.mktemp("checked")
    with_times, without = folder / "faults.edn", folder / "untimed.edn"
    with_times.write_text(EDN)
    without.write_text(re.sub(":time [0-9]+, ", "", EDN))
    files = [str(with_times), str(without)]
    judged = ["check", *files, "-m", "register", "--report", str(folder / "pages")]
    assert CliRunner().invoke(main, judged).exit_code == 1
    return sorted(folder.rglob("report.html"))


@pytest.mark.parametrize("look", LOOKS)
def test_histories_of_other_tools(browser, checked, look):
    assert len(checked) == 2
    found = {page: violations(browser, page, look) for page in checked}
    assert not {page: each for page, each in found.items() if each}


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    chosen, bug = registry.bugs()["TX-08"]
    found = climb(chosen, bug=bug, seeds=1, faults="none", progress=lambda text: None)
    return write_ladder(found, tmp_path_factory.mktemp("ladder") / "report")


@pytest.mark.parametrize("look", LOOKS)
def test_the_ladder_of_isolation(browser, ladder, look):
    found = {
        page: violations(browser, page, look)
        for page in (ladder, *sorted(ladder.parent.glob("*/report.html"))[:2])
    }
    assert not {page: each for page, each in found.items() if each}
