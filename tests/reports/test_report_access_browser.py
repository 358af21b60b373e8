"""The page for whoever has no mouse, other colors, or paper."""

import base64

import pytest
from chromium import find_chromium
from report_page import dataset

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]


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


ROWS = """[...document.querySelectorAll('.in-rows')].map(rows => {
    const shown = [...rows.children].map(row => row.getBoundingClientRect());
    return { rows: shown.length, widest: Math.max(...shown.map(box => box.right)),
        scale: shown[0].width / rows.firstChild.viewBox.baseVal.width,
        other: rows.nextElementSibling.getClientRects().length,
        blamed: [...rows.querySelectorAll('.bar.blamed rect')].some(bar => {
            const box = bar.getBoundingClientRect(), row = bar.closest('.in-rows > svg');
            const room = row.lastChild.getBoundingClientRect();
            return box.left < room.right && box.right > room.left; }),
        names: [...rows.children].every(row => row.firstChild.querySelector('text.lane')) };
})"""


@pytest.mark.parametrize("name", ["raft", "two-leaders"])
def test_a_wide_witness_is_printed_in_rows_that_can_be_read(browser, traced, name):
    browser.open(traced[name], width=740)  # as wide as paper
    browser.media("light", "print")
    before = browser.evaluate("document.querySelectorAll('.in-rows').length")
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    rows = browser.evaluate(ROWS)
    browser.evaluate("dispatchEvent(new Event('afterprint'))")

    assert (before, browser.evaluate("document.querySelectorAll('.in-rows').length")) == (0, 0)
    assert len(rows) == {"raft": 2, "two-leaders": 0}[name]
    for picture in rows:
        assert picture["rows"] > 1
        assert picture["widest"] <= 740
        assert picture["scale"] > 0.75  # of letters on the screen
        assert picture["other"] == 0
        assert picture["blamed"]
        assert picture["names"]


def test_a_page_is_printed_with_its_witness_and_without_an_error(browser, traced):
    browser.open(traced["raft"])
    printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])

    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") > 5
    assert "errors" not in dataset(browser)


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
