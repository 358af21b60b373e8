"""Space-time diagrams: a failure's cause is in the picture, and nothing of a trace is markup."""

import json
import re
from dataclasses import replace

import pytest
import sample_runs
from hypothesis import given
from hypothesis import strategies as st
from sample_traces import Tracing, busy_run, hostile_trace_run, raft_run, two_leaders_run
from test_report_html import Page

from splitbrain.harness.runs import recorded_trace
from splitbrain.harness.runs.recorded_trace import RunTrace
from splitbrain.reports import load_run, render_html, render_terminal
from splitbrain.reports.spacetime.drawing import draw_spacetime
from splitbrain.reports.spacetime.printed import printed_by
from splitbrain.reports.spacetime.text import lines_of
from splitbrain.reports.spacetime.window import window_of
from splitbrain.reports.story import tell


def test_the_window_has_the_blamed_operations_the_election_and_the_first_loss(tmp_path):
    window = window_of(load_run(two_leaders_run(tmp_path)))

    said = [message.body[0] for message in window.messages]
    assert said.count("request") == 2
    assert said.count("reply") == 2
    assert {"request-vote", "vote", "appended"} <= set(said)
    assert [m.reason for m in window.messages if m.lost] == ["f1"]


def test_heartbeats_are_counted_and_not_drawn(tmp_path):
    view = load_run(two_leaders_run(tmp_path))
    window = window_of(view)

    beats = [m for m in window.messages if m.body[:3] == ["append", 5, []]]
    first, last = window.start, window.end
    between = [m for m in view.trace.messages.values() if first <= view.trace.time(m.sent) <= last]
    assert len(beats) == 1
    assert window.repeated == len(between) - len(window.messages)
    assert window.repeated > 0
    assert window.hidden == 0


def test_heartbeats_that_carry_a_clock_are_heartbeats(tmp_path):
    folder = two_leaders_run(tmp_path)
    plain = window_of(load_run(folder))
    lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    for event in lines:
        if event[1] == "send" and event[5][0] == "append":
            event[5].append([event[0], [event[0] + 5.5]])
    (folder / "trace.jsonl").write_text("".join(json.dumps(event) + "\n" for event in lines))
    window = window_of(load_run(folder))

    assert (window.repeated, len(window.messages)) == (plain.repeated, len(plain.messages))


def test_of_a_small_run_all_that_came_before_is_shown(tmp_path):
    folder = two_leaders_run(tmp_path)
    lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    early = [[0.1, "send", "n3", "n2", 99, ["early"]], [0.2, "receive", "n3", "n2", 99]]
    lines = sorted([*lines, *early], key=lambda event: event[0])
    (folder / "trace.jsonl").write_text("".join(json.dumps(event) + "\n" for event in lines))
    view = load_run(folder)

    assert window_of(view).start > 200_000_000
    assert window_of(replace(view, small=True)).messages[0].body == ["early"]


def test_a_small_limit_keeps_the_blamed_operations_messages(tmp_path):
    window = window_of(load_run(two_leaders_run(tmp_path)), limit=4)

    assert {m.body[0] for m in window.messages} == {"request", "reply"}
    assert window.hidden > 0


def test_the_drawing_shows_both_leaders_the_lost_message_and_who_answered(tmp_path):
    view = load_run(two_leaders_run(tmp_path))
    svg = draw_spacetime(view, window_of(view))

    assert svg.count('class="role leads"') == 2
    assert "n1: leader · term 5" in svg
    assert "n3: leader · term 7" in svg
    assert svg.count('class="cross"') == 1
    assert svg.count('class="fault-lane"') == 1  # n1, which was cut off
    assert "lost: f1" in svg
    assert svg.count('class="arrow again"') == 1
    assert svg.count('class="sync"') == 1
    assert svg.count(" blamed") == 2
    assert "7331606786973054730" not in re.sub("<title>.*?</title>", "", svg)


def test_the_story_says_who_answered_and_what_it_was(tmp_path):
    texts = [line.text for line in tell(load_run(two_leaders_run(tmp_path)))]

    assert "client 1 writes z = 15 at n3, leader of term 7" in texts
    assert "client 0 reads z -> null from n1, leader of term 5" in texts


def test_the_terminal_has_a_diagram_of_at_most_twenty_lines(tmp_path):
    view = load_run(two_leaders_run(tmp_path))
    lines = lines_of(view)

    assert len(lines) <= 20
    assert lines[0].split() == ["client", "0", "client", "1", "n1", "n2", "n3"]
    assert any(re.search(r"2\.802 s +\|<- ok - -+\*", line) for line in lines)
    assert any("lost: f1" in line for line in lines)
    assert [line.split()[0] for line in lines if "leader 7" in line] == ["2.603"]
    assert lines[1].strip() in render_terminal(view)


