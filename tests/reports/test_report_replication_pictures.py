"""Pictures of replicated systems: each shows what its planted bug does wrong."""

import json

import pytest
from picturing import form_of
from sample_traces import two_leaders_run


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
        ("at 2.802 s: the failure",),
        ("n1", "5 ✓", "", ""),
        ("n2", "5", "", ""),
        ("n3", "snap", "7", "7"),
    ]
    terms = {cell.text[0]: cell.tone for row in grid.rows for cell in row.cells if cell.text}
    assert len(set(terms.values())) == 3


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
    lanes = form_of(bug_folder("CLK-01"), "leases")
    storage = lanes.lanes[-1]
    bad = [point for point in storage.points if point.tone == "bad"]

    assert lanes.lanes[0].name == "lock service n1"
    assert storage.name == "storage n2"
    assert any(point.text.startswith("write") and "was here" in point.note for point in bad)


def test_a_participant_that_rolls_back_in_doubt_is_seen(bug_folder):
    lanes = form_of(bug_folder("TX-20"), "commits")
    outcomes = {}
    for lane in lanes.lanes:
        for point in lane.points:
            txn, _, outcome = point.text.partition(" ")
            outcomes.setdefault(txn, set()).add(outcome)

    assert {"commit", "abort"} in outcomes.values()
    assert any(bar.text.endswith("in doubt") for lane in lanes.lanes for bar in lane.bars)
