"""Nodes, network and faults in the simulated world, as plain trio programs see them."""

from __future__ import annotations

import pytest
import trio

from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.node import NodeDead
from splitbrain.harness.simulation.network import MessageStorm, NetworkParameters
from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.trio_runs import GuestRun
from splitbrain.harness.simulation.world import World


@pytest.fixture(autouse=True, params=[DirectRun, GuestRun], ids=["direct", "guest"])
def both_ways_of_driving_nodes(request, monkeypatch):
    """Everything below holds under our stepper and under trio's own guest mode alike."""
    monkeypatch.setitem(World.__init__.__kwdefaults__, "make_run", request.param)


def world_of(*programs, seed=1, **options) -> World:
    world = World(seed, **options)
    names = tuple(f"n{i + 1}" for i in range(len(programs)))
    for name, program in zip(names, programs, strict=True):
        world.add_server(name, program, tuple(other for other in names if other != name))
    return world


def run(world: World, until: float = 2.0) -> World:
    with world.booted():
        world.run_until(until)
    return world


async def silent(node):
    await trio.sleep_forever()


def kinds(world: World) -> list[str]:
    return [event[1] for event in world.trace.events]


def test_time_in_a_node_is_its_own_and_costs_nothing():
    seen = []

    async def sleeper(node):
        start = trio.current_time()
        await trio.sleep(3600)
        seen.append(trio.current_time() - start)

    run(world_of(sleeper), until=4000)

    assert seen == [3600]


def test_a_paused_node_stands_still_and_then_catches_up():
    ticks = []

    async def ticker(node):
        while True:
            await trio.sleep(0.1)
            ticks.append(round(world.now, 6))

    world = world_of(ticker)
    world.heap.at(0.35, world.pause, "n1")
    world.heap.at(1.05, world.resume, "n1")
    run(world, 1.4)

    assert ticks == [0.1, 0.2, 0.3, 1.05, 1.15, 1.25, 1.35]


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


@pytest.mark.parametrize(("rate", "true_seconds"), [(0.5, 2.0), (1.0, 1.0), (2.0, 0.5)])
def test_sleeps_and_timeouts_follow_the_nodes_own_clock(rate, true_seconds):
    took = []

    async def sleeper(node):
        await trio.sleep(0.2)
        start = world.now
        with trio.move_on_after(1.0):
            await trio.sleep_forever()
        took.append(world.now - start)

    world = world_of(sleeper)
    world.heap.at(0.1, world.set_clock_rate, "n1", rate)
    run(world, 5.0)

    assert took == pytest.approx([true_seconds])


def test_a_rate_that_changes_during_a_sleep_counts_from_then_on():
    woke = []

    async def sleeper(node):
        await trio.sleep(1.0)
        woke.append(world.now)

    world = world_of(sleeper)
    world.heap.at(0.5, world.set_clock_rate, "n1", 2.0)
    run(world)

    assert woke == pytest.approx([0.75])


def test_wall_clocks_jump_and_monotonic_clocks_do_not():
    seen = []

    async def reader(node):
        before = node.clock.time(), node.clock.monotonic()
        await trio.sleep(1.0)
        seen.append((node.clock.time() - before[0], node.clock.monotonic() - before[1]))

    world = world_of(reader)
    world.heap.at(0.5, world.jump_clock, "n1", -30.0)
    run(world)

    assert seen == [pytest.approx((-29.0, 1.0))]


def test_hosts_do_not_agree_on_their_clocks():
    seen = {}

    async def reader(node):
        seen[node.name] = (node.clock.time(), node.clock.monotonic())

    run(world_of(reader, reader))

    assert seen["n1"][0] != seen["n2"][0]
    assert seen["n1"][1] != seen["n2"][1]


