"""The workload of the how-to page runs as it stands, and finds what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOWTO = Path(__file__).parents[2] / "docs" / "howto.md"
LISTING = re.compile(r"```python\n# test_tickets.py\n(.*?)```", re.DOTALL)

A_SCREEN = 70
"""Lines."""


def listing() -> str:
    (text,) = LISTING.findall(HOWTO.read_text())
    return str(text)


def test_a_workload_with_an_invariant_fits_a_screen():
    assert len(listing().splitlines()) <= A_SCREEN


@pytest.mark.slow
def test_it_finds_the_ticket_that_two_get(pytester):
    pytester.makepyfile(test_tickets=listing())

    result = pytester.runpytest("-p", "no:cacheprovider")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*INVALID  no-ticket-twice*", "*take -> 1 from n1*<- twice"])
