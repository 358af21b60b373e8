"""The harness sees what it claims to see: every planted bug is found within its budget."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness.searching import search
from splitbrain.systems import registry


@pytest.mark.parametrize("name", registry.BUGS)
def test_a_planted_bug_is_found_within_its_budget(name):
    bug = registry.BUGS[name]

    found = search(lambda seed: registry.hunt(bug, seed), range(bug.seeds))

    assert found.failure is not None, f"not found in {found.tried} runs"
    signatures = [v.signature for v in found.failure.verdicts if v.validity is INVALID]
    assert any(shown in signature for shown in bug.shows for signature in signatures), signatures


@pytest.mark.parametrize("name", registry.BUGS)
def test_without_the_bug_the_same_plan_is_silent(name):
    bug = registry.BUGS[name]
    found = search(lambda seed: registry.hunt(bug, seed), range(bug.seeds))
    assert found.failure is not None

    healthy = registry.experiment(found.failure.plan.with_(bug=None))
    repeated = search(lambda seed: healthy, [found.failure.plan.seed])

    assert repeated.failure is None
