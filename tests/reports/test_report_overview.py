"""Many runs at once: what groups, heat map and rows say, and a server that shows nothing else."""

import http.client
import json
import sqlite3
import threading
from contextlib import closing, contextmanager

import pytest
import sample_runs
import sample_traces
from click.testing import CliRunner
from test_report_html import Page

from splitbrain.harness.commands.cli import main
from splitbrain.harness.hunting import memory as remembering
from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.hunting.memory import Memory
from splitbrain.harness.hunting.work import Attempt
from splitbrain.harness.hunting.zoo import Hunted, json_lines
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import RunError, write_report
from splitbrain.reports.overview.comparing import compared
from splitbrain.reports.overview.entries import entries_of
from splitbrain.reports.overview.page import groups_of, heat_map, render_index, write_index
from splitbrain.reports.overview.remembered import Remembered, remembered_in
from splitbrain.reports.overview.serving import RunsServer
from splitbrain.systems import registry


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, make in sample_runs.ALL.items():
        if name != "large":
            make(folder / name)
    sample_runs.stale_run(folder / "stale again")
    (folder / "no run").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "plan.json").write_text("{")
    return folder


def test_each_run_is_a_row_and_what_is_damaged_is_told(runs):
    entries, problems = entries_of(runs)

    names = {entry.name: entry.judgement for entry in entries}
    assert names["stale"] == "invalid"
    assert names["valid"] == "valid"
    assert names["unknown"] == "unknown"
    assert names["killed"] == "not judged"
    assert "no run" not in names
    assert [problem for problem in problems if "broken/plan.json" in problem]


def test_failures_are_grouped_by_system_bug_and_signature(runs):
    entries, _ = entries_of(runs)
    groups = {group.last.signature: group for group in groups_of(entries, Remembered())}

    stale = groups["linearizable(cas-register)/stale-read"]
    assert (stale.found, stale.runs) == (2, 2)
    assert stale.plan == "3 operations, 1 fault"
    assert all(group.found <= group.runs for group in groups.values())
    assert sum(group.found for group in groups.values()) == sum(
        entry.judgement == "invalid" for entry in entries
    )


def test_the_heat_map_counts_each_run_under_each_of_its_kinds(runs):
    entries, _ = entries_of(runs)
    kinds, rows = heat_map(entries)

    cells = dict(rows)["raft with CON-03 / register"]
    by_kind = dict(zip(kinds, cells, strict=True))
    assert (by_kind["net.partition"].failed, by_kind["net.partition"].runs) == (2, 2)
    assert by_kind["net.partition"].depth == 5
    assert by_kind["no fault"].runs == by_kind["no fault"].depth == 0


def test_the_page_is_well_formed_and_nothing_hostile_becomes_markup(runs):
    page = write_index(runs).read_text()

    Page(page)
    assert "<img" not in page
    assert "<script>document" not in page
    assert 'href="stale%20again/report.html"' not in page  # it has no report
    assert page.count("<script>") == 1


def test_a_folder_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(RunError, match="give the folder that holds runs"):
        render_index(tmp_path / "nowhere")


