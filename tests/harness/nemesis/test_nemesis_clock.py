"""Clocks jump and drift, and are right again afterwards."""

from nemesis_fake import performing, stops

from splitbrain.harness.plan import Fault


def bump(id, at, duration, offset, target="n1"):
    return Fault("clock.bump", at, duration, target, {"offset": offset}, id=id)


def drift(id, at, duration, rate, target="n1"):
    return Fault("clock.drift", at, duration, target, {"rate": rate}, id=id)


def test_a_wall_clock_jumps_and_jumps_back():
    world, _ = performing(bump("f1", 1.0, 1.0, -5.0, "n1,n2"))
    world.run_until(1.5)

    assert world.offsets == {"n1": -5.0, "n2": -5.0, "n3": 0.0}
    world.run_until(2.0)
    assert world.offsets == {"n1": 0.0, "n2": 0.0, "n3": 0.0}


def test_a_jump_without_duration_stays_until_all_is_healed():
    world, nemesis = performing(bump("f1", 1.0, 0.0, 5.0))
    world.run_until(9.0)

    assert world.offsets["n1"] == 5.0
    assert [fault.id for fault in nemesis.active] == ["f1"]
    nemesis.heal()
    assert world.offsets["n1"] == 0.0
    assert "f1" in stops(world)


def test_the_effect_is_how_often_the_wrong_clock_was_read():
    world, _ = performing(bump("f1", 1.0, 1.0, 5.0, "n1,n2"), bump("f2", 1.0, 1.0, 5.0, "n3"))
    for at, node in ((0.5, "n1"), (1.1, "n1"), (1.2, "n2"), (1.3, "n1"), (2.5, "n1")):
        world.after(at, world.read_clock, node)
    world.run_until(3.0)

    assert stops(world)["f1"]["effect"] == {"clock_reads": 3}
    assert (stops(world)["f2"]["effect"], stops(world)["f2"]["observed"]) == ({}, False)


def test_drifts_multiply_and_leave_an_exact_clock():
    world, _ = performing(drift("f1", 1.0, 2.0, 1.1), drift("f2", 2.0, 2.0, 0.7))
    rates = []
    for time in (1.5, 2.5, 3.5, 4.5):
        world.run_until(time)
        rates.append(world.rates["n1"])

    assert rates == [1.1, 1.1 * 0.7, 0.7, 1.0]
    assert world.rates["n2"] == 1.0