def test_a_valid_run_and_a_run_without_a_trace_have_none(tmp_path):
    assert 'id="spacetime"' not in render_html(load_run(sample_runs.valid_run(tmp_path / "a")))
    assert 'id="spacetime"' not in render_html(load_run(sample_runs.stale_run(tmp_path / "b")))


def test_hostile_traces_are_text(tmp_path):
    view = load_run(hostile_trace_run(tmp_path))
    page = render_html(view)

    assert 'id="spacetime"' in page
    assert "<img" not in page
    assert "<script>document" not in page
    Page(page)
    assert render_terminal(view).isascii()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ('{"not": "an event"}', "line 1"),
        ("[1.0]", "line 1 is no event"),
        ('["now", "send"]', "line 1 is no event"),
        ('[1e300, "send"]', "line 1 is no event"),
        ("[" * 5000, "line 1"),
    ],
)
def test_a_damaged_trace_is_told_and_left_out(tmp_path, damage, problem):
    folder = two_leaders_run(tmp_path)
    (folder / "trace.jsonl").write_text(damage + '\n[1.0, "boot", "n1"]\n')
    page = render_html(load_run(folder))

    assert 'id="spacetime"' not in page
    assert problem in page


def test_a_half_last_line_is_a_killed_runs(tmp_path):
    folder = two_leaders_run(tmp_path)
    with (folder / "trace.jsonl").open("a") as trace:
        trace.write('[3.0, "se')

    assert 'id="spacetime"' in render_html(load_run(folder))


def test_a_real_stale_read_shows_two_leaders_at_once(tmp_path):
    view = load_run(raft_run(tmp_path))
    svg = draw_spacetime(view, window_of(view))

    assert svg.count('class="role leads"') >= 2
    assert 'class="cross"' in svg
    culprit = view.calls[max(view.marked)]
    assert any(
        line.index == culprit.invoke_index and ", leader of term" in line.text
        for line in tell(view, 10_000)
    )


def _reaches(events, start):
    """All events that happened before one, by the definition: the twin of the vector clocks."""
    found, waiting = set(), [start]
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        found.add(at)
        event = events[at]
        host = event[3] if event[1] == "receive" else event[2]
        for other in range(at):
            theirs = events[other]
            their_host = theirs[3] if theirs[1] == "receive" else theirs[2]
            sent = event[1] == "receive" and theirs[1] == "send" and theirs[4] == event[4]
            if their_host == host or sent:
                waiting.append(other)
    return found


@given(
    messages=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9)), max_size=14
    )
)
def test_the_past_is_lamports(messages, tmp_path_factory):
    trace, folder = Tracing(), tmp_path_factory.mktemp("trace")
    for number, (source, destination, length) in enumerate(messages):
        trace.message(number, f"n{source}", f"n{destination}", ["m"], float(number) + length + 0.5)
    trace.write(folder)
    read = RunTrace(folder)

    for at in range(len(read.events)):
        known = read.past([at])
        for other, event in enumerate(read.events):
            host = event[3] if event[1] == "receive" else event[2]
            assert (other <= known.get(host, -1)) == (other in _reaches(read.events, at))


def test_what_nodes_printed_stands_beside_the_diagram_with_time_and_event(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    events += [[2.65, "stdout", "n3", "<b>I lead</b>"], [2.66, "stderr", "n1", "odd"]]
    events += [[9.0, "stdout", "n1", "after the failure"]]
    events.sort(key=lambda event: event[0])
    (folder / "trace.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    view = load_run(folder)

    lines, hidden = printed_by(view, 1)
    page = Page(render_html(view))

    assert [(line.time, line.node, line.text) for line in lines] == [(2_660_000_000, "n1", "odd")]
    assert hidden == 1
    assert events[lines[0].event][1:] == ["stderr", "n1", "odd"]
    assert "<b>I lead</b>" in page.words
    assert "after the failure" not in page.words
    assert "n3 prints: <b>I lead</b>" in render_terminal(view)


def test_of_a_long_trace_the_part_before_the_failure_is_drawn_and_told(tmp_path, monkeypatch):
    busy_run(tmp_path)
    whole = window_of(load_run(tmp_path))
    monkeypatch.setattr(recorded_trace, "SIZE_LIMIT", 40_000)
    view = load_run(tmp_path)
    window = window_of(view)
    drawing = str(draw_spacetime(view, window))

    assert len(view.trace.events) < 1500
    assert [m.body for m in window.messages[-6:]] == [m.body for m in whole.messages[-6:]]
    assert "leader · term 5" in drawing  # since long before the part
    assert "trace.jsonl has 0 MB. Messages" in render_html(view)
    assert any("trace.jsonl has" in line for line in lines_of(view))
