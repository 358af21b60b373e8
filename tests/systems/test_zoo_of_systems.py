"""Every planted bug is found by its system's name alone, and none became harder to find.

`benchmarks/zoo.jsonl` has the hunts that were kept; a bug that isn't in it yet must be found.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from splitbrain.harness.hunting.drawing import target_of
from splitbrain.harness.hunting.zoo import Animal, harder, hunt_one, read_lines
from splitbrain.systems import registry

KEPT = Path(__file__).parents[2] / "benchmarks" / "zoo.jsonl"
HUNTS = 3
SEED = 50_000_000
LIMIT_S = 60.0
BUGS = registry.bugs()


@pytest.mark.nightly
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_as_easy_to_find_as_it_was(name):
    system, bug = BUGS[name]
    animal = Animal.of(target_of(system, bug=name), bug)
    hunts = [hunt_one(animal, SEED + 1000 * number, LIMIT_S) for number in range(HUNTS)]

    assert harder(read_lines(KEPT.read_text()), hunts) == []
    assert sum(one.found for one in hunts) >= HUNTS - 1
    assert not any(one.broken for one in hunts)


def test_what_is_kept_speaks_of_bugs_that_there_are():
    kept = {one.bug for one in read_lines(KEPT.read_text())}
    assert kept <= set(BUGS)
