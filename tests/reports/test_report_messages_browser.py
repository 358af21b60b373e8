"""All messages of a run on a canvas in a real browser: drawn, found, chosen, with their past."""

import json

import pytest
import sample_traces
from chromium import find_chromium
from report_page import dataset

from splitbrain.reports import load_run, write_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]

CANVAS = "document.getElementById('messages')"
TOLD = "document.getElementById('messages-told').textContent"
MESSAGES = 2400 + 20


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = {
        "busy": sample_traces.busy_run(folder / "busy"),
        "hostile": sample_traces.hostile_trace_run(folder / "hostile", 6),
    }
    for each in made.values():
        write_report(each)
    return made


def opened(browser, folder, **more):
    browser.open(folder / "report.html", **more)
    browser.evaluate(f"{CANVAS}.focus()")
    browser.settle()


def test_the_picture_opens_at_the_failure_and_shows_all_on_a_key(browser, folders):
    opened(browser, folders["busy"])
    near = int(dataset(browser)["messages"])
    browser.press("0")
    everything = int(dataset(browser)["messages"])
    browser.press("+")

    assert everything == MESSAGES
    assert 0 < near < everything
    assert int(dataset(browser)["messages"]) < everything
    assert "errors" not in dataset(browser)


def test_a_lost_message_is_red_and_the_leaders_are_gold(browser, folders):
    opened(browser, folders["busy"])
    pixels = (
        f"(c => {{ const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " const n = { gold: 0, red: 0 }; for (let i = 0; i < d.length; i += 4) {"
        "  if (d[i] === 217 && d[i + 1] === 164 && d[i + 2] === 0) n.gold++;"
        "  if (d[i] === 179 && d[i + 1] === 18 && d[i + 2] === 79) n.red++; }"
        f" return n; }})({CANVAS})"
    )
    found = browser.evaluate(pixels)

    assert found["gold"] > 200
    assert found["red"] > 100


@pytest.mark.parametrize("words", ["message ping 2.816600", 'message "vote"', 'message "get"'])
def test_a_message_is_found_and_all_that_happened_before_it_is_lit(browser, folders, words):
    opened(browser, folders["busy"])
    browser.evaluate(
        "(i => { i.value = " + json.dumps(words) + "; i.dispatchEvent(new Event('input')); })"
        "(document.getElementById('search'))"
    )
    assert browser.evaluate("document.querySelectorAll('#found button').length") == 1
    browser.evaluate("document.querySelector('#found button').click()")
    if (
        words != "message ping 2.816600"
    ):  # among those of the failure, which have a picture of their own
        assert browser.evaluate("document.querySelectorAll('g.message.chosen').length") == 1
        return
    browser.settle()

    trace = load_run(folders["busy"]).trace
    chosen = next(m for m in trace.messages.values() if list(m.body) == ["ping", 799])
    past = trace.past([chosen.sent])
    before = [m for m in trace.messages.values() if m.sent <= past.get(m.source, -1)]
    told = browser.evaluate(TOLD)
    assert told.startswith("n2 to n3: ping 799; sent at 2.816600 s, received after 1.0 ms")
    assert f"Lit: the {len(before) - 1} messages that were sent before" in told


def test_keys_step_through_messages_and_escape_ends_it(browser, folders):
    opened(browser, folders["busy"])
    usual = browser.evaluate(TOLD)
    browser.press("n")
    first = browser.evaluate(TOLD)
    browser.press("n")
    second = browser.evaluate(TOLD)
    browser.press("Escape")

    assert "sent at" in first
    assert "sent at" in second
    assert first != second
    assert browser.evaluate(TOLD) == usual


def test_the_mouse_points_at_a_message_chooses_it_and_drags(browser, folders):
    opened(browser, folders["busy"])
    browser.press("0")
    browser.evaluate(f"{CANVAS}.scrollIntoView()")
    browser.settle()
    x, y, width, height = browser.evaluate(
        f"(r => [r.x, r.y, r.width, r.height])({CANVAS}.getBoundingClientRect())"
    )
    spot = x + width * 0.5, y + height - 60
    browser.mouse("mouseMoved", *spot)
    tip = browser.evaluate("document.getElementById('messages-tip').textContent")
    browser.mouse("mousePressed", *spot, button="left", clickCount=1)
    browser.mouse("mouseReleased", *spot, button="left", clickCount=1)
    chosen = browser.evaluate(TOLD)
    browser.mouse("mouseWheel", *spot, deltaX=0, deltaY=-600, modifiers=2)
    browser.settle()

    assert tip
    assert chosen.startswith(tip)
    assert int(dataset(browser)["messages"]) < MESSAGES


def test_a_link_to_a_moment_shows_its_messages(browser, folders):
    opened(browser, folders["busy"], fragment="#t=0.5s")
    browser.press("n")

    sent = float(browser.evaluate(TOLD).partition("sent at ")[2].partition(" s")[0])
    assert 0 < sent < 0.6


def test_hostile_names_and_messages_run_nothing(browser, folders):
    opened(browser, folders["hostile"])
    browser.press("0")
    for _ in range(12):
        browser.press("n")

    assert "pwned" not in dataset(browser)
    assert "errors" not in dataset(browser)
    assert browser.evaluate("document.querySelectorAll('img').length") == 0


@pytest.mark.parametrize("width", [1280, 380])
def test_the_canvas_is_as_wide_as_the_page(browser, folders, width):
    opened(browser, folders["busy"], width=width)

    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_is_drawn_before_it_comes_into_sight(browser, folders):
    browser.open(folders["busy"] / "report.html", width=1280, height=300)
    browser.settle()
    height = browser.evaluate(f"{CANVAS}.clientHeight")
    before = dataset(browser)
    browser.evaluate(f"{CANVAS}.scrollIntoView()")
    browser.settle()

    assert "messages" not in before
    assert int(dataset(browser)["messages"]) > 0
    assert browser.evaluate(f"{CANVAS}.clientHeight") == height


def test_of_a_crowd_only_as_many_are_drawn_as_cover_its_lanes(browser, folders):
    opened(browser, folders["busy"])
    browser.evaluate(
        "(pen => { const stroke = pen.stroke; window.strokes = 0;"
        " pen.stroke = function (...path) { window.strokes++; stroke.apply(this, path); }; })"
        "(CanvasRenderingContext2D.prototype)"
    )
    browser.press("0")
    # Between n2 and n3, which talk all along, before the fault has a band.
    drawn = browser.evaluate(
        "(c => { const d = c.getContext('2d').getImageData(200, 193, 320, 1).data;"
        " return [...Array(320).keys()].filter(x => d[4 * x] < 250); })(" + CANVAS + ")"
    )

    assert int(dataset(browser)["messages"]) == MESSAGES
    assert 100 < browser.evaluate("window.strokes") < MESSAGES / 2
    assert {x // 32 for x in drawn} == set(range(10))
