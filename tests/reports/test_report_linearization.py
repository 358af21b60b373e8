"""The picture of a failed ordering: the order found, and why nothing can follow."""

import json

import pytest
from chromium import find_chromium
from run_recording import Recording, info, plan, save

from splitbrain.checkers import INVALID, History, linearizable, models
from splitbrain.checkers.consistency import sequential
from splitbrain.checkers.history import drawn
from splitbrain.harness.workloads import Words
from splitbrain.reports import load_run, write_report
from splitbrain.reports.evidence.intervals import draw_intervals
from splitbrain.reports.evidence.linearization import SCENE_LIMIT, scene_of
from splitbrain.reports.evidence.witness import evidence

WORDS = {
    "write": Words("writes {argument}", "={argument}", "{argument}").to_json(),
    "read": Words("reads[ -> {result}]", "->{result}", "{result}").to_json(),
}

DISAGREEING = """
    a: [w1                    ]
    b:  [w2                  ]
    c:     [r1  ] [r2  ]
    d:       [r2  ] [r1  ]
    e:                           [w5]
"""


def judged_run(folder, history: History, checker=None, clients=5):
    """A run's folder with this history, and what a checker really says of it."""
    verdict = (checker or linearizable(models.cas_register())).check(history)
    assert verdict.validity is INVALID
    recording = Recording()
    for event in history:
        recording.add(event.time, event.process, event.type, event.f, event.value)
    return save(folder, recording, plan(clients=clients), [verdict.to_json()], info(words=WORDS))


@pytest.fixture
def view(tmp_path):
    return load_run(judged_run(tmp_path / "run", drawn(DISAGREEING)))


def scene(view):
    (found,) = evidence(view)
    return scene_of(view, found.anomaly, found.witness), found


def test_the_order_found_is_drawn_and_candidates_say_why_they_cannot_follow(view):
    picture, found = scene(view)

    candidates = [candidate.position for candidate in found.witness.candidates]
    assert candidates
    assert set(picture.order) | set(candidates) <= set(picture.window)
    assert list(picture.window) == sorted(picture.window)
    assert not set(picture.order) & set(candidates)
    for place, position in enumerate(picture.order):
        assert picture.notes[position].startswith(f"Number {place + 1} of the longest order found")
    for candidate in found.witness.candidates:
        assert candidate.why in picture.notes[candidate.position]
        assert picture.notes[candidate.position].startswith("Can't be next: ")


def test_a_note_tells_the_order_up_to_its_operation_and_what_it_leaves(view):
    picture, _ = scene(view)

    second = picture.notes[picture.order[1]]
    for position in picture.order[:2]:
        call = view.calls[position]
        assert f"client {call.process} {'writes' if call.f == 'write' else 'reads'}" in second
    call = view.calls[picture.order[1]]
    assert second.endswith(f"Leaves {call.argument if call.f == 'write' else call.result}.")


def test_what_went_on_at_the_time_is_drawn_too_but_not_what_came_later(view):
    picture, found = scene(view)

    concerned = {*found.witness.window, *(c.position for c in found.witness.candidates)}
    overlapping = [i for i, call in enumerate(view.calls) if call.argument != 5]
    assert concerned <= set(picture.window)
    assert list(picture.window) == overlapping


def test_the_path_respects_real_time(view):
    """Each point of the path lies on its operation's bar, and none left of the one before."""
    picture, found = scene(view)

    svg = str(
        draw_intervals(view, picture.window, found.witness.blamed, picture.order, picture.notes)
    )

    points = [float(part.split('"')[0]) for part in svg.split('cx="')[1:]]
    assert len(points) == len(picture.order)
    assert points == sorted(points)
    bars = {}
    for part in svg.split("<g ")[1:]:
        tag = part.split(">")[0]
        if "data-step" in tag:
            step = int(tag.split('data-step="')[1].split('"')[0])
            rect = part.split("<rect ")[1]
            x, width = (float(rect.split(f'{name}="')[1].split('"')[0]) for name in ("x", "width"))
            bars[step] = (x, x + width)
    assert sorted(bars) == list(range(len(points)))
    for step, x in enumerate(points):
        assert bars[step][0] <= x <= bars[step][1]