def test_nothing_that_a_killed_node_does_leaves_it():
    got, inside = [], []

    async def dying(node):
        node.disk.append("log", b"")
        try:
            await trio.sleep_forever()
        finally:
            node.network.send("n2", ("from", "finally"))
            node.announce("leader", {"term": 9})
            try:
                node.disk.append("log", b"zombie")
            except NodeDead:
                inside.append("disk refused")

    async def receiver(node):
        while True:
            got.append(await node.network.receive())

    world = world_of(dying, receiver)
    announced = []
    world.on_announcement = lambda *event: announced.append(event)
    world.heap.at(0.5, world.kill, "n1")
    run(world)

    assert (got, announced, inside) == ([], [], ["disk refused"])
    assert world.hosts["n1"].disk.read("log") == b""
    assert "zombie" not in kinds(world)


def test_tasks_of_a_killed_node_unwind_at_once_whatever_they_wait_for():
    ended = []

    async def shielded(node):
        with trio.CancelScope(shield=True):
            await trio.sleep(100)
            ended.append(world.now)
        await trio.sleep_forever()

    world = world_of(shielded)
    world.heap.at(0.5, world.kill, "n1")
    run(world)

    assert ended == [0.5]


def test_a_task_that_refuses_to_end_is_told_of():
    stop = []

    async def stubborn(node):
        while not stop:
            try:
                await trio.sleep(1)
            except trio.Cancelled:
                continue

    world = world_of(stubborn)
    world.heap.at(0.5, world.kill, "n1")
    with world.booted():
        world.run_until(1.0)
        assert "zombie" in kinds(world)
        stop.append(True)


def test_a_node_that_runs_in_circles_is_ended_with_an_error():
    async def spinning(node):
        while True:
            await trio.lowlevel.checkpoint()

    world = run(world_of(spinning, silent))

    assert "without waiting" in str(world.failures[0][2])
    assert world.now == 2.0


def test_a_node_that_comes_back_has_its_disk_and_nothing_else():
    lives = []

    async def program(node):
        lives.append((node.disk.list(), node.random.random()))
        node.disk.append("life", b"x")
        await node.disk.fsync("life")
        await trio.sleep_forever()

    world = world_of(program)
    world.heap.at(0.5, world.power_loss, "n1")
    world.heap.at(0.6, world.start, "n1")
    run(world)

    assert [files for files, _ in lives] == [[], ["life"]]
    assert lives[0][1] != lives[1][1]


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


def test_an_error_in_a_nodes_code_ends_that_node_alone():
    async def broken(node):
        await trio.sleep(1)
        raise ValueError("broken invariant")

    beats = []

    async def healthy(node):
        while True:
            await trio.sleep(0.5)
            beats.append(world.now)

    world = world_of(broken, healthy)
    announced = []
    world.on_announcement = lambda *event: announced.append(event)
    run(world, 3.1)

    ((name, kind, told),) = announced
    assert (name, kind, told["error"]) == ("n1", "died", "ValueError: broken invariant")
    assert len(beats) == 6


def test_messages_that_answer_each_other_without_end_are_an_error(monkeypatch):
    # Of many nodes, none of which sends too much by itself.
    monkeypatch.setattr("splitbrain.harness.simulation.host.ACTS_A_SECOND", 10**9)

    async def echo(node):
        if node.name == "n1":
            node.network.send("n2", ("hello",))
        while True:
            source, message = await node.network.receive()
            for _ in range(3):
                node.network.send(source, message)

    world = run(world_of(echo, echo, network=NetworkParameters(storm=2_000)))

    assert isinstance(world.failures[0][2], MessageStorm)


def test_a_nurserys_wrapping_of_a_single_error_is_left_out():
    async def broken(node):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise ValueError("broken invariant")

    assert repr(run(world_of(broken)).failures[0][2]) == "ValueError('broken invariant')"


def test_killing_from_inside_a_node_is_a_mistake_that_is_named():
    async def suicidal(node):
        world.kill("n1")

    world = world_of(suicidal)

    assert "world.after" in str(run(world).failures[0][2])


