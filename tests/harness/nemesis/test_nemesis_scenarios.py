"""Composite faults follow the leaders: figure 8 of the Raft paper, rollback, storms, pauses."""

import pytest
from nemesis_fake import performing, starts, stops

from splitbrain.harness.plan import Fault


def figure8(duration=20.0, **options):
    return Fault("scenario.figure8", 1.0, duration, "leader", options, id="f1")


def rollback(duration=20.0, **options):
    return Fault("scenario.rollback", 1.0, duration, "leader", options, id="f1")


def storm(duration=20.0, **options):
    return Fault("scenario.split_vote_storm", 1.0, duration, "leader", options, id="f1")


def outlived(duration=20.0, **options):
    return Fault("lease.outlived", 1.0, duration, "leader", options, id="f1")


def hears(world, source, destination):
    return world.send(source, destination) > 0


def alone(world, node):
    """Whether a server that runs can neither reach the other servers nor be reached."""
    others = [name for name in world.servers if name != node]
    return not any(hears(world, node, name) or hears(world, name, node) for name in others)


def wait(world, seconds):
    world.run_until(world.now + seconds)


def steps(world):
    return [(step["action"], step["node"]) for step in stops(world)["f1"]["detail"]["steps"]]


def test_figure8_by_kills_is_the_papers_play():
    world, nemesis = performing(figure8(means="kill", delay=0.1, patience=5.0))
    world.announce("n1", term=1)
    world.run_until(1.0)
    # (a) S1 leads, and what it appends reaches nobody else.
    assert world.running("n1")
    assert alone(world, "n1")
    wait(world, 0.3)
    assert not world.running("n1")
    # (b) S5 leads, and what it appends reaches nobody; when it crashes, S1 is back.
    world.announce("n2", term=2)
    wait(world, 0.0)
    assert world.running("n2")
    assert alone(world, "n2")
    wait(world, 0.3)
    assert [world.running(name) for name in world.servers] == [True, False, True]
    # (c) S1 leads again and replicates its old entry; when it crashes, S5 is back.
    world.announce("n1", term=3)
    wait(world, 0.0)
    assert hears(world, "n1", "n3")
    assert hears(world, "n3", "n1")
    wait(world, 0.3)
    assert [world.running(name) for name in world.servers] == [False, True, True]
    # (d) S5 leads again and may overwrite what a majority had.
    world.announce("n2", term=4)
    wait(world, 0.0)
    assert hears(world, "n2", "n3")
    assert not world.running("n1")
    wait(world, 0.3)
    assert world.running("n1")

    nemesis.heal()
    assert stops(world)["f1"]["effect"]["figures_completed"] == 1
    assert steps(world)[:6] == [
        ("kill", "n1"),
        ("return", "n1"),
        ("kill", "n2"),
        ("return", "n2"),
        ("kill", "n1"),
        ("return", "n1"),
    ]


def test_figure8_by_isolation_kills_nobody():
    world, nemesis = performing(figure8(means="isolate", patience=5.0))
    world.announce("n1", term=1)
    world.run_until(1.3)
    assert alone(world, "n1")
    assert hears(world, "c1", "n1")
    world.announce("n2", term=2)
    wait(world, 0.3)

    assert alone(world, "n2")
    assert hears(world, "n1", "n3")
    nemesis.heal()
    assert world.log == []
    assert world.rules == []


def test_figure8_takes_one_server_away_at_a_time():
    world, _ = performing(figure8(duration=60.0, means="kill"), nodes=5)
    fewest = []

    def elect(term):
        up = [name for name in world.servers if world.running(name)]
        fewest.append(len(up))
        world.announce(up[term % len(up)], term)
        world.after(0.2, elect, term + 1)

    world.after(0.5, elect, 1)
    world.run_until(60.0)

    assert min(fewest) == 4
    assert max(fewest) == 5


def test_figure8_reaches_at_most_one_follower_of_four_in_the_first_act():
    reached = set()
    for seed in range(20):
        world, _ = performing(figure8(), nodes=5, seed=seed)
        world.announce("n1", term=1)
        world.run_until(1.0)
        reached.add(sum(hears(world, "n1", name) for name in world.servers[1:]))

    assert reached == {0, 1}


def test_figure8_sometimes_keeps_clients_from_the_third_leader():
    kept_away = set()
    for seed in range(20):
        world, _ = performing(figure8(means="kill"), seed=seed)
        world.announce("n1", term=1)
        world.run_until(1.3)
        for term, node in ((2, "n2"), (3, "n1")):
            world.announce(node, term)
            wait(world, 0.3 if term == 2 else 0.0)
        kept_away.add(hears(world, "c1", "n1"))

    assert kept_away == {True, False}


