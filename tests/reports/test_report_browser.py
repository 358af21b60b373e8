"""The page in a real browser: it draws, answers keys and mouse, and runs nothing of others."""

import json

import pytest
import sample_runs
from chromium import find_chromium
from report_page import dataset, search

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]


@pytest.mark.parametrize("name", sample_runs.ALL)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_draws_all_its_operations_without_an_error(browser, pages, name, scheme):
    browser.open(pages[name], scheme=scheme)

    data = dataset(browser)
    assert data["state"] == "ready"
    assert "errors" not in data
    assert data["drawn"] == data["operations"]
    assert int(data["operations"]) > 0
    assert browser.requests() == [pages[name].as_uri()]
    violations = [event for event in browser.events if event["method"] == "Runtime.exceptionThrown"]
    assert violations == []


def test_hostile_values_do_not_run(browser, pages):
    browser.open(pages["hostile"])
    for _ in range(14):
        browser.evaluate("document.getElementById('lanes').focus()")
        browser.press("n")

    assert "pwned" not in dataset(browser)
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.getElementById('details').children.length") > 0


@pytest.mark.parametrize("width", [1280, 700, 380])
@pytest.mark.parametrize("name", sample_runs.ALL)
def test_no_page_is_wider_than_its_window(browser, pages, name, width):
    browser.open(pages[name], width=width)

    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_no_text_of_a_drawing_leaves_its_box(browser, pages):
    browser.open(pages["stale"])

    leaks = browser.evaluate(
        "[...document.querySelectorAll('.of-told svg.intervals g.bar')].filter(g => {"
        " const box = g.querySelector('rect').getBoundingClientRect();"
        " return [...g.querySelectorAll('text')].some(t =>"
        "  t.getBoundingClientRect().right > box.right + 0.5); }).length"
    )
    assert browser.evaluate("document.querySelectorAll('.of-told svg.intervals g.bar').length") == 3
    assert leaks == 0


def test_without_script_everything_but_the_timeline_is_there(browser, pages):
    browser.open(pages["stale"], script=False)

    text = browser.evaluate("document.body.innerText")
    assert "The timeline is drawn by a script, and scripts are off." in text
    assert "network: n1 cut off from n2, n3" in text
    assert f"splitbrain replay {pages['stale'].parent}/shrunk" in text
    assert "1,003 operations (960 ok" not in text
    browser.evaluate("document.querySelector('label[for=side-whole]').click()")
    assert "1,003 operations (960 ok" in browser.evaluate("document.body.innerText")
    assert "it reads 901, but x is 902 here" in text
    assert browser.evaluate("document.documentElement.dataset.state") == "static"
    assert browser.evaluate("document.querySelectorAll('.of-told svg.intervals g.bar').length") == 3


def test_a_link_to_an_operation_shows_it(browser, pages):
    index = sample_index(pages["unshrunk"])
    browser.open(pages["unshrunk"], fragment=f"#op-{index}")

    assert dataset(browser)["selected"] == f"op-{index}"
    details = browser.evaluate("document.getElementById('details').innerText")
    assert "read x->901" in details
    assert "part of the anomaly" in details
    assert int(dataset(browser)["drawn"]) < 1003  # it has zoomed in


def sample_index(page):
    """History index of the stale read's invocation."""
    lines = (page.parent / "history.jsonl").read_text().splitlines()
    events = map(json.loads, lines)
    return next(e["index"] for e in events if e["f"] == "read" and e["value"] == ["x", None])


def test_a_link_to_a_moment_goes_there(browser, pages):
    browser.open(pages["unshrunk"], fragment="#t=5.0s")

    assert 0 < int(dataset(browser)["drawn"]) < 1003


def test_a_link_to_an_event_that_is_not_an_operation_says_so(browser, pages):
    browser.open(pages["unshrunk"], fragment="#op-999999")

    details = browser.evaluate("document.getElementById('details').innerText")
    assert "Event 999999 is not in this timeline" in details