def test_two_runs_are_compared_at_their_first_divergence(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    sample_traces.two_leaders_run(one)
    sample_traces.two_leaders_run(other)
    assert compared(one, other)[:2] == ["plans: the same", "traces: the same, 48 events"]

    lines = (other / "trace.jsonl").read_text().splitlines()
    changed = json.loads(lines[20])
    lines[20] = json.dumps([changed[0], "pause", "n2"])
    (other / "trace.jsonl").write_text("\n".join(lines) + "\n")
    verdict = (other / "verdict.json").read_text()
    (other / "verdict.json").write_text(verdict.replace('"invalid"', '"unknown"'))
    told = compared(one, other)

    assert told[1] == "traces: 20 events the same, then they part:"
    assert told[10].startswith("  < ")
    assert told[11] == f'  > {changed[0]:.6f} pause "n2"'
    assert told[-1] == "  linearizable(register): invalid  |  unknown"


def test_the_commands_say_where_the_page_is_and_where_runs_part(runs, tmp_path):
    runner = CliRunner()
    assert runner.invoke(main, ["index", str(runs)]).output == f"{runs}/index.html\n"
    one = sample_traces.two_leaders_run(tmp_path / "one")
    result = runner.invoke(main, ["diff", str(one), str(one)])
    assert result.output.splitlines()[0] == "plans: the same"
    assert runner.invoke(main, ["diff", str(one), str(tmp_path)]).exit_code == 2


@contextmanager
def served(folder):
    server = RunsServer(folder, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(server, path, method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_server_listens_on_the_loopback_address_alone(runs):
    with served(runs) as server:
        assert server.server_address[0] == "127.0.0.1"
        status, page = ask(server, "/")
        assert status == 200
        assert 'action="/compare"' in page


def test_the_server_shows_files_of_runs_and_compares_two(runs):
    with served(runs) as server:
        assert json.loads(ask(server, "/stale%20again/plan.json")[1])["bug"] == "CON-03"
        status, page = ask(server, "/compare?one=stale&other=valid")
        assert status == 200
        assert "verdicts differ:" in page
        assert ask(server, "/compare?one=stale")[0] == 404
        assert ask(server, "/compare?one=stale&other=../../etc")[0] == 404


def test_a_report_that_is_not_written_yet_is_shown_and_not_written(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "runs" / "stale")
    (tmp_path / "runs" / "none").mkdir()
    sample_runs.stale_run(tmp_path / "outside")
    with served(tmp_path / "runs") as server:
        assert 'href="stale/report.html"' in ask(server, "/")[1]
        status, page = ask(server, "/stale/report.html")
        assert ask(server, "/stale/shrunk/report.html")[0] == 200
        assert ask(server, "/none/report.html")[0] == 404
        assert ask(server, "/nowhere/report.html")[0] == 404
        assert ask(server, "/../outside/report.html")[0] == 404

    assert status == 200
    assert "stale-read" in page
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.json",
        "/%2e%2e/secret.json",
        "/stale/../../secret.json",
        "/link.json",
        "/linked/secret.json",
        "//etc/passwd",
        "/%00",
        "/stale/notes.exe",
        "/stale",
        "/nothing.json",
    ],
)
def test_no_file_outside_of_the_folder_is_shown(tmp_path, path):
    folder = tmp_path / "runs"
    sample_runs.stale_run(folder / "stale")
    (folder / "stale" / "notes.exe").write_text("secret")
    (tmp_path / "secret.json").write_text('"secret"')
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "linked").symlink_to(tmp_path)
    with served(folder) as server:
        status, text = ask(server, path)

    assert status == 404
    assert "secret" not in text


def test_no_other_name_and_no_other_method_is_answered(runs):
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    with served(runs) as server:
        assert ask(server, "/", host="evil.example")[0] == 403
        assert ask(server, "/", host=f"localhost:{server.server_port}")[0] == 200
        for method in ("POST", "PUT", "DELETE"):
            assert ask(server, "/stale/plan.json", method)[0] == 501
        assert ask(server, "/", "HEAD") == (200, "")
    assert before == {path: path.stat().st_mtime_ns for path in runs.rglob("*")}


def test_days_and_each_failures_share_of_them_are_drawn(tmp_path):
    for day, count in ((22, 3), (23, 1)):
        for number in range(count):
            folder = sample_runs.stale_run(tmp_path / f"{day}-{number}")
            info = json.loads((folder / "run.json").read_text())
            started = f"2026-11-{day}T08:41:00+00:00"
            (folder / "run.json").write_text(json.dumps(info | {"started": started}))

    page = render_index(tmp_path)

    assert "2026-11-22: 3 invalid, 0 unknown, 0 valid" in page
    assert "2026-11-23: 1 invalid, 0 unknown, 0 valid" in page
    assert "found on 2 of 2 days" in page


