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


def fault(kind, at, duration, target="n1", **options):
    return Fault(f"clock.{kind}", at, duration, target, options, id=kind)


def offsets(world, times, node="n1"):
    seen = []
    for time in times:
        world.run_until(time)
        seen.append(round(world.offsets[node], 6))
    return seen


def test_a_strobing_clock_jumps_away_and_back_and_ends_right():
    world, _ = performing(fault("strobe", 1.0, 1.0, delta=-2.0, period=0.3))

    assert offsets(world, (0.9, 1.1, 1.4, 1.7, 1.95, 2.1, 3.0)) == [0, -2, 0, -2, 0, 0, 0]


def test_a_strobing_clock_that_is_away_at_the_end_is_set_right():
    world, _ = performing(fault("strobe", 1.0, 1.0, delta=-2.0, period=0.6))

    assert offsets(world, (1.1, 1.7, 2.1, 3.0)) == [-2, 0, 0, 0]


def test_a_clock_that_goes_back_after_each_period_shows_the_same_again_and_again():
    world, _ = performing(fault("backward", 1.0, 1.0, period=0.3))

    assert offsets(world, (1.1, 1.4, 1.7, 1.95, 2.1, 3.0)) == [-0.3, -0.6, -0.9, -1.2, 0, 0]


def test_healing_ends_the_jumps():
    world, nemesis = performing(fault("backward", 1.0, 5.0, period=0.3))
    world.run_until(1.5)
    nemesis.heal()

    assert offsets(world, (1.6, 4.0)) == [0, 0]


def wall_rates(world, times, node="n1"):
    seen = []
    for time in times:
        world.run_until(time)
        seen.append(round(world.wall_rates[node], 6))
    return seen


def test_a_frozen_clock_stands_still_until_the_fault_ends():
    world, _ = performing(fault("freeze", 1.0, 1.0))

    assert wall_rates(world, (0.5, 1.5, 2.5)) == [1.0, 0.0, 1.0]
    assert world.rates["n1"] == 1.0


def test_a_slewed_clock_runs_as_wrong_the_other_way_in_the_second_half():
    world, _ = performing(fault("slew", 1.0, 2.0, rate=0.75))

    assert wall_rates(world, (1.5, 2.5, 3.5)) == [0.75, 1.25, 1.0]


def test_a_slew_that_is_healed_early_does_not_turn():
    world, nemesis = performing(fault("slew", 1.0, 2.0, rate=0.75))
    world.run_until(1.5)
    nemesis.heal()

    assert wall_rates(world, (1.6, 2.5, 3.5)) == [1.0, 1.0, 1.0]


def test_rates_of_the_wall_clock_multiply_and_leave_it_right():
    world, _ = performing(fault("slew", 1.0, 4.0, rate=0.5), fault("freeze", 1.5, 1.0))

    assert wall_rates(world, (1.2, 2.0, 2.8, 3.5, 6.0)) == [0.5, 0.0, 0.5, 1.5, 1.0]


def test_a_leap_second_comes_twice_or_is_smeared():
    twice, _ = performing(fault("leap", 1.0, 1.0, "n1", how="repeat"))
    smeared, _ = performing(fault("leap", 1.0, 4.0, "n1", how="smear"))

    assert offsets(twice, (0.5, 1.5, 2.5)) == [0, -1, 0]
    assert wall_rates(smeared, (0.5, 1.5, 5.5)) == [1.0, 0.75, 1.0]