def test_a_link_of_the_story_shows_its_operation(browser, pages):
    browser.open(pages["lost"])
    browser.evaluate("document.querySelector('.story .marked a').click()")
    browser.settle()

    assert "add 17" in browser.evaluate("document.getElementById('details').innerText")


def test_keys_zoom_pan_step_and_jump_to_the_failure(browser, pages):
    browser.open(pages["unshrunk"])
    browser.evaluate("document.getElementById('lanes').focus()")
    drawn = [int(dataset(browser)["drawn"])]
    for key in ("+", "+", "ArrowRight", "0"):
        browser.press(key)
        drawn.append(int(dataset(browser)["drawn"]))
    browser.press("f")
    failure = dataset(browser)["selected"]
    browser.press("p")

    assert drawn[0] == 1003
    assert drawn[1] < drawn[0]
    assert drawn[2] < drawn[1]
    assert drawn[3] != drawn[2]
    assert drawn[4] == 1003
    assert failure == f"op-{sample_index(pages['stale'])}"
    assert dataset(browser)["selected"] != failure
    browser.press("Escape")
    assert "selected" not in dataset(browser)


WHOLE = "document.getElementById('side-whole')"


def test_every_section_tells_the_small_run_and_at_a_choice_the_whole_one(browser, pages):
    browser.open(pages["stale"])
    told = browser.evaluate("document.body.innerText")
    small = dataset(browser)["drawn"]
    browser.evaluate(f"{WHOLE}.focus()")
    browser.evaluate(f"{WHOLE}.click()")
    browser.evaluate(READY_WITH.format(1003))
    whole = browser.evaluate("document.body.innerText")

    assert small == "3"
    assert dataset(browser)["drawn"] == "1003"
    assert "errors" not in dataset(browser)
    assert "Exercised: 3 operations" in told
    assert "Exercised: 1,003 operations" in whole
    assert "Process 0 read x=901" in told
    assert "Process 5 read x=901" in whole


READY_WITH = """new Promise(done => {{
    const look = () => document.documentElement.dataset.operations === "{}" ? done()
        : requestAnimationFrame(look);
    look();
}})"""


def test_a_link_into_the_whole_run_shows_that_one(browser, pages):
    index = sample_index(pages["stale"])
    browser.open(pages["stale"], fragment=f"#whole-op-{index}")

    assert browser.evaluate(f"{WHOLE}.checked")
    assert dataset(browser)["selected"] == f"whole-op-{index}"


def test_one_box_finds_operations_announcements_and_faults(browser, pages):
    browser.open(pages["unshrunk"])

    assert all("leader of term" in text for text in search(browser, search="n1 leader"))
    assert search(browser, search="partition f1") == [
        text for text in search(browser, search="net.partition") if "f1" in text
    ]
    found = search(browser, search="x 901 write")
    assert len(found) == 1
    browser.evaluate("document.querySelector('#found button').click()")
    browser.settle()
    assert "write x=901" in browser.evaluate("document.getElementById('details').innerText")


def test_a_filter_by_kind_and_key_hides_the_other_operations(browser, pages):
    browser.open(pages["unshrunk"])
    search(browser, kind="cas")
    some = int(dataset(browser)["drawn"])
    search(browser, key="1")
    fewer = int(dataset(browser)["drawn"])
    search(browser, kind="all kinds", key="all keys")

    assert 0 < fewer < some < 1003
    assert dataset(browser)["drawn"] == "1003"


def test_the_last_change_of_leader_is_one_key_away(browser, pages):
    browser.open(pages["unshrunk"], fragment="#t=9.0s")
    browser.evaluate("document.getElementById('lanes').focus()")
    moments = []
    for _ in range(3):
        browser.press("l")
        moments.append(browser.evaluate("location.hash"))

    assert len(set(moments)) == 3
    times = [float(moment.removeprefix("#t=").removesuffix("s")) for moment in moments]
    assert times == sorted(times, reverse=True)


