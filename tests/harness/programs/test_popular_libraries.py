"""More libraries as they are, each with a partition in the middle, twice to the same bytes.

They are not among what the tests need; each test is left out where its library isn't installed.
"""

from __future__ import annotations

import asyncio

import pytest
from asked_often import check, outcomes

from splitbrain.systems.standins import redis

pytestmark = pytest.mark.slow


def test_tornado():
    web, httpclient = (
        pytest.importorskip("tornado.web"),
        pytest.importorskip("tornado.httpclient"),
    )

    async def server():
        class Greeting(web.RequestHandler):
            async def get(self):
                await asyncio.sleep(0.01)
                self.write({"hi": 1})

        web.Application([("/hi", Greeting)]).listen(8080)
        await asyncio.Event().wait()

    async def ask():
        fetching = httpclient.AsyncHTTPClient()
        timeouts = {"request_timeout": 0.7, "connect_timeout": 0.7}
        return (await fetching.fetch("http://n1:8080/hi", **timeouts)).body

    check(outcomes(server, ask), b'{"hi": 1}')


def test_events_that_starlette_sends_and_their_retries_by_tenacity():
    uvicorn, httpx = pytest.importorskip("uvicorn"), pytest.importorskip("httpx")
    sse, tenacity = pytest.importorskip("sse_starlette"), pytest.importorskip("tenacity")
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def server():
        async def counting():
            for number in range(3):
                yield {"data": number}
                await asyncio.sleep(0.05)

        async def events(request):
            return sse.EventSourceResponse(counting())

        config = uvicorn.Config(Starlette(routes=[Route("/", events)]), host="0.0.0.0", port=80)
        await uvicorn.Server(config).serve()

    async def once():
        async with httpx.AsyncClient(timeout=0.3) as http, http.stream("GET", "http://n1/") as got:
            return [line async for line in got.aiter_lines() if line]

    again = {"wait": tenacity.wait_random_exponential(0.1), "reraise": True}
    for seconds, second in (0.5, "ConnectTimeout"), (5, ["data: 0", "data: 1", "data: 2"]):
        ask = tenacity.retry(stop=tenacity.stop_after_delay(seconds), **again)(once)
        found = outcomes(server, ask)
        assert found[0] == found[3] == ["data: 0", "data: 1", "data: 2"]
        assert found[1] == second


def test_socketio():
    socketio, web = pytest.importorskip("socketio"), pytest.importorskip("aiohttp.web")

    async def server():
        serving, app = socketio.AsyncServer(async_mode="aiohttp"), web.Application()
        serving.attach(app)
        serving.on("louder", lambda sid, data: data.upper())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", 8080).start()
        await asyncio.Event().wait()

    async def ask():
        async with asyncio.timeout(0.9):
            client = socketio.AsyncClient(reconnection=False)
            await client.connect("http://n1:8080", wait_timeout=0.7)
            try:
                return await client.call("louder", "hi", timeout=0.7)
            finally:
                await client.disconnect()

    check(outcomes(server, ask), "HI")


def test_aiosmtplib():
    smtp, client = pytest.importorskip("aiosmtpd.smtp"), pytest.importorskip("aiosmtplib")

    class Kept:
        async def handle_DATA(self, server, session, envelope):
            return f"250 {len(envelope.content)} bytes"

    async def server():
        loop = asyncio.get_running_loop()
        await loop.create_server(lambda: smtp.SMTP(Kept()), "0.0.0.0", 25)
        await asyncio.Event().wait()

    async def ask():
        message = "From: a@b.c\r\nTo: d@e.f\r\n\r\nhi\r\n"
        addresses = {"sender": "a@b.c", "recipients": ["d@e.f"]}
        options = {"hostname": "n1", "port": 25, "timeout": 0.7, "start_tls": False}
        return (await client.send(message, **addresses, **options))[1]

    check(outcomes(server, ask), "30 bytes")


def test_aioftp():
    aioftp = pytest.importorskip("aioftp")
    from pathlib import PurePosixPath

    async def server():
        user = aioftp.User(base_path=PurePosixPath("/"))
        await aioftp.Server([user], path_io_factory=aioftp.MemoryPathIO).run("0.0.0.0", 2121)

    async def ask():
        async with asyncio.timeout(0.9), aioftp.Client.context("n1", 2121) as client:
            async with client.upload_stream("/a.txt") as stream:
                await stream.write(b"hello")
            async with client.download_stream("/a.txt") as stream:
                return await stream.read()

    check(outcomes(server, ask), b"hello")


def test_http_2_under_hypercorn():
    hypercorn, httpx = pytest.importorskip("hypercorn.asyncio"), pytest.importorskip("httpx")
    pytest.importorskip("h2")
    from hypercorn.config import Config

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            for _ in range(2):
                await send({"type": f"{(await receive())['type']}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hi"})

    async def server():
        config = Config()
        config.bind = ["0.0.0.0:8080"]
        await hypercorn.serve(app, config, shutdown_trigger=asyncio.Event().wait)

    async def ask():
        async with httpx.AsyncClient(timeout=0.5, http1=False, http2=True) as http:
            reply = await http.get("http://n1:8080/hi")
            return reply.http_version, reply.text

    check(outcomes(server, ask), ("HTTP/2", "hi"))


def test_arq_with_the_stand_in_for_redis():
    arq = pytest.importorskip("arq")
    from arq.connections import RedisSettings
    from arq.worker import Worker, func

    async def double(context, number):
        return 2 * number

    async def ask():
        settings = RedisSettings(host="n1", conn_timeout=1, conn_retries=0)
        async with asyncio.timeout(5):
            pool = await arq.create_pool(settings)
            job = await pool.enqueue_job("double", 21)
            worker = Worker(
                [func(double, name="double")],
                redis_settings=settings,
                burst=True,
                handle_signals=False,
            )
            try:
                await worker.main()
            finally:
                await worker.close()
            return await job.result(timeout=2)

    check(outcomes(None, ask, standin=redis()), 42)
