"""How fast unmodified programs run: exchanges a second of CPU, beside simloom.

    python benchmarks/programs.py [--virtual 20] [--repeat 5]

Four clients write a line to a server and read it back, each 100 times a virtual second:

* **asyncio streams**: ``asyncio.start_server`` and ``asyncio.open_connection``, as they are;
* **trio streams**: ``trio.serve_tcp`` and ``trio.open_tcp_stream``, as they are;
* **Node**: the same exchange written against `splitbrain.harness.node.Node`;
* **plain asyncio**: the same program on Python's own loop with a virtual clock, over the loopback
  device: no network, no faults, no trace;
* **simloom**: the same asyncio program, if simloom is installed (it needs Python 3.12).

All run in this process, one after the other, several times; figures are medians of CPU time, with a
trace and without for ours. Their networks differ in latency, so exchanges are what is compared.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable

import trio
from quick import parsed

from splitbrain.harness.programs import program
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.simulation.world import World

CLIENTS = 4
PAUSE_S = 0.01


class Count:
    exchanges = 0


async def asyncio_server(host: str = "n1") -> None:
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, 7000)
    await server.serve_forever()


async def asyncio_client(host: str = "n1") -> None:
    reader, writer = await asyncio.open_connection(host, 7000)
    while True:
        writer.write(b"heartbeat\n")
        await reader.readline()
        Count.exchanges += 1
        await asyncio.sleep(PAUSE_S)


async def trio_server() -> None:
    async def serve(stream):
        async for chunk in stream:
            await stream.send_all(chunk)

    await trio.serve_tcp(serve, 7000)


async def trio_client() -> None:
    stream = await trio.open_tcp_stream("n1", 7000)
    while True:
        await stream.send_all(b"heartbeat\n")
        received = b""
        while not received.endswith(b"\n"):
            received += await stream.receive_some()
        Count.exchanges += 1
        await trio.sleep(PAUSE_S)


async def node_server(node) -> None:
    while True:
        source, message = await node.network.receive()
        node.network.send(source, message)


async def node_client(node) -> None:
    while True:
        node.network.send("n1", ("heartbeat",))
        await node.network.receive()
        Count.exchanges += 1
        await trio.sleep(PAUSE_S)


def of_library(server, client, library: str, virtual: float, recording: bool) -> None:
    def running(main):
        return lambda node: program(main, library=library)(node).run()

    in_world(running(server), running(client), virtual, recording)


def in_world(server, client, virtual: float, recording: bool) -> None:
    world = World(1, trace=Trace(recording=recording))
    names = [f"n{i + 1}" for i in range(CLIENTS + 1)]
    for name in names:
        peers = tuple(other for other in names if other != name)
        world.add_server(name, server if name == "n1" else client, peers)
    with world.booted():
        world.run_until(virtual)


class VirtualClock(asyncio.SelectorEventLoop):
    """Python's own loop, whose time jumps to the next timer where it would wait for it."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__()
        select = self._selector.select

        def at_once(timeout: float | None) -> list:
            ready = select(0)
            if not ready and timeout:
                # What is on its way through the loopback device is there after a moment.
                ready = select(0.00005)
                self._now += 0.0 if ready else timeout
            return ready or (select(None) if timeout is None else [])

        self._selector.select = at_once

    def time(self) -> float:
        return self._now


def with_plain_asyncio(virtual: float) -> None:
    async def main() -> None:
        # Its handlers of connections are cancelled in the end, which the loop would tell.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        server = asyncio.create_task(asyncio_server("127.0.0.1"))
        await asyncio.sleep(0.001)
        clients = [asyncio.create_task(asyncio_client("127.0.0.1")) for _ in range(CLIENTS)]
        await asyncio.sleep(virtual)
        for task in (*clients, server):
            task.cancel()

    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        runner.run(main())


def with_simloom(virtual: float) -> None:
    import simloom

    async def main(world):
        world.host("n1").spawn(asyncio_server)
        await world.sleep(0.001)
        for number in range(CLIENTS):
            world.host(f"n{number + 2}").spawn(asyncio_client)
        await world.sleep(virtual)

    simloom.run(main, seed=1, on_unhandled="record")


def measured(action: Callable[[], None], virtual: float, repeat: int) -> str:
    """Exchanges a second of CPU, and a virtual second; virtual seconds a second of CPU."""
    seconds = []
    for _ in range(repeat):
        Count.exchanges = 0
        gc.collect()
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    median = statistics.median(seconds)
    count = Count.exchanges
    return f"{count / median:12.0f} {count / virtual:12.0f} {virtual / median:10.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--virtual", type=float, default=20.0, help="virtual seconds of a run")
    parser.add_argument("--repeat", type=int, default=5)
    options = parsed(parser, virtual=4.0, repeat=2)
    show_rows(options.virtual, options.repeat)


def show_rows(virtual: float, repeat: int) -> None:
    """Print what each of them reaches."""
    print(f"CPython {platform.python_version()}, trio {trio.__version__}, {os.cpu_count()} cores")
    print("exchanges a second of CPU, a virtual second; virtual seconds a second of CPU")
    for recording in (True, False):
        told = "with a trace" if recording else "without a trace"
        rows = {
            "asyncio streams": lambda r=recording: of_library(
                asyncio_server, asyncio_client, "asyncio", virtual, r
            ),
            "trio streams": lambda r=recording: of_library(
                trio_server, trio_client, "trio", virtual, r
            ),
            "Node": lambda r=recording: in_world(node_server, node_client, virtual, r),
        }
        for name, action in rows.items():
            print(f"{name + ', ' + told:32} {measured(action, virtual, repeat)}", flush=True)
    plain = measured(lambda: with_plain_asyncio(virtual), virtual, repeat)
    print(f"{'plain asyncio, virtual clock':32} {plain}", flush=True)
    try:
        import simloom
    except ImportError:
        print("simloom is not installed")
        return
    row = f"simloom {simloom.__version__}, asyncio streams"
    print(f"{row:32} {measured(lambda: with_simloom(virtual), virtual, repeat)}")


if __name__ == "__main__":
    main()
