"""Messages and what faults do to them, as plain trio programs see it."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from small_worlds import run, silent, world_of

from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.simulation.network import MessageStorm, NetworkParameters
from splitbrain.harness.simulation.world import World

pytestmark = pytest.mark.usefixtures("both_ways_of_driving_nodes")


def test_messages_to_a_paused_node_wait():
    got = []

    async def receiver(node):
        while True:
            got.append((await node.network.receive())[1])

    async def sender(node):
        await trio.sleep(0.5)
        node.network.send("n1", ("hello",))
        await trio.sleep_forever()

    world = world_of(receiver, sender)
    world.heap.at(0.1, world.pause, "n1")
    world.heap.at(1.0, lambda: got.append("not yet"))
    world.heap.at(1.1, world.resume, "n1")
    run(world)

    assert got == ["not yet", ("hello",)]


def test_messages_under_way_survive_their_sender_but_not_their_receivers_death():
    got = []

    async def sender(node):
        node.network.send("n2", ("hello",))
        await trio.sleep_forever()

    async def receiver(node):
        while True:
            got.append((await node.network.receive())[1])

    world = world_of(sender, receiver)
    world.heap.at(0.0001, world.kill, "n1")
    run(world)
    assert got == [("hello",)]

    got.clear()
    world = world_of(sender, receiver)
    world.heap.at(0.0001, world.kill, "n2")
    world.heap.at(0.5, world.start, "n2")
    run(world)
    assert got == []
    assert ("drop", "n1", "n2", 1, "down") in [event[1:] for event in world.trace.events]


def chatter(got):
    async def program(node):
        async def talk():
            for number in range(1000):
                await trio.sleep(0.01)
                node.network.send("n2", ("message", number))

        async with trio.open_nursery() as nursery:
            if node.name == "n1":
                nursery.start_soon(talk)
            while True:
                got.append((await node.network.receive())[1][1])

    return program


def under_rule(rule: LinkRule) -> tuple[World, list[int]]:
    got: list[int] = []
    world = world_of(chatter(got), chatter(got))
    world.heap.at(2.0, world.add_rule, rule)
    world.heap.at(4.0, world.remove_rule, rule)
    return run(world, 12.0), got


LINK = frozenset({("n1", "n2")})


def test_a_blocked_link_loses_everything_while_it_is_blocked():
    rule = LinkRule("f1", LINK, block=True)
    world, got = under_rule(rule)

    lost = [e for e in world.trace.events if e[1] == "drop"]
    assert len(lost) == rule.affected == 1000 - len(got)
    assert 199 <= rule.affected <= 203  # 200 sent meanwhile, and what was under way
    assert {event[-1] for event in lost} == {"f1"}
    # Those sent before the cut but still under way are lost with it.
    assert min(event[0] for event in lost) >= 2.0


def test_a_one_way_block_leaves_the_other_direction():
    rule = LinkRule("f1", frozenset({("n2", "n1")}), block=True)
    _, got = under_rule(rule)

    assert (rule.affected, len(got)) == (0, 1000)


def test_loss_loses_about_its_share():
    rule = LinkRule("f1", LINK, loss=0.3)
    _, got = under_rule(rule)

    assert 1000 - len(got) == rule.affected
    assert 40 <= rule.affected <= 80


def test_duplication_delivers_twice():
    rule = LinkRule("f1", LINK, duplicate=0.5)
    _, got = under_rule(rule)

    assert len(got) - len(set(got)) == rule.affected
    assert 70 <= rule.affected <= 130


def test_second_copies_may_come_much_later():
    rule = LinkRule("f1", LINK, duplicate=0.5, later=0.5)
    world, got = under_rule(rule)

    firsts: dict[int, float] = {}
    received = [(e[0], e[4]) for e in world.trace.events if e[1] == "receive"]
    late = [at - firsts[number] for at, number in received if firsts.setdefault(number, at) < at]
    assert len(late) == rule.affected == len(got) - len(set(got))
    assert 0.35 <= sum(late) / len(late) <= 0.7


def test_delay_reorders():
    rule = LinkRule("f1", LINK, delay=0.2)
    _, got = under_rule(rule)

    assert rule.affected == 200
    assert sorted(got) == list(range(1000))
    assert got != sorted(got)


def test_a_rule_throws_its_own_dice():
    """Taking one fault out of a plan must not change what another does."""

    def fates(*rules: LinkRule) -> list[int]:
        got: list[int] = []
        world = world_of(chatter(got), chatter(got))
        for rule in rules:
            world.add_rule(rule)
        run(world, 12.0)
        return got

    alone = fates(LinkRule("f1", LINK, loss=0.3))
    with_other = fates(
        LinkRule("f2", LINK, duplicate=0.0, delay=0.0), LinkRule("f1", LINK, loss=0.3)
    )

    assert alone == with_other


@pytest.mark.parametrize("message", [("list", [1]), ("dict", {}), ("deep", ((("set", set()),),))])
def test_a_message_that_two_nodes_could_share_is_refused(message):
    async def sender(node):
        node.network.send("n2", message)

    world = run(world_of(sender, silent))

    assert [type(error) for _, _, error in world.failures] == [TypeError]


def test_a_message_to_nobody_is_refused():
    async def sender(node):
        node.network.send("n7", ("hello",))

    assert "n7" in str(run(world_of(sender)).failures[0][2])


def test_messages_that_answer_each_other_without_end_are_an_error(monkeypatch):
    # Of many nodes, none of which sends too much by itself.
    monkeypatch.setattr("splitbrain.harness.simulation.incarnation.ACTS_A_SECOND", 10**9)

    async def echo(node):
        if node.name == "n1":
            node.network.send("n2", ("hello",))
        while True:
            source, message = await node.network.receive()
            for _ in range(3):
                node.network.send(source, message)

    world = run(world_of(echo, echo, network=NetworkParameters(storm=2_000)))

    assert isinstance(world.failures[0][2], MessageStorm)


def test_two_receivers_at_once_are_a_mistake():
    async def program(node):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.network.receive)
            nursery.start_soon(node.network.receive)

    assert "BusyResourceError" in repr(run(world_of(program)).failures[0][2])


def test_late_copies_are_lost_once_everything_is_healed():
    rule = LinkRule("f1", LINK, duplicate=0.5, later=0.5)
    got: list[int] = []
    world = world_of(chatter(got), chatter(got))
    world.add_rule(rule)

    def heal():
        world.remove_rule(rule)
        rule.healing.done = True

    world.heap.at(3.0, heal)
    run(world, 12.0)

    arrived = [(event[0], event[4]) for event in world.trace.events if event[1] == "receive"]
    times = Counter(number for _, number in arrived)
    twice = [time for time, number in arrived if times[number] > 1]
    lost = [event for event in world.trace.events if event[1] == "drop"]
    assert max(twice) < 3.0 < min(event[0] for event in lost)
    assert {event[-1] for event in lost} == {"f1"}
    assert sorted(set(got)) == list(range(1000))
