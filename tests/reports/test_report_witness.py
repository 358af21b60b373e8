"""The evidence for each kind of anomaly."""

import re
from itertools import pairwise

import pytest
import sample_runs
from hypothesis import given
from hypothesis import strategies as st
from run_recording import SECOND, Recording, anomaly, plan, save, verdict

from splitbrain.checkers.isolation import list_append
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.reports import load_run, render_html
from splitbrain.reports.evidence.intervals import PADDING, SMALL_GLYPH, draw_intervals, draw_life
from splitbrain.reports.evidence.replicas import ReplicaWitness
from splitbrain.reports.evidence.witness import (
    ElementsWitness,
    LeaderWitness,
    WindowWitness,
    evidence,
    operation_text,
)
from splitbrain.reports.faults import FaultBand
from splitbrain.reports.packing import FAULT_ROWS, fault_rows
from splitbrain.reports.story import tell
from splitbrain.systems import registry


def test_a_linearizability_witness_is_the_window_with_the_reason_for_each_candidate(tmp_path):
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    (found,) = evidence(view)

    assert isinstance(found.witness, WindowWitness)
    assert found.witness.key == "x"
    assert [view.calls[i].argument[1] for i in found.witness.window] == [901, 902, None]
    (candidate,) = found.witness.candidates
    assert candidate.text == "client 5 reads x -> 901"
    assert candidate.why == "it reads 901, but x is 902 here"
    assert found.witness.linearized == ("client 5 writes x = 901", "client 6 writes x = 902")


@pytest.mark.parametrize("words", [("add", "read"), ("insert", "scan")])
def test_lost_elements_have_life_lines_whatever_their_operations_are_called(tmp_path, words):
    add, read = words
    view = load_run(sample_runs.lost_run(tmp_path / "run", add=add, read=read))

    (found,) = evidence(view)

    assert isinstance(found.witness, ElementsWitness)
    (life,) = found.witness.elements
    assert life.element == "17"
    assert [read.present for read in life.reads] == [True] + [False] * 7
    assert life.last_seen.time == 2_740_000_000
    assert life.first_missing.time == 3_640_000_000
    assert found.others == 1


def test_diverged_replicas_are_compared_side_by_side(tmp_path):
    view = load_run(sample_runs.diverged_run(tmp_path / "run"))

    replicas, leaders = (found.witness for found in evidence(view))

    assert isinstance(replicas, ReplicaWitness)
    assert replicas.nodes == ("n1", "n2", "n3")
    assert [(row.key, row.cells) for row in replicas.rows] == [
        ("y", (("2", False), ("2", False), ("7", True))),
        ("z: 1", (("present", False), ("present", False), ("(absent)", True))),
        ("z: 2", (("present", False), ("present", False), ("(absent)", True))),
    ]
    assert replicas.same == 1
    assert isinstance(leaders, LeaderWitness)
    assert [(term, [mark.who for mark in marks]) for term, marks in leaders.terms] == [
        ("4", ["n1", "n3"])
    ]


@pytest.mark.parametrize(
    ("states", "rows"),
    [
        (([1, 2], [2, 1]), ["state"]),  # the order alone differs
        (({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}), ["a: c"]),
        ((["A" * 500 + "x"], ["A" * 500 + "y"]), None),  # differ beyond what is shown
        ((1, {"a": 1}), ["state"]),
    ],
)
def test_no_difference_between_replicas_is_hidden(tmp_path, states, rows):
    recording = sample_runs.Recording()
    for number, state in enumerate(states):
        node = f"n{number + 1}"
        recording.add(2 * number, number, "invoke", "replica-state", node)
        recording.add(2 * number + 1, number, "ok", "replica-state", [node, state])
    anomaly = sample_runs.anomaly("diverged", "the replicas differ", [1, 3])
    verdicts = [sample_runs.verdict("converged", "invalid", "they differ", [anomaly])]
    view = load_run(
        sample_runs.save(tmp_path / "run", recording, sample_runs.plan(), verdicts),
    )

    (found,) = evidence(view)

    assert found.witness.rows
    assert all(any(odd for _, odd in row.cells) for row in found.witness.rows)
    assert rows is None or [row.key for row in found.witness.rows] == rows


