"""The part of a long trace that is read: it ends at a moment, and knows who led before it began."""

import json

import pytest

from splitbrain.harness.runs import recorded_trace
from splitbrain.harness.runs.querying import moment_of, told
from splitbrain.harness.runs.recorded_trace import RunTrace
from splitbrain.harness.runs.trace_window import part_of

EVENTS = 4000


@pytest.fixture(scope="module")
def events():
    """Pings between two servers, a millisecond apart; n1 leads from event 100 on."""
    found = []
    for at in range(EVENTS):
        time, number = at / 1000, at // 2
        kind = "receive" if at % 2 else "send"
        found.append([time, kind, "n1", "n2", number, *([] if at % 2 else [["ping", number]])])
    found[100] = [0.1, "role", "n1", "leader", 7]
    found[300] = [0.3, "state", "n2", "x", "receive"]
    return found


@pytest.fixture
def folder(events, tmp_path, monkeypatch):
    monkeypatch.setattr(recorded_trace, "SIZE_LIMIT", 20_000)
    text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    (tmp_path / "trace.jsonl").write_text(text)
    return tmp_path


@pytest.mark.parametrize("until", [None, 0, 500_000_000, 2_000_000_000, 3_999_000_000, 10**12])
def test_a_part_is_events_of_the_file_under_their_numbers(folder, events, until):
    trace = RunTrace(folder, until)
    numbers = [trace.number(at) for at in range(len(trace.events))]

    assert trace.events == [events[number] for number in numbers]
    assert numbers == sorted(set(numbers))
    assert sum(len(json.dumps(event)) for event in trace.events) < 30_000
    last = EVENTS - 1 if until is None else min(EVENTS - 1, until // 1_000_000)
    assert last in numbers
    assert [number for number in numbers if number > last + 100] == []
    assert f"to {events[numbers[-1]][0]:.3f} s" in trace.part


def test_what_servers_were_before_the_part_is_known_in_it(folder):
    trace = RunTrace(folder, 2_000_000_000)

    assert trace.events[:2] == [
        [0.1, "role", "n1", "leader", 7],
        [0.3, "state", "n2", "x", "receive"],
    ]
    assert [trace.number(0), trace.number(1)] == [100, 300]
    assert trace.number(2) > 1000  # what comes before is not read
    role = trace.role_at("n1", len(trace.events) - 1)
    assert (role.name, role.term) == ("leader", "7")
    assert all(message.sent >= 2 for message in trace.messages.values())


def test_an_event_is_asked_for_and_told_by_its_number_in_the_file(folder, events):
    trace = RunTrace(folder)
    at = trace.position(3900)
    moment = moment_of(trace, "n1@3900")

    assert trace.events[at] == events[3900]
    assert told(trace, moment.event).split()[0] == "3900"
    assert trace.position(200) == trace.position(300) == 1  # what was not read


def test_of_rare_events_without_end_the_last_are_kept(tmp_path):
    lines = [f'[{at / 1000},"role","n1","leader",{at}]\n' for at in range(5000)]
    lines += [f'[{5 + at / 1000},"send","n1","n2",{at},["ping"]]\n' for at in range(2000)]
    (tmp_path / "trace.jsonl").write_text("".join(lines))
    part = part_of(tmp_path / "trace.jsonl", None, 16_000)

    assert part.numbers[-2] == 6999
    before = [number for number in part.numbers if number < 5000]
    assert before == list(range(before[0], 5000))
    assert sum(map(len, part.lines)) <= 16_000


def test_a_short_trace_is_read_as_a_whole(events, tmp_path):
    (tmp_path / "trace.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    trace = RunTrace(tmp_path, 0)

    assert trace.events == events
    assert (trace.part, trace.number(7), trace.position(7)) == ("", 7, 7)


def test_a_run_that_was_killed_while_it_wrote_ends_with_its_last_whole_line(folder, events):
    with (folder / "trace.jsonl").open("a") as file:
        file.write('[4.0,"send","n1"')
    trace = RunTrace(folder)

    assert trace.events[-1] == events[-1]
    assert trace.problem == ""


def test_what_is_no_trace_is_told(folder):
    (folder / "trace.jsonl").write_text("nothing like it\n" * 5000)
    trace = RunTrace(folder)

    assert trace.events == []
    assert "trace.jsonl can't be read" in trace.problem
