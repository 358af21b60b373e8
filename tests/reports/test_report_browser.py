"""The page in a real browser: it draws, answers keys and mouse, and runs nothing of others."""

import json
import shutil

import picture_system
import pytest
import sample_runs
import sample_traces
from chromium import find_chromium

from splitbrain.reports import write_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    pages = {name: write_report(make(folder / name)).page for name, make in sample_runs.ALL.items()}
    unshrunk = sample_runs.stale_run(folder / "unshrunk")
    shutil.rmtree(unshrunk / "shrunk")
    return {**pages, "unshrunk": write_report(unshrunk).page}


def dataset(browser):
    return json.loads(browser.evaluate("JSON.stringify(document.documentElement.dataset)"))


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


def search(browser, prefix="", **values):
    """Type into the search box and choose from its lists; the texts that are found."""
    for name, value in values.items():
        field = f"document.getElementById('{prefix}{name}')"
        chosen = json.dumps(value)
        browser.evaluate(
            f"(f => {{ f.value = [...f.options ?? []].find(o => o.textContent === {chosen})?.value"
            f" ?? {chosen}; f.dispatchEvent(new Event('input')); }})({field})"
        )
    browser.settle()
    items = f"[...document.querySelectorAll('#{prefix}found button')].map(b => b.textContent)"
    return browser.evaluate(items)


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


def test_a_message_is_found_by_what_it_says_and_chosen_in_the_picture(browser, traced):
    browser.open(traced["two-leaders"])
    found = search(browser, search="message request-vote")
    browser.evaluate("document.querySelector('#found button').click()")

    assert len(found) == 1
    assert browser.evaluate(f"{CHOSEN}.at(-1)").startswith("n3 to n2")


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


CHOSEN = (
    "[...document.querySelectorAll('g.message.before')]"
    ".map(g => g.querySelector('title').textContent.split(';')[0])"
)


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced")
    makers = {
        "two-leaders": sample_traces.two_leaders_run,
        "hostile": sample_traces.hostile_trace_run,
        "raft": sample_traces.raft_run,
        "pictured": sample_traces.pictured_run,
    }
    return {name: write_report(make(folder / name)).page for name, make in makers.items()}


@pytest.mark.parametrize("name", ["two-leaders", "hostile", "raft", "pictured"])
@pytest.mark.parametrize("width", [1280, 380])
def test_space_time_diagrams_fit_run_nothing_and_raise_nothing(browser, traced, name, width):
    browser.open(traced[name], width=width)

    data = dataset(browser)
    assert data["state"] == "ready"
    assert "errors" not in data
    assert "pwned" not in data
    assert browser.evaluate("document.querySelectorAll('g.message').length") > 0
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_each_form_of_picture_is_there_and_its_hostile_words_run_nothing(browser, traced):
    browser.open(traced["pictured"])
    forms = [picture.name for picture in picture_system.SYSTEM.pictures]
    drawn = browser.evaluate("[...document.querySelectorAll('figure')].map(f => f.id.slice(8))")

    assert [name for name in drawn if name in forms] == ["lanes", "grid", "plot", "ring", "broken"]
    assert browser.evaluate("document.querySelectorAll('figure svg.drawn').length") >= 4
    assert browser.evaluate("document.querySelectorAll('figure img, figure script').length") == 0
    assert "pwned" not in dataset(browser)


def test_a_click_lights_what_happened_before_a_message(browser, traced):
    browser.open(traced["two-leaders"])
    vote = (
        "[...document.querySelectorAll('g.message')]"
        ".find(g => g.textContent.includes('vote\", 7, true'))"
    )
    event = "new MouseEvent('click', { bubbles: true })"
    browser.evaluate(f"{vote}.querySelector('.arrow').dispatchEvent({event})")

    before = browser.evaluate(CHOSEN)
    assert [text.split(":")[0] for text in before][-2:] == ["n3 to n2", "n2 to n3"]
    assert not any("client" in text for text in before)
    told = browser.evaluate("document.querySelector('.spacetime-told').textContent")
    assert told.startswith('n2 to n3: ["vote", 7, true]; sent at 2.602000 s, received at')


