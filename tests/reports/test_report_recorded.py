"""Reports of histories that other tools recorded: their faults, their clients, no plan."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.checkers.history import NEMESIS, Operation
from splitbrain.harness.commands.cli import main
from splitbrain.reports import load_run, render_html, render_markdown, render_terminal
from splitbrain.reports.foreign_nemesis import foreign_faults
from splitbrain.reports.wording import fault_text

SECOND = 1_000_000_000

EDN = """\
{:type :invoke, :f :write, :value 1, :process 0, :time 1000000000, :index 0}
{:type :ok, :f :write, :value 1, :process 0, :time 1100000000, :index 1}
{:type :info, :f :start-partition, :value :one, :process :nemesis, :time 2000000000, :index 2}
{:type :info, :f :start-partition, :value {"n1" ["n2"]}, :process :nemesis, :time 2100000000, \
:index 3}
{:type :invoke, :f :write, :value 2, :process 1, :time 2500000000, :index 4}
{:type :ok, :f :write, :value 2, :process 1, :time 2600000000, :index 5}
{:type :invoke, :f :read, :value nil, :process 0, :time 3000000000, :index 6}
{:type :ok, :f :read, :value 1, :process 0, :time 3100000000, :index 7}
{:type :info, :f :stop-partition, :value nil, :process :nemesis, :time 4000000000, :index 8}
{:type :info, :f :grow, :value "n4", :process :nemesis, :time 5000000000, :index 9}
"""


def told(*events):
    """Bands and marks of events of the nemesis, one a second."""
    operations = [Operation(i, i * SECOND, NEMESIS, "info", f) for i, f in enumerate(events)]
    bands, marks = foreign_faults(operations)
    seconds = [
        (b.kind, b.start // SECOND, None if b.end is None else b.end // SECOND) for b in bands
    ]
    return seconds, [mark.f for mark in marks]


@pytest.mark.parametrize(
    ("events", "bands", "marks"),
    [
        (["start", "stop"], [("nemesis.fault", 0, 1)], []),
        (["start", "start", "stop", "stop"], [("nemesis.fault", 0, 2)], []),
        (["kill", "kill", "start", "start"], [("nemesis.kill", 0, 2)], []),
        (["kill", "start", "start", "stop"], [("nemesis.kill", 0, 1)], []),
        (["pause", "pause", "resume", "resume"], [("nemesis.pause", 0, 2)], []),
        (["start-partition", "stop-partition"], [("nemesis.partition", 0, 1)], []),
        (["partition-start", "partition-stop"], [("nemesis.partition", 0, 1)], []),
        (["bump-clock"] * 2 + ["reset-clock"] * 2, [("nemesis.clock", 0, 2)], []),
        (["clock-skew"], [("nemesis.clock", 0, None)], []),
        (["clock-skew", "clock-reset"], [("nemesis.clock", 0, 1)], []),
        (["kill"] * 2 + ["pause"] * 2, [("nemesis.kill", 0, None), ("nemesis.pause", 2, None)], []),
        (["stop-partition"], [], []),
        (["resume"], [], []),
        (["grow"], [], ["grow"]),
        ([], [], []),
    ],
)
def test_pairs_of_events_are_faults_and_others_are_marks(events, bands, marks):
    assert told(*events) == (bands, marks)


def test_a_fault_names_the_nodes_that_its_events_name():
    events = [("kill", ":minority"), ("kill", {"n1": ":killed", "n3": ":killed"})]
    operations = [Operation(i, i, NEMESIS, "info", *event) for i, event in enumerate(events)]

    assert foreign_faults(operations)[0][0].targets == ("n1", "n3")


@pytest.mark.parametrize(
    ("value", "targets", "told"),
    [
        ([3], ["node 3"], "kill begins (node 3)"),
        (["n1", "n2"], ["n1", "n2"], "kill begins (n1, n2)"),
        ([["n1"], ["n2", "n3"]], ["n1", "n2", "n3"], "kill begins (n1 | n2, n3)"),
        (
            {"halves": [[2, 1], [3]]},
            ["node 2", "node 1", "node 3"],
            "kill begins (halves node 2, node 1 | node 3)",
        ),
        ({"n": 4, "s": -3600}, ["node 4"], "kill begins (n node 4, s -3600)"),
        ({"to": 5}, ["node 5"], "kill begins (to node 5)"),
        ({"isolate": "n1"}, ["n1"], "kill begins (isolate n1)"),
        (":one", [], "kill begins"),
        ("majority", [], "kill begins"),
        (None, [], "kill begins"),
    ],
)
def test_who_was_struck_is_read_from_what_the_nemesis_says_it_did(value, targets, told):
    (band,), _ = foreign_faults([Operation(0, 0, NEMESIS, "info", "kill", value)])

    assert list(band.targets) == targets
    assert fault_text(band.kind, band.targets, (), "start", band.detail) == f"nemesis: {told}"


def check(tmp_path, text, *words):
    file = tmp_path / "history.edn"
    file.write_text(text)
    arguments = ["check", str(file), *words, "--report", str(tmp_path / "report")]
    return CliRunner().invoke(main, arguments), tmp_path / "report"


def test_check_writes_a_report_with_the_nemesis_as_bands(tmp_path):
    result, folder = check(tmp_path, EDN, "-m", "register")

    assert result.exit_code == 1
    assert result.output.endswith(f"report: {folder}/report.html\n")
    view = load_run(folder)
    (fault,) = view.faults
    assert (fault.kind, fault.targets, fault.end) == ("nemesis.partition", ("n1",), 4 * SECOND)
    assert [mark.f for mark in view.marks] == ["grow"]
    assert view.plan.clients == 2
    story = (folder / "report.md").read_text()
    assert "nemesis: partition begins (n1)" in story
    assert "seed" not in story
    page = (folder / "report.html").read_text()
    assert 'id="plan"' not in page
    assert f"splitbrain check {folder}/history.jsonl --model register" in page


def test_a_history_without_times_is_drawn_by_order(tmp_path):
    lines = [
        {"type": "invoke", "f": "write", "value": 1, "process": 0},
        {"type": "ok", "f": "write", "value": 1, "process": 0},
        {"type": "invoke", "f": "read", "value": None, "process": 1},
        {"type": "ok", "f": "read", "value": 7, "process": 1},
    ]
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    CliRunner().invoke(
        main, ["check", str(file), "-m", "register", "--report", str(tmp_path / "r")]
    )

    view = load_run(tmp_path / "r")
    assert [call.start for call in view.calls] == [0, 2_000_000]
    assert "The history has no times" in render_terminal(view)


def test_processes_that_take_the_place_of_crashed_ones_stay_their_clients_lane(tmp_path):
    text = """\
{:type :invoke, :f :write, :value 1, :process 0, :time 1, :index 0}
{:type :invoke, :f :write, :value 2, :process 1, :time 2, :index 1}
{:type :info, :f :write, :value 1, :process 0, :time 3, :index 2}
{:type :invoke, :f :write, :value 3, :process 2, :time 4, :index 3}
{:type :ok, :f :write, :value 3, :process 2, :time 5, :index 4}
"""
    _, folder = check(tmp_path, text, "-m", "register")

    assert load_run(folder).plan.clients == 2


def test_a_process_of_a_number_of_its_own_is_one_client_more(tmp_path):
    events = [(p, kind) for p in (0, 1, 2, 1_000_000) for kind in ("invoke", "ok")]
    text = "".join(
        f"{{:type :{kind}, :f :write, :value {p}, :process {p}, :time {at}, :index {at}}}\n"
        for at, (p, kind) in enumerate(events)
    )
    _, folder = check(tmp_path, text, "-m", "register")

    assert load_run(folder).plan.clients == 3


def test_several_histories_have_a_folder_each(tmp_path):
    for name in ("a.edn", "b.edn"):
        (tmp_path / name).write_text(EDN)
    files = [str(tmp_path / name) for name in ("a.edn", "b.edn")]
    CliRunner().invoke(main, ["check", *files, "-m", "register", "--report", str(tmp_path / "r")])

    assert len(list((tmp_path / "r").glob("*/report.html"))) == 2


def test_a_folder_with_something_else_is_not_touched(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.txt").write_text("mine")
    result, folder = check(tmp_path, EDN, "-m", "register")

    assert result.exit_code == 2
    assert "holds something else" in str(result.output) + str(result.exception)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_report_needs_a_model(tmp_path):
    result, _ = check(tmp_path, EDN)

    assert result.exit_code == 2
    assert "--report needs --model" in result.output


@pytest.mark.parametrize("text", ["7", "{}", '{"file": 1, "model": "x"}', "{"])
def test_a_damaged_note_of_where_it_came_from_is_one_sentence(tmp_path, text):
    _, folder = check(tmp_path, EDN, "-m", "register")
    (folder / "checked.json").write_text(text)
    result = CliRunner().invoke(main, ["report", str(folder)])

    assert result.exit_code == 2
    assert "checked.json" in str(result.output) + str(result.exception)


def test_hostile_names_are_text_and_their_command_is_quoted(tmp_path):
    _, folder = check(tmp_path, EDN, "-m", "register")
    bad = "<script>x</script>; rm -rf / #"
    (folder / "checked.json").write_text(json.dumps({"file": bad, "model": bad}))
    view = load_run(folder)

    assert "<script>x" not in render_html(view)
    assert "<script>x" not in render_markdown(view).split("```")[0]
    assert view.repeat.endswith(f"--model '{bad}'")
    assert Path(view.page).name == "report.html"
