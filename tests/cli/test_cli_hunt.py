"""`splitbrain hunt` and `splitbrain zoo`, in processes as a user has them."""

import json
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main

pytestmark = pytest.mark.slow


def hunt(tmp_path, *words):
    return splitbrain(tmp_path, "hunt", *words, "--runs", str(tmp_path / "runs"))


def splitbrain(tmp_path, *words):
    return subprocess.run(
        [sys.executable, "-m", "splitbrain", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )


@pytest.mark.nightly
def test_it_finds_a_planted_bug_unaided_and_knows_it_the_next_time(tmp_path):
    words = ("raft", "--bug", "CON-04", "--minutes", "2", "--shrink-budget", "40")
    first = hunt(tmp_path, *words, "--first", "--junit", "hunt.xml", "--jsonl", "hunt.jsonl")

    assert first.returncode == 1, first.stderr
    assert re.search(r"^new +raft with CON-04", first.stdout, re.MULTILINE)
    assert '<failure message="linearizable' in (tmp_path / "hunt.xml").read_text()
    lines = [json.loads(line) for line in (tmp_path / "hunt.jsonl").read_text().splitlines()]
    folders = [line["folder"] for line in lines if line.get("folder")]
    assert folders
    assert all((tmp_path / folder / "report.html").exists() for folder in folders)

    again = hunt(tmp_path, *words, "--count", "1")
    assert again.returncode == 1
    assert re.search(r"^known +raft with CON-04", again.stdout, re.MULTILINE)


def test_a_sound_system_ends_with_zero(tmp_path):
    result = hunt(tmp_path, "snapshot-isolation", "--count", "12")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "12 runs in" in result.stdout


def test_a_users_own_system_is_hunted_by_its_import_path(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\n"
        "from splitbrain.systems.transactions.two_phase_locking import SYSTEM as known\n"
        "SYSTEM = replace(known, name='mine', bugs=())\n"
    )
    result = hunt(tmp_path, "mine:SYSTEM", "--count", "4", "--seed", "50")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "4 runs in" in result.stdout


def test_what_makes_no_sense_is_one_sentence(tmp_path):
    for words in (("rafd",), ("raft", "-w", "bank"), ("raft", "--bug", "TX-01"), ("-f", "kil")):
        result = hunt(tmp_path, *words)
        assert result.returncode == 2, words
        assert result.stderr.startswith("splitbrain: ")
        assert "Traceback" not in result.stderr


def test_the_zoo_prints_its_scoreboard(tmp_path):
    words = ("TX-01", "REP-02", "--hunts", "1", "--jobs", "1", "--markdown", "zoo.md")
    result = splitbrain(tmp_path, "zoo", *words)

    assert result.returncode == 0, result.stderr
    assert re.search(r"^TX-01 +two-phase-locking +1 of 1 ", result.stdout, re.MULTILINE)
    assert "2 of 2 hunts found their bug (100.0%; wanted: 95%)" in result.stdout
    assert "| REP-02" in (tmp_path / "zoo.md").read_text()


def test_a_zoo_that_was_killed_goes_on_where_it_was(tmp_path):
    words = ("zoo", "TX-01", "TX-02", "--jobs", "1", "--jsonl", "zoo.jsonl")
    assert splitbrain(tmp_path, *words, "--hunts", "1").returncode == 0
    lines = (tmp_path / "zoo.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "zoo.jsonl").write_text(lines[0] + lines[1][:20])  # killed while it wrote

    again = splitbrain(tmp_path, *words, "--hunts", "2", "--resume")
    assert again.returncode == 0, again.stderr
    assert "3/3 TX-02 from 100000" in again.stderr
    written = [json.loads(line) for line in (tmp_path / "zoo.jsonl").read_text().splitlines()]
    assert [one["bug"] for one in written] == ["TX-01", "TX-01", "TX-02", "TX-02"]

    night = splitbrain(tmp_path, "zoo", "TX-02", "-k", "3", "-j", "1", "--into", "zoo.jsonl")
    assert night.returncode == 0, night.stderr
    assert re.match(r"1 TX-02 from 200000: ", night.stderr)
    written = [json.loads(line) for line in (tmp_path / "zoo.jsonl").read_text().splitlines()]
    assert [one["bug"] for one in written] == ["TX-01", "TX-01", "TX-02", "TX-02", "TX-02"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--resume",), "give it with --jsonl"),
        (("--into", "a.jsonl", "--resume"), "without --jsonl and --resume"),
        (("--minutes", "5"), "--minutes is for --into"),
    ],
)
def test_a_zoo_that_has_no_file_to_go_on_with_is_refused(words, told):
    refused = CliRunner().invoke(main, ["zoo", "TX-01", *words])
    assert refused.exit_code == 2
    assert told in refused.output


def test_a_bug_that_is_not_there_is_one_sentence(tmp_path):
    result = splitbrain(tmp_path, "zoo", "TX-1")
    assert result.returncode == 2
    assert result.stderr.startswith("splitbrain: there is no bug 'TX-1': did you mean")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_and_keeps_what_it_counted(tmp_path, how):
    command = [sys.executable, "-u", "-m", "splitbrain", "hunt", "raft", "--minutes", "60"]
    runs = tmp_path / "runs"
    with subprocess.Popen(
        [*command, "--runs", str(runs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (runs / "hunt.db").exists() or _runs(runs / "hunt.db") < 4:
            assert process.poll() is None
        process.send_signal(how)
        told, _ = process.communicate(timeout=60)
    assert process.returncode in (0, 1)
    assert " runs in " in told
    assert _runs(runs / "hunt.db") >= 4


def _runs(path):
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "print(db.execute('select count(*) from runs').fetchone()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    return int(done.stdout or 0)
