"""The run in a terminal and as Markdown."""

import re

import pytest
import sample_runs
import sample_traces

from splitbrain.checkers.verdict import UNKNOWN, Verdict
from splitbrain.reports import load_run, render_markdown, render_terminal, render_verdicts
from splitbrain.reports.markdown import escaped
from splitbrain.reports.run_files import Necessity

WIDE = {
    **sample_runs.ALL,
    "two-leaders": sample_traces.two_leaders_run,
    "hostile-trace": sample_traces.hostile_trace_run,
}

STALE_TERMINAL = """\
INVALID  linearizable(cas-register)  shrunk from 1,003 operations and 5 faults to 3 operations and 1
  fault, in 58 runs
  raft / register with bug CON-03, seed 217

  Process 0 read x=901 at 9.001 s, but 901 had been overwritten by process 1's write of 902, which
  completed at 4.893 s, before the read began

*   0.000 s  client 0 writes x = 901  ok
    0.210 s  n1: leader of term 1
    2.412 s  network: n1 cut off from n2, n3
    4.200 s  n3: leader of term 2
*   4.870 s  client 1 writes x = 902  ok
    4.880 s  now it is certain: n3 receives (write, 902) from c2 (30 of 30 continuations
               fail, 11 of 30 before)
*   9.001 s  client 0 reads x -> 901  ok    <- stale-read
    9.500 s  network: partition healed
    9.600 s  all faults are healed

  how often: the same plan fails in 27 of 30 other schedules
  necessary: f1 net.partition (fails in 27 of 30 schedules with it, in 0 of 30 without)

  replay:  splitbrain replay {folder}/shrunk
  whole run, before it was shrunk:  splitbrain replay {folder}

  checker                     verdict    what
  --------------------------  ---------  --------------------------------
  linearizable(cas-register)  INVALID    key x has no linearization
  leader-per-term             valid      3 terms, at most one leader each
  converged                   valid      3 replicas hold the same state

  exercised: 3 operations (3 ok, 0 fail, 0 info), 1 fault (1 with observed effect), 2 leaderships,
  no success for 4.9 s at most
  regime: survivable: these faults are within what the system claims (partitions, crashes of a
  minority, clocks that drift)

  the whole run, raft / register with bug CON-03, seed 217: WHOLE"""


def test_a_failure_in_the_terminal(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "run")
    view = load_run(folder)

    told, whole = render_terminal(view).split(
        "the whole run, raft / register with bug CON-03, seed 217: "
    )
    assert (
        told + "the whole run, raft / register with bug CON-03, seed 217: WHOLE"
        == STALE_TERMINAL.replace("{folder}", str(folder))
    )
    assert " ".join(whole.split()).endswith(
        "before the read began 1,003 operations (960 ok, 36 fail, 7 info), "
        "5 faults (4 with observed effect), 4 leaderships, no success for 1.2 s at most"
    )


def test_a_valid_run_in_the_terminal_tells_what_was_exercised_and_no_story(tmp_path):
    text = render_terminal(load_run(sample_runs.valid_run(tmp_path / "run")))

    assert text.startswith("valid  linearizable(cas-register)\n")
    assert "operation      ok    fail    info" in text
    assert "client 0" not in text


@pytest.mark.parametrize("name", ["stale", "lost", "valid", "two-leaders", "hostile-trace"])
def test_no_line_is_wider_than_the_terminal_but_commands_and_paths(tmp_path, name):
    folder = WIDE[name](tmp_path / "run")
    view = load_run(folder)
    for width in (40, 60, 80, 200):
        lines = render_terminal(view, width).split("\n")
        wide = [line for line in lines if len(line) > width and str(folder) not in line]

        assert wide == []
        prose = " ".join(lines)
        assert "exercised" in prose
        assert width > 100 or max(map(len, lines)) > width - 6


@pytest.mark.parametrize("name", sample_runs.ALL)
def test_the_terminal_gets_plain_printable_ascii(tmp_path, name):
    text = render_terminal(load_run(sample_runs.ALL[name](tmp_path / "run")))

    assert text.isascii()
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("name", "first_word"),
    [("valid", "valid"), ("lost", "INVALID"), ("unknown", "unknown"), ("killed", "not judged")],
)
def test_the_verdict_comes_first(tmp_path, name, first_word):
    view = load_run(sample_runs.ALL[name](tmp_path / "run"))

    assert render_terminal(view).startswith(first_word)
    assert render_markdown(view).startswith(f"## {first_word}: ")


def test_verdicts_alone_are_a_table(tmp_path):
    view = load_run(sample_runs.unknown_run(tmp_path / "run"))

    head, rule, *rows = render_verdicts(view.verdicts).splitlines()
    assert head.split() == ["checker", "verdict", "what"]
    assert set(rule) == {"-", " "}
    assert rows[0].split()[:2] == ["linearizable(cas-register)", "unknown"]
    assert " ".join(" ".join(rows).split()[2:]) == view.verdicts[0].reason


