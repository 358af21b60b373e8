"""Slow and stalling disks, and clients that stand still or hear of nobody."""

import pytest
import trio
from nemesis_fake import performing, starts, stops

from splitbrain.harness import Plan, run
from splitbrain.harness.nemesis.catalogue import check_fault
from splitbrain.harness.nemesis.nemesis import Nemesis
from splitbrain.harness.plan import Fault, InvalidPlan
from splitbrain.harness.simulation.world import World
from splitbrain.systems import registry


def syncing(log):
    """A server that syncs again and again, and notes when it began and ended."""

    async def server(node):
        while True:
            began = trio.current_time()
            node.disk.append("file", b"x")
            await node.disk.fsync("file")
            log.append((began, trio.current_time()))
            await trio.sleep(0.05)

    return server


def disturbed(fault, until=4.0):
    """Each fsync of n1 as (start, duration), and the fault's stop."""
    log, stop = [], []
    world = World(seed=3)
    world.add_server("n1", syncing(log), peers=())
    world.on_nemesis = lambda kind, value: stop.append(value)
    nemesis = Nemesis([fault], world)
    with world.booted():
        nemesis.schedule()
        world.run_until(until)
    first = log[0][0]
    return [(began - first, ended - began) for began, ended in log], stop[-1]


def test_on_a_slow_disk_fsyncs_take_longer_until_it_recovers():
    fault = Fault("disk.slow", 1.0, 2.0, "n1", {"delay": 0.2}, id="slow")
    syncs, stop = disturbed(fault)

    during = [taken for began, taken in syncs if 1.0 <= began < 3.0]
    outside = [taken for began, taken in syncs if began < 0.9 or began > 3.5]
    assert max(outside) < 0.002
    assert 0.05 < sum(during) / len(during) < 0.6
    assert stop["effect"]["fsyncs_slowed"] in (len(during), len(during) + 1)


@pytest.mark.parametrize("target", ["one", "leader"])
def test_what_rots_at_any_one_server_rots_where_there_is_something(target):
    log, struck = [], []
    for seed in range(5):
        world = World(seed=seed)
        for name in ("n1", "n2", "n3"):
            server = syncing(log) if name == "n2" else idle
            world.add_server(name, server, peers=())
        world.on_nemesis = lambda kind, value: struck.append(value.get("effect"))
        with world.booted():
            Nemesis([Fault("disk.bitrot", 1.0, 0.1, target, id="rot")], world).schedule()
            world.run_until(2.0)

    assert struck == [None, {"files_rotten": ["file"]}] * 5  # at its start, and at its end


async def idle(node):
    """A server that keeps nothing."""
    await trio.sleep_forever()


def test_on_a_stalled_disk_no_fsync_ends_before_it_recovers():
    syncs, stop = disturbed(Fault("disk.stall", 1.0, 2.0, "n1", id="stall"))

    (held_up,) = [(began, taken) for began, taken in syncs if taken > 0.01]
    assert 0.9 < held_up[0] < 1.1
    assert 1.9 < held_up[1] < 2.1
    assert stop["effect"] == {"fsyncs_stalled": 1}


def test_a_process_may_be_killed_while_its_disk_stalls():
    log = []
    world = World(seed=3)
    world.add_server("n1", syncing(log), peers=())
    faults = (
        Fault("disk.stall", 1.0, 2.0, "n1", id="stall"),
        Fault("process.kill", 2.0, 0.5, "n1", id="kill"),
    )
    with world.booted():
        Nemesis(faults, world).schedule()
        world.run_until(4.0)

    assert max(began for began, _ in log) > 3.5 + log[0][0]
    assert world.failures == []


def test_a_client_that_is_paused_goes_on_when_the_fault_ends():
    world, _ = performing(Fault("client.pause", 1.0, 1.0, "one", id="f1"))
    world.run_until(1.5)

    assert starts(world)["f1"]["targets"] == ["c1"]
    assert world.paused("c1")
    world.run_until(3.0)
    assert not world.paused("c1")
    assert stops(world)["f1"]["effect"] == {"paused": ["c1"]}


def test_the_operation_of_a_client_that_is_killed_stays_in_doubt():
    plan = Plan("raft", "register", seed=4, clients=2, time_limit=6.0, rate=100.0)
    kills = tuple(Fault("client.kill", 1.0 + i, 0.5, "c1", id=f"kill-{i}") for i in range(4))
    result = run(registry.experiment(plan.with_(faults=kills)))

    assert result.validity == "valid"
    doubts = [e for e in result.history if e.error == "the client was killed"]
    assert {event.type for event in doubts} == {"info"}
    assert {event.process % 2 for event in doubts} == {0}
    assert 1 <= len(doubts) <= 4
    # While it is down the other client alone is asked; afterwards both are.
    invoked = [e for e in result.history if e.type == "invoke" and 1.0 < e.time / 1e9 < 1.5]
    assert {event.process % 2 for event in invoked} == {1}
    later = [e for e in result.history if e.type == "invoke" and 1.5 < e.time / 1e9 < 2.0]
    assert {event.process % 2 for event in later} == {0, 1}


def test_a_client_that_is_cut_off_reaches_no_server_and_others_do():
    world, _ = performing(Fault("client.partition", 1.0, 1.0, "c1", id="f1"))
    world.run_until(1.5)

    assert [world.send("c1", "n1"), world.send("n2", "c1"), world.send("n1", "n2")] == [0, 0, 1]
    world.run_until(3.0)
    assert world.send("c1", "n1") == 1
    assert stops(world)["f1"]["effect"] == {"messages_dropped": 2}


def test_what_a_client_says_and_hears_may_arrive_twice_and_nothing_else():
    world, _ = performing(Fault("client.duplicate", 1.0, 1.0, "c1", {"probability": 1.0}, id="f1"))
    world.run_until(1.5)

    assert [world.send("c1", "n1"), world.send("n2", "c1"), world.send("n1", "n2")] == [2, 2, 1]
    world.run_until(3.0)
    assert world.send("c1", "n1") == 1
    assert stops(world)["f1"]["effect"] == {"messages_duplicated": 2}


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault("client.pause", 1.0, target="c9"), "names no client of this plan: give one of c1"),
        (Fault("client.pause", 1.0, target="n1"), "names no client of this plan: give one of c1"),
        (Fault("client.pause", 1.0, target="leader"), "it can't strike 'leader': give one, all"),
        (Fault("process.pause", 1.0, target="c1"), "names no server of this plan"),
    ],
)
def test_clients_and_servers_are_not_mistaken_for_each_other(fault, complaint):
    plan = Plan("raft", "register", clients=2)

    with pytest.raises(InvalidPlan) as raised:
        check_fault(fault, plan.servers, plan.client_hosts)

    assert complaint in str(raised.value)