def test_figure8_gives_up_waiting_for_a_leader_and_starts_again():
    world, _ = performing(figure8(means="kill", patience=1.0))
    world.announce("n1", term=1)
    world.run_until(1.3)
    assert not world.running("n1")

    wait(world, 1.0)
    assert world.running("n1")
    world.announce("n3", term=2)
    wait(world, 0.0)
    assert alone(world, "n3")


def test_figure8_waits_as_long_for_each_leader_anew():
    world, _ = performing(figure8(means="kill", delay=0.1, patience=1.0))
    world.run_until(1.5)
    world.announce("n1", term=1)
    world.run_until(1.8)
    assert not world.running("n1")

    world.run_until(2.4)
    assert not world.running("n1")
    world.run_until(2.9)
    assert world.running("n1")


def test_figure8_takes_up_a_leader_elected_while_another_is_alone():
    world, _ = performing(figure8(means="isolate", delay=0.5, patience=5.0))
    world.announce("n1", term=1)
    world.run_until(1.0)
    world.announce("n2", term=2)
    world.run_until(21.0)

    assert steps(world)[:2] == [("isolate", "n1"), ("return", "n1")]
    assert steps(world)[2] == ("isolate", "n2")


def test_rollback_lets_two_lead_and_then_brings_the_old_leader_back():
    world, _ = performing(rollback(linger=0.3))
    world.announce("n1", term=1)
    world.run_until(1.0)
    assert alone(world, "n1")
    assert hears(world, "c1", "n1")
    wait(world, 3.0)
    assert alone(world, "n1")

    world.announce("n2", term=2)
    wait(world, 0.02)
    assert alone(world, "n1")
    wait(world, 0.9)
    assert hears(world, "n1", "n3")
    # After a rest, it is the new leader's turn.
    wait(world, 0.9)
    assert alone(world, "n2")

    world.run_until(21.0)
    assert world.rules == []
    assert stops(world)["f1"]["targets"] == ["n1", "n2"]
    assert stops(world)["f1"]["effect"]["leaders_replaced"] == 1
    assert steps(world) == [("isolate", "n1"), ("return", "n1"), ("isolate", "n2")]


def test_rollback_waits_for_the_first_leader():
    world, _ = performing(rollback())
    world.run_until(5.0)
    assert world.rules == []
    world.announce("n3", term=1)
    wait(world, 0.0)

    assert alone(world, "n3")


def test_a_leader_that_stood_still_goes_on_before_it_hears_that_another_leads():
    world, _ = performing(outlived(linger=0.3, patience=5.0))
    world.announce("n1", term=1)
    world.run_until(1.0)
    assert world.paused("n1")
    assert alone(world, "n1")
    wait(world, 3.0)
    assert world.paused("n1")

    world.announce("n2", term=2)
    acts = []
    for _ in range(200):
        wait(world, 0.01)
        acts.append((world.paused("n1"), hears(world, "n2", "n1"), hears(world, "c1", "n1")))
    unaware = (False, False, True)

    assert acts.index(unaware) < acts.index((False, True, True))
    assert (True, True, True) not in acts
    world.run_until(21.0)
    assert world.rules == []
    assert not any(world.paused(name) for name in world.servers)
    assert steps(world)[:3] == [("pause", "n1"), ("resume", "n1"), ("return", "n1")]
    assert stops(world)["f1"]["effect"]["leaders_outlived"] == 1


@pytest.mark.parametrize(("wall", "behind"), [("runs", False), ("stands", True)])
def test_a_leader_that_stood_still_may_go_on_with_a_clock_that_knows_of_no_pause(wall, behind):
    world, _ = performing(outlived(linger=0.3, patience=5.0, wall=wall))
    world.announce("n1", term=1)
    world.run_until(2.0)
    world.announce("n2", term=2)
    offsets = {}
    for _ in range(200):
        wait(world, 0.01)
        offsets.setdefault(
            (world.paused("n1"), hears(world, "n2", "n1")), round(world.offsets["n1"], 3)
        )

    assert (offsets[False, False] < -0.9) == behind
    assert offsets[True, False] == offsets[False, True] == 0.0


def test_where_nobody_else_is_elected_a_leader_does_not_stand_still_for_ever():
    world, _ = performing(outlived(patience=0.5))
    world.announce("n1", term=1)
    world.run_until(1.6)

    assert not world.paused("n1")
    assert hears(world, "n1", "n2")


