"""Processes are killed, lose power and pause; such faults may overlap in any way."""

import pytest
from nemesis_fake import performing, starts, stops

from splitbrain.harness.plan import Fault


def kill(id, at, duration, target="n1"):
    return Fault("process.kill", at, duration, target, id=id)


def power_loss(id, at, duration, target="n1", **options):
    return Fault("process.power_loss", at, duration, target, options, id=id)


def pause(id, at, duration, target="n1"):
    return Fault("process.pause", at, duration, target, id=id)


def test_a_killed_process_starts_again_when_the_fault_ends():
    world, _ = performing(kill("f1", 1.0, 0.5))

    world.run_until(1.2)
    assert not world.running("n1")
    world.run_until(2.0)

    assert world.log == [(1.0, "kill", "n1"), (1.5, "start", "n1")]
    assert world.history == [
        (1.0, "process.kill", {"id": "f1", "phase": "start", "targets": ["n1"], "detail": {}}),
        (
            1.5,
            "process.kill",
            {
                "id": "f1",
                "phase": "stop",
                "targets": ["n1"],
                "detail": {},
                "effect": {"killed": ["n1"]},
                "observed": True,
            },
        ),
    ]


def test_a_kill_that_lasts_no_time_is_a_restart():
    world, _ = performing(kill("f1", 1.0, 0.0))
    world.run_until(1.0)

    assert world.log == [(1.0, "kill", "n1"), (1.0, "start", "n1")]


def test_a_power_loss_tells_how_many_writes_it_took():
    world, _ = performing(power_loss("f1", 1.0, 0.5, "n1,n2", policy="any_subset"))
    world.unsynced.update(n1=3, n2=4, n3=5)
    world.run_until(2.0)

    assert stops(world)["f1"]["effect"] == {"killed": ["n1", "n2"], "writes_lost": 7}
    assert world.log[:2] == [
        (1.0, "power-loss", ("n1", "any_subset")),
        (1.0, "power-loss", ("n2", "any_subset")),
    ]


def test_a_machine_whose_process_is_dead_still_has_writes_to_lose():
    world, _ = performing(kill("f1", 1.0, 1.0), power_loss("f2", 1.5, 0.1))
    world.unsynced["n1"] = 2
    world.run_until(3.0)

    assert stops(world)["f2"]["effect"] == {"writes_lost": 2}


def test_a_process_that_two_faults_keep_down_returns_with_the_second():
    world, _ = performing(kill("f1", 1.0, 1.0), kill("f2", 1.5, 1.0))
    world.run_until(3.0)

    assert world.log == [(1.0, "kill", "n1"), (2.5, "start", "n1")]
    assert stops(world)["f2"]["effect"] == {"kept_down": ["n1"]}


def test_a_kill_within_another_has_no_effect():
    world, _ = performing(kill("f1", 1.0, 2.0), kill("f2", 1.5, 0.5))
    world.run_until(4.0)

    assert world.log == [(1.0, "kill", "n1"), (3.0, "start", "n1")]
    assert (stops(world)["f2"]["effect"], stops(world)["f2"]["observed"]) == ({}, False)


def test_a_server_that_died_by_itself_is_started_after_a_kill():
    world, _ = performing(kill("f1", 1.0, 0.5))
    world.die("n1")
    world.run_until(2.0)

    assert world.log == [(1.5, "start", "n1")]
    assert not stops(world)["f1"]["observed"]


def test_a_paused_process_goes_on_when_the_fault_ends():
    world, _ = performing(pause("f1", 1.0, 0.5))
    world.run_until(2.0)

    assert world.log == [(1.0, "pause", "n1"), (1.5, "resume", "n1")]
    assert stops(world)["f1"]["effect"] == {"paused": ["n1"]}


def test_overlapping_pauses_end_with_the_last():
    world, _ = performing(pause("f1", 1.0, 1.0), pause("f2", 1.5, 1.0), pause("f3", 1.6, 0.1))
    world.run_until(3.0)

    assert world.log == [(1.0, "pause", "n1"), (2.5, "resume", "n1")]
    assert stops(world)["f2"]["effect"] == {"kept_paused": ["n1"]}
    assert stops(world)["f3"]["effect"] == {}


def test_a_dead_process_cannot_be_paused():
    world, _ = performing(kill("f1", 1.0, 1.0), pause("f2", 1.5, 1.0))
    world.run_until(3.0)

    assert world.log == [(1.0, "kill", "n1"), (2.0, "start", "n1")]
    assert not stops(world)["f2"]["observed"]


def test_a_process_killed_while_paused_returns_running():
    world, _ = performing(pause("f1", 1.0, 2.0), kill("f2", 1.5, 0.5))
    world.run_until(2.5)
    assert world.running("n1")
    assert not world.paused("n1")
    world.run_until(4.0)

    assert world.log == [(1.0, "pause", "n1"), (1.5, "kill", "n1"), (2.0, "start", "n1")]


@pytest.mark.parametrize("first", [2.0, 6.0])
def test_a_later_pause_has_nothing_to_do_with_one_that_a_kill_cut_short(first):
    world, _ = performing(pause("f1", 1.0, first), kill("f2", 1.5, 0.1), pause("f3", 2.0, 2.0))
    world.run_until(3.9)

    assert world.paused("n1")
    world.run_until(4.0)
    assert not world.paused("n1")
    assert stops(world)["f3"]["effect"] == {"paused": ["n1"]}


def test_each_server_is_released_on_its_own():
    world, _ = performing(kill("f1", 1.0, 1.0, "n1,n2"), kill("f2", 1.5, 1.0, "n2,n3"))
    world.run_until(2.2)

    assert [world.running(name) for name in world.servers] == [True, False, False]
    world.run_until(3.0)
    assert all(world.running(name) for name in world.servers)
    assert stops(world)["f2"]["effect"] == {"killed": ["n3"], "kept_down": ["n2"]}


def test_the_leader_is_whoever_leads_when_the_fault_starts():
    world, _ = performing(kill("f1", 1.0, 0.1, "leader"), kill("f2", 2.0, 0.1, "leader"))
    world.announce("n3", term=1)
    world.run_until(1.5)
    world.announce("n2", term=2)
    world.run_until(3.0)

    assert [starts(world)[id]["targets"] for id in ("f1", "f2")] == [["n3"], ["n2"]]
