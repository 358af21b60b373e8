"""Pictures of planted bugs in a real browser: the cause of each failure is seen in its page."""

import re

import hostile_pictures
import pytest
from chromium import find_chromium
from report_page import dataset

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import write_report
from splitbrain.systems import registry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]

_BARS_AT_ONCE = """(() => { const told = [...figure.querySelectorAll('.thing title')]
    .map(t => t.textContent.match(/^attempt \\d+ on (n\\d).*from ([0-9.]+) s to ([0-9.]+) s/))
    .filter(Boolean).map(m => [m[1], Number(m[2]), Number(m[3])]);
    return told.some(([on, from, to], at) => told.some(([other, start, end], it) =>
        it !== at && other !== on && from < end && start < to)); })()"""
"""Whether two workers were at it at one time."""

HEIGHT = "figure.querySelector('svg').getBoundingClientRect().height > 20"

CAUSES = [
    ("servers", "REP-01", "figure.querySelectorAll('.thing.lead').length >= 2"),
    ("servers", "LL-01", "new Set([...figure.querySelectorAll('.lane')].map(t => t.textContent)"
                         ".filter(name => /^n[0-9] holds y$/.test(name))).size === 3"),
    ("servers", "DOC-05", "/n1 holds x/.test(text) && /n5 holds x/.test(text)"),
    ("servers", "REP-01", "/n1 applied/.test(text) && /n3 applied/.test(text)"),
    ("failover", "REP-01", "/leads 4/.test(text) && /leads 3/.test(text)"
                           " && figure.querySelectorAll('.thing.bad').length >= 2"
                           " && /without it/.test(text)"),
    ("logs", "REP-01", "figure.querySelectorAll('.thing.bad').length >= 3"),
    ("progress", "CON-04", "[...figure.querySelectorAll('.curve')]"
                           ".some(c => c.getBBox().height > 40)"),
    ("key", "CLK-05", "figure.querySelectorAll('.thing.bad').length >= 2"
                      " && /read from n[0-9]/.test(text)"),
    ("logs", "CON-04", "/the failure/.test(text) && /[0-9] ✓/.test(text)"),
    ("logs", "CON-16-LEARNER", "/103 ≠ ✓/.test(text) && /202 ≠ ✓/.test(text)"
                               " && figure.querySelectorAll('.thing.bad').length >= 6"),
    ("logs", "CON-18", "/before n1 goes down/.test(text)"
                       " && figure.querySelectorAll('.thing').length > 100"),
    ("logs", "CON-11", "/snap/.test(text) && /is in the snapshot/.test(text)"),
    ("quorums", "LL-01", "/heard/.test(text) && /store/.test(text) && /query/.test(text)"),
    ("replicas", "ML-09", "/has [0-9]+/.test(text) && /[0-9]+ at n[0-9]/.test(text)"),
    ("servers", "LL-10", "/n1 members/.test(text) && /0: n1 n2 n3/.test(text)"),
    ("heard", "ML-06", "figure.querySelector('.thing.bad')"
                       " && /had heard of [0-9]+ of the [0-9]+/.test(text)"),
    ("leases", "CLK-01", "[...figure.querySelectorAll('.thing.bad')]"
                         ".some(g => /write/.test(g.textContent))"),
    ("leases", "CLK-04", "text.match(/lease of 1;/g).length === 2"),
    ("clocks", "CLK-08", "/clock minus true time/.test(text) && /clock.backward/.test(text)"
                         " && [...figure.querySelectorAll('.curve')]"
                         ".some(c => c.getBBox().height > 40)"),
    ("commits", "TX-20", "figure.querySelectorAll('.thing.bad').length >= 2"
                         " && /in doubt/.test(text) && /commit/.test(text) && /abort/.test(text)"),
    ("levels", "LSM-01", "/level 0/.test(text)"
                         " && /the tombstone is in table [0-9]+, on level 0/.test(text)"),
    ("pages", "BT-04", "/meta/.test(text) && /power loss|opened/.test(text)"),
    ("disk", "STO-01", "/power loss: [0-9]+ lost/.test(text) && /frame [0-9]+ at byte/.test(text)"
                       " && !/chars/.test(text)"
                       " && figure.querySelector('svg').getBoundingClientRect().height < 320"),
    ("disk", "STO-02", "figure.querySelectorAll('.thing.bad').length === 2"
                       " && /power loss: 2 lost/.test(text)"),
    ("members", "CON-27", "/n1 to n2/.test(text) && /paused/.test(text) && /suspect 13/.test(text)"
                          " && figure.querySelectorAll('.thing.bad').length === 2"),
    ("members", "CLK-06", "/dead 14/.test(text) && /clock -/.test(text)"
                          " && [...figure.querySelectorAll('.curve')]"
                          ".some(c => c.getBBox().height > 40)"),
    ("orders", "TX-24", "(text.match(/tells that it did order 106/g) ?? []).length === 3"),
    ("orders", "TX-25", "text.indexOf('36 undone') >= 0 && /36 did/.test(text)"),
    ("commits", "TX-28", "figure.querySelectorAll('.thing.bad').length >= 2"
                         " && /n1.1.2 pre-committed/.test(text) && /n1.1.2 abort/.test(text)"),
    ("lease", "CLK-05", "new Set(text.match(/leader [0-9]/g)).size >= 2"
                        " && /answers [a-z] = .*though its lease is over/.test(text)"
                        " && [...figure.querySelectorAll('.curve')]"
                        ".some(c => c.getBBox().height > 40)"),
    ("homes", "LL-10", "figure.querySelectorAll('.thing.bad').length === 4"),
    ("logs", "DOC-08", "/n5 answers what the verdict names/.test(text) && /1 ×/.test(text)"),
    ("servers", "CON-22", "/n1 revision/.test(text) && /n1 permits/.test(text)"),
    ("servers", "PART-01", "/n3 holds x/.test(text) && /n1 moves/.test(text)"),
    ("servers", "PART-DURABLE", "/n[0-9] holds [0-9]+/.test(text) && /n[0-9] elements/.test(text)"),
    ("watermarks", "STR-07", "/watermark of group/.test(text) && /late/.test(text)"
                             " && [...figure.querySelectorAll('.curve')]"
                             ".every(c => c.getBBox().height > 40)"),
    ("owners", "STR-06", "/in generation [0-9]+/.test(text) && /3 again/.test(text)"
                         " && figure.querySelectorAll('.thing.bad').length === 1"),
    ("offsets", "STR-06", "/end of partition 2/.test(text) && /committed by n3/.test(text)"),
    ("owners", "STR-06-GROUP", "/8 by client 2/.test(text) && /client 1 is the owner/.test(text)"),
    ("leaders", "STR-05", "/n3 leads 4/.test(text) && /n2 leads 5/.test(text)"
                          " && figure.querySelectorAll('.thing.bad').length >= 5"),
    ("followed", "STR-11", "/n2 goes on from log 8, [0-9]+ to log 11/.test(text)"
                           " && figure.querySelectorAll('.thing.bad').length === 1"
                           " && [...figure.querySelectorAll('.curve')]"
                           ".filter(c => c.getBBox().height > 40).length === 3"),
    ("attempts", "BAT-05", _BARS_AT_ONCE),
    ("ranges", "PART-12", "figure.querySelectorAll('.thing.bad').length >= 2"
                          " && /another server, too/.test(text)"),
    ("ring", "PART-03", "(([, moved, needed]) => Number(moved) > 2 * Number(needed))"
                        "(text.match(/([0-9]+) moved, ([0-9]+) of them had to/))"
                        " && figure.querySelectorAll('.arc.moved').length > 10"),
    ("ring", "PART-04", "/n2/.test(text) && /n3/.test(text)"
                        " && figure.querySelectorAll('.arc.moved').length > 10"),
    ("breakers", "RES-06", "/half-open/.test(text) && /probe/.test(text)"),
    ("load", "REP-01", "figure.querySelectorAll('.fault-band').length >= 3"),
]  # fmt: skip


