"""Servers that keep values and copies of them, and err where clocks, links or disks do."""

from __future__ import annotations

from contextlib import suppress

import trio

from splitbrain.harness.client import request

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


class PolledLog:
    """n1 stamps what is added by its wall clock; n2 asks it for what is later than the latest that
    it has. What a clock that went back stamps is never asked for."""

    def __init__(self, node):
        self.node = node
        self.stamped = []
        self.latest = 0.0

    async def run(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.poll)
            while True:
                source, (kind, *rest) = await self.node.network.receive()
                if kind == "since":
                    later = tuple(entry for entry in self.stamped if entry[0] > rest[0])
                    self.node.network.send(source, ("later", later))
                elif kind == "later":
                    self.stamped += [e for e in rest[0] if e[0] > self.latest]
                    self.latest = max([self.latest, *(stamp for stamp, _ in rest[0])])
                else:
                    self.serve(source, *rest)

    async def poll(self):
        while self.node.name == "n2":
            self.node.network.send("n1", ("since", self.latest))
            await trio.sleep(0.02)

    def serve(self, client, number, f, *element):
        if f == "add":
            self.stamped.append((self.node.clock.time(), element[0]))
        elements = tuple(element for _, element in self.stamped)
        self.node.network.send(client, ("reply", number, elements))


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


class Impatient:
    """n1 keeps values in a file; it waits PATIENCE seconds for an fsync and answers all the same.

    What it then reads from memory is what was synced, so a write that it acknowledged is not there.
    """

    PATIENCE = 0.05

    def __init__(self, node):
        self.node = node
        self.values = {}

    async def run(self):
        async with trio.open_nursery() as nursery:
            while True:
                source, (_request, number, f, *rest) = await self.node.network.receive()
                if f == "write":
                    nursery.start_soon(self.write, source, number, *rest)
                else:
                    value = self.values.get(rest[0])
                    self.node.network.send(source, ("reply", number, value))

    async def write(self, client, number, key, value):
        with trio.move_on_after(self.PATIENCE):
            self.node.disk.append("values", f"{key}={value};".encode())
            await self.node.disk.fsync("values")
            self.values[key] = value
        self.node.network.send(client, ("reply", number))


class LessImpatient(Impatient):
    """The same, with patience for any disk that is only slow."""

    PATIENCE = 0.5


class ImpatientClient:
    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n1", "read", key))[0]

    async def write(self, key, value):
        await request(self.node, "n1", "write", key, value)


class Trusting:
    """n1 keeps values in a log without checksums, and believes whatever its disk says.

    It takes an error of a write for a warning, and syncs again until that works (Rebello et al.,
    "Can Applications Recover from fsync Failures?", ATC 2020).
    """

    def __init__(self, node):
        self.node = node

    async def run(self):
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            with suppress(OSError):
                answer = self.read(*rest) if f == "read" else await self.write(*rest)
                self.node.network.send(source, ("reply", number, answer))

    def read(self, key):
        disk = self.node.disk
        lines = disk.read("log").split(b"\n") if disk.exists("log") else []
        found = [line[1:] for line in lines if line.startswith(key.encode())]
        return int(found[-1]) if found and found[-1].isdigit() else None

    async def write(self, key, value):
        with suppress(OSError):
            self.node.disk.append("log", f"{key}{value}\n".encode())
        await self.sync()

    async def sync(self):
        while True:
            with suppress(OSError):
                await self.node.disk.fsync("log")
                return


class MirrorClient:
    """Writes to both copies, and believes the second one, though the first may be whole."""

    def __init__(self, node, server):
        self.node = node

    async def read(self, key):
        return (await request(self.node, "n2", "read", key))[0]

    async def write(self, key, value):
        for copy in ("n1", "n2"):
            await request(self.node, copy, "write", key, value)
