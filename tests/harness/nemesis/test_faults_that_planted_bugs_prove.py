"""Clock jumps, clock drift and duplication each find a bug that does not show without them.

The planted bugs of the systems are found by other faults; the ones below by these. Each is a few
lines, valid without faults, and invalid within a few seeds of its fault.
"""

from __future__ import annotations

import pytest
import trio

from splitbrain.harness import Plan
from splitbrain.harness.client import request
from splitbrain.harness.planning import draw
from splitbrain.harness.searching import search
from splitbrain.harness.workloads import register, set_

TTL = 0.05
GRACE = 0.08


class LeasedCache:
    """n2 has the values; n1 answers reads and keeps a value for TTL seconds by a clock of its own.

    n2 acknowledges a write GRACE seconds later, when every older copy must have gone. That holds as
    long as both clocks run as they should (DDIA chapter 8: two nodes evaluate one expiry).
    """

    def __init__(self, node):
        self.node = node
        self.values = {}
        self.cached = {}
        self.waiting = {}

    def now(self):
        return trio.current_time()

    async def run(self):
        async with trio.open_nursery() as nursery:
            while True:
                source, (kind, *rest) = await self.node.network.receive()
                if kind == "request" and rest[1] == "write":
                    nursery.start_soon(self.write, source, *rest)
                elif kind == "request":
                    self.read(source, *rest)
                elif kind == "fetch":
                    self.node.network.send(source, ("value", rest[0], self.values.get(rest[0])))
                else:
                    self.fetched(*rest)

    async def write(self, client, number, _f, key, value):
        self.values[key] = value
        await trio.sleep(GRACE)
        self.node.network.send(client, ("reply", number))

    def read(self, client, number, _f, key):
        value, until = self.cached.get(key, (None, -1e18))
        if self.now() < until:
            self.node.network.send(client, ("reply", number, value))
            return
        if not self.waiting.setdefault(key, []):
            self.node.network.send("n2", ("fetch", key))
        self.waiting[key].append((client, number))

    def fetched(self, key, value):
        self.cached[key] = (value, self.now() + TTL)
        for client, number in self.waiting.pop(key):
            self.node.network.send(client, ("reply", number, value))


class WallClockCache(LeasedCache):
    """The same, by the wall clock."""

    def now(self):
        return self.node.clock.time()


class CacheClient:
    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n1", "read", key))[0]

    async def write(self, key, value):
        await request(self.node, "n2", "write", key, value)


class BlindLog:
    """n1 forwards what is added to n2, which keeps all that arrives, however often it does."""

    def __init__(self, node):
        self.node = node
        self.elements = []

    async def run(self):
        while True:
            source, (kind, *rest) = await self.node.network.receive()
            if kind == "append":
                self.elements.append(rest[0])
            elif rest[1] == "add":
                self.node.network.send("n2", ("append", rest[2]))
                self.node.network.send(source, ("reply", rest[0]))
            else:
                self.node.network.send(source, ("reply", rest[0], tuple(self.elements)))


class LogClient:
    def __init__(self, node, server):
        self.node = node

    async def add(self, element):
        await request(self.node, "n1", "add", element)

    async def read_all(self):
        return list((await request(self.node, "n2", "read"))[0])


def cache(server, plan):
    return plan.using(server, register(CacheClient, keys=1))


def log(server, plan):
    return plan.using(server, set_(LogClient))


CASES = [
    # fault, server, experiment, what it looks like, the first seed that finds it
    ("clock.drift", LeasedCache, cache, "linearizable(cas-register)/", 15),
    ("clock.bump", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("net.duplicate", BlindLog, log, "set-full/duplicated", 0),
]


def hunt(server, experiment, faults, seeds):
    plan = Plan("", "", nodes=2, time_limit=6.0, rate=120.0)
    return search(lambda seed: experiment(server, draw(plan.with_(seed=seed), faults)), seeds)


@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_the_fault_finds_the_bug(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, fault, [seed])

    assert found.failure is not None
    assert found.failure.signature.startswith(shows)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_it_finds_it_within_twenty_seeds(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, fault, range(20))

    assert found.failure is not None
    assert found.failure.plan.seed == seed


@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_without_faults_the_bug_does_not_show(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, "none", range(seed, seed + 4))

    assert (found.valid, found.failure) == (4, None)
