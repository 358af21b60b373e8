"""The table of what checks the checkers holds: its tests are there, and code that verifies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splitbrain.checkers.registry import CHECKERS, PATHS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "twins.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| property")
]


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_has_a_row_for_each_checker_of_these_rooms():
    """Whoever adds one to these rooms says here what checks it."""
    named = {name for row in ROWS for name in words(row[1])}
    rooms = ("checkers.convergence.", "consistency.causality", "consistency.staleness", "told_ages")
    rooms += ("checkers.caching.", "checkers.graphs.", "checkers.encoding.", "checkers.overload.")
    ours = {name for name, path in PATHS.items() if any(room in path for room in rooms)}

    assert len(ROWS) == len(named)
    assert ours <= named


@pytest.mark.parametrize("row", ROWS, ids=[row[1].strip("`") for row in ROWS])
def test_a_row_says_what_there_is(row):
    _, checker, tests, twin, mutants, verified = row
    (name,), (file,) = words(checker), words(tests)
    text = (ROOT / "tests" / "checkers" / file).read_text()

    assert (CHECKERS[name].verify is not None) == (verified == "yes")
    for cell in (twin, mutants):
        assert words(cell)
        assert all(is_there(word, text) for word in words(cell)), cell


def is_there(word, text):
    """Whether a test file of that name is there, or this text has the word."""
    file = ROOT / "tests" / "checkers" / word
    return file.exists() if word.endswith(".py") else re.search(rf"\b{word}\b", text)
