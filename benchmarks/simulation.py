"""How fast the simulator is: virtual seconds a second of CPU, beside what a user would write.

    python benchmarks/simulation.py [--virtual 20] [--repeat 5]
    python benchmarks/simulation.py --systems 'multi-leader.*|partitioned.*' [--runs 10]

The same program (five Raft nodes, five clients, 50 operations a virtual second) runs

* **plain**: in one ``trio.run`` under ``MockClock(autojump_threshold=0)``, a task for each message;
* **splitbrain**: in a simulated world, with and without a trace, and with the trace written as
  JSON lines;
* **whole run**: through ``splitbrain.harness.runs.running``: generator, recording, checkers and
all.

With ``--systems`` it is how many whole runs a minute of CPU a system takes instead: eight virtual
seconds at 30 operations a second under all faults that it claims to survive, judged, without a
trace, as hunts have it; each of its workloads in turn.

Below stand the rows of `programs.py`: how many exchanges of a line a second of CPU unmodified
programs reach over asyncio's streams and trio's, and one for ``Node``, beside plain asyncio on a
virtual clock and simloom.

Both run in this process, one after the other, several times; figures are medians of CPU time, and
the ratio is that of the medians. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import random
import re
import statistics
import time
from collections.abc import Callable
from functools import partial

import programs
import trio
import trio.testing
from quick import parsed

from splitbrain.harness import Plan
from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.simulation.trio_runs import GuestRun
from splitbrain.harness.simulation.world import World
from splitbrain.harness.streams import stream
from splitbrain.systems import registry
from splitbrain.systems.consensus.raft import RaftClient, RaftKV

SERVERS = tuple(f"n{i}" for i in range(1, 6))
CLIENTS = tuple(f"c{i}" for i in range(1, 6))
RATE = 50.0
SEED = 1


class Count:
    operations = 0
    messages = 0


def server(node):
    return RaftKV(node).run()


async def client(node, count: Count):
    raft = RaftClient(node, SERVERS[int(node.name[1:]) % len(SERVERS)])
    for number in range(10**9):
        await trio.sleep(node.random.expovariate(RATE / len(CLIENTS)))
        with trio.move_on_after(2.0):
            if node.random.random() < 0.5:
                await raft.write(node.random.choice("xyz"), f"{node.name}-{number}")
            else:
                await raft.read(node.random.choice("xyz"))
            count.operations += 1


# What a user would write


class PlainNode:
    """The node's interfaces over one trio program: a task a message, sleeps for the disk."""

    def __init__(self, name: str, ground: PlainGround) -> None:
        self.name = name
        self.peers = tuple(other for other in SERVERS if other != name)
        self.random = stream(SEED, "node", name)
        self.network = self.disk = self.clock = self
        self._files = SimulatedDisk(stream(SEED, "disk", name))
        self._ground = ground
        self._send, self._receive = trio.open_memory_channel(10_000)

    def trace(self, *event):
        return None

    announce = show = trace
    pictured = False

    def send(self, destination, message):
        self._ground.count.messages += 1
        self._ground.nursery.start_soon(self._deliver, destination, message)

    async def _deliver(self, destination, message):
        delay = 0.0005 + 0.0015 * self.random.random()
        await trio.sleep(delay)
        await self._ground.nodes[destination]._send.send((self.name, message))

    async def receive(self):
        return await self._receive.receive()

    def time(self):
        return trio.current_time()

    monotonic = time

    async def fsync(self, path):
        pending = self._files.begin_sync(path)
        await trio.sleep(0.0005 + 0.001 * self.random.random())
        self._files.end_sync(pending)

    async def fsync_dir(self):
        await trio.sleep(0.001)

    def __getattr__(self, name):
        return getattr(self._files, name)


