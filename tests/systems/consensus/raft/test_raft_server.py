"""Raft with its shell in the simulated world: clients, disks, crashes, bad networks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
import trio

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness.bug import planted
from splitbrain.harness.client import Definite, Indefinite
from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.nemesis.rules import DiskRule, LinkRule
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.harness.simulation.world import World
from splitbrain.systems.consensus.raft import RaftClient, RaftKV, Settings
from splitbrain.systems.registry import experiment


class Cluster:
    """Servers in a world, and one client whose story the test tells."""

    def __init__(self, story, nodes=3, settings=Settings(), seed=1):  # noqa: B008
        self.world = World(seed)
        self.servers = {}
        self.leaders = []
        self.finished = False
        self.world.on_announcement = lambda node, f, value: self.leaders.append((node, f, value))
        names = [f"n{i + 1}" for i in range(nodes)]
        for name in names:
            peers = tuple(other for other in names if other != name)
            self.world.add_server(name, lambda node: self.serve(node, settings), peers)

        async def program(node):
            await story(RaftClient(node, "n1"), self.world)
            self.finished = True

        self.world.add_client("c1", program, tuple(names))

    def serve(self, node, settings):
        self.servers[node.name] = server = planted(RaftKV, settings=settings)(node)
        return server.run()

    def play(self, seconds=30.0):
        with self.world.booted():
            self.world.run_until(seconds)
        assert self.world.failures == []
        assert self.finished
        return self


async def from_outside(world, action, *arguments):
    """Do something to the world between two steps of its nodes."""
    world.after(0.0, action, *arguments)
    await trio.sleep(0.001)


def test_operations_through_a_client():
    async def story(client, world):
        assert await client.read("x") is None
        await client.write("x", 1)
        assert await client.cas("x", 1, [2, "two"])
        assert not await client.cas("x", 1, 3)
        assert await client.get("x") == (2, "two")
        await client.put("y", "a")
        assert await client.append("y", "b") == "ab"
        assert await client.delete("y")
        assert not await client.delete("y")
        assert await client.read_all() == ["x"]
        await client.add(5)
        assert await client.read_all() == [5, "x"]
        with pytest.raises(Definite, match="both must be strings"):
            await client.append("x", "c")
        with pytest.raises(Definite, match="cannot be stored"):
            await client.write("x", 2**64)

    Cluster(story).play()


def test_every_replica_ends_up_with_the_same_state():
    states = []

    async def story(client, world):
        for i in range(40):
            await client.write(i % 3, i)
        await trio.sleep(1)
        states.extend([await client.replica_state(name) for name in world.servers])

    Cluster(story, nodes=5).play()

    assert states == [{"0": 39, "1": 37, "2": 38}] * 5


def test_a_leader_announces_its_term_once():
    async def story(client, world):
        for i in range(20):
            await client.write("x", i)

    cluster = Cluster(story).play()

    [(_, f, value)] = cluster.leaders
    assert (f, value) == ("leader", {"term": 1})


def test_clients_find_the_next_leader():
    async def story(client, world):
        await client.write("x", 1)
        await from_outside(world, world.kill, world.leader())
        await client.write("x", 2)
        assert await client.read("x") == 2

    cluster = Cluster(story).play()

    assert len({node for node, _, _ in cluster.leaders}) == 2


@pytest.mark.parametrize("policy", [None, *POWER_LOSS_POLICIES])
@pytest.mark.parametrize("settings", [Settings(), Settings(snapshot_every=8, snapshot_keeps=2)])
def test_what_was_acknowledged_survives_the_crash_of_all(policy, settings):
    async def story(client, world):
        for i in range(30):
            await client.add(i)
        for name in world.servers:
            if policy is None:
                await from_outside(world, world.kill, name)
            else:
                await from_outside(world, world.power_loss, name, policy)
        for name in world.servers:
            await from_outside(world, world.start, name)
        assert await client.read_all() == list(range(30))

    Cluster(story, settings=settings).play()


def leaderships_with_a_half_broken_link(settings):
    """A follower hears nothing of its leader for ten seconds, though all else is well."""
    writes = []

    async def story(client, world):
        await client.write("x", 0)
        leader = world.leader()
        deaf = next(name for name in world.servers if name != leader)
        rule = LinkRule("deaf", frozenset({(leader, deaf)}), block=True)
        await from_outside(world, world.add_rule, rule)
        while world.now < 10.0:
            await client.write("x", world.now)
            writes.append(world.now)
            await trio.sleep(0.02)

    cluster = Cluster(story, nodes=5, settings=settings).play()
    return len(cluster.leaders), max(b - a for a, b in pairwise(writes))


def test_a_server_that_does_not_hear_its_leader_disturbs_nobody():
    """Cloudflare's outage of November 2020, and what pre-vote is for (thesis 9.6)."""
    leaders, longest_wait = leaderships_with_a_half_broken_link(Settings())
    paper_leaders, _ = leaderships_with_a_half_broken_link(Settings(pre_vote=False))

    assert leaders == 1
    assert longest_wait < 0.1
    assert paper_leaders > 1


