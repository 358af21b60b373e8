"""Pictures of replicated systems: each shows what its planted bug does wrong."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from picturing import drawn, form_of, words_in, write_trace
from run_recording import SECOND
from sample_traces import two_leaders_run

from splitbrain.harness.pictures.offsets import clock_offsets, ends_by_its_clock
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import seen_of
from splitbrain.systems import registry
from splitbrain.systems.locks.leases.pictures import LEASES
from splitbrain.systems.replication.leader_follower.pictures import FAILOVER


def test_a_log_is_shown_by_term_up_to_what_is_committed_with_what_a_crash_left(tmp_path):
    folder = two_leaders_run(tmp_path)
    lines = (folder / "trace.jsonl").read_text().splitlines()
    logs = (
        [1.01, "log", "n1", 1, [5]],
        [1.02, "commit", "n1", 1],
        [1.03, "log", "n3", 1, [5, 5]],
        [2.61, "log", "n3", 2, [7, 7]],
        [2.62, "compacted", "n3", 1],
        [2.63, "boot", "n2", 1],
        [2.64, "log", "n2", 1, [5]],
        [9.9, "log", "n1", 1, [9, 9, 9, 9]],  # after the failure
    )
    lines += map(json.dumps, logs)
    lines.sort(key=lambda line: json.loads(line)[0])
    (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")

    grid = form_of(folder, "logs")

    assert grid.columns == ("1", "2", "3")
    assert [(row.name, *(cell.text for cell in row.cells)) for row in grid.rows] == [
        ("at 2.603 s: n3 leads term 7",),
        ("n1", "5 ✓", "", ""),
        ("n3", "5", "5", ""),
        ("at 2.704 s: n3 answers what the verdict names",),
        ("n1", "5 ✓", "", ""),
        ("n2", "5", "", ""),
        ("n3", "snap", "7", "7"),
        ("at 2.802 s: the failure",),
        ("n1", "5 ✓", "", ""),
        ("n2", "5", "", ""),
        ("n3", "snap", "7", "7"),
    ]
    terms = {cell.text[0]: cell.tone for row in grid.rows for cell in row.cells if cell.text}
    assert len(set(terms.values())) == 3


def test_an_entry_in_whose_place_another_is_committed_in_the_end_says_so(tmp_path):
    folder = two_leaders_run(tmp_path)
    logs = (
        [1.01, "log", "n1", 1, [5, 5]],
        [2.61, "log", "n3", 1, [5, 7]],
        [2.75, "commit", "n3", 2],
    )
    lines = (folder / "trace.jsonl").read_text().splitlines()
    lines = sorted([*lines, *map(json.dumps, logs)], key=lambda line: json.loads(line)[0])
    (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")

    grid = form_of(folder, "logs")

    of_n1 = [row.cells for row in grid.rows if row.name == "n1"]
    assert [[cell.text for cell in cells] for cells in of_n1] == [["5", "5 ×"]] * len(of_n1)
    assert {cells[1].tone for cells in of_n1} == {"doubt"}
    assert "another is committed in the end" in of_n1[0][1].note


@pytest.mark.slow
def test_majorities_of_a_rows_homes_that_need_not_meet_are_told(bug_folder):
    grid = form_of(bug_folder("LL-10"), "homes")
    rows = {row.name: row.cells for row in grid.rows[:4]}
    counting = {
        tone: {name for name, cell in zip(grid.columns, cells, strict=True) if cell.tone == tone}
        for tone, cells in zip(("good", "bad"), list(rows.values())[2:], strict=True)
    }

    assert next(iter(rows)) == "row0: two majorities that need not meet"
    assert [len(counting[tone]) for tone in ("good", "bad")] == [2, 2]
    assert not counting["good"] & counting["bad"]


def test_the_logs_of_a_real_raft_differ_between_its_leaders(bug_folder):
    grid = form_of(bug_folder("CON-04"), "logs")
    moments, at = {}, ""
    for row in grid.rows:
        at = row.name if not row.cells else at
        if row.cells:
            moments.setdefault(at, set()).add(tuple(cell.text for cell in row.cells))

    assert list(moments)[-1].endswith("the failure")
    assert any(len(rows) > 1 for rows in moments.values())
    assert any("✓" in text for rows in moments.values() for row in rows for text in row)


def rows_by_moment(grid):
    """The rows of a grid under what each of its headings says."""
    found = {}
    for row in grid.rows:
        if row.cells:
            found[title].append(row)  # noqa: F821 - a heading comes first
        else:
            title = row.name.partition(": ")[2] or row.name
            found[title] = []
    return found


def test_entries_that_servers_know_to_be_committed_and_that_differ_are_red(bug_folder):
    grid = form_of(bug_folder("CON-16-LEARNER"), "logs")
    moments = rows_by_moment(grid)
    red = {
        at: {row.name for row in rows for cell in row.cells if cell.tone == "bad"}
        for at, rows in moments.items()
    }

    assert red == {"n2 leads term 202": set(), "the end": {"n1", "n2", "n3"}}
    texts = {cell.text for row in moments["the end"] for cell in row.cells if cell.tone == "bad"}
    assert texts == {"103 ≠ ✓", "202 ≠ ✓"}


def test_a_log_that_was_in_memory_alone_is_gone_after_all_went_down(bug_folder):
    moments = rows_by_moment(form_of(bug_folder("CON-18"), "logs"))
    entries = {
        at: sum(bool(cell.text) for row in rows for cell in row.cells)
        for at, rows in moments.items()
    }

    assert list(entries) == ["before n1 goes down", "n1 leads term 0", "the end"]
    assert entries["before n1 goes down"] > 100
    assert entries["n1 leads term 0"] == 0


def test_a_read_and_a_write_of_small_quorums_have_no_replica_in_common(bug_folder):
    grid = form_of(bug_folder("LL-01"), "quorums")
    heard = {}
    told = ""
    for row in grid.rows:
        told = row.name if not row.cells else told
        if row.cells:
            servers = zip(grid.columns, row.cells, strict=True)
            heard[told, row.name] = {n for n, cell in servers if cell.text == "heard"}
    stored = [names for (_, what), names in heard.items() if what == "store"]
    asked = [names for (who, what), names in heard.items() if what == "query" and " read " in who]

    assert any(not (names & others) for names in stored for others in asked)
    assert grid.rows[-1].name == "the read heard n3, the last write n2: none in common"


def test_replicas_that_have_seen_the_same_and_say_different_things_have_different_colours(
    bug_folder,
):
    lanes = form_of(bug_folder("ML-02"), "replicas").lanes
    last = {lane.name: lane.bars[-1] for lane in lanes if lane.name.endswith("register")}

    assert set(last) == {"n1 register", "n2 register", "n3 register"}
    assert [last[f"n{n} register"].text.split(",")[0] for n in (1, 2, 3)] == ["[11", "[12", "[12"]
    assert last["n1 register"].tone != last["n2 register"].tone == last["n3 register"].tone


def test_an_element_that_was_removed_is_seen_to_come_back(bug_folder):
    lanes = {lane.name: lane.bars for lane in form_of(bug_folder("ML-09"), "replicas").lanes}

    elements = [bars for name, bars in lanes.items() if " at n" in name]
    assert any(gone.end < back.start for bars in elements for gone, back in pairwise(bars))


def test_an_element_that_never_reached_the_others_is_seen_at_one_alone(bug_folder):
    lanes = {lane.name: lane.bars for lane in form_of(bug_folder("DELTA-01"), "replicas").lanes}

    assert [len(lanes[f"8 at n{n}"]) for n in (1, 2, 3)] == [1, 0, 0]


@pytest.mark.parametrize("bug", ["ML-06", "ML-09"])
def test_a_replica_that_had_not_heard_of_all_is_red(bug, bug_folder):
    grid = form_of(bug_folder(bug), "heard")
    tones = {cell.tone for row in grid.rows for cell in row.cells}

    assert grid.rows[0].name.startswith("client ")
    assert all(len(row.cells) == len(grid.columns) for row in grid.rows if row.cells)
    assert tones == {"good", "bad"}


def test_two_owners_of_a_range_are_red_and_a_hand_over_is_not(bug_folder):
    lanes = form_of(bug_folder("PART-12"), "ranges")
    red = [(lane.name, bar.text) for lane in lanes.lanes for bar in lane.bars if bar.tone == "bad"]
    moved = form_of(bug_folder("PART-01"), "ranges")

    assert {name for name, _ in red} == {"n2", "n3"}
    assert len({text for _, text in red}) == 1
    assert all(bar.tone != "bad" for lane in moved.lanes for bar in lane.bars)
    assert all(lane.bars for lane in moved.lanes)


def test_an_older_token_that_writes_after_a_newer_one_is_red(bug_folder):
    picture = form_of(bug_folder("CLK-01"), "leases")
    storage = picture.lanes[-1]
    (bad,) = [point for point in storage.points if point.tone == "bad"]
    (link,) = picture.links

    assert picture.lanes[0].name == "lock service n1"
    assert storage.name == "storage n2"
    assert bad.text.startswith("write")
    assert "was here" in bad.note
    assert link.arrived == bad.time
    late = [bar for lane in picture.lanes if lane.name == link.source for bar in lane.bars]
    assert any(bar.text.startswith("late") and bar.start < link.sent <= bar.end for bar in late)


def test_leases_stand_on_one_axis_with_the_clocks_that_they_end_by(tmp_path):
    base = Plan("leases", "counter", bug="CLK-01", nodes=2, seed=0)
    run_in_folder(registry.experiment(draw(base, "disk.slow,clock.drift")), tmp_path)
    seen = seen_of(load_run(tmp_path))
    picture = LEASES.draw(seen)
    (service,) = [lane for lane in picture.lanes if lane.name == "lock service n1"]
    curves = {curve.name: dict(curve.points) for curve in picture.curves}

    assert {"n1", "n2"} == set(curves)
    assert max(map(abs, curves["n1"].values())) > 0.1
    assert service.bars
    assert any(point.tone == "bad" for point in picture.lanes[-1].points)
    svg = drawn(tmp_path)["leases"]
    assert {"n1", "n2", "clock minus true time, s", "lock service n1"} <= words_in(svg)


def test_a_lease_ends_by_the_clock_of_whoever_counts_it(tmp_path):
    folder = two_leaders_run(tmp_path)
    rates = ([1.0, "clock-rate", "n1", 0.5], [3.0, "clock-rate", "n1", 1.0])
    write_trace(folder, rates)
    seen = seen_of(load_run(folder))

    ends = [ends_by_its_clock(seen, host, 2 * SECOND, 0.75) for host in ("n1", "n2")]
    assert ends == [3_250_000_000, 2_750_000_000]


def test_clocks_that_jump_run_wrong_or_stand_still_are_off_by_so_much(tmp_path):
    folder = two_leaders_run(tmp_path)
    events = (
        [1.0, "clock-jump", "n1", 2.5],
        [2.0, "clock-rate", "n1", 0.5],
        [3.0, "wall-rate", "n1", 0.0],
        [4.0, "wall-rate", "n1", 1.0],
    )
    write_trace(folder, events)
    offsets = clock_offsets(seen_of(load_run(folder)))

    assert offsets["n1"][-1] == (9 * SECOND, pytest.approx(2.5 - 0.5 * 7))
    assert dict(offsets["n1"][:-1])[4 * SECOND] == pytest.approx(2.5 - 0.5 * 2)
    assert (4 * SECOND, pytest.approx(2.5 - 0.5 * 2 - 0.5)) in offsets["n1"]


@pytest.mark.parametrize("bug", ["REP-01", "REP-04", "REP-05"])
def test_what_a_later_leader_came_without_is_red_where_it_was_acknowledged(bug_folder, bug):
    lanes = form_of(bug_folder(bug), "failover").lanes
    lost = {lane.name: [p for p in lane.points if p.tone == "bad"] for lane in lanes}
    (old,) = [name for name, points in lost.items() if points]
    led = {lane.name: [bar for bar in lane.bars if bar.text.startswith("leads")] for lane in lanes}

    assert all(any(bar.start <= point.time <= bar.end for bar in led[old]) for point in lost[old])
    newer = re.search(r": (n\d).*epoch", lost[old][-1].note).group(1)
    assert newer != old
    assert led[newer]


def test_a_log_shows_the_entries_that_the_new_leader_has_never_had(bug_folder):
    grid = form_of(bug_folder("REP-01"), "logs")
    red = {row.name for row in grid.rows for cell in row.cells if cell.tone == "bad"}

    assert red == {"n3"}
    assert grid.rows[0].name.endswith("n1 leads epoch 4")


def test_nothing_is_red_of_replication_that_loses_nothing(tmp_path):
    plan = Plan("leader-follower-synchronous", "set", seed=1, time_limit=6.0)
    run_in_folder(registry.experiment(draw(plan, "kill,partition,pause")), tmp_path)
    seen = replace(seen_of(load_run(tmp_path)), start=0, end=60 * SECOND)
    lanes = FAILOVER[0].draw(seen).lanes
    points = [point.tone for lane in lanes for point in lane.points]

    assert len(points) > 20
    assert set(points) == {"good"}


def test_a_participant_that_rolls_back_in_doubt_is_seen(bug_folder):
    lanes = form_of(bug_folder("TX-20"), "commits")
    outcomes = {}
    for lane in lanes.lanes:
        for point in lane.points:
            txn, _, outcome = point.text.partition(" ")
            outcomes.setdefault(txn, set()).add(outcome)

    red = {p.text.split()[0] for lane in lanes.lanes for p in lane.points if p.tone == "bad"}
    assert {"commit", "abort"} in outcomes.values()
    assert {txn for txn, known in outcomes.items() if len(known) > 1} <= red
    assert any(bar.text.endswith("in doubt") for lane in lanes.lanes for bar in lane.bars)