def test_arrows_of_ours_are_spelled_and_foreign_signs_escaped():
    verdict = Verdict("linearizable(kv)", UNKNOWN, "get → é …")
    assert render_verdicts([verdict]).splitlines()[2].endswith(r"get -> \xe9 ...")


STALE_MARKDOWN = """\
## INVALID: raft / register with bug CON-03, seed 217

Process 0 read x=901 at 9.001 s, but 901 had been overwritten by process 1's write of 902, which \
completed at 4.893 s, before the read began

The run was shrunk from 1,003 operations and 5 faults to 3 operations and 1 fault, in 58 runs; \
this is its story:

```text
*   0.000 s  client 0 writes x = 901  ok
    0.210 s  n1: leader of term 1
    2.412 s  network: n1 cut off from n2, n3
    4.200 s  n3: leader of term 2
*   4.870 s  client 1 writes x = 902  ok
    4.880 s  now it is certain: n3 receives (write, 902) from c2 \
(30 of 30 continuations fail, 11 of 30 before)
*   9.001 s  client 0 reads x -> 901  ok  <- stale-read
    9.500 s  network: partition healed
    9.600 s  all faults are healed
```

How often: the same plan fails in 27 of 30 other schedules.

| fault   | kind          | necessary   | why                                                     |
|---------|---------------|-------------|---------------------------------------------------------|
| f1      | net.partition | **yes**     | fails in 27 of 30 schedules with it, in 0 of 30 without |

```text
$ splitbrain replay {folder}/shrunk
```
"""


def test_a_failure_as_markdown(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "run")
    text = render_markdown(load_run(folder))

    assert text.startswith(STALE_MARKDOWN.replace("{folder}", str(folder)))
    assert "| linearizable(cas-register) | **INVALID** | key x has no linearization" in text
    assert "1,003 operations (960 ok, 36 fail, 7 info)" in text
    assert text.endswith(f"```text\n$ splitbrain replay {folder}\n```\n")


@pytest.mark.parametrize("name", sample_runs.ALL)
def test_markdown_has_at_most_sixty_lines(tmp_path, name):
    text = render_markdown(load_run(sample_runs.ALL[name](tmp_path / "run")))

    assert len(text.splitlines()) <= 60


def test_nothing_hostile_becomes_markup(tmp_path):
    text = render_markdown(load_run(sample_runs.hostile_run(tmp_path / "run")))

    outside_code = re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", text)
    assert "<" not in outside_code
    assert "https://" not in outside_code
    assert "@someone" not in outside_code
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("plain words, 1.5 s (n1)", "plain words, 1.5 s (n1)"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a|b", "a&#124;b"),
        ("*x* _y_ `z` [l](u)", r"\*x\* \_y\_ \`z\` \[l\](u)"),
        ("@me #12 http://a", "&#64;&#8203;me &#35;&#8203;12 http&#58;//a"),
        ("two\nlines", "two lines"),
        ("- item", r"\- item"),
        ("1. item", "1&#46; item"),
        ("12) item", "12&#41; item"),
        ("123456789. item", "123456789&#46; item"),
        ("1234567890. no item", "1234567890. no item"),
        ("1.5 s", "1.5 s"),
        ("===", "&#61;=="),
        ("see www.evil.example", "see www&#46;evil.example"),
        ("HTTPS://a Ftp://b", "HTTPS&#58;//a Ftp&#58;//b"),
        ("write me@host.example", "write me&#64;&#8203;host.example"),
    ],
)
def test_escaping(text, markdown):
    assert escaped(text) == markdown


def test_transactions_of_a_shrunk_run_are_told_whole(tmp_path):
    recording = sample_runs.Recording()
    micros = [["append", "x", 1000 + i] for i in range(20)]
    recording.add(0, 0, "invoke", "txn", micros)
    recording.add(9, 0, "ok", "txn", micros)
    recording.add(10, 1, "invoke", "txn", [["r", "x", None]])
    recording.add(19, 1, "ok", "txn", [["r", "x", [1000 + i for i in range(19, -1, -1)]]])
    found = sample_runs.anomaly("append-order", "the list is reversed", [1, 3])
    verdicts = [sample_runs.verdict("list-append(serializable)", "invalid", "it is", [found])]
    the_plan = sample_runs.plan(workload="list-append")
    run = tmp_path / "run"
    for folder in (run, run / "shrunk"):
        sample_runs.save(folder, recording, the_plan, verdicts)
    (run / "shrink.json").write_text('{"operations": [9, 2], "runs": 3}')

    told = " ".join(render_terminal(load_run(run)).split())

    assert "client 0 does T1: append x 1000, append x 1001," in told
    assert all(f"append x {1000 + i}" in told for i in range(20))
    assert "client 1 does T2: r x -> [1019, 1018," in told
    assert "1001, 1000]" in told
    assert "..." not in told
    assert "chars" not in told


def test_where_runs_without_a_fault_would_show_nothing_that_is_said():
    necessity = Necessity("f1", "process.kill", "not shown", (2, 60), (0, 0))

    assert necessity.figures == "fails in 2 of 60 schedules with it, too few to be missed without"
