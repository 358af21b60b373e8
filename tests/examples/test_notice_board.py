"""The notice board on kademlia: sound in its second form, cut in two for good in its first."""

from __future__ import annotations

import pytest

pytest.importorskip("kademlia")

from examples.notice_board.system import SYSTEM
from splitbrain.harness import Plan, run, shrink
from splitbrain.harness.planning import draw

(BUG,) = SYSTEM.bugs


def sound(seed):
    options = {"read": 0.02}
    plan = Plan(SYSTEM.name, "set", nodes=2 + seed % 3, seed=seed, time_limit=4.0, options=options)
    return run(SYSTEM.experiment(draw(plan, "pause,net,clock,client")))


def found():
    """The first run that shows the bug."""
    runs = (run(SYSTEM.hunt(BUG, seed)) for seed in range(BUG.seeds))
    return next(made for made in runs if made.signature.startswith(BUG.shows))


def test_the_second_form_is_sound_under_all_that_it_claims():
    assert sound(0).signature == ""


@pytest.mark.nightly
def test_the_second_form_is_sound_under_hundreds_of_seeds():
    assert [sound(seed).signature for seed in range(300)] == [""] * 300


def test_halves_that_lost_sight_of_each_other_do_not_meet_again():
    assert found()


@pytest.mark.nightly
def test_it_is_told_in_one_notice_and_one_partition():
    small = shrink(SYSTEM.hunt(BUG, found().plan.seed), found(), budget=100).run.plan
    assert len(small.operations) <= 2
    assert len(small.faults) == 1
