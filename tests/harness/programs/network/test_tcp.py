"""TCP as unmodified trio programs see it: what arrives, what is refused, what breaks, and when."""

from __future__ import annotations

import random

import pytest
import trio
from worlds import cut, run, world_of

from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.programs.network.segments import BUFFER, PATIENCE, SEGMENT, WINDOW


async def forever():
    await trio.sleep_forever()


async def echo():
    async def serve(stream):
        async for chunk in stream:
            await stream.send_all(chunk)

    await trio.serve_tcp(serve, 7000)


async def refusal(port):
    """Why n1 cannot be connected to."""
    with pytest.raises(OSError, match="all attempts to connect") as failed:
        await trio.open_tcp_stream("n1", port)
    cause = failed.value.__cause__
    return type(cause.exceptions[0] if isinstance(cause, ExceptionGroup) else cause)


def transfer(sent: bytes, seed: int, *rules: LinkRule) -> tuple[bytes, list[str]]:
    """What of `sent` arrives, and what broke, over links with these rules."""
    arrived, broken = bytearray(), []

    async def receiver():
        async def serve(stream):
            try:
                async for chunk in stream:
                    arrived.extend(chunk)
            except trio.BrokenResourceError as error:
                broken.append(str(error.__cause__))

        await trio.serve_tcp(serve, 7000)

    async def sender():
        dice = random.Random(seed)
        try:
            stream = await trio.open_tcp_stream("n1", 7000)
            await trio.sleep(1.0)
            rest = sent
            while rest:
                size = dice.randrange(1, 40_000)
                await stream.send_all(rest[:size])
                rest = rest[size:]
                await trio.sleep(dice.random() * 0.05)
            await stream.aclose()
        except (OSError, trio.BrokenResourceError) as error:
            broken.append(str(error.__cause__ or error))
        await trio.sleep_forever()

    world = world_of(receiver, sender, seed=seed)
    for rule in rules:
        world.at(0.5, world.add_rule, rule)
    run(world, 120.0)
    return bytes(arrived), broken


BOTH_WAYS = links_between(["n1"], ["n2"])


@pytest.mark.parametrize("seed", range(15))
def test_bytes_arrive_once_and_in_order_however_bad_the_link(seed):
    dice = random.Random(f"tcp {seed}")
    sent = dice.randbytes(dice.randrange(1, 200_000))
    rule = LinkRule(
        "bad",
        BOTH_WAYS,
        loss=dice.choice([0.0, 0.1, 0.3]),
        duplicate=dice.choice([0.0, 0.3]),
        delay=dice.choice([0.0, 0.05]),
    )

    arrived, broken = transfer(sent, seed, rule)

    assert (arrived, broken) == (sent, [])


def test_the_stream_is_cut_at_places_that_are_not_the_senders():
    sizes = []

    async def receiver():
        async def serve(stream):
            async for chunk in stream:
                sizes.append(len(chunk))

        await trio.serve_tcp(serve, 7000)

    async def sender():
        stream = await trio.open_tcp_stream("n1", 7000)
        for _ in range(100):
            await stream.send_all(b"0123456789")
            await trio.sleep(0.1)

    run(world_of(receiver, sender), 20.0)

    assert sum(sizes) == 1000
    assert sum(size == 10 for size in sizes) > 60
    assert any(size < 10 for size in sizes)


def test_what_is_written_at_one_instant_is_read_together():
    sizes = []

    async def receiver():
        async def serve(stream):
            async for chunk in stream:
                sizes.append(len(chunk))

        await trio.serve_tcp(serve, 7000)

    async def sender():
        stream = await trio.open_tcp_stream("n1", 7000)
        await trio.sleep(1.0)
        for _ in range(5):
            await stream.send_all(b"0123456789")

    run(world_of(receiver, sender))

    assert sum(sizes) == 50
    assert len(sizes) < 5


def test_a_port_that_nobody_listens_on_refuses():
    async def caller():
        before = trio.current_time()
        assert await refusal(7001) is ConnectionRefusedError
        assert trio.current_time() - before < 0.1

    run(world_of(echo, caller))


def test_a_name_that_is_no_host_is_not_known():
    async def caller():
        with pytest.raises(OSError, match="Name or service not known: nowhere"):
            await trio.open_tcp_stream("nowhere", 7000)

    run(world_of(caller))


def test_a_killed_process_closes_its_connections_and_is_refused_until_it_is_back():
    seen = []

    async def caller():
        stream = await trio.open_tcp_stream("n1", 7000)
        seen.append(await stream.receive_some())  # n1 is killed meanwhile
        await stream.send_all(b"x")
        await trio.sleep(0.1)
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"x")
        assert await refusal(7000) is ConnectionRefusedError
        await trio.sleep(1.0)
        stream = await trio.open_tcp_stream("n1", 7000)
        await stream.send_all(b"a")
        seen.append(await stream.receive_some(1))

    world = world_of(echo, caller)
    world.at(1.0, world.kill, "n1")
    world.at(1.5, world.start, "n1")
    run(world)

    assert seen == [b"", b"a"]