def test_an_error_in_the_worlds_loop_still_unwinds_every_node():
    unwound = []

    async def program(node):
        try:
            await trio.sleep_forever()
        finally:
            unwound.append(node.name)

    world = world_of(program, program)
    world.heap.at(0.5, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(world)

    assert unwound == ["n1", "n2"]


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_sleep_that_makes_no_sense_is_refused_as_by_trio(seconds):
    async def program(node):
        await trio.sleep(seconds)

    assert isinstance(run(world_of(program)).failures[0][2], ValueError)


def test_sleeps_are_cancelled_like_any_other_wait():
    woke = []

    async def program(node):
        with trio.move_on_after(0.5):
            await trio.sleep(1)
            woke.append("too late")
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep(1)
            woke.append("cancelled")
        await trio.sleep(0)
        await trio.sleep_until(trio.current_time() - 1)
        woke.append(round(world.now, 6))

    world = world_of(program)
    run(world)

    assert woke == [0.5]


def test_two_receivers_at_once_are_a_mistake():
    async def program(node):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.network.receive)
            nursery.start_soon(node.network.receive)

    assert "BusyResourceError" in repr(run(world_of(program)).failures[0][2])


def test_the_leader_is_the_running_node_of_the_highest_term():
    async def leads(node):
        await trio.sleep(0.1 if node.name == "n1" else 0.2)
        node.announce("leader", {"term": 1 if node.name == "n1" else 2})
        await trio.sleep_forever()

    world = world_of(leads, leads)
    seen = []
    for moment in (0.05, 0.15, 0.25, 0.35):
        world.heap.at(moment, lambda: seen.append(world.leader()))
    world.heap.at(0.3, world.kill, "n2")
    run(world)

    assert seen == [None, "n1", "n2", "n1"]


def test_listeners_hear_of_events_outside_the_nodes_step():
    async def leads(node):
        node.announce("leader", {"term": 1})
        await trio.sleep_forever()

    world = world_of(leads)
    world.subscribe(lambda kind, name, details: world.kill(name))
    run(world)

    assert kinds(world)[:3] == ["boot", "announce", "kill"]


def test_a_world_inside_a_trio_program_is_refused():
    async def main():
        with pytest.raises(RuntimeError, match="synchronous"), World().booted():
            pass

    trio.run(main)


def test_waiting_for_all_tasks_to_block_works_inside_a_node(request):
    if "guest" in request.node.name:
        pytest.skip("trio's guest mode looks for idleness only between real waits")
    order = []

    async def program(node):
        async def other():
            for _ in range(5):
                await trio.lowlevel.checkpoint()
            order.append("other")
            await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await trio.testing.wait_all_tasks_blocked()
            order.append("main")

    import trio.testing

    run(world_of(program))

    assert order == ["other", "main"]


def test_a_crash_is_told_with_its_lines_and_with_what_the_node_did_last():
    async def broken(node):
        node.trace("step", 1)
        message = await node.network.receive()
        handle(message)

    def handle(message):
        raise ValueError(f"bad {object()!r}")

    async def other(node):
        node.network.send("n1", ("hello", 1))
        await trio.sleep_forever()

    world = world_of(broken, other)
    announced = []
    world.on_announcement = lambda *event: announced.append(event)
    run(world, 1.0)

    ((_, _, told),) = announced
    assert told["error"] == "ValueError: bad <object object at 0x...>"
    assert [line.split(": ", 1)[1] for line in told["traceback"]] == [
        "handle(message)",
        'raise ValueError(f"bad {object()!r}")',
    ]
    assert [line.split(" ", 1)[1] for line in told["last"]] == [
        "step 1",
        'receive "n2" ["hello",1]',
    ]


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_an_async_generator_that_is_left_behind_ends_in_its_own_node():
    async def numbers(node):
        try:
            yield 1
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.5)
            node.trace("closed", trio.current_time() - node.clock.monotonic())

    async def leaving(node):
        async for _ in numbers(node):
            break
        await trio.sleep(1.0)

    world = run(world_of(leaving, leaving))

    closed = [event[2:] for event in world.trace.events if event[1] == "closed"]
    assert sorted(closed) == [("n1", 0.0), ("n2", 0.0)]