class PlainGround:
    def __init__(self) -> None:
        self.count = Count()
        self.nodes = {name: PlainNode(name, self) for name in SERVERS + CLIENTS}

    async def main(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as self.nursery:
                for name in SERVERS:
                    self.nursery.start_soon(server, self.nodes[name])
                for name in CLIENTS:
                    self.nursery.start_soon(client, self.nodes[name], self.count)


def plain(seconds: float) -> Count:
    ground = PlainGround()
    trio.run(ground.main, seconds, clock=trio.testing.MockClock(autojump_threshold=0))
    return ground.count


# Ours


def ours(seconds: float, *, tracing: bool = True, write: bool = False, **options) -> Count:
    with open(os.devnull, "wb") as sink:
        return _ours(seconds, Trace(recording=tracing, file=sink if write else None), **options)


def _ours(seconds: float, trace: Trace, **options) -> Count:
    count = Count()
    world = World(SEED, trace=trace, **options)
    for name in SERVERS:
        world.add_server(name, server, tuple(other for other in SERVERS if other != name))
    for name in CLIENTS:
        world.add_client(name, partial(client, count=count), SERVERS)
    with world.booted():
        world.run_until(seconds)
    trace.flush()
    count.messages = world.network.sent
    return count


def whole_run(seconds: float) -> Count:
    plan = Plan("raft", "register", nodes=5, clients=5, rate=RATE, seed=SEED, time_limit=seconds)
    result = run(registry.experiment(plan))
    assert result.validity == "valid", result.verdicts
    count = Count()
    count.operations = len(result.history.calls())
    count.messages = sum(event[1] == "send" for event in result.trace.events)
    return count


def cpu_seconds(function: Callable[[float], Count], seconds: float) -> tuple[float, Count]:
    gc.collect()
    start = time.process_time()
    count = function(seconds)
    return time.process_time() - start, count


def runs_a_minute(name: str, runs: int) -> float:
    """Whole runs of a system a minute of CPU."""
    system = registry.SYSTEMS[name]
    claimed = system.claims.kinds if system.claims is not None else ()
    start = time.process_time()
    for seed in range(runs):
        workload = system.workloads[seed % len(system.workloads)]
        plan = Plan(name, workload, nodes=system.nodes, seed=seed, time_limit=8.0, rate=30.0)
        faults = ",".join(kind.id for kind in resolve(claimed)) or "none"
        run(registry.experiment(draw(plan, faults, within=system.claims)), tracing=False)
    return 60 * runs / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--virtual", type=float, default=20.0, help="virtual seconds a run")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each; the median counts")
    parser.add_argument("--systems", help="systems by a regular expression: runs a minute of each")
    parser.add_argument("--runs", type=int, default=10, help="runs of each system")
    arguments = parsed(parser, virtual=5.0, repeat=2)
    if arguments.systems:
        runs_a_minute("raft", 1)  # imports what all need
        for name in registry.SYSTEMS.ours:
            if re.fullmatch(arguments.systems, name):
                print(f"{name:40}{runs_a_minute(name, arguments.runs):8.0f} runs a minute")
        return
    contenders = {
        "plain trio, MockClock, a task a message": plain,
        "splitbrain, no trace": partial(ours, tracing=False),
        "splitbrain, trace in memory": ours,
        "splitbrain, trace written": partial(ours, write=True),
        "splitbrain through trio's guest mode": partial(ours, tracing=False, make_run=GuestRun),
        "whole run: generator, history, checkers": whole_run,
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    counts: dict[str, Count] = {}
    for _ in range(arguments.repeat):
        for name, function in contenders.items():
            taken, counts[name] = cpu_seconds(function, arguments.virtual)
            times[name].append(taken)
    base, *_ = (statistics.median(taken) for taken in times.values())
    print(f"Python {platform.python_version()}, trio {trio.__version__}, {platform.machine()}")
    print(f"5 Raft nodes, 5 clients, {RATE:g} operations a virtual second, {arguments.virtual:g} s")
    print(f"{'':42}{'virtual s/s':>12}{'best':>8}{'ratio':>8}{'messages/s':>12}{'operations':>12}")
    for name, taken in times.items():
        median, count = statistics.median(taken), counts[name]
        print(
            f"{name:42}{arguments.virtual / median:12.1f}{arguments.virtual / min(taken):8.1f}"
            f"{base / median:8.2f}{count.messages / median:12.0f}{count.operations:12d}"
        )
    without = statistics.median(times["splitbrain, no trace"])
    for name in ("splitbrain, trace in memory", "splitbrain, trace written"):
        print(f"{name}: {100 * (statistics.median(times[name]) / without - 1):+.1f} %")
    programs.show_rows(arguments.virtual, arguments.repeat)
    random.seed()


if __name__ == "__main__":
    main()