@pytest.mark.parametrize("trouble", ["enospc", "eio", "fsync-dropped", "stall"])
def test_a_disk_that_fails_at_one_server_stops_nobody_else(trouble):
    """It ends that server's life, which begins again when the disk works."""
    states = []

    async def story(client, world):
        await client.write("x", 0)
        rule = DiskRule("bad", (world.leader(),), trouble, 1.0)
        await from_outside(world, world.add_disk_rule, rule)
        for i in range(20):
            await client.write("x", i)
        assert rule.affected > 0
        await from_outside(world, world.remove_disk_rule, rule)
        await trio.sleep(2)
        states.extend([await client.replica_state(name) for name in world.servers])

    Cluster(story, nodes=5).play()

    assert states == [{"x": 19}] * 5


def test_a_server_with_a_damaged_disk_takes_part_no_more():
    async def story(client, world):
        for i in range(20):
            await client.add(i)
        await trio.sleep(0.5)  # it notes that all of this is durable
        await from_outside(world, world.kill, "n2")
        world.rot_disk("n2", 1, Random(1))
        await from_outside(world, world.start, "n2")
        await client.add(20)
        with pytest.raises(Definite, match="damaged"):
            await client.replica_state("n2")
        client.target = "n2"
        assert await client.read_all() == list(range(21))

    Cluster(story).play()


def test_without_a_majority_nothing_is_answered():
    async def story(client, world):
        await client.write("x", 1)
        for name in ("n1", "n2"):
            await from_outside(world, world.kill, name)
        for operation in (client.write("x", 2), client.read("x")):
            with trio.move_on_after(5) as scope:
                await operation
            assert scope.cancelled_caught

    Cluster(story).play()


def test_an_expired_session_leaves_a_doubt_and_then_a_new_one_serves(monkeypatch):
    async def story(client, world):
        await client.write("x", 1)
        client.session = 999
        with pytest.raises(Indefinite, match="session expired"):
            await client.write("x", 2)
        await client.write("x", 3)
        assert await client.read("x") == 3

    Cluster(story).play()


def test_messages_are_few():
    """Ten a command or query with five servers, and next to none besides."""

    async def story(client, world):
        await client.write("x", 0)
        before = world.network.sent
        for i in range(100):
            await client.write("x", i)
            await client.read("x")
        assert world.network.sent - before < 2_100
        before = world.network.sent
        await trio.sleep(10)
        assert world.network.sent - before < 900  # heartbeats: 8 each 100 ms

    Cluster(story, nodes=5).play(60)


def faulty(seed, workload, nodes, settings):
    plan = Plan("raft", workload, seed=seed, nodes=nodes, time_limit=6.0, rate=30.0)
    made = experiment(draw(plan, "all"))
    return replace(made, server=planted(RaftKV, settings=settings))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("workload", "nodes"), [("register", 3), ("set", 5)])
def test_faults_break_nothing(seed, workload, nodes):
    settings = Settings(snapshot_every=16, snapshot_keeps=4)

    result = run(faulty(seed, workload, nodes, settings), tracing=False)

    assert result.validity is not INVALID, [v.reason for v in result.verdicts]
    assert not result.client_bugs