# A drawing as data: bars with their texts, from the SVG.
_BAR = re.compile(
    r'<g class="(bar[^"]*)"><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*>'
    r'<text class="what" x="([\d.]+)"[^>]*>([^<]*)</text>'
    r'<text class="when" x="([\d.]+)"[^>]*>([^<]*)</text></g>'
)


def _bars(svg):
    return [
        (float(x), float(y), float(width), what, when, classes)
        for classes, x, y, width, _, what, _, when in _BAR.findall(svg)
    ]


@pytest.mark.parametrize("first", range(0, 1000, 97))
def test_drawn_operations_have_room_for_their_text_and_never_overlap(tmp_path, first):
    view = load_run(sample_runs.valid_run(tmp_path / "run"))
    window = range(first, first + 24)

    svg = str(draw_intervals(view, window, {first}))

    bars = _bars(svg)
    assert len(bars) == 24
    width = float(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    for x, _, breadth, _, when, _ in bars:
        assert len(when) * SMALL_GLYPH + 2 * PADDING <= breadth + 0.2
        assert x + breadth <= width
    for row in {y for _, y, *_ in bars}:
        lane = sorted((x, x + breadth) for x, y, breadth, *_ in bars if y == row)
        assert all(left[1] <= right[0] for left, right in pairwise(lane))


def test_a_drawing_keeps_the_real_time_order(tmp_path):
    view = load_run(sample_runs.valid_run(tmp_path / "run"))
    window = range(200, 224)

    bars = _bars(str(draw_intervals(view, window, set())))

    calls = [view.calls[i] for i in window]
    for one, (x, _, breadth, *_) in zip(calls, bars, strict=True):
        for other, (other_x, *_) in zip(calls, bars, strict=True):
            ended_before = one.end is not None and one.end < other.start
            assert ended_before == (x + breadth < other_x) or one.end is None


def test_an_operation_without_a_known_outcome_is_drawn_open(tmp_path):
    view = load_run(sample_runs.killed_run(tmp_path / "run"))
    last = len(view.calls) - 1

    (bar,) = _bars(str(draw_intervals(view, [last], set())))

    assert bar[5] == "bar info open"
    assert bar[4].endswith("outcome unknown")


def test_a_life_line_marks_reads_with_and_without_the_element():
    svg = str(draw_life([(10, True), (20, False), (20, False)], 0, 20))

    assert svg.count('class="seen"') == 1
    assert svg.count('class="gone"') == 1  # two at one place are one mark


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30)), max_size=30)


@given(spans)
def test_faults_of_one_row_overlap_only_when_all_rows_are_taken(found):
    faults = [
        FaultBand(f"f{i}", "net.loss", (), start, start + length, i)
        for i, (start, length) in enumerate(sorted(found))
    ]

    rows = fault_rows(faults, end=100)

    for i, one in enumerate(faults):
        for j in range(i):
            if rows[i] == rows[j] and faults[j].end > one.start:
                open_then = sum(f.start <= one.start < f.end for f in faults[:i])
                assert open_then >= FAULT_ROWS


def test_a_cycle_tells_each_transaction_by_its_name_and_why_each_step_holds(tmp_path):
    history = transactions("T1: ax1 ry | T2: ay1 rx | T3: rx1 ry1")
    recording = sample_runs.Recording()
    for event in history:
        recording.add(event.time, event.process, event.type, event.f, event.value)
    found = list_append("serializable").check(history).to_json()
    the_plan = sample_runs.plan(workload="list-append")
    view = load_run(sample_runs.save(tmp_path / "run", recording, the_plan, [found]))

    (entry,) = evidence(view)

    members = entry.anomaly.details["transactions"]
    assert len(members) > 1
    for member in members:
        (position,) = view.positions([member["operation"]])
        assert f"does {member['name']}: append" in operation_text(view, position)
    assert len(entry.steps) == len(members)
    assert all(step.startswith(("T1 ", "T2 ")) for step in entry.steps)
    assert all(step in render_html(view).replace("&#39;", "'") for step in entry.steps)


