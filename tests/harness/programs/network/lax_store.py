"""Stores that rely on what TCP does not promise: that one write comes as one read, or that what was
sent has arrived.

`by_reads` takes what ends with a newline for one message; its clients send a note, which nobody
answers, before each request. `by_lines` is right. `sent_is_done` keeps the values on another host,
over one connection, and says that a write is done when it has been sent. `waits` is right.
"""

import json
import socket
from functools import partial

import trio

PORT, STORE = 7100, 7200
PAUSE_S = 0.05
values: dict[str, int] = {}


async def by_reads():
    await trio.serve_tcp(partial(serve, messages=reads), PORT)


async def by_lines():
    await trio.serve_tcp(serve, PORT)


async def sent_is_done():
    await pair(waiting=False)


async def waits():
    await pair(waiting=True)


async def reads(stream):
    read = b""
    async for chunk in stream:
        read += chunk
        if read.endswith(b"\n"):
            yield json.loads(read)
            read = b""


async def lines(stream):
    rest = b""
    async for chunk in stream:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield json.loads(line)


async def tell(stream, message):
    await stream.send_all(json.dumps(message).encode() + b"\n")


async def serve(stream, messages=lines):
    try:
        async for request in messages(stream):
            if request["f"] in ("set", "write"):
                values[request["key"]] = request["value"]
            if request["f"] in ("read", "write"):
                await tell(stream, {"value": values.get(request["key"])})
    except trio.BrokenResourceError:
        pass  # the client has gone


async def pair(waiting):
    """The first host passes on what the second one keeps."""
    if socket.gethostname() == "n2":
        await trio.serve_tcp(serve, STORE)
    else:
        await trio.serve_tcp(Front(waiting).serve, PORT)


class Front:
    """One connection to the store, over which requests go in turn."""

    def __init__(self, waiting):
        self.waiting, self.turn, self.store, self.answers = waiting, trio.Lock(), None, None

    async def serve(self, stream):
        try:
            async for request in lines(stream):
                async with self.turn:
                    answer = await self.passed_on(request)
                await tell(stream, answer)
        except trio.BrokenResourceError:
            pass  # the client has gone

    async def passed_on(self, request):
        try:
            if self.store is None:
                self.store = await trio.open_tcp_stream("n2", STORE)
                self.answers = lines(self.store)
            if request["f"] == "write" and not self.waiting:
                await tell(self.store, request | {"f": "set"})
                return {}
            await tell(self.store, request)
            return await anext(self.answers)
        except (OSError, trio.BrokenResourceError, StopAsyncIteration):
            self.store = None
            return {"error": "the store has gone"}


class Client:
    """A connection for each call, to the first server."""

    def __init__(self, node, server):
        pass

    async def read(self, key):
        return (await self.call(f="read", key=key))["value"]

    async def write(self, key, value):
        await self.call(f="write", key=key, value=value)

    async def call(self, **request):
        async with await trio.open_tcp_stream("n1", PORT) as stream:
            await self.begin(stream)
            await tell(stream, request)
            async for answer in lines(stream):
                if "error" in answer:
                    break
                return answer
            raise ConnectionError("no answer")

    async def begin(self, stream):
        pass


class NotingClient(Client):
    """It sends a note first, and some time later what it wants."""

    async def begin(self, stream):
        await tell(stream, {"f": "note"})
        await trio.sleep(PAUSE_S)
