"""The story of a run, line by line."""

import sample_runs

from splitbrain.reports import load_run
from splitbrain.reports.story import ELISION, FAULT, OPERATION, tell


def _texts(lines):
    return [f"{line.clock} {line.text} {line.outcome} {line.note}".rstrip() for line in lines]


def test_the_story_of_a_shrunk_failure_tells_everything_in_order(tmp_path):
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    lines = tell(view.telling)

    assert _texts(lines) == [
        "0.000 s client 0 writes x = 901 ok",
        "0.210 s n1: leader of term 1",
        "2.412 s network: n1 cut off from n2, n3",
        "4.200 s n3: leader of term 2",
        "4.870 s client 1 writes x = 902 ok",
        "4.880 s now it is certain: n3 receives (write, 902) from c2 "
        "(30 of 30 continuations fail, 11 of 30 before)",
        "9.001 s client 0 reads x -> 901 ok stale-read",
        "9.500 s network: partition healed",
        "9.600 s all faults are healed",
    ]
    assert [line.marked for line in lines] == [
        True,
        False,
        False,
        False,
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_long_story_keeps_the_anomaly_and_says_what_it_leaves_out(tmp_path):
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    lines = tell(view, limit=20)

    told = [line for line in lines if line.kind != ELISION]
    assert len(told) == 20
    assert sum(line.marked for line in told) == 3
    assert all(line.text.endswith("not shown ...") for line in lines if line.kind == ELISION)
    everything = tell(view, limit=10_000)
    hidden = sum(_counted(line.text) for line in lines if line.kind == ELISION)
    assert len(told) + hidden == len(everything) == 1003 + 10 + 4 + 1


def _counted(text):
    return sum(int(word.replace(",", "")) for word in text.split() if word[0].isdigit())


def test_a_story_without_an_anomaly_ends_with_the_last_moments(tmp_path):
    view = load_run(sample_runs.killed_run(tmp_path / "run"))

    lines = tell(view, limit=5)

    assert lines[-1].kind == OPERATION
    assert lines[-1].outcome == "info"
    assert lines[-1].took == "never ended"
    assert any(line.text == "network: n2 cut off from n1, n3" for line in lines)


def test_the_steps_of_a_composite_fault_are_told(tmp_path):
    recording = sample_runs.Recording()
    recording.fault("f1", "scenario.rollback", 0, 2 * sample_runs.SECOND, ["n2"], {"x": 1})
    recording.events[-1]["value"]["detail"] = {
        "steps": [{"at": 0.5, "action": "isolate", "node": "n2"}, {"at": "soon"}, 7]
    }
    view = load_run(sample_runs.save(tmp_path / "run", recording, sample_runs.plan()))

    assert _texts(tell(view)) == [
        "0.000 s scenario: rollback begins (n2)",
        "0.500 s scenario: isolate n2",
        "2.000 s scenario: rollback ends (n2)",
    ]


def test_what_nodes_announce_and_why_operations_fail_is_told_in_words(tmp_path):
    recording = sample_runs.Recording()
    recording.add(0, 0, "invoke", "read", ["x", None])
    recording.add(1, 0, "fail", "read", ["x", None], error="Damaged: log ends at frame 3")
    recording.add(2, "n1", "info", "granted", {"token": 1, "to": "c2"})
    recording.add(3, "n1", "info", "started", {})
    recording.add(4, "n1", "info", "taken", 7)
    recording.add(5, "n1", "info", "invariant", {"invariant": "log-matching", "said": "n1 lacks 2"})
    view = load_run(sample_runs.save(tmp_path / "run", recording, sample_runs.plan()))

    assert [line.text for line in tell(view)] == [
        "client 0 reads x: Damaged: log ends at frame 3",
        "n1: granted token 1, to c2",
        "n1: started",
        "n1: taken 7",
        "n1: breaks log-matching: n1 lacks 2",
    ]


def test_a_fault_that_did_nothing_says_so_when_it_ends(tmp_path):
    view = load_run(sample_runs.valid_run(tmp_path / "run"))

    notes = {line.text: line.note for line in tell(view, limit=10_000) if line.note}

    assert notes == {"clock: clock of n3 keeps time again": "no effect observed"}


def test_the_fault_in_which_something_was_lost_is_told_however_many_came_after_it(tmp_path):
    recording, second = sample_runs.Recording(), sample_runs.SECOND
    for number in range(40):
        recording.add(number * second / 4, 0, "invoke", "add", number)
        recording.add(number * second / 4 + 1000, 0, "ok", "add", number)
    recording.fault("cut", "net.partition", 1.9 * second, 2.1 * second, ["n1"], {"dropped": 9})
    for number in range(20):
        begin = (3 + number / 4) * second
        recording.fault(f"f{number}", "process.pause", begin, begin + second / 8, ["n2"], {"n": 1})
    recording.add(11 * second, 1, "invoke", "read", None)
    recording.add(12 * second, 1, "ok", "read", [0])
    blamed = [recording.index_of(f="add", value=8), recording.index_of(f="read", type="invoke")]
    lost = sample_runs.anomaly("lost", "8 is lost", blamed, element=8)
    verdicts = [sample_runs.verdict("set-full", "invalid", "8 is lost", [lost])]
    plan = sample_runs.plan("set")
    view = load_run(sample_runs.save(tmp_path / "run", recording, plan, verdicts))

    said = [line.text for line in tell(view, limit=14) if line.kind == FAULT]

    assert said[:2] == ["network: n1 cut off from n2, n3", "network: partition healed"]
    assert said[-1] == "process: n2 resumed", "and the nearest ones before the end"
