"""The tables of streams and batch name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splitbrain.checkers.registry import PATHS
from splitbrain.harness.nemesis.catalogue import KINDS as CATALOGUE
from splitbrain.harness.workloads import WORKLOADS
from splitbrain.systems import registry

PAGE = (Path(__file__).parents[2] / "docs" / "streams.md").read_text()
BUGS = {bug.id: bug for system in registry.SYSTEMS.values() for bug in system.bugs}
KINDS = {kind.id for kind in CATALOGUE}
OURS = {each for each in BUGS if each.split("-")[0] in ("STR", "BAT", "E2E")}


def rows(page):
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][1:]


WRONGS = rows(PAGE.partition("## Faults")[0])
FAULTS = rows(PAGE.partition("## Faults")[2].partition("## Other names")[0])


def codes(cell):
    return re.findall(r"`([\w.-]+)`", cell)


def bugs_of(cell):
    return re.findall(r"\b(?:STR|BAT|E2E)(?:-[A-Z0-9]+)+\b", cell)


@pytest.mark.parametrize("row", WRONGS, ids=lambda row: row[0])
def test_each_row_names_what_finds_its_bugs(row):
    _, systems, workloads, faults, checkers, bugs = row
    mine = {bug.id: bug for name in codes(systems) for bug in registry.SYSTEMS[name].bugs}

    assert set(codes(checkers)) <= set(PATHS)
    assert set(codes(workloads)) <= set(WORKLOADS.ours)
    assert set(codes(faults)) <= KINDS
    for each in bugs_of(bugs):
        assert mine[each].workload in codes(workloads)
        needed = set(mine[each].faults)
        assert not needed or needed & set(codes(faults)), each


def test_every_bug_of_these_chapters_is_in_a_row():
    assert {each for row in WRONGS for each in bugs_of(row[-1])} == OURS


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row[0])
def test_a_fault_is_a_kind_that_its_bugs_are_found_by(row):
    _, way, shown = row
    kinds = set(codes(way)) & KINDS

    assert bugs_of(shown)
    for each in bugs_of(shown):
        assert kinds & set(BUGS[each].faults), each
