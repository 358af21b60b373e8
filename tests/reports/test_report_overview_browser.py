"""The page of many runs in a real browser: filter, order, comparison, nothing hostile."""

import itertools
import json
from random import Random

import pytest
import sample_runs
from chromium import find_chromium

from splitbrain.reports.overview.comparing import compared
from splitbrain.reports.overview.page import write_index

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed"),
]

SHOWN = "[...document.querySelectorAll('#all tbody tr')].filter(r => !r.hidden)"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name in ("valid", "stale", "lost", "unknown", "killed", "hostile"):
        sample_runs.ALL[name](folder / name)
    return write_index(folder)


@pytest.mark.parametrize("width", [1280, 380])
def test_the_page_fits_and_runs_nothing_of_others(browser, page, width):
    browser.open(page, width=width)

    assert browser.evaluate("document.documentElement.dataset.pwned") is None
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.requests() == [page.as_uri()]
    assert not [event for event in browser.events if event["method"] == "Runtime.exceptionThrown"]


def test_words_filter_rows(browser, page):
    browser.open(page)
    browser.evaluate(
        "(i => { i.value = 'RAFT invalid con-03'; i.dispatchEvent(new Event('input')); })"
        "(document.getElementById('filter'))"
    )

    assert browser.evaluate(f"{SHOWN}.map(r => r.children[0].textContent)") == ["stale"]
    assert browser.evaluate("document.getElementById('shown').textContent") == "1 of 6"


def test_a_head_orders_rows_and_again_the_other_way(browser, page):
    browser.open(page)
    names = f"{SHOWN}.map(r => r.children[5].textContent).map(Number)"
    click = "document.querySelectorAll('.sort')[5].click()"
    browser.evaluate(click)
    up = browser.evaluate(names)
    browser.evaluate(click)

    assert up == sorted(up)
    assert browser.evaluate(names) == up[::-1]


def test_two_chosen_runs_are_a_command_to_copy(browser, page):
    browser.open(page)
    browser.evaluate(
        "for (const [id, name] of [['one', 'stale'], ['other', 'lost']]) {"
        " const s = document.getElementById(id); s.value = name;"
        " s.dispatchEvent(new Event('change')); }"
    )

    command = "document.getElementById('command').textContent"
    assert browser.evaluate(command) == "splitbrain diff stale lost"
    assert "does not hold the trace of both" in browser.evaluate(COMPARED)


COMPARED = "document.getElementById('compared').textContent"


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """Runs whose traces are alike for a while; hostile words are in some of them."""
    folder = tmp_path_factory.mktemp("traced")
    random = Random(5)
    words = ["<img src=x onerror=document.documentElement.dataset.pwned=1>", "a", "b"]
    for number in range(9):
        run = sample_runs.valid_run(folder / f"run{number}", 20)
        events = [[0.1 * at, "step", "n1", random.choice(words)] for at in range(3)]
        if number:  # as another one, to somewhere
            other = folder / f"run{random.randrange(number)}" / "trace.jsonl"
            lines = other.read_text().splitlines()
            events = [*map(json.loads, lines[: random.randrange(len(lines) + 1)]), *events]
        (run / "trace.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        plan = json.loads((run / "plan.json").read_text()) | {"seed": number // 3}
        (run / "plan.json").write_text(json.dumps(plan))
    return write_index(folder)


def test_two_runs_are_compared_in_the_page_as_the_command_does(browser, traced):
    browser.open(traced)
    folder = traced.parent
    for one, other in itertools.product(range(9), repeat=2):
        told = browser.evaluate(
            f"""(async () => {{
            for (const [id, name] of [['one', 'run{one}'], ['other', 'run{other}']])
              document.getElementById(id).value = name;
            document.getElementById('one').dispatchEvent(new Event('change'));
            for (const place = document.getElementById('compared');;) {{
              const told = place.textContent;
              if (told.startsWith('< run{one}\\n> run{other}\\n')) return told;
              await new Promise(requestAnimationFrame);
            }} }})()"""
        )
        lines = told.split("\n")[3:]
        wanted = compared(folder / f"run{one}", folder / f"run{other}")
        if one != other:
            assert lines == wanted
        else:
            assert lines == ["plans: the same", "traces: the same", "verdicts: the same"]
    assert browser.evaluate("document.documentElement.dataset.pwned") is None
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