def test_pictures_of_long_histories_are_limited(tmp_path):
    rows = [f"{name}: " + f"[w{number}" + " " * 700 + "]" for number, name in enumerate("abcdef")]
    reads = "".join(f"[r{i % 6}]  " for i in range(90))
    history = drawn("\n".join([*rows, f"g: {reads}"]))
    view = load_run(judged_run(tmp_path / "run", history, clients=7))

    picture, _ = scene(view)

    assert 0 < len(picture.window) <= SCENE_LIMIT


def test_sequential_consistency_has_the_same_picture(tmp_path):
    history = drawn("""
        a: [w1] [w2]
        b:           [r2] [r1]
    """)
    checker = sequential(models.cas_register())
    view = load_run(judged_run(tmp_path / "run", history, checker))

    picture, found = scene(view)

    assert [candidate.why for candidate in found.witness.candidates] == [
        "process 0's write 2 (operation 2) would overwrite 1, which others must still find",
        "process 1's read → 2 (operation 4) does not fit the state, which is 1",
    ]
    assert len(picture.order) == 1


def test_an_anomaly_without_an_order_has_a_plain_picture(tmp_path):
    history = drawn("a: [w1] [r2]")
    verdict = linearizable(models.cas_register()).check(history).to_json()
    verdict["anomalies"][0]["details"] = {"last_linearized": ["x", None], "linearized": "many"}
    recording = Recording()
    for event in history:
        recording.add(event.time, event.process, event.type, event.f, event.value)
    view = load_run(save(tmp_path / "run", recording, plan(), [verdict], info()))

    picture, _ = scene(view)

    assert picture.order == ()
    assert picture.notes == {}
    assert "dotted path" not in write_report(view.path).page.read_text()


needs_browser = pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed")


@pytest.mark.browser
@needs_browser
def test_pointing_at_an_operation_shows_the_order_up_to_it(view, browser):
    browser.open(write_report(view.path).page)
    bars = "[...document.querySelectorAll('svg.intervals g.bar[data-note]')]"
    told = "document.querySelector('.told').textContent"
    usual = browser.evaluate(told)

    browser.evaluate(f"{bars}.find(b => b.dataset.step === '1').focus()")

    assert browser.evaluate(told).startswith("Number 2 of the longest order found")
    assert browser.evaluate("document.querySelectorAll('circle.point.reached').length") == 2
    browser.evaluate(f"{bars}.find(b => b.classList.contains('blocked')).focus()")
    assert browser.evaluate(told).startswith("Can't be next")
    assert browser.evaluate("document.querySelectorAll('circle.point.reached').length") == 0
    browser.evaluate("document.activeElement.blur()")
    assert browser.evaluate(told) == usual


@pytest.mark.browser
@needs_browser
def test_the_picture_is_enlarged_and_reduced(view, browser):
    browser.open(write_report(view.path).page, width=700)
    picture = "document.querySelector('.picture')"
    size = f"[{picture}.clientWidth, {picture}.querySelector('svg').getBoundingClientRect().width]"

    def press(action):
        browser.evaluate(f"document.querySelector('[data-action={action}]').click()")
        return json.loads(browser.evaluate(f"JSON.stringify({size})"))

    _, whole = press("out")
    room, larger = press("in")
    assert larger > whole
    for _ in range(4):
        _, largest = press("in")
    assert largest > room
    press("failure")
    assert browser.evaluate(f"{picture}.scrollLeft") > 0
    room, fitted = press("fit")
    assert fitted <= room + 1
    assert browser.evaluate("document.documentElement.dataset.errors") is None


@pytest.mark.browser
@needs_browser
def test_without_script_notes_are_tool_tips_and_buttons_hidden(view, browser):
    browser.open(write_report(view.path).page, script=False)

    title = browser.evaluate(
        "document.querySelector('svg.intervals g[data-step=\"0\"] title').textContent"
    )
    assert title.startswith("Number 1 of the longest order found")
    assert (
        browser.evaluate("getComputedStyle(document.querySelector('.magnify')).display") == "none"
    )
