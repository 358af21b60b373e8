"""Unix sockets: streams within one host, by the name of a file."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat

import pytest
import trio
from worlds import run, world_of

PATH = "/run/echo.sock"


def asyncio_world(*mains, **options):
    return world_of(*mains, library="asyncio", **options)


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def answer(path, line=b"hello\n"):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    answered = await reader.readline()
    writer.close()
    return answered


def test_an_asyncio_program_serves_and_connects():
    seen = []

    async def main():
        names = []

        async def serve(reader, writer):
            names.append([writer.get_extra_info(name) for name in ("sockname", "peername")])
            await echo(reader, writer)

        await asyncio.start_unix_server(serve, PATH)
        seen.append(stat.S_ISSOCK(os.stat(PATH).st_mode))
        seen.append((os.path.exists(PATH), os.listdir("/run"), os.path.isfile(PATH)))
        seen.append(await answer(PATH))
        seen.extend(names)

    run(asyncio_world(main))

    assert seen == [True, (True, ["echo.sock"], False), b"HELLO\n", [PATH, ""]]
    assert not os.path.exists(PATH)


def test_a_trio_program_serves_and_connects():
    received = []

    async def serve(stream):
        async for chunk in stream:
            await stream.send_all(chunk.upper())

    async def main():
        listener = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
        await listener.bind(PATH)
        listener.listen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, serve, [trio.SocketListener(listener)])
            stream = await trio.open_unix_socket(PATH)
            await stream.send_all(b"hello")
            received.append(await stream.receive_some())
            nursery.cancel_scope.cancel()

    run(world_of(main))

    assert received == [b"HELLO"]


def failing(action):
    with pytest.raises(OSError) as failed:
        action()
    return errno.errorcode[failed.value.errno]


def test_names_are_taken_missing_and_refused_as_on_any_machine():
    told = {}

    async def main():
        def bind(path, kind=socket.SOCK_STREAM):
            made = socket.socket(socket.AF_UNIX, kind)
            made.bind(path)
            return made

        first = bind(PATH)
        first.listen()
        told["in use"] = failing(lambda: bind(PATH))
        told["a file of this name"] = failing(lambda: bind("/etc/passwd"))
        told["no such folder"] = failing(lambda: bind("/nowhere/echo.sock"))
        told["opened as a file"] = failing(lambda: open(PATH))  # noqa: SIM115 - it fails
        told["datagrams"] = failing(lambda: bind("/run/other.sock", socket.SOCK_DGRAM))
        first.close()
        for path in (PATH, "/run/none.sock", "\0none"):
            with pytest.raises(OSError) as failed:
                await asyncio.open_unix_connection(path)
            told[path] = errno.errorcode[failed.value.errno]
        os.remove(PATH)
        told["removed"] = os.path.exists(PATH)

    run(asyncio_world(main))

    assert told == {
        "in use": "EADDRINUSE",
        "a file of this name": "EADDRINUSE",
        "no such folder": "ENOENT",
        "opened as a file": "ENXIO",
        "datagrams": "EPROTONOSUPPORT",
        PATH: "ECONNREFUSED",
        "/run/none.sock": "ENOENT",
        "\0none": "ECONNREFUSED",
        "removed": False,
    }


def test_the_file_outlives_a_kill_and_a_name_without_a_file_does_not():
    seen = []

    async def main():
        seen.append((os.path.exists(PATH), failing_or_not(PATH), failing_or_not("\0echo")))
        await asyncio.start_unix_server(echo, PATH)  # which removes what was left
        await asyncio.start_unix_server(echo, "\0echo")
        seen.append((await answer(PATH), await answer("\0echo")))
        await asyncio.Event().wait()

    def failing_or_not(path):
        made = socket.socket(socket.AF_UNIX)
        try:
            made.bind(path)
        except OSError as error:
            return errno.errorcode[error.errno]
        finally:
            made.close()
        if not path.startswith("\0"):
            os.remove(path)
        return "bound"

    world = asyncio_world(main)
    world.at(1.0, world.kill, "n1")
    world.at(2.0, world.start, "n1")
    run(world)

    assert seen == [
        (False, "bound", "bound"),
        (b"HELLO\n", b"HELLO\n"),
        (True, "EADDRINUSE", "bound"),
        (b"HELLO\n", b"HELLO\n"),
    ]


def test_another_host_has_no_such_socket():
    told = []

    async def serve():
        await asyncio.start_unix_server(echo, PATH)
        await asyncio.Event().wait()

    async def ask():
        await asyncio.sleep(1)
        try:
            await asyncio.open_unix_connection(PATH)
        except FileNotFoundError:
            told.append("not there")

    run(asyncio_world(serve, ask))

    assert told == ["not there"]


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_pair_is_connected_from_the_start(library):
    received = []

    async def main():
        if library == "trio":
            one, other = trio.socket.socketpair()
            await one.send(b"ping")
            received.append(await other.recv(10))
            one.close()
            received.append(await other.recv(10))
            return
        one, other = socket.socketpair()
        one.setblocking(False)
        other.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(one, b"ping")
        received.append(await loop.sock_recv(other, 10))
        one.close()
        received.append(await loop.sock_recv(other, 10))

    run(world_of(main, library=library))

    assert received == [b"ping", b""]


def test_a_web_server_of_a_library_listens_at_one():
    web = pytest.importorskip("aiohttp.web")
    client = pytest.importorskip("aiohttp")
    found = []

    async def main():
        async def hello(request):
            return web.Response(text="hello")

        app = web.Application()
        app.router.add_get("/", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, PATH).start()
        connector = client.UnixConnector(PATH)
        async with client.ClientSession(connector=connector) as session:
            answered = await session.get("http://localhost/")
            found.append(await answered.text())
        await runner.cleanup()

    run(asyncio_world(main))

    assert found == ["hello"]
