"""Generated programs end alike on Python's own loop, or trio's own run, and in simulation.

The programs are made of tasks, queues, locks, timeouts, cancellation, errors and streams over
`localhost`. What each notes down does not depend on which ready task goes first.
"""

from __future__ import annotations

import asyncio
import random

import pytest
import trio
import trio.testing
from worlds import run, world_of

STEP_S = 0.0005


class Asyncio:
    """What a generated program is written against, on asyncio."""

    sleep = staticmethod(asyncio.sleep)
    errors = (asyncio.CancelledError,)

    async def together(self, *mains):
        async with asyncio.TaskGroup() as group:
            for main in mains:
                group.create_task(main())

    async def within(self, seconds, main):
        try:
            async with asyncio.timeout(seconds):
                return await main()
        except TimeoutError:
            return "timed out"

    def lock(self):
        return asyncio.Lock()

    def channel(self):
        queue = asyncio.Queue(2)
        return queue.put, queue.get

    async def echoed(self, data):
        async def serve(reader, writer):
            writer.write((await reader.read())[::-1])
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        server.close()
        return answer


class Trio:
    """The same on trio."""

    sleep = staticmethod(trio.sleep)
    errors = (trio.Cancelled,)

    async def together(self, *mains):
        async with trio.open_nursery() as nursery:
            for main in mains:
                nursery.start_soon(main)

    async def within(self, seconds, main):
        with trio.move_on_after(seconds) as scope:
            return await main()
        assert scope.cancelled_caught
        return "timed out"

    def lock(self):
        return trio.Lock()

    def channel(self):
        send, receive = trio.open_memory_channel(2)
        return send.send, receive.receive

    async def echoed(self, data):
        async def serve(stream):
            received = b"".join([chunk async for chunk in stream])
            await stream.send_all(received[::-1])

        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, serve, 0)
            stream = await trio.testing.open_stream_to_socket_listener(listeners[0])
            await stream.send_all(data)
            await stream.send_eof()
            answer = b"".join([chunk async for chunk in stream])
            nursery.cancel_scope.cancel()
        return answer


def generated(seed, api):
    """A program: an async function that returns its notes."""
    dice = random.Random(f"parity {seed}")

    def part(depth):
        kinds = ["sleep", "queue", "lock", "timeout", "stream", "error"]
        kind = dice.choice(kinds + ["group"] * (depth < 3))
        name = f"{kind}{dice.randrange(1000)}"
        if kind == "group":
            parts = [part(depth + 1) for _ in range(dice.randrange(1, 4))]

            async def group():
                notes = {}

                def noting(number, one):
                    async def main():
                        notes[number] = await one()

                    return main

                await api.together(*(noting(n, one) for n, one in enumerate(parts)))
                return [name, sorted(notes.items())]

            return group
        size, slow = dice.randrange(1, 6), dice.random() < 0.5
        data = dice.randbytes(7 * size)
        return {
            "sleep": lambda: sleeping(name, size),
            "queue": lambda: queued(name, size),
            "lock": lambda: locked(name, size),
            "timeout": lambda: timed(name, slow),
            "stream": lambda: streamed(name, data),
            "error": lambda: failing(name),
        }[kind]

    async def sleeping(name, size):
        for _ in range(size):
            await api.sleep(STEP_S)
        return [name, size]

    async def queued(name, size):
        put, get = api.channel()
        got = []

        async def produce():
            for number in range(size):
                await put(number)

        async def consume():
            for _ in range(size):
                got.append(await get())

        await api.together(produce, consume)
        return [name, got]

    async def locked(name, size):
        lock, total = api.lock(), [0]

        async def add():
            async with lock:
                before = total[0]
                await api.sleep(0)
                total[0] = before + 1

        await api.together(*[add] * size)
        return [name, total]

    async def timed(name, slow):
        unwound = []

        async def main():
            try:
                await api.sleep(60 if slow else 0)
                return "done"
            except api.errors:
                unwound.append("cancelled")
                raise

        return [name, await api.within(0.01 if slow else 60, main), unwound]

    async def streamed(name, data):
        return [name, await api.echoed(data)]

    async def failing(name):
        async def fail():
            raise ValueError(name)

        async def wait():
            await api.sleep(60)

        try:
            await api.together(fail, wait)
        except ExceptionGroup as group:
            return [name, [str(error) for error in group.exceptions]]
        raise AssertionError("the group did not fail")

    parts = [part(0) for _ in range(3)]

    async def program():
        return [await one() for one in parts]

    return program


def simulated(seed, api, library):
    notes = []

    async def main():
        notes.extend(await generated(seed, api)())

    run(world_of(main, library=library, seed=seed), 1000.0)
    return notes


def differing(seeds):
    """The seeds whose programs end otherwise in simulation, by library."""
    stock = {
        "asyncio": lambda seed: asyncio.run(generated(seed, Asyncio())()),
        "trio": lambda seed: trio.run(generated(seed, Trio())),
    }
    apis = {"asyncio": Asyncio(), "trio": Trio()}
    return [
        (library, seed)
        for library, real in stock.items()
        for seed in seeds
        if simulated(seed, apis[library], library) != real(seed)
    ]


def test_generated_programs_end_alike():
    assert differing(range(20)) == []


@pytest.mark.nightly
def test_thousands_of_generated_programs_end_alike():
    assert differing(range(20, 2020)) == []


def test_the_two_libraries_agree_too():
    assert [
        seed
        for seed in range(20)
        if simulated(seed, Asyncio(), "asyncio") != simulated(seed, Trio(), "trio")
    ] == []
