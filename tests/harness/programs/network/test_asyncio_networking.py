"""asyncio's streams, datagrams and raw sockets, over the simulated network."""

from __future__ import annotations

import asyncio
import socket

import pytest
from asyncio_worlds import echo, programs
from worlds import cut, run


def test_streams_carry_bytes_and_end():
    async def caller():
        reader, writer = await asyncio.open_connection("n1", 7000)
        writer.write(b"hello\nworld\n")
        assert await reader.readline() == b"hello\n"
        assert await reader.readline() == b"world\n"
        assert writer.get_extra_info("peername") == ("10.0.0.1", 7000)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    run(programs(echo, caller))


def test_a_writer_is_stopped_until_it_is_read():
    events = []

    async def slow():
        async def serve(reader, writer):
            await asyncio.sleep(10)
            events.append(("read", len(await reader.readexactly(1_000_000))))

        await (await asyncio.start_server(serve, port=7000)).serve_forever()

    async def caller():
        loop = asyncio.get_running_loop()
        _, writer = await asyncio.open_connection("n1", 7000)
        before = loop.time()
        writer.write(b"x" * 1_000_000)
        await writer.drain()
        events.append(("drained", loop.time() - before > 9))
        await asyncio.sleep(30)

    run(programs(slow, caller), 20.0)

    assert sorted(events) == [("drained", True), ("read", 1_000_000)]


def test_a_partition_stalls_a_stream_and_a_timeout_ends_the_wait():
    async def caller():
        reader, writer = await asyncio.open_connection("n1", 7000)
        await asyncio.sleep(1.5)
        writer.write(b"x")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await reader.read(1)
        assert await reader.read(1) == b"x"  # it has healed

    world = programs(echo, caller)
    cut(world, 1.0, 3.0)
    run(world, 10.0)


def test_a_killed_server_refuses_and_its_connections_are_reset():
    async def caller():
        reader, writer = await asyncio.open_connection("n1", 7000)
        assert await reader.read(1) == b""  # its kernel has closed it
        writer.write(b"x")
        await asyncio.sleep(0.1)
        writer.write(b"x")
        with pytest.raises(ConnectionError):
            await writer.drain()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("n1", 7000)

    world = programs(echo, caller)
    world.at(1.0, world.kill, "n1")
    run(world)


def test_datagrams_reach_a_protocol():
    received = []

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            received.append((data, addr[0]))

    async def listener():
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(Listener, local_addr=("0.0.0.0", 53))
        await asyncio.sleep(10)

    async def caller():
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.1)
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("n1", 53)
        )
        transport.sendto(b"hello")
        await asyncio.sleep(1)

    run(programs(listener, caller))

    assert received == [(b"hello", "10.0.0.2")]


def test_ipv6_names_are_those_of_the_host():
    told = []

    async def main():
        await asyncio.start_server(lambda reader, writer: writer.close(), "::", 7000)
        for host in ("::1", "localhost"):
            reader, _ = await asyncio.open_connection(host, 7000)
            told.append(await reader.read())

    run(programs(main))

    assert told == [b"", b""]


def test_files_are_sent_as_the_kernel_sends_them():
    received = []

    async def serve(reader, writer):
        received.append(await reader.read())
        writer.close()

    async def main():
        await asyncio.start_server(serve, port=7000)
        with open("big", "wb") as file:
            file.write(b"simulated" * 20_000)
        _, writer = await asyncio.open_connection("localhost", 7000)
        for path in ("big", __file__):
            with open(path, "rb") as file:
                await asyncio.get_running_loop().sendfile(writer.transport, file)
        writer.close()
        await asyncio.sleep(1)

    run(programs(main))

    with open(__file__, "rb") as file:
        assert received == [b"simulated" * 20_000 + file.read()]


def test_raw_sockets_protocols_and_descriptors_as_the_loop_has_them():
    seen = {}

    class Kept(asyncio.Protocol):
        received = b""

        def data_received(self, data):
            self.received += data

    async def main():
        loop = asyncio.get_running_loop()
        listening = socket.create_server(("0.0.0.0", 7000))
        one = socket.socket()
        for each in (listening, one):
            each.setblocking(False)
        accepting = asyncio.create_task(loop.sock_accept(listening))
        await loop.sock_connect(one, ("n1", 7000))
        other, _ = await accepting
        await loop.sock_sendall(one, b"raw")
        seen["received"] = await loop.sock_recv(other, 10)

        for add, remove, of in (
            (loop.add_writer, loop.remove_writer, one),
            (loop.add_reader, loop.remove_reader, other),
        ):
            ready = asyncio.Event()
            add(of, ready.set)
            one.send(b"more")
            await ready.wait()
            seen[add.__name__] = remove(of), remove(of)

        _, served = await loop.connect_accepted_socket(Kept, other)
        transport, _ = await loop.create_connection(Kept, sock=one)
        transport.write(b"and more")
        await asyncio.sleep(0.1)
        seen["protocol"] = served.received

    run(programs(main))

    assert seen == {
        "received": b"raw",
        "add_writer": (True, False),
        "add_reader": (True, False),
        "protocol": b"moremoreand more",
    }
