"""The space-time diagram and the pictures of a system's own in a real browser."""

import picture_system
import pytest
from chromium import find_chromium
from report_page import dataset, search

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]

CHOSEN = (
    "[...document.querySelectorAll('g.message.before')]"
    ".map(g => g.querySelector('title').textContent.split(';')[0])"
)


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
    words = "[...document.querySelectorAll('text.says.before')].map(t => t.textContent)"
    assert browser.evaluate(words) == ["request-vote 7", "vote 7 yes"]
    told = browser.evaluate("document.querySelector('.spacetime-told').textContent")
    assert told.startswith('n2 to n3: ["vote", 7, true]; sent at 2.602000 s, received at')


def test_words_choose_their_message_and_stand_before_all_arrows(browser, traced):
    browser.open(traced["two-leaders"])
    vote = "[...document.querySelectorAll('text.says')].find(t => t.textContent === 'vote 7 yes')"
    event = "new MouseEvent('click', { bubbles: true })"
    browser.evaluate(f"{vote}.dispatchEvent({event})")
    hidden = browser.evaluate(
        "[...document.querySelectorAll('svg.spacetime :is(.says, .bar, .role)')].filter(over =>"
        " [...document.querySelectorAll('g.message')].some(message =>"
        " over.compareDocumentPosition(message) & Node.DOCUMENT_POSITION_FOLLOWING)).length"
    )

    assert browser.evaluate(f"{CHOSEN}.at(-1)").startswith("n2 to n3")
    assert hidden == 0


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


def test_a_message_is_found_by_what_it_says_and_chosen_in_the_picture(browser, traced):
    browser.open(traced["two-leaders"])
    found = search(browser, search="message request-vote")
    browser.evaluate("document.querySelector('#found button').click()")

    assert len(found) == 1
    assert browser.evaluate(f"{CHOSEN}.at(-1)").startswith("n3 to n2")
