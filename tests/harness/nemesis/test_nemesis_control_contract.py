"""What the nemesis relies on, asked of the simulated world and of the fake that other tests use."""

from collections.abc import Callable

import pytest
import trio
from nemesis_fake import FakeControl

from splitbrain.harness.nemesis.control import Control
from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.simulation.world import World

Script = list[tuple[float, str, tuple]]
"""What nodes do: (when, which server, command); a command is ("leader", term), ("clock",),
("send", to), ("create",) or ("write",), which doesn't sync."""


async def obedient(node):
    """A server that does what a client tells it."""
    while True:
        _, command = await node.network.receive()
        if command[0] == "leader":
            node.announce("leader", {"term": command[1]})
        elif command[0] == "clock":
            node.clock.time()
        elif command[0] == "send":
            node.network.send(command[1], ("hello",))
        elif command[0] == "write":
            node.disk.append("file", b"unsynced")
        elif command[0] == "create":
            node.disk.append("file", b"")
            await node.disk.fsync("file")


def simulated(script: Script, check: Callable[[Control, Callable[[float], None]], None]) -> None:
    async def teller(node):
        start = trio.current_time()
        for at, server, command in script:
            await trio.sleep_until(start + at)
            node.network.send(server, command)

    world = World(seed=1)
    for name in ("n1", "n2", "n3"):
        world.add_server(name, obedient, peers=())
    world.add_client("c1", teller, peers=world.servers)
    with world.booted():
        check(world, world.run_until)


def faked(script: Script, check: Callable[[Control, Callable[[float], None]], None]) -> None:
    world = FakeControl()

    def act(server: str, command: tuple) -> None:
        if not world.running(server) or world.paused(server):
            return
        if command[0] == "leader":
            world.announce(server, command[1])
        elif command[0] == "clock":
            world.read_clock(server)
        elif command[0] == "send":
            world.send(server, command[1])
        elif command[0] == "write":
            world.unsynced[server] += 1

    for at, server, command in script:
        world.after(at, act, server, command)
    check(world, world.run_until)


@pytest.fixture(params=[faked, simulated])
def on_world(request):
    return request.param


def test_a_killed_process_is_gone_until_it_is_started(on_world):
    def check(world, run_until):
        run_until(0.5)

        assert world.running("n1")
        world.kill("n1")
        assert not world.running("n1")
        world.kill("n1")
        world.start("n1")
        assert world.running("n1")
        assert world.running("n2")

    on_world([], check)


def test_a_pause_ends_with_the_process(on_world):
    def check(world, run_until):
        run_until(0.5)
        world.pause("n1")

        assert world.paused("n1")
        assert world.running("n1")
        world.kill("n1")
        assert not world.paused("n1")
        world.start("n1")
        assert not world.paused("n1")

    on_world([], check)


def test_only_a_running_process_can_be_paused(on_world):
    def check(world, run_until):
        run_until(0.5)
        world.kill("n1")
        world.pause("n1")

        assert not world.paused("n1")

    on_world([], check)


def test_a_power_loss_takes_unsynced_writes_even_from_a_dead_machine(on_world):
    def check(world, run_until):
        run_until(0.5)
        world.kill("n1")

        assert world.power_loss("n1", "drop_unsynced")["writes_lost"] == 2
        assert world.power_loss("n1", "drop_unsynced")["writes_lost"] == 0
        assert not world.running("n1")

    on_world([(0.1, "n1", ("create",)), (0.2, "n1", ("write",)), (0.3, "n1", ("write",))], check)


def test_reads_of_a_clock_are_counted_for_each_host(on_world):
    def check(world, run_until):
        run_until(0.5)
        before = world.clock_reads("n1"), world.clock_reads("n2")
        run_until(2.0)

        assert world.clock_reads("n1") - before[0] == 2
        assert world.clock_reads("n2") - before[1] == 0

    on_world([(1.0, "n1", ("clock",)), (1.2, "n1", ("clock",))], check)


def test_the_leader_is_the_running_announcer_of_the_highest_term(on_world):
    def check(world, run_until):
        assert world.leader() is None
        run_until(1.5)
        assert world.leader() == "n2"
        world.kill("n2")
        assert world.leader() == "n1"
        world.start("n2")
        assert world.leader() == "n1"

    on_world([(0.5, "n1", ("leader", 1)), (1.0, "n2", ("leader", 2))], check)


def test_announcements_reach_subscribers_until_they_leave(on_world):
    def check(world, run_until):
        heard = []
        leave = world.subscribe(lambda kind, node, details: heard.append((kind, node, details)))
        run_until(0.7)
        leave()
        run_until(2.0)

        assert heard == [("leader", "n1", {"term": 1})]

    on_world([(0.5, "n1", ("leader", 1)), (1.0, "n2", ("leader", 2))], check)


def test_a_subscriber_may_kill_the_node_that_it_hears_of(on_world):
    def check(world, run_until):
        world.subscribe(lambda kind, node, details: world.kill(node))
        run_until(1.0)

        assert not world.running("n1")
        assert world.running("n2")

    on_world([(0.5, "n1", ("leader", 1))], check)


def test_a_rule_counts_what_it_drops_while_it_is_in_force(on_world):
    def check(world, run_until):
        rule = LinkRule("f1", frozenset({("n1", "n2")}), block=True)
        run_until(0.3)
        world.add_rule(rule)
        run_until(1.1)
        world.remove_rule(rule)
        run_until(2.0)

        assert rule.affected == 2

    sends = [(at, "n1", ("send", to)) for at in (0.1, 0.5, 0.8, 1.5) for to in ("n2", "n3")]
    on_world([*sends, (1.6, "n2", ("send", "n1"))], check)


def test_calls_come_in_order_of_time_and_then_of_asking(on_world):
    def check(world, run_until):
        order = []
        for name, delay in (("late", 0.2), ("early", 0.1), ("also early", 0.1)):
            world.after(delay, order.append, name)

        assert order == []
        run_until(1.0)
        assert order == ["early", "also early", "late"]
        assert world.now == 1.0

    on_world([], check)


def test_streams_begin_afresh_at_each_call(on_world):
    def check(world, run_until):
        assert world.stream("fault", "f1").random() == world.stream("fault", "f1").random()
        assert world.stream("fault", "f1").random() != world.stream("fault", "f2").random()

    on_world([], check)