def test_days_count_all_that_hunts_tried_and_what_they_kept_once(tmp_path, monkeypatch):
    kept, by_hand = sample_runs.stale_run(tmp_path / "kept"), sample_runs.stale_run(tmp_path / "x")
    plan = json.loads((kept / "plan.json").read_text())
    (kept / "plan.json").write_text(json.dumps(plan | {"seed": 1}))
    for folder in (kept, by_hand):
        info = json.loads((folder / "run.json").read_text()) | {"started": "2026-11-22T08:41:00"}
        (folder / "run.json").write_text(json.dumps(info))
    for day, tried in (("22", ["valid", "invalid"]), ("23", ["valid"] * 5 + ["error", "unknown"])):
        monkeypatch.setattr(remembering, "timestamp", lambda day=day: f"2026-11-{day}T08:40:00")
        hunt(tmp_path, tried).close()  # the first two seeds of the second day are known

    page = render_index(tmp_path)
    with closing(sqlite3.connect(tmp_path / "hunt.db")) as memory:
        memory.execute("drop table days")

    assert "2026-11-22: 2 invalid, 0 unknown, 1 valid" in page
    assert "2026-11-23: 0 invalid, 1 unknown, 3 valid" in page
    assert "found on 1 of 2 days" in page
    assert "with what hunts tried and did not keep" in page
    assert "runs on 2 days" not in render_index(tmp_path)  # a memory of before


def test_the_scoreboard_of_the_zoo_is_shown_hardest_first_and_a_damaged_one_is_told(tmp_path):
    sample_runs.valid_run(tmp_path / "valid")
    hunts = [
        Hunted("EASY-1", "raft", 0, found=True, runs=1, seconds=0.1),
        Hunted("HARD-1", "raft", 0, found=False, runs=90, seconds=60.0),
        Hunted("<b>", "raft", 0, found=True, runs=5, seconds=2.0),
    ]
    (tmp_path / "zoo.jsonl").write_text(json_lines(hunts))
    page = render_index(tmp_path)
    (tmp_path / "zoo.jsonl").write_text('{"bug": 7}\n')

    assert page.index("HARD-1") < page.index("&lt;b&gt;") < page.index("EASY-1")
    assert "2 of 3 hunts found their bug" in page
    assert "it is not what zoo --jsonl writes" in render_index(tmp_path)


def test_unknown_vacuous_and_unjudged_runs_stand_apart(tmp_path):
    sample_runs.unknown_run(tmp_path / "unknown")
    sample_runs.killed_run(tmp_path / "killed")
    folder = sample_runs.valid_run(tmp_path / "vacuous")
    nothing = sample_runs.verdict("exercised", "unknown", "no write succeeded")
    verdicts = {"validity": "unknown", "verdicts": [nothing]}
    (folder / "verdict.json").write_text(json.dumps(verdicts))

    page = Page(render_index(tmp_path)).words

    assert "Vacuous: nothing was exercised runwhy vacuousno write succeeded" in page
    assert "Unknown: checked, and not decided runwhy unknown" in page
    assert "Not judged runwhy killed" in page


def test_old_runs_are_judged_again_and_what_changed_is_told(tmp_path):
    plan = Plan("abd", "register", time_limit=0.3, seed=1)
    for name in ("same", "other"):
        (tmp_path / name).mkdir()
        run_in_folder(registry.experiment(plan), tmp_path / name)
    verdicts = json.loads((tmp_path / "other" / "verdict.json").read_text())
    for each in verdicts["verdicts"]:
        each["validity"] = "unknown"
    (tmp_path / "other" / "verdict.json").write_text(json.dumps(verdicts))

    done = CliRunner().invoke(main, ["index", str(tmp_path), "--judge"])
    page = Page((tmp_path / "index.html").read_text()).words

    assert done.exit_code == 0, done.output
    assert "runthennow otherunknownvalid" in page
    assert "sameunknown" not in page


def test_a_failure_is_one_json_object_and_a_valid_run_has_none(tmp_path):
    write_report(sample_runs.stale_run(tmp_path / "stale"))
    write_report(sample_runs.valid_run(tmp_path / "valid"))

    card = json.loads((tmp_path / "stale" / "failure.json").read_text())

    assert card["signature"] == "linearizable(cas-register)/stale-read"
    assert card["size"] == {"operations": 3, "faults": 1, "nodes": 3, "clients": 2}
    assert card["necessary"] == ["f1"]
    assert card["story"][0] == "0.000 s client 0 writes x = 901"
    assert card["replay"] == f"splitbrain replay {tmp_path}/stale/shrunk"
    assert not (tmp_path / "valid" / "failure.json").exists()