@pytest.mark.nightly(one_in=32)
@pytest.mark.parametrize("bug", sorted({bug for _, bug, _ in CAUSES}))
def test_the_cause_is_in_the_pictures(browser, bug_page, bug):
    browser.open(bug_page(bug))
    told = {
        (picture, cause): f"(figure => {{ const text = figure.textContent; return Boolean({cause})"
        f" && {HEIGHT}; }})(document.getElementById('picture-{picture}'))"
        for picture, of, cause in CAUSES
        if of == bug
    }
    found = {each: browser.evaluate(script) for each, script in told.items()}
    browser.media("dark")
    browser.settle()
    dark = {each: browser.evaluate(script) for each, script in told.items()}
    data = dataset(browser)

    assert found == dark == dict.fromkeys(told, True)
    assert data["state"] == "ready"
    assert "errors" not in data


@pytest.mark.parametrize("name", [*hostile_pictures.TRACED, "ring"])
def test_hostile_words_in_pictures_run_nothing_and_are_read(browser, tmp_path, name):
    folder = (
        hostile_pictures.ring_run(tmp_path)
        if name == "ring"
        else hostile_pictures.traced_run(tmp_path, name)
    )
    browser.open(write_report(folder).page)
    read, foreign, width = browser.evaluate(
        "(all => [all.some(f => f.textContent.includes('<script>')),"
        " all.flatMap(f => [...f.querySelectorAll('img, script, foreignObject, a')]).length,"
        " document.documentElement.scrollWidth])([...document.querySelectorAll('figure')])"
    )
    data = dataset(browser)

    assert read
    assert foreign == 0
    assert width <= 1280
    assert "pwned" not in data
    assert "errors" not in data


def test_the_way_to_a_key_is_drawn_where_a_search_goes_wrong(browser, tmp_path):
    plan = Plan("b-tree-summary", "store", nodes=1, seed=3, rate=40.0, time_limit=4.0)
    run_in_folder(registry.experiment(draw(plan, "kill")), tmp_path)
    browser.open(write_report(tmp_path).page)
    text, wrong = browser.evaluate(
        "(f => [f.textContent, f.querySelectorAll('.thing.bad').length])"
        "(document.getElementById('picture-paths'))"
    )

    assert "a search goes this way" in text
    assert wrong >= 1


def test_the_lost_message_and_the_two_leaders_are_in_the_diagram(browser, bug_page):
    browser.open(bug_page("REP-01"))
    found = browser.evaluate(
        "[document.querySelectorAll('svg.spacetime .role.leads').length,"
        " document.querySelectorAll('svg.spacetime g.message.lost .cross').length,"
        " [...document.querySelectorAll('svg.spacetime .fault-name')].map(t => t.textContent)]"
    )

    assert found[0] >= 2
    assert found[1] >= 1
    assert any("net.partition" in name for name in found[2])


def test_the_ring_of_a_cycle_has_its_edges_named(browser, bug_page):
    browser.open(bug_page("TX-08"))
    edges = browser.evaluate(
        "[...document.querySelectorAll('svg.ring[aria-label^=cycle]')]"
        ".map(s => s.textContent).join()"
    )

    assert len(set(re.findall(r"T\d+", edges))) >= 2
    assert edges.count("rw") >= 2  # write skew
