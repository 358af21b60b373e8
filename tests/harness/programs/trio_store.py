"""A register store as one writes it with trio: lines of JSON over TCP.

`main` forgets everything when it is killed, for it keeps its values in a global dictionary.
`careless` takes what one read returns for a whole request.
"""

import json
from functools import partial

import trio

PORT = 7000
values: dict[str, int] = {}


async def main():
    await trio.serve_tcp(serve, PORT)


async def careless():
    await trio.serve_tcp(partial(serve, whole=True), PORT)


async def serve(stream, whole=False):
    rest = b""
    try:
        async for chunk in stream:
            rest += chunk
            while b"\n" in rest or (whole and rest):
                line, _, rest = rest.partition(b"\n")
                await stream.send_all(json.dumps(answer(json.loads(line))).encode() + b"\n")
    except trio.BrokenResourceError:
        pass  # the client has gone


def answer(request):
    if request["f"] == "write":
        values[request["key"]] = request["value"]
    return {"value": values.get(request["key"])}


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
            await stream.send_all(json.dumps(request).encode() + b"\n")
            reply = b""
            while not reply.endswith(b"\n"):
                chunk = await stream.receive_some()
                if not chunk:
                    raise ConnectionError("closed in the middle of a reply")
                reply += chunk
            return json.loads(reply)