def hover_all(browser, x, y, width):
    """What the tip says at points all over the chart."""
    texts = []
    for down in (25, 45, 100, 160):
        for step in range(20):
            browser.mouse("mouseMoved", x + width * (0.1 + step * 0.04), y + down)
            tip = "(t => t.hidden ? '' : t.textContent)(document.getElementById('tip'))"
            texts.append(browser.evaluate(tip))
    return texts


def test_the_mouse_chooses_hovers_drags_and_zooms(browser, pages):
    browser.open(pages["lost"])
    browser.evaluate("document.getElementById('lanes').scrollIntoView()")
    browser.settle()
    x, y, width = browser.evaluate(
        "(() => { const r = document.getElementById('lanes').getBoundingClientRect();"
        " return [r.x, r.y, r.width]; })()"
    )
    middle = x + width / 2

    hovered = hover_all(browser, x, y, width)
    browser.mouse("mousePressed", middle, y + 60, button="left", clickCount=1)
    browser.mouse("mouseMoved", middle - 100, y + 60, button="left")
    browser.mouse("mouseReleased", middle - 100, y + 60, button="left", clickCount=1)
    browser.settle()
    panned = int(dataset(browser)["drawn"])
    browser.mouse("mouseWheel", middle, y + 60, deltaX=0, deltaY=-600, modifiers=2)
    browser.settle()
    zoomed = int(dataset(browser)["drawn"])

    assert any(text.startswith("f1 process.power_loss n1") for text in hovered)
    assert any(text.startswith("add ") for text in hovered)
    assert panned <= 70  # the whole run was shown: there is nowhere to go
    assert zoomed < panned


def test_the_plain_wheel_scrolls_the_page_until_the_chart_has_the_focus(browser, pages):
    browser.open(pages["lost"])
    browser.evaluate("document.getElementById('lanes').scrollIntoView()")
    browser.settle()
    y = browser.evaluate("document.getElementById('lanes').getBoundingClientRect().y") + 60
    before = dataset(browser)["drawn"]

    browser.mouse("mouseWheel", 640, y, deltaX=0, deltaY=-400)
    browser.settle()
    unfocused = dataset(browser)["drawn"]
    browser.evaluate("document.getElementById('lanes').scrollIntoView()")
    browser.evaluate("document.getElementById('lanes').focus()")
    browser.settle()
    y = browser.evaluate("document.getElementById('lanes').getBoundingClientRect().y") + 60
    browser.mouse("mouseWheel", 640, y, deltaX=0, deltaY=-800)
    browser.settle()

    assert unfocused == before
    assert int(dataset(browser)["drawn"]) < int(before)


def test_light_and_dark_are_different_and_print_is_light(browser, pages):
    ground = (
        "getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()"
        " + ' ' + document.getElementById('lanes').getContext('2d').getImageData(1, 1, 1, 1).data"
    )
    browser.open(pages["valid"], scheme="light")
    light = browser.evaluate(ground)
    browser.media("dark")
    browser.settle()
    dark = browser.evaluate(ground)
    browser.media("dark", "print")
    browser.settle()
    printed = browser.evaluate(ground)

    assert light == "#ffffff 255,255,255,255"
    assert dark == "#161a20 22,26,32,255"
    assert printed == light


def test_20_000_operations_are_drawn_by_worst_outcome_in_each_column(browser, pages):
    browser.open(pages["large"])

    # Most columns hold several operations; those with an unknown outcome show all the same.
    orange = browser.evaluate(
        "(() => { const c = document.getElementById('lanes'), d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 0; i < d.length; i += 4)"
        "  if (d[i] === 224 && d[i + 1] === 138 && d[i + 2] === 0) n++; return n; })()"
    )
    assert dataset(browser)["drawn"] == "20000"
    assert orange > 1000


def test_the_replay_command_can_be_copied(browser, pages):
    browser.open(pages["valid"])
    browser.evaluate("document.querySelector('button.copy').click()")
    browser.settle()

    chosen = browser.evaluate("document.querySelector('button.copy').textContent")
    assert chosen == "Copied"
