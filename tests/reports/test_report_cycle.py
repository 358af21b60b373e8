"""The ring of a cycle of transactions: who, which dependency, why."""

import re

import pytest
import sample_runs
from sample_runs import HOSTILE
from test_report_html import Page

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import load_run, render_html
from splitbrain.reports.evidence.cycle import MOST, draw_cycle, steps_in
from splitbrain.systems import registry


def ring_run(folder, count, names=None, kinds=("rw", "wr")):
    """Transactions of which each reads what the one before it wrote; the last closes the ring."""
    recording = sample_runs.Recording()
    names = names or [f"T{number + 1}" for number in range(count)]
    transactions, cycle = [], []
    for number, name in enumerate(names):
        micros = [["r", f"k{number}", number], ["append", f"k{number + 1}", number]]
        micros.append(["append", "unused", 1])
        recording.add(number * 10, number % 5, "invoke", "txn", micros)
        recording.add(number * 10 + 5, number % 5, "ok", "txn", micros)
        transactions.append({"name": name, "operation": 2 * number})
        step = {"type": kinds[number % len(kinds)], "from": name}
        step |= {"to": names[(number + 1) % len(names)], "key": f"k{number + 1}"}
        cycle.append(step | {"because": f"{name} comes before the next"})
    found = sample_runs.anomaly("G2", "a ring", [0, 2], transactions=transactions, cycle=cycle)
    verdicts = [
        sample_runs.verdict("list-append", "invalid", "a ring", [found | {"shape": "cycle"}])
    ]
    return sample_runs.save(folder, recording, sample_runs.plan(), verdicts, sample_runs.info())


@pytest.mark.parametrize("count", [2, 3, 5, MOST])
def test_a_ring_has_a_box_a_transaction_and_a_labelled_arrow_a_step(tmp_path, count):
    view = load_run(ring_run(tmp_path, count))
    svg = draw_cycle(view, view.anomaly)

    assert svg.count('class="transaction"') == count
    labels = re.findall(r'class="edge \w+".*?<text[^>]*>([^<]*)</text>', svg)
    assert labels == [f"{n + 1} {('rw', 'wr')[n % 2]}" for n in range(count)]
    assert "append k1 0" in svg
    assert "unused" not in svg


def test_boxes_stand_apart(tmp_path):
    for count in range(2, MOST + 1):
        view = load_run(ring_run(tmp_path / str(count), count))
        svg = draw_cycle(view, view.anomaly)
        number = r'"([-\d.]+)"'
        found = re.findall(
            rf'class="transaction"><rect x={number} y={number} width={number} height={number}', svg
        )
        boxes = [tuple(map(float, each)) for each in found]
        for i, (x, y, width, height) in enumerate(boxes):
            for left, top, wide, high in boxes[i + 1 :]:
                apart = (
                    x + width <= left or left + wide <= x or y + height <= top or top + high <= y
                )
                assert apart, (count, boxes)


def test_a_longer_ring_is_told_by_its_steps(tmp_path):
    page = render_html(load_run(ring_run(tmp_path, MOST + 1)))

    assert 'class="ring"' not in page
    assert f"T{MOST + 1} comes before the next" in page


def test_hostile_names_and_types_are_text(tmp_path):
    names = [name for name in HOSTILE if isinstance(name, str) and len(name) < 100][:8]
    page = render_html(load_run(ring_run(tmp_path, 8, names, kinds=names)))

    assert 'class="ring"' in page
    assert "<img" not in page
    assert "<script>document" not in page
    Page(page)


@pytest.mark.parametrize("cycle", [7, [], [7], [{}], [{"from": 1, "to": 2}], [{"from": "T1"}]])
def test_what_is_no_cycle_is_not_drawn(tmp_path, cycle):
    recording = sample_runs.Recording()
    recording.add(0, 0, "invoke", "txn", [["r", "x", None]])
    found = sample_runs.anomaly("G2", "a ring", [0], cycle=cycle) | {"shape": "cycle"}
    verdicts = [sample_runs.verdict("list-append", "invalid", "a ring", [found])]
    the_info = sample_runs.info()
    view = load_run(sample_runs.save(tmp_path, recording, sample_runs.plan(), verdicts, the_info))

    assert draw_cycle(view, view.anomaly) == ""


def test_a_real_write_skew_is_a_ring_of_two_anti_dependencies(tmp_path):
    """Snapshot isolation under another name: each of two reads what the other overwrites."""
    for seed in range(40):
        plan = Plan(
            "serializable-snapshot-isolation", "list-append", bug="TX-08", seed=seed, nodes=1
        )
        folder = tmp_path / str(seed)
        folder.mkdir()
        if run_in_folder(registry.experiment(plan), folder).validity is INVALID:
            break
    view = load_run(folder)
    kinds = [step["type"] for step in steps_in(view.anomaly)]

    svg = draw_cycle(view, view.anomaly)
    assert svg.count('class="edge rw"') == kinds.count("rw") >= 1
    assert svg.count('class="transaction"') == len(kinds)
