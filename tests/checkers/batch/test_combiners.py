"""The law of combiners: right ones keep it, and each way to break it is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from splitbrain.checkers.batch import combiner_law
from splitbrain.systems.batch.mapreduce.bugs import AveragesAverages
from splitbrain.systems.batch.mapreduce.jobs import Job

MEANS: Sequence[tuple[int, int]] = [(1, 1), (4, 1), (2, 3), (9, 2)]


def greatest(values):
    return tuple(map(max, zip(*values, strict=True)))


@pytest.mark.parametrize("combine", [Job().combined, greatest])
def test_a_right_combiner_keeps_the_law(combine):
    assert combiner_law(combine, MEANS) == []


@pytest.mark.parametrize(
    ("combine", "values", "said"),
    [
        (AveragesAverages().combined, MEANS, "of [2, 3] alone it makes [0, 1]"),
        (lambda values: next(iter(values)), [1, 2], "not commutative: 1 and 2"),
        (lambda values: sum(values) / len(list(values)), [1, 2, 4], "not associative: 1, 1 and 2"),
        (lambda values: sum(values) + 1, [1], "of 1 alone it makes 2"),
    ],
)
def test_what_breaks_it_is_told(combine, values, said):
    assert said in combiner_law(combine, values)


def test_what_the_combiner_makes_is_tried_too():
    def clipped(values):
        """Right for small numbers, which is all that are given."""
        total = 0
        for value in values:
            total += value if total < 10 else 0
        return total

    assert combiner_law(clipped, [1, 2]) == []
    assert combiner_law(clipped, [1, 2, 3]) == ["not associative: 5, 5 and 1"]
