"""The tables of which section of a paper is where name files, tests, scripts, bugs and faults that
there are, and every golden script of a protocol stands in one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from splitbrain.harness.nemesis.catalogue import KINDS

ROOT = Path(__file__).parents[2]
TABLES = ("systems/consensus/README.md", "systems/consensus/raft/README.md")
PLAYS = ("raft", "paxos", "viewstamped", "broadcast", "commit", "saga")

TESTS = {path.stem: path for path in (ROOT / "tests").rglob("test_*.py")}
CODE = {path.name for floor in ("systems", "checkers") for path in (ROOT / floor).rglob("*.py")}


def rows(table):
    return [line for line in (ROOT / table).read_text().splitlines() if line.startswith("|")]


@pytest.mark.parametrize("table", TABLES)
def test_tests_are_there_with_the_sections_that_they_are_named_for(table):
    for row in rows(table):
        for test, section in re.findall(r"`(test_\w+)`(?: (\d+_\d\w*|figure_\d+))?", row):
            assert test in TESTS, row
            assert section in TESTS[test].read_text(), f"{test} has no {section}"


@pytest.mark.parametrize("table", TABLES)
def test_files_and_their_functions_are_there(table):
    folder = (ROOT / table).parent
    for row in rows(table):
        for name, function in re.findall(r"`([a-z_/.]+\.py)`(?: \(`(\w+)`)?", row):
            assert Path(name).name in CODE, row
            holding = list(ROOT.glob(f"systems/**/{Path(name).name}"))
            assert not function or any(function in path.read_text() for path in holding), row
        for link in re.findall(r"\]\(([^)#]+)", row):
            assert (folder / link).exists(), row
        for path in re.findall(r"`(tests/[\w/.]+)`", row):
            assert (ROOT / path).exists(), row


@pytest.mark.parametrize("table", TABLES)
def test_bugs_and_faults_are_there(table):
    kinds = {kind.id for kind in KINDS}
    bugs = json.loads((ROOT / "tests/systems/pinned_seeds.json").read_text())
    for row in rows(table):
        for bug in re.findall(r"\b(?:CON|CLK|TX)-[0-9A-Z-]*[0-9A-Z]", row):
            assert bug in bugs, row
        for kind in re.findall(r"`((?:scenario|member|net|process|lease)\.[a-z_0-9]+)`", row):
            assert kind in kinds or kind.endswith(".txt"), row


def test_every_golden_script_of_a_protocol_stands_in_a_table():
    named = {word for table in TABLES for row in rows(table) for word in re.findall(r"\w+", row)}
    scripts = [path.stem for play in PLAYS for path in (ROOT / "tests/golden" / play).glob("*.txt")]

    assert len(scripts) > 50
    assert [script for script in scripts if script not in named] == []