def test_arrow_keys_step_through_messages_and_escape_ends_it(browser, traced):
    browser.open(traced["two-leaders"])
    browser.evaluate("document.querySelector('svg.spacetime[tabindex]').focus()")
    browser.press("ArrowLeft")
    last = browser.evaluate(f"{CHOSEN}.at(-1)")
    browser.press("ArrowLeft")
    previous = browser.evaluate(f"{CHOSEN}.at(-1)")
    browser.press("Escape")

    assert last.startswith("n1 to client 0")
    assert previous.startswith("client 0 to n1")
    assert browser.evaluate("document.querySelectorAll('g.before').length") == 0


def test_no_label_of_a_space_time_diagram_covers_another(browser, traced):
    browser.open(traced["raft"])
    overlaps = browser.evaluate(
        "(() => { const b = [...document.querySelectorAll('text.says')]"
        ".map(t => t.getBoundingClientRect()); let n = 0;"
        " b.forEach((p, i) => b.slice(i + 1).forEach(q => { if (p.left + 4 < q.right &&"
        " q.left + 4 < p.right && p.top + 4 < q.bottom && q.top + 4 < p.bottom) n++; }));"
        " return n; })()"
    )

    assert overlaps == 0


@pytest.mark.parametrize("name", ["stale", "lost", "diverged", "hostile"])
def test_whoever_has_no_mouse_can_scroll_what_scrolls_and_skip_to_the_verdict(browser, pages, name):
    browser.open(pages[name], width=380)
    stuck = browser.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => ['auto', 'scroll'].includes("
        "getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    nameless = browser.evaluate(
        "[...document.querySelectorAll('button, .scroll[role], [role=img], canvas[tabindex]')]"
        ".filter(e => !(e.textContent.trim() || e.getAttribute('aria-label')))"
        ".map(e => e.outerHTML.slice(0, 80))"
    )

    assert stuck == []
    assert nameless == []
    first = browser.evaluate("document.querySelector('a, button').getAttribute('href')")
    assert browser.evaluate(f"document.querySelector('{first}') !== null")


CONTRAST = """
(() => {
  const light = (c) => { const v = c.map(x => x / 255)
    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll('main *, header *')) {
    if (e.closest('svg, canvas, [hidden]')) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e), a = light(rgb(style.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 90)}`);
  }
  return low;
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["stale", "lost", "diverged", "unknown", "valid"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(browser, pages, name, scheme):
    browser.open(pages[name], scheme=scheme)

    assert browser.evaluate(CONTRAST) == []


def test_with_forced_colors_pictures_keep_theirs_and_the_rest_takes_the_systems(browser, traced):
    browser.open(traced["two-leaders"])
    ours = browser.evaluate(GOLD)
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": "forced-colors", "value": "active"}]
    )
    browser.settle()

    assert browser.evaluate("matchMedia('(forced-colors: active)').matches")
    assert browser.evaluate(GOLD) == ours
    assert browser.evaluate("getComputedStyle(document.querySelector('.lead')).color") != ""


GOLD = "getComputedStyle(document.querySelector('.role.leads rect')).fill"


def test_printed_commands_are_whole_and_nothing_to_press_is_printed(browser, pages):
    browser.open(pages["stale"], width=700)
    browser.media("light", "print")
    browser.settle()

    cut = browser.evaluate(
        "[...document.querySelectorAll('.command code')]"
        ".filter(c => c.scrollWidth > c.clientWidth + 1).length"
    )
    pressed = browser.evaluate(
        "[...document.querySelectorAll('button, input, select')]"
        ".filter(e => e.getClientRects().length).map(e => e.outerHTML.slice(0, 60))"
    )
    assert cut == 0
    assert pressed == []