def test_the_shape_decides_whatever_a_checker_or_an_anomaly_is_called(tmp_path):
    recording = sample_runs.Recording()
    for number, state in enumerate((["a"], ["b"])):
        node = f"n{number + 1}"
        recording.add(2 * number, number, "invoke", "replica-state", node)
        recording.add(2 * number + 1, number, "ok", "replica-state", [node, state])
    strange = sample_runs.anomaly("my-own-kind", "they differ", [1, 3]) | {"shape": "replicas"}
    plain = sample_runs.anomaly("diverged", "they differ", [1, 3]) | {"shape": "operations"}
    verdicts = [
        sample_runs.verdict("of-my-own", "invalid", "they differ", [strange]),
        sample_runs.verdict("converged", "invalid", "they differ", [plain]),
    ]
    view = load_run(sample_runs.save(tmp_path / "run", recording, sample_runs.plan(), verdicts))

    shapes = [type(found.witness) for found in evidence(view)]

    assert shapes == [ReplicaWitness, WindowWitness]


def test_a_verdict_on_announcements_shows_them(tmp_path):
    recording = Recording()
    recording.add(0, 0, "invoke", "read", None)
    recording.add(9, 0, "ok", "read", 1)
    for time, token in ((1, 7), (5, 7)):
        recording.add(time * SECOND, "n1", "info", "granted", {"token": token})
    found = anomaly("token-reused", "token 7 was granted twice", [2, 3])
    verdicts = [verdict("fencing-tokens", "invalid", "token 7", [found])]
    view = load_run(save(tmp_path / "run", recording, plan(), verdicts))

    (entry,) = evidence(view)
    page = render_html(view)

    assert [(mark.who, mark.time) for mark in entry.witness.marks] == [
        ("n1", SECOND),
        ("n1", 5 * SECOND),
    ]
    assert "what it announced" in page
    assert [line.text for line in tell(view) if line.marked] == [
        "n1: granted token 7",
        "n1: granted token 7",
    ]


def _judged_so(folder, found):
    """The run of one read with a verdict of this anomaly."""
    recording = Recording()
    recording.add(0, 0, "invoke", "read", None)
    recording.add(9, 0, "ok", "read", 1)
    verdicts = [verdict("at-rest", "invalid", "it grows", [found])]
    return load_run(save(folder, recording, plan(), verdicts))


def test_figures_stand_where_a_checker_measured(tmp_path):
    measured = anomaly("message-storm", "n1 sends without end", [], messages=12_000)

    assert "12000" in render_html(_judged_so(tmp_path, measured))


def test_a_recorded_verdict_without_a_witness_is_no_verdict(tmp_path):
    view = _judged_so(tmp_path, anomaly("nothing", "something is wrong", []))

    assert view.validity is None
    assert any("an invalid verdict without a witness" in problem for problem in view.problems)


def test_events_that_the_history_does_not_have_are_told_as_such(tmp_path):
    page = render_html(_judged_so(tmp_path, anomaly("lost", "something is wrong", [77])))

    assert "The verdict names events that this history does not have" in page


@pytest.mark.nightly
@pytest.mark.parametrize("bug", sorted(registry.bugs()))
def test_every_checker_that_finds_a_planted_bug_has_a_witness(bug_folder, bug):
    page = render_html(load_run(bug_folder(bug)))

    assert '<article class="evidence">' in page
    assert "this history does not have" not in page
    assert "can&#39;t be drawn" not in page
