"""Stores of asyncio that are right as long as tasks go on in the order in which they became ready,
or as long as the cache isn't full.

`answers_early` has a task of its own put a value away, and gives it its turn before it answers;
`answers_late` waits for it. `forgets` writes changed values down when they have left the cache,
unless it was full; `evicts` writes them down then, too.
"""

import asyncio
import json

from splitbrain import asyncio_client, buggify

PORT, FULL = 7300, 1000
kept: dict[str, int] = {}
cached: dict[str, int] = {}


async def answers_early():
    await serve(write_early)


async def answers_late():
    await serve(write_late)


async def forgets():
    await serve(write_cached, read_cached)


async def evicts():
    await serve(write_through, read_cached)


async def put_away(key, value):
    kept[key] = value


async def write_early(key, value):
    putting = asyncio.create_task(put_away(key, value))
    await asyncio.sleep(0)  # the task goes first: asyncio's queue of what is ready is one
    return putting


async def write_late(key, value):
    await asyncio.create_task(put_away(key, value))


async def write_cached(key, value):
    if len(cached) > FULL or buggify("cache-full"):
        cached.clear()
    cached[key] = value


async def write_through(key, value):
    if len(cached) > FULL or buggify("cache-full"):
        kept.update(cached)
        cached.clear()
    cached[key] = value


async def read(key):
    return kept.get(key)


async def read_cached(key):
    return cached.get(key, kept.get(key))


async def serve(write, read=read):
    async def answer(reader, writer):
        try:
            while line := await reader.readline():
                f, *request = json.loads(line)
                value = await (read if f == "read" else write)(*request)
                writer.write(json.dumps(value if f == "read" else None).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(answer, port=PORT)
    await server.serve_forever()


@asyncio_client
class Client:
    """A connection for each call, to the first server."""

    def __init__(self, node, server):
        pass

    async def read(self, key):
        return await self.call("read", key)

    async def write(self, key, value):
        await self.call("write", key, value)

    async def call(self, *request):
        reader, writer = await asyncio.open_connection("n1", PORT)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            if line := await reader.readline():
                return json.loads(line)
            raise ConnectionError("no answer")
        finally:
            writer.close()
