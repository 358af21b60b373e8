"""``stamp.behind``: clocks fall behind once a write that was stamped by one is acknowledged."""

import pytest
from nemesis_fake import performing, starts, stops

from splitbrain.harness import Plan
from splitbrain.harness.plan import Fault
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems.replication import crdts, multi_leader


def behind(duration=20.0, **options):
    return Fault("stamp.behind", 1.0, duration, "one", options, id="f1")


@pytest.mark.parametrize(("who", "struck"), [("itself", ["n2"]), ("others", ["n1", "n3"])])
def test_a_stamped_write_sets_clocks_back_for_a_while(who, struck):
    world, _ = performing(behind(who=who, back=3.0, linger=0.5))
    world.run_until(2.0)
    assert set(world.offsets.values()) == {0.0}

    world.tell("stamped-write", "n2")
    world.run_until(2.01)
    assert {n: o for n, o in world.offsets.items() if o} == dict.fromkeys(struck, -3.0)
    world.run_until(4.0)
    assert set(world.offsets.values()) == {0.0}

    world.tell("stamped-write", "n2")
    world.run_until(21.0)
    assert set(world.offsets.values()) == {0.0}
    assert stops(world)["f1"]["targets"] == struck
    assert stops(world)["f1"]["effect"]["writes_outdated"] == 2


def test_clocks_fall_behind_slowly_too():
    world, _ = performing(behind(how="drift", linger=0.5))
    world.run_until(2.0)
    world.tell("stamped-write", "n1")
    world.run_until(2.01)
    assert (world.rates["n1"] < 1.0, world.rates["n2"]) == (True, 1.0)

    world.run_until(4.0)
    assert set(world.rates.values()) == {1.0}


def test_writes_while_clocks_are_wrong_set_them_back_no_further():
    world, _ = performing(behind(back=1.0, linger=60.0))
    world.run_until(1.5)
    for node in ("n1", "n2", "n1"):
        world.tell("stamped-write", node)
        world.run_until(world.now + 0.01)

    assert world.offsets == {"n1": -1.0, "n2": 0.0, "n3": 0.0}


def test_clocks_are_right_once_the_fault_has_ended_whatever_is_stamped():
    world, _ = performing(behind(duration=1.0, linger=60.0))
    world.run_until(1.5)
    world.tell("stamped-write", "n1")
    world.run_until(2.0)
    world.tell("stamped-write", "n1")
    world.run_until(30.0)

    assert set(world.offsets.values()) == {0.0}


def test_where_nobody_stamps_it_waits_in_vain_and_says_so():
    world, _ = performing(behind())
    world.announce("n1", term=1)
    world.run_until(30.0)

    assert starts(world)["f1"]["detail"]["steps"] == []
    assert (stops(world)["f1"]["effect"], stops(world)["f1"]["observed"]) == ({}, False)


@pytest.mark.parametrize(
    ("system", "bug"), [(crdts.SYSTEM, "ML-01"), (multi_leader.MERGING, "ML-01-LEADERS")]
)
def test_without_it_the_bug_that_it_finds_does_not_show(system, bug):
    def signature(faults):
        plan = draw(Plan(system.name, "crdt", nodes=3, seed=2, bug=bug), faults)
        return run(system.experiment(plan), tracing=False).signature

    assert signature("none") == ""
    assert signature("stamp.behind").endswith("/superseded")
