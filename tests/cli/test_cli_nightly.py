"""`splitbrain nightly`, in processes as a CI job has them."""

import json
import sqlite3
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from splitbrain.harness.commands.cli import main

MINE = """
from dataclasses import replace
from splitbrain.systems.replication.leader_follower import SYSTEM as known
GOOD = replace(known, name="good", bugs=())
BAD = replace(known, name="bad", server=known.bug("REP-01").server, bugs=())
"""

TABLE = """
[tool.splitbrain.nightly]
hunts = [
    { systems = ["mine:GOOD"], faults = ["all", "kill,partition"], runs = 48 },
    { systems = ["mine:BAD"], workloads = ["set", "bank"], runs = 12, shrink_budget = 20 },
]
"""

FILE = """
from concurrent.futures import ThreadPoolExecutor
from splitbrain.harness.hunting.night import Hunting, Night
NIGHT = Night((Hunting(systems=("mine:GOOD",), runs=4),), executor=lambda: ThreadPoolExecutor(1))
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (tmp_path / "night.py").write_text(FILE)
    return tmp_path


def command(*words):
    return [sys.executable, "-m", "splitbrain", "nightly", "--jobs", "1", *words]


def nightly(folder, *words):
    return subprocess.run(command(*words), capture_output=True, text=True, check=False, cwd=folder)


def seeds(memory):
    with sqlite3.connect(memory) as db:
        return db.execute("select cell, seed from runs order by cell, seed").fetchall()


EVERYTHING = [
    *(("mine:BAD (workloads set)", seed) for seed in range(12)),
    *(("mine:GOOD", seed) for seed in range(24)),
    *(("mine:GOOD (faults kill, partition)", seed) for seed in range(24)),
]


@pytest.mark.nightly
def test_shards_do_the_work_once_and_their_results_are_put_together(folder):
    for shard in ("1/2", "2/2"):
        made = nightly(folder, "--shard", shard, "--runs", f"shard-{shard[0]}")
        assert made.returncode in (0, 1), made.stderr
    parts = [seeds(folder / f"shard-{number}" / "hunt.db") for number in (1, 2)]
    assert all(parts)
    assert sorted(parts[0] + parts[1]) == EVERYTHING

    files = ("--markdown", "n.md", "--junit", "n.xml", "--jsonl", "n.jsonl")
    merges = ("--merge", "shard-1/hunt.db", "--merge", "shard-2/hunt.db")
    together = nightly(folder, *merges, *files)

    assert together.returncode == 1, together.stderr
    assert seeds(folder / "runs" / "hunt.db") == EVERYTHING
    cases = ElementTree.parse(folder / "n.xml").getroot().findall("testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert len(cases) == 3
    assert failed == ["mine:BAD (workloads set)"]
    lines = [json.loads(line) for line in (folder / "n.jsonl").read_text().splitlines()]
    groups = [line for line in lines if line["type"] == "group"]
    assert lines[0]["runs"] == len(EVERYTHING)
    assert all((folder / group["folder"] / "plan.json").exists() for group in groups)
    assert r"| mine\:BAD" in (folder / "n.md").read_text()


@pytest.mark.nightly
def test_a_night_that_is_killed_loses_nothing_and_goes_on(folder):
    memory = folder / "runs" / "hunt.db"
    with subprocess.Popen(command(), cwd=folder, stdout=subprocess.DEVNULL) as process:
        while not memory.exists() or not _some(memory):
            assert process.poll() is None
        process.kill()
    before = seeds(memory)
    assert 0 < len(before) < len(EVERYTHING)

    assert nightly(folder).returncode == 1
    assert set(before) <= set(seeds(memory))
    assert [seed for cell, seed in seeds(memory) if cell == "mine:BAD (workloads set)"] == [
        *range(12)
    ]


def _some(memory):
    try:
        return len(seeds(memory)) >= 4
    except sqlite3.OperationalError:  # it is just being made
        return False


@pytest.mark.nightly
def test_a_python_file_says_who_does_the_work(folder):
    made = nightly(folder, "night.py")
    assert made.returncode == 0, made.stderr
    assert "4 runs in" in made.stdout


@pytest.fixture
def refused(folder, monkeypatch, capsys):
    """What is said of words that make no sense; in this process, since nothing is run."""
    monkeypatch.chdir(folder)

    def go(*words):
        with pytest.raises(SystemExit) as ended:
            main(["nightly", *words])
        assert ended.value.code == 2, words
        return capsys.readouterr().err

    return go


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[tool.splitbrain.nightly]\nhunts = [{}]", "hunt 1: it has no end: give minutes or runs"),
        ("[tool.splitbrain.nightly]\nhunts = []", "a night has no hunts"),
        ("[tool.splitbrain.nightly]\nhunt = []", "did you mean hunts?"),
        ("[tool.splitbrain.nightly]\nhunts = [{runs = 'x'}]", "hunts[0].runs: Expected `int"),
        ("[tool.splitbrain.nightly]\nhunts = [{runs = 0}]", "runs is 0"),
        ("[tool.ruff]", "it has no table [tool.splitbrain.nightly]"),
        ("[tool", "pyproject.toml: "),
    ],
)
def test_a_table_that_makes_no_sense_is_one_sentence(folder, refused, table, told):
    (folder / "pyproject.toml").write_text(table)
    sentence = refused()
    assert told in sentence
    assert sentence.startswith("splitbrain: pyproject.toml: ")
    assert sentence.count("\n") == 1


def test_names_that_there_are_not_are_one_sentence(refused):
    for words, told in (
        (("--shard", "9/8"), "--shard is '9/8'"),
        (("--merge", "gone.db"), "there is no file gone.db"),
        (("gone.toml",), "gone.toml: No such file"),
        (("--merge", "a", "--shard", "1/2"), "--merge hunts no more"),
    ):
        sentence = refused(*words)
        assert told in sentence
        assert "Traceback" not in sentence
