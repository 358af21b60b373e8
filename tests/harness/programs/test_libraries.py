"""Libraries as they are, each with a partition in the middle: they stall, time out, and go on."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

import pytest
import trio
from worlds import cut, run, world_of

MOMENTS = ("before", "cut", "after")


async def three_times(ask, sleep):
    """Ask before, during and after a partition from 1 s to 3 s; what came of it."""
    outcomes = []
    for _ in MOMENTS:
        try:
            outcomes.append(await ask())
        except Exception as error:  # noqa: BLE001 - it is an outcome
            outcomes.append(type(error).__name__)
        await sleep(1.2)
    await sleep(1.0)
    outcomes.append(await ask())
    return outcomes


def both(server, client, library="asyncio"):
    """Two nodes, with a partition; returns what the client found, and the trace's digest."""
    found = []

    async def main():
        found.extend(await client())

    world = world_of(server, main, library=library)
    cut(world, 1.0, 3.0)
    run(world, 15.0)
    return found, world.trace.digest()


def the_same_twice(server, client, library="asyncio"):
    """As `both`, and again: no byte of the trace may differ."""
    found = both(server, client, library)
    assert both(server, client, library) == found
    return found[0]


@pytest.fixture(scope="module")
def certificates():
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("n1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.fixture(params=["plain", "TLS"])
def contexts(request):
    return (None, None) if request.param == "plain" else request.getfixturevalue("certificates")


def test_aiohttp(contexts):
    aiohttp = pytest.importorskip("aiohttp")
    for_server, for_client = contexts

    async def server():
        async def hello(request):
            return aiohttp.web.json_response({"path": request.path})

        app = aiohttp.web.Application()
        app.router.add_get("/{name}", hello)
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        await aiohttp.web.TCPSite(runner, port=8080, ssl_context=for_server).start()
        await asyncio.Event().wait()

    async def client():
        timeout = aiohttp.ClientTimeout(total=0.5)
        connector = aiohttp.TCPConnector(ssl=for_client or True)
        scheme = "https" if for_client else "http"
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:

            async def ask():
                async with session.get(f"{scheme}://n1:8080/x") as reply:
                    return (await reply.json())["path"]

            return await three_times(ask, asyncio.sleep)

    from aiohttp import web  # noqa: F401

    assert the_same_twice(server, client) == ["/x", "TimeoutError", "TimeoutError", "/x"]


def test_streams_of_asyncio_over_tls(certificates):
    for_server, for_client = certificates

    async def server():
        async def serve(reader, writer):
            while line := await reader.readline():
                writer.write(line.upper())

        listening = await asyncio.start_server(serve, port=7000, ssl=for_server)
        await listening.serve_forever()

    async def client():
        reader, writer = await asyncio.open_connection("n1", 7000, ssl=for_client)

        async def ask():
            writer.write(b"hello\n")
            return await asyncio.wait_for(reader.readline(), 0.5)

        return await three_times(ask, asyncio.sleep)

    assert the_same_twice(server, client)[:2] == [b"HELLO\n", "TimeoutError"]


def test_streams_of_trio_over_tls(certificates):
    for_server, for_client = certificates

    async def server():
        async def serve(stream):
            with suppress(trio.BrokenResourceError):
                async for chunk in stream:
                    await stream.send_all(chunk.upper())

        await trio.serve_ssl_over_tcp(serve, 7000, for_server)

    async def client():
        stream = await trio.open_ssl_over_tcp_stream("n1", 7000, ssl_context=for_client)

        async def ask():
            await stream.send_all(b"hello")
            with trio.fail_after(0.5):
                return (await stream.receive_some())[:1]

        return await three_times(ask, trio.sleep)

    found = the_same_twice(server, client, "trio")
    assert (found[0], found[1]) == (b"H", "TooSlowError")


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_anyio(library):
    anyio = pytest.importorskip("anyio")

    async def server():
        async def serve(stream):
            async for chunk in stream:
                await stream.send(chunk.upper())

        listener = await anyio.create_tcp_listener(local_port=7000, local_host="0.0.0.0")
        await listener.serve(serve)

    async def client():
        async def ask():
            with anyio.fail_after(0.5):
                async with await anyio.connect_tcp("n1", 7000) as stream:
                    await stream.send(b"x")
                    return await stream.receive()

        return await three_times(ask, anyio.sleep)

    assert the_same_twice(server, client, library) == [b"X", "TimeoutError", "TimeoutError", b"X"]


def test_websockets():
    pytest.importorskip("websockets")
    from websockets.asyncio.client import connect
    from websockets.asyncio.server import serve

    async def server():
        async def handler(socket):
            async for message in socket:
                await socket.send(message.upper())

        async with serve(handler, "0.0.0.0", 8765) as listening:
            await listening.serve_forever()

    async def client():
        async def ask():
            async with asyncio.timeout(0.5), connect("ws://n1:8765", proxy=None) as socket:
                await socket.send("hello")
                return await socket.recv()

        return await three_times(ask, asyncio.sleep)

    assert the_same_twice(server, client) == ["HELLO", "TimeoutError", "TimeoutError", "HELLO"]


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_httpx_and_fastapi_under_uvicorn(library):
    httpx = pytest.importorskip("httpx")
    fastapi, uvicorn = pytest.importorskip("fastapi"), pytest.importorskip("uvicorn")
    import anyio

    async def serve():
        app = fastapi.FastAPI()

        @app.get("/async/{name}")
        async def asynchronous(name: str):
            return {"name": name}

        @app.get("/plain/{name}")
        def plain(name: str):
            return {"name": name}

        config = uvicorn.Config(app, host="0.0.0.0", port=8080)
        await uvicorn.Server(config).serve()

    async def client():
        async with httpx.AsyncClient(base_url="http://n1:8080", timeout=0.5) as http:
            assert (await http.get("/plain/y")).json() == {"name": "y"}

            async def ask():
                return (await http.get("/async/x")).json()["name"]

            return await three_times(ask, anyio.sleep)

    found = []

    def once():
        async def main():
            found.append(await client())

        world = world_of(serve, library="asyncio")
        other = world_of(main, library=library)
        world.add_server("n2", other.hosts["n1"].program, ("n1",))
        cut(world, 1.0, 3.0)
        run(world, 15.0)
        return world.trace.digest()

    assert once() == once()
    assert found == [["x", "ReadTimeout", "ConnectTimeout", "x"]] * 2
