"""Both families of addresses, as programs use them: literals, names, dual stack, UDP, refusals."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest
import trio
from worlds import cut, run, world_of

from splitbrain.harness.programs.network.families import fourth_of, literal, sixth_of


def asked(*mains, library="asyncio", until=5.0, partition=None):
    """What the last of these programs, each on a host of its own, notes down."""
    notes = []

    async def last():
        notes.append(await mains[-1]())

    world = world_of(*mains[:-1], last, library=library)
    if partition is not None:
        cut(world, *partition)
    run(world, until)
    return notes[0]


def listening_at(*hosts):
    """A server that says who calls, on asyncio."""

    async def main():
        async def serve(reader, writer):
            writer.write(repr(writer.get_extra_info("peername")[:1]).encode())
            writer.close()

        for host in hosts:
            await asyncio.start_server(serve, host, 7000)
        await asyncio.Event().wait()

    return main


def calling(*targets, pause=0.1):
    """What each call is answered, or how it fails."""

    async def main():
        await asyncio.sleep(pause)
        answers = []
        for target in targets:
            try:
                reader, writer = await asyncio.open_connection(target, 7000)
                answers.append((await reader.read()).decode())
                writer.close()
            except OSError as error:
                answers.append(type(error).__name__)
        return answers

    return main


@pytest.mark.parametrize(
    ("hosts", "answers"),
    [
        (["::"], ["ConnectionRefusedError", "('fd00::2',)", "ConnectionRefusedError"]),
        (["0.0.0.0"], ["('10.0.0.2',)", "ConnectionRefusedError", "('10.0.0.2',)"]),
        ([None], ["('10.0.0.2',)", "('fd00::2',)", "('10.0.0.2',)"]),
        (["fd00::1"], ["ConnectionRefusedError", "('fd00::2',)", "ConnectionRefusedError"]),
        (["127.0.0.1", "::1"], ["ConnectionRefusedError"] * 3),
    ],
)
def test_a_server_is_reached_at_the_addresses_that_it_is_bound_to(hosts, answers):
    assert asked(listening_at(*hosts), calling("10.0.0.1", "fd00::1", "n1")) == answers


def test_the_host_itself_is_localhost_in_both_families():
    async def main():
        asyncio.create_task(listening_at("127.0.0.1", "::1")()).add_done_callback(print)
        return await calling("127.0.0.1", "::1", "localhost")()

    assert asked(main) == ["('127.0.0.1',)", "('::1',)", "('127.0.0.1',)"]


def test_trio_listens_in_both_families_and_connects_by_a_literal():
    async def server():
        async def serve(stream):
            await stream.send_all(stream.socket.getpeername()[0].encode())

        await trio.serve_tcp(serve, 7000)

    async def client():
        await trio.sleep(0.1)
        found = []
        for target in ("10.0.0.1", "fd00::1", "n1"):
            async with await trio.open_tcp_stream(target, 7000) as stream:
                found.append((await stream.receive_some()).decode())
        return found

    assert asked(server, client, library="trio") == ["10.0.0.2", "fd00::2", "10.0.0.2"]


def test_a_socket_for_both_families_tells_those_of_the_other_as_mapped():
    async def server():
        loop = asyncio.get_running_loop()
        listener = socket.socket(socket.AF_INET6)
        listener.bind(("::", 7000))
        listener.listen()
        listener.setblocking(False)
        fourth = socket.socket()
        with pytest.raises(OSError) as refused:
            fourth.bind(("0.0.0.0", 7000))
        assert refused.value.errno == errno.EADDRINUSE
        while True:
            accepted, address = await loop.sock_accept(listener)
            assert address == accepted.getpeername()
            await loop.sock_sendall(accepted, repr(address[:1]).encode())
            accepted.close()

    answers = asked(server, calling("10.0.0.1", "fd00::1", "::ffff:10.0.0.1"))
    assert answers == ["('::ffff:10.0.0.2',)", "('fd00::2',)", "('::ffff:10.0.0.2',)"]


def test_datagrams_go_by_either():
    class Told(asyncio.DatagramProtocol):
        def __init__(self):
            self.told = asyncio.get_running_loop().create_future()

        def datagram_received(self, data, address):
            self.told.set_result((data, address[0]))

    async def server():
        loop = asyncio.get_running_loop()

        class Echo(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                self.transport = transport

            def datagram_received(self, data, address):
                self.transport.sendto(data.upper(), address)

        await loop.create_datagram_endpoint(Echo, ("::", 7000))
        await asyncio.Event().wait()

    async def client():
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        transport, told = await loop.create_datagram_endpoint(Told, remote_addr=("fd00::1", 7000))
        transport.sendto(b"x")
        return await told.told

    assert asked(server, client) == (b"X", "fd00::1")


def test_a_partition_cuts_both():
    calls = calling("10.0.0.1", "fd00::1", pause=1.0)
    assert asked(listening_at(None), calls, until=60.0, partition=(0.5, 50.0)) == [
        "TimeoutError",
        "TimeoutError",
    ]


def test_a_name_has_an_address_of_ipv6_for_who_asks_for_one():
    async def main():
        def found(*asked, **named):
            return [entry[4][0] for entry in socket.getaddrinfo(*asked, type=1, **named)]

        with pytest.raises(socket.gaierror):
            socket.getaddrinfo("10.0.0.1", 80, family=socket.AF_INET6)
        with pytest.raises(OSError, match="family"):
            socket.socket().connect(("fd00::1", 80))
        return [
            found("n1", 80),
            found("n1", 80, family=socket.AF_INET6),
            found("localhost", 80),
            found("localhost", 80, family=socket.AF_INET6),
            found(None, 80, flags=socket.AI_PASSIVE),
            found(None, 80),
            found("fd00::1", 80),
            socket.getnameinfo(("fd00::1", 80), 0)[0],
        ]

    assert asked(main) == [
        ["10.0.0.1"],
        ["fd00::1"],
        ["127.0.0.1", "::1"],
        ["::1"],
        ["0.0.0.0", "::"],
        ["127.0.0.1", "::1"],
        ["fd00::1"],
        "n1",
    ]


def test_each_host_s_addresses_belong_to_each_other():
    for fourth in ("10.0.0.3", "10.0.1.3", "10.0.2.250", "127.0.0.1", "0.0.0.0"):
        sixth = sixth_of(fourth)
        assert literal(sixth) == sixth
        assert fourth_of(sixth) == fourth
    assert fourth_of("2001:db8::1") is None
    assert literal("::ffff:10.0.0.3") == "10.0.0.3"
    assert literal("n1") is None