def test_a_leader_that_another_fault_had_paused_goes_on_in_the_end():
    pause = Fault("process.pause", 0.5, 1.0, "n1", id="f2")
    world, _ = performing(outlived(duration=2.0), pause)
    world.announce("n1", term=1)
    world.run_until(2.5)
    assert world.paused("n1")

    world.run_until(3.5)
    assert not world.paused("n1")


def test_a_storm_slows_messages_between_servers_only():
    world, _ = performing(storm(delay=0.2))
    world.run_until(1.5)

    assert [(rule.delay, rule.block) for rule in world.rules] == [(0.2, False)]
    assert world.rules[0].covers("n1", "n3")
    assert not world.rules[0].covers("c1", "n1")
    world.send("n1", "n3")
    world.run_until(21.0)
    assert world.rules == []
    assert stops(world)["f1"]["effect"] == {"messages_delayed": 1}


def test_a_storm_restarts_some_voters_at_once_and_the_leader_later():
    restarted = set()
    for seed in range(30):
        world, _ = performing(storm(tenure=0.3), seed=seed)
        world.run_until(2.0)
        world.announce("n2", term=1)
        wait(world, 0.0)
        voters = [name for _, action, name in world.log if action == "kill"]
        wait(world, 0.9)
        assert [name for _, action, name in world.log if action == "kill"] == [*voters, "n2"]
        assert all(world.running(name) for name in world.servers)
        restarted.add(tuple(voters))

    assert restarted == {(), ("n1",), ("n3",), ("n1", "n3")}


def test_a_storm_lets_a_deposed_leader_be():
    for seed in range(10):
        world, _ = performing(storm(tenure=0.3), seed=seed)
        world.run_until(2.0)
        world.announce("n2", term=1)
        wait(world, 0.02)
        world.announce("n1", term=2)
        wait(world, 0.0)
        sofar = len(world.log)
        wait(world, 0.9)

        assert world.log[sofar:] == [
            (world.log[sofar][0], "kill", "n1"),
            (world.log[sofar][0], "start", "n1"),
        ]


def test_a_storm_starts_with_deposing_whoever_leads():
    world, nemesis = performing(storm())
    world.announce("n3", term=1)
    world.run_until(1.0)
    nemesis.heal()

    assert world.log == [(1.0, "kill", "n3"), (1.0, "start", "n3")]
    assert stops(world)["f1"]["effect"] == {"restarts": 1}
    assert steps(world) == [("restart", "n3")]


def test_a_storm_leaves_a_server_down_that_another_fault_keeps_down():
    world, _ = performing(Fault("process.kill", 0.5, 3.0, "n1", id="f2"), storm())
    world.run_until(1.0)
    for term in range(1, 6):
        world.announce("n2", term)
        wait(world, 0.01)

    assert not world.running("n1")
    world.run_until(3.6)
    assert world.running("n1")


@pytest.mark.parametrize("fault", [figure8(), rollback(), storm(), outlived()])
def test_in_a_system_that_announces_no_leader_a_scenario_has_no_effect(fault):
    world, _ = performing(fault)
    world.run_until(30.0)

    assert world.log == []
    assert starts(world)["f1"]["detail"]["steps"] == []
    assert (stops(world)["f1"]["effect"], stops(world)["f1"]["observed"]) == ({}, False)


@pytest.mark.parametrize("fault", [figure8(), rollback(), storm(), outlived()])
def test_an_announcement_under_way_at_the_end_is_ignored(fault):
    world, nemesis = performing(fault)
    world.run_until(1.5)
    world.announce("n1", term=1)
    nemesis.heal()
    world.run_until(5.0)

    assert world.rules == []
    assert world.log == []


@pytest.mark.parametrize(
    "fault", [make(duration=1.0) for make in (figure8, rollback, storm, outlived)]
)
def test_announcements_after_the_end_are_ignored(fault):
    world, _ = performing(fault)
    world.announce("n1", term=1)
    world.run_until(2.0)
    events = list(world.log)
    world.announce("n2", term=2)
    wait(world, 5.0)

    assert world.log == events
    assert world.rules == []
    assert all(world.running(name) for name in world.servers)


def test_a_leader_that_a_scenario_killed_stays_down_while_a_kill_holds_it():
    world, _ = performing(
        figure8(means="kill", duration=2.0), Fault("process.kill", 1.5, 3.0, "n1", id="f2")
    )
    world.announce("n1", term=1)
    world.run_until(3.5)

    assert not world.running("n1")
    world.run_until(4.5)
    assert world.running("n1")
