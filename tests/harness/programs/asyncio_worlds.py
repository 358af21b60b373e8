"""Small worlds of unmodified asyncio programs, for the tests."""

from __future__ import annotations

import asyncio

from worlds import world_of


def programs(*mains, **options):
    """A world whose servers run these async functions of asyncio."""
    return world_of(*mains, library="asyncio", **options)


async def echo():
    """Serve each connection with what comes over it."""

    async def serve(reader, writer):
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, port=7000)
    await server.serve_forever()
