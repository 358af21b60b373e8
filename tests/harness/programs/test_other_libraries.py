"""More libraries as they are, each with a partition in the middle, twice to the same bytes.

They are not among what the tests need; each test is left out where its library isn't installed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import trio
from asked_often import check, outcomes

pytestmark = pytest.mark.slow


def test_aiosmtpd():
    smtp = pytest.importorskip("aiosmtpd.smtp")

    class Kept:
        async def handle_DATA(self, server, session, envelope):
            return f"250 {len(envelope.content)} bytes"

    async def server():
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(lambda: smtp.SMTP(Kept()), "0.0.0.0", 25)
        await listening.serve_forever()

    async def ask():
        lines = [b"EHLO me", b"MAIL FROM:<a@b.c>", b"RCPT TO:<d@e.f>", b"DATA", b"hi\r\n."]
        async with asyncio.timeout(0.7):
            reader, writer = await asyncio.open_connection("n1", 25)
            await reader.readline()
            for line in lines:
                writer.write(line + b"\r\n")
                while (answer := await reader.readline())[3:4] == b"-":
                    pass
            writer.close()
            return answer

    check(outcomes(server, ask), b"250 4 bytes\r\n")


def test_quart_under_hypercorn():
    quart, aiohttp = pytest.importorskip("quart"), pytest.importorskip("aiohttp")
    hypercorn = pytest.importorskip("hypercorn.asyncio")
    from hypercorn.config import Config

    async def server():
        app = quart.Quart("app")

        @app.route("/hi")
        async def hi():
            return {"hi": 1}

        config = Config()
        config.bind = ["0.0.0.0:8080"]
        await hypercorn.serve(app, config, shutdown_trigger=asyncio.Event().wait)

    async def ask():
        timeout = aiohttp.ClientTimeout(total=0.5)
        url = "http://n1:8080/hi"
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as reply:
            return await reply.json()

    check(outcomes(server, ask), {"hi": 1})


def test_quart_trio_under_hypercorn():
    quart_trio, httpx = pytest.importorskip("quart_trio"), pytest.importorskip("httpx")
    hypercorn = pytest.importorskip("hypercorn.trio")
    from hypercorn.config import Config

    async def server():
        app = quart_trio.QuartTrio("app")

        @app.route("/hi")
        async def hi():
            return {"hi": 1}

        config = Config()
        config.bind = ["0.0.0.0:8080"]
        await hypercorn.serve(app, config, shutdown_trigger=trio.Event().wait)

    async def ask():
        async with httpx.AsyncClient(timeout=0.5) as http:
            return (await http.get("http://n1:8080/hi")).json()

    check(outcomes(server, ask, "trio"), {"hi": 1})


def test_trio_websocket():
    library = pytest.importorskip("trio_websocket")

    async def server():
        async def serve(request):
            socket = await request.accept()
            with suppress(library.ConnectionClosed):
                while True:
                    await socket.send_message((await socket.get_message()).upper())

        await library.serve_websocket(serve, "0.0.0.0", 8000, ssl_context=None)

    async def ask():
        with trio.fail_after(0.7):
            async with library.open_websocket_url("ws://n1:8000/x") as socket:
                await socket.send_message("hi")
                return await socket.get_message()

    check(outcomes(server, ask, "trio"), "HI")


def test_grpclib():
    pytest.importorskip("grpclib")
    pytest.importorskip("google.protobuf")
    from google.protobuf.wrappers_pb2 import StringValue
    from grpclib.client import Channel, UnaryUnaryMethod
    from grpclib.const import Cardinality, Handler
    from grpclib.server import Server

    class Echo:
        async def say(self, stream):
            await stream.send_message(await stream.recv_message())

        def __mapping__(self):
            types = StringValue, StringValue
            return {"/e.Echo/Say": Handler(self.say, Cardinality.UNARY_UNARY, *types)}

    async def server():
        serving = Server([Echo()])
        await serving.start("0.0.0.0", 50051)
        await serving.wait_closed()

    async def ask():
        channel = Channel("n1", 50051)
        say = UnaryUnaryMethod(channel, "/e.Echo/Say", StringValue, StringValue)
        try:
            return (await say(StringValue(value="hi"), timeout=0.5)).value
        finally:
            channel.close()

    check(outcomes(server, ask), "hi")


def test_asyncssh():
    asyncssh = pytest.importorskip("asyncssh")

    class Anybody(asyncssh.SSHServer):
        def begin_auth(self, username):
            return False

    async def server():
        async def handle(process):
            process.stdout.write(f"did {process.command}")
            process.exit(0)

        key = asyncssh.generate_private_key("ssh-ed25519")
        options = {"server_host_keys": [key], "process_factory": handle}
        await asyncssh.create_server(Anybody, "0.0.0.0", 22, **options)
        await asyncio.Event().wait()

    async def ask():
        nothing = dict.fromkeys(("known_hosts", "config", "client_keys", "agent_path"))
        async with asyncio.timeout(0.9):
            async with asyncssh.connect("n1", username="me", **nothing) as connection:
                return (await connection.run("it")).stdout

    check(outcomes(server, ask), "did it")


def test_amqtt():
    pytest.importorskip("amqtt")
    from amqtt.broker import Broker
    from amqtt.client import MQTTClient

    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    config = {
        "listeners": {"default": {"type": "tcp", "bind": "0.0.0.0:1883"}},
        "plugins": {anonymous: {"allow_anonymous": True}},
    }

    async def server():
        await Broker(config).start()
        await asyncio.Event().wait()

    async def ask():
        async with asyncio.timeout(0.9):
            client = MQTTClient(config={"auto_reconnect": False})
            await client.connect("mqtt://n1/")
            await client.subscribe([("a", 1)])
            await client.publish("a", b"hi", 1)
            message = await client.deliver_message()
            await client.disconnect()
            return message.data

    check(outcomes(server, ask), b"hi")


def test_aiocoap():
    aiocoap = pytest.importorskip("aiocoap")
    from aiocoap import resource

    class Greeting(resource.Resource):
        async def render_get(self, request):
            return aiocoap.Message(payload=b"hi")

    async def server():
        site = resource.Site()
        site.add_resource(["greeting"], Greeting())
        transports = ["simplesocketserver"]
        bind = ("10.0.0.1", 5683)
        await aiocoap.Context.create_server_context(site, bind=bind, transports=transports)
        await asyncio.Event().wait()

    async def ask():
        async with asyncio.timeout(0.7):
            context = await aiocoap.Context.create_client_context(transports=["simple6"])
            request = aiocoap.Message(code=aiocoap.GET, uri="coap://n1/greeting")
            return (await context.request(request).response).payload

    check(outcomes(server, ask), b"hi")


def test_the_sdk_of_mcp():
    server_of, client_of = (
        pytest.importorskip("mcp.server.mcpserver"),
        pytest.importorskip("mcp.client.streamable_http"),
    )
    from mcp import ClientSession

    async def server():
        serving = server_of.MCPServer("adder")

        @serving.tool()
        def add(a: int, b: int) -> int:
            return a + b

        await serving.run_streamable_http_async(host="0.0.0.0", port=8000)

    async def ask():
        async with asyncio.timeout(0.9):
            async with (
                client_of.streamable_http_client("http://n1:8000/mcp") as (read, write),
                ClientSession(read, write) as session,
            ):
                await session.initialize()
                return (await session.call_tool("add", {"a": 1, "b": 2})).content[0].text

    check(outcomes(server, ask), "3")