STALE = "linearizable(cas-register)/stale-read"


def hunt(folder, tried, narrowed=""):
    """Remember runs of raft with CON-03, a validity a seed."""
    target = Target("raft", ("register",), 3, bug="CON-03", narrowed=narrowed)
    memory = Memory(folder / "hunt.db")
    for seed, validity in enumerate(tried):
        failed = validity == "invalid"
        kinds = ("process.kill", "net.partition")[: seed % 3]
        faults = [{"kind": kind} for kind in (*kinds, *kinds)]
        plan = {"seed": seed, "system": "raft", "workload": "register", "faults": faults}
        why = "no <b>write</b> succeeded" if validity == "unknown" else "stale"
        attempt = Attempt(target, plan, validity, STALE if failed else "", "x", why, 5, 0.1, "")
        memory.count(attempt)
        if failed:
            memory.group(attempt)
    return memory


def test_how_often_hunts_find_a_failure_counts_the_runs_that_they_did_not_keep(tmp_path):
    sample_runs.stale_run(tmp_path / "stale")
    plain = groups_of(entries_of(tmp_path)[0], remembered_in(tmp_path))
    memory = hunt(tmp_path, ["valid"] * 7 + ["invalid", "unknown", "invalid"])
    hunt(tmp_path, ["valid"] * 10, "register").close()
    while_hunting = render_index(tmp_path)
    memory.close()
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    (group,) = groups_of(entries_of(tmp_path)[0], remembered_in(tmp_path))

    assert plain[0].rate == "1 of 1 run (100%)"
    assert group.rate == "2 of 20 runs (10%)"
    assert group.state == "new"
    page = render_index(tmp_path)
    assert "Hunts have tried 20 runs here: 17 valid, 2 invalid, 1 unknown" in page
    assert "no &lt;b&gt;write&lt;/b&gt; succeeded" in page
    assert "2 of 20 runs (10%)" in while_hunting
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == files


def test_the_heat_map_counts_what_hunts_tried_and_what_they_kept_once(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "kept")
    sample_runs.stale_run(tmp_path / "by hand")
    hunt(tmp_path, ["valid", "invalid", "valid", "error", "invalid", "unknown"]).close()
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(plan | {"seed": 4}))

    kinds, rows = heat_map(entries_of(tmp_path)[0], remembered_in(tmp_path))

    counts = dict(zip(kinds, dict(rows)["raft with CON-03 / register"], strict=True))
    assert [name for name, _ in rows] == ["raft with CON-03 / register"]
    assert (counts["no fault"].failed, counts["no fault"].runs) == (0, 1)  # 3 did not end
    # The run made by hand has both kinds, and no hunt tried its seed.
    assert (counts["process.kill"].failed, counts["process.kill"].runs) == (3, 5)
    assert (counts["net.partition"].failed, counts["net.partition"].runs) == (1, 3)
    assert ">3<small>/5</small>" in render_index(tmp_path)
    assert "those that hunts tried and did not keep" in render_index(tmp_path)


def test_a_memory_that_knows_no_workloads_leaves_the_heat_map_to_what_is_kept(tmp_path):
    sample_runs.stale_run(tmp_path / "stale")
    hunt(tmp_path, ["valid"]).close()
    with closing(sqlite3.connect(tmp_path / "hunt.db")) as memory:
        memory.execute("drop table drawn")

    assert remembered_in(tmp_path).problem == ""
    assert "those that hunts tried" not in render_index(tmp_path)
    assert ">1<small>/1</small>" in render_index(tmp_path)


@pytest.mark.parametrize("damage", [b"no database at all", b"", b"SQLite format 3\0" + b"x" * 500])
def test_a_memory_that_is_none_is_told_and_the_page_is_there(tmp_path, damage):
    sample_runs.stale_run(tmp_path / "stale")
    (tmp_path / "hunt.db").write_bytes(damage)

    page = render_index(tmp_path)

    assert "hunt.db can&#39;t be read: " in page
    assert "1 of 1 run (100%)" in page
