"""docs/hunting.md: the shares that it tells are those that are drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splitbrain.harness.hunting import circumstances, drawing, selecting

PAGE = (Path(__file__).parents[2] / "docs" / "hunting.md").read_text()
TOLD = re.findall(r"`([A-Z_]+)` (\d+) %", PAGE)


def test_it_tells_most_of_what_is_chosen_by_chance():
    assert len(TOLD) >= 10


@pytest.mark.parametrize(("name", "percent"), TOLD)
def test_a_share_is_as_it_is_drawn(name, percent):
    (share,) = (
        vars(each)[name] for each in (circumstances, drawing, selecting) if name in vars(each)
    )

    assert share == pytest.approx(int(percent) / 100)
