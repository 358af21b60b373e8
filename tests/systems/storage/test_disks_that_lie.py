"""Disks that lose and misplace writes, return what was there before, and rot: what an engine
returns may then be old, and is never anything that nobody wrote."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.systems import registry

NAMES = ("write-ahead-log", "bitcask", "lsm-tree", "b-tree", "journalled-b-tree")
LIES = (
    "disk.lost_write,disk.misdirected,disk.stale_read,disk.bitrot,disk.truncate,disk.helix,"
    "power-loss,kill"
)
NEVER = ("detects-corruption", "unhandled-exceptions", "client")


def wrong(name, seeds):
    """What is wrong, by seed, of what must never be."""
    found = {}
    for seed in seeds:
        plan = Plan(name, "store", nodes=1, seed=seed, time_limit=6.0, rate=30.0)
        result = run(registry.experiment(draw(plan, LIES)), tracing=False)
        bad = [v for v in result.verdicts if v.checker in NEVER and v.validity is INVALID]
        if bad:
            found[seed] = bad[0].reason
    return found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_returned_that_nobody_wrote(name):
    assert wrong(name, range(5)) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(0, 300, 25))
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_returned_that_nobody_wrote_over_hundreds_of_seeds(name, first):
    assert wrong(name, range(first, first + 25)) == {}


def test_what_is_claimed_is_said():
    for name in NAMES:
        claims = registry.SYSTEMS[name].claims
        assert claims.tolerates("disk.fsync_error")
        assert not claims.tolerates("disk.bitrot")
        assert claims.notices == ("disk.bitrot",)
