"""Faults of services and rolling changes: what they do to rules, processes, versions and load."""

from __future__ import annotations

from nemesis_fake import FakeControl, performing, starts, stops

from splitbrain.harness.nemesis.holds import Loads
from splitbrain.harness.nemesis.nemesis import Nemesis
from splitbrain.harness.nemesis.versions import Versions
from splitbrain.harness.plan import Fault


class Server:
    version = 1
    versions = (1, 2)

    @staticmethod
    def refusal(message):
        return ("reply", message[1], "no") if message[0] == "request" else None


def performed(*faults, nodes=3):
    world, versions, loads = FakeControl(nodes), Versions(Server), Loads()
    Nemesis(faults, world, versions, loads).schedule()
    return world, versions, loads


def installed(world, versions):
    return [versions.installed(name) for name in world.servers]


def test_servers_get_the_newer_version_one_after_the_other_and_all_go_back():
    world, versions, _ = performed(Fault("version.upgrade", 1.0, 1.0, "all", id="u"))

    seen = []
    for time in (0.9, 1.1, 1.3, 1.5, 2.1):
        world.run_until(time)
        seen.append(sum(installed(world, versions)) - 3)

    assert seen == [0, 1, 2, 3, 0]
    assert len(stops(world)["u"]["effect"]["restarted"]) == 6


def test_a_rollback_begins_with_the_newer_version_everywhere():
    world, versions, _ = performed(Fault("version.rollback", 1.0, 1.0, "all", id="r"))

    seen = []
    for time in (0.9, 1.1, 1.3, 1.5):
        world.run_until(time)
        seen.append(sum(installed(world, versions)) - 3)

    assert seen == [0, 2, 1, 0]


def test_a_server_without_newer_versions_is_left_alone():
    world, _nemesis = performing(Fault("version.upgrade", 1.0, 1.0, "all", id="u"))
    world.run_until(3.0)

    assert starts(world)["u"]["targets"] == []
    assert stops(world)["u"]["observed"] is False


def test_answers_are_lost_and_nothing_else():
    world, *_ = performed(Fault("service.answers_lost", 1.0, 1.0, "n1", id="a"))
    world.run_until(1.5)
    (rule,) = world.rules

    assert rule.covers("n1", "c1")
    assert rule.covers("n1", "n2")
    assert not rule.covers("c1", "n1")
    assert rule.concerns(("reply", 7))
    assert not rule.concerns(("request", 7))
    assert not rule.concerns(())


def test_a_server_that_fails_says_how():
    world, *_ = performed(Fault("service.error_fast", 1.0, 1.0, "n1", id="e"))
    world.run_until(1.5)
    (rule,) = world.rules

    assert rule.covers("c1", "n1")
    assert not rule.covers("n1", "c1")
    assert rule.answer(("request", 7)) == ("reply", 7, "no")
    assert rule.answer(("ping", 7)) is None


def test_who_does_not_say_how_it_fails_is_left_alone():
    world, _nemesis = performing(Fault("service.error_fast", 1.0, 1.0, "n1", id="e"))
    world.run_until(1.5)

    assert [rule.links for rule in world.rules] == [frozenset()]


def test_a_slow_server_waits_for_its_turns_and_is_resumed():
    fault = Fault("service.slow", 1.0, 0.95, "n1", {"share": 0.25}, id="s")
    world, *_ = performed(fault)
    world.run_until(3.0)
    log = [(action, time) for time, action, _ in world.log]

    assert log[:3] == [("pause", 1.0), ("resume", 1.075), ("pause", 1.1)]
    assert log[-1] == ("resume", 1.95)
    assert not world.paused("n1")
    assert stops(world)["s"]["effect"] == {"turns_waited": 10}


def test_of_spikes_that_overlap_the_greatest_counts():
    first = Fault("service.load_spike", 1.0, 2.0, "all", {"times": 2.0}, id="a")
    other = Fault("service.load_spike", 2.0, 2.0, "all", {"times": 3.0}, id="b")
    world, _, loads = performed(first, other)

    seen = []
    for time in (0.5, 1.5, 2.5, 3.5, 4.5):
        world.run_until(time)
        seen.append(loads.times)

    assert seen == [1.0, 2.0, 3.0, 3.0, 1.0]