def test_a_machine_without_power_is_silent_and_resets_when_it_is_back():
    async def caller():
        stream = await trio.open_tcp_stream("n1", 7000)
        await trio.sleep(2.0)  # n1 has lost its power meanwhile
        before = trio.current_time()
        await stream.send_all(b"anybody there?")
        with pytest.raises(trio.BrokenResourceError, match="reset"):
            await stream.receive_some()
        assert 1.0 < trio.current_time() - before < 1.0 + 2.0

    world = world_of(echo, caller)
    world.at(1.0, world.power_loss, "n1")
    world.at(3.0, world.start, "n1")
    run(world, 10.0)


def test_a_partition_stalls_a_connection_and_bytes_arrive_when_it_heals():
    async def caller():
        stream = await trio.open_tcp_stream("n1", 7000)
        await trio.sleep(1.5)
        before = trio.current_time()
        await stream.send_all(b"x")
        assert await stream.receive_some() == b"x"
        assert 1.5 < trio.current_time() - before < 4.0

    world = world_of(echo, caller)
    rule = cut(world, 1.0, 3.0)
    run(world, 10.0)

    assert rule.affected > 0


@pytest.mark.parametrize("oneway", [False, True])
def test_a_long_partition_breaks_a_connection_after_the_documented_time(oneway):
    async def caller():  # n1, whose packets to n2 are lost
        stream = await trio.open_tcp_stream("n2", 7000)
        await trio.sleep(1.5)
        before = trio.current_time()
        await stream.send_all(b"x")
        with pytest.raises(trio.BrokenResourceError, match="timed out"):
            await stream.receive_some()
        assert PATIENCE <= trio.current_time() - before < PATIENCE + 2.5

    world = world_of(caller, echo)
    cut(world, 1.0, 30.0, oneway=oneway)
    run(world, 29.0)


def test_a_connection_that_nobody_answers_times_out():
    async def caller():
        await trio.sleep(0.5)
        before = trio.current_time()
        assert await refusal(7000) is TimeoutError
        assert trio.current_time() - before == pytest.approx(15.0)

    world = world_of(echo, caller)
    cut(world, 0.1, 60.0)
    run(world, 50.0)


def test_a_paused_process_accepts_and_answers_when_it_goes_on():
    async def caller():
        await trio.sleep(1.0)
        stream = await trio.open_tcp_stream("n1", 7000)  # its kernel does that
        before = trio.current_time()
        await stream.send_all(b"x")
        assert await stream.receive_some() == b"x"
        assert trio.current_time() - before == pytest.approx(1.0, abs=0.05)

    world = world_of(echo, caller)
    world.at(0.5, world.pause, "n1")
    world.at(2.0, world.resume, "n1")
    run(world)


def test_who_is_not_read_is_not_written_to_without_end():
    written = 0

    async def deaf():
        async def serve(stream):
            await trio.sleep_forever()

        await trio.serve_tcp(serve, 7000)

    async def writer():
        nonlocal written
        stream = await trio.open_tcp_stream("n1", 7000)
        while True:
            await stream.send_all(b"x" * 1000)
            written += 1000

    run(world_of(deaf, writer), 60.0)

    assert WINDOW < written <= WINDOW + BUFFER + SEGMENT


def test_half_of_a_connection_can_be_closed():
    async def counter():
        async def serve(stream):
            total = 0
            async for chunk in stream:
                total += len(chunk)
            await stream.send_all(str(total).encode())

        await trio.serve_tcp(serve, 7000)

    async def caller():
        stream = await trio.open_tcp_stream("n1", 7000)
        await stream.send_all(b"x" * 100)
        await stream.send_eof()
        assert await stream.receive_some() == b"100"
        assert await stream.receive_some() == b""

    run(world_of(counter, caller))


def test_datagrams_carry_their_bounds_and_may_be_lost():
    received = []

    async def listener():
        sock = trio.socket.socket(type=trio.socket.SOCK_DGRAM)
        await sock.bind(("0.0.0.0", 53))
        while True:
            data, source = await sock.recvfrom(100)
            received.append(data)
            await sock.sendto(data.upper(), source)

    async def caller():
        sock = trio.socket.socket(type=trio.socket.SOCK_DGRAM)
        await sock.sendto(b"one", ("n1", 53))
        assert await sock.recvfrom(100) == (b"ONE", ("10.0.0.1", 53))
        await trio.sleep(1.0)
        for _ in range(5):
            await sock.sendto(b"lost", ("n1", 53))
            await trio.sleep(0.1)

    world = world_of(listener, caller)
    cut(world, 0.5, 4.0)
    run(world)

    assert received == [b"one"]


def test_two_programs_of_one_host_reach_each_other_at_localhost():
    async def both():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(echo)
            await trio.sleep(0.1)
            stream = await trio.open_tcp_stream("localhost", 7000)
            await stream.send_all(b"x")
            assert await stream.receive_some() == b"x"
            assert stream.socket.getpeername() == ("127.0.0.1", 7000)
            nursery.cancel_scope.cancel()

    run(world_of(both))
