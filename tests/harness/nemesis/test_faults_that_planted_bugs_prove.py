"""Clocks, duplication, disks, clients, services and versions each find a bug that does not show
without them.

The planted bugs of the systems are found by other faults; the ones below by these. Each is a few
lines, valid without faults, and invalid within a few seeds of its fault.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from splitbrain.harness import Plan
from splitbrain.harness.client import request
from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.plan import Fault
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.harness.searching.seeds import search
from splitbrain.harness.workloads import register, set_
from splitbrain.systems.registry import bugs

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


class LockAndList:
    """n1 lends a lock for LEASE seconds and keeps a list; it doesn't ask writers for the lock."""

    LEASE = 0.1

    def __init__(self, node):
        self.node = node
        self.elements = ()
        self.until = 0.0
        self.owner = None

    async def run(self):
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            now = trio.current_time()
            answer = self.elements
            if f == "lock":
                answer = now >= self.until
                if answer:
                    self.owner, self.until = source, now + self.LEASE
            elif f == "unlock" and self.owner == source:
                self.until = 0.0
            elif f == "write":
                self.elements = rest[0]
            self.node.network.send(source, ("reply", number, answer))


class Worker:
    """Reads the list and writes it back under the lock: one that stands still past its lease
    overwrites what others added (Kleppmann, "How to do distributed locking", 2016)."""

    def __init__(self, node, server):
        self.node = node

    async def ask(self, *message):
        return (await request(self.node, "n1", *message))[0]

    async def read_all(self):
        return list(await self.ask("read"))

    async def add(self, element):
        while not await self.ask("lock"):
            await trio.sleep(0.01)
        elements = await self.ask("read")
        await trio.sleep(0.01)  # the work that the lock is for
        await self.ask("write", (*elements, element))
        await self.ask("unlock")


class Rewriter(Worker):
    """Empties the list before it writes it anew: one that dies in between leaves nothing."""

    async def read_all(self):
        while not await self.ask("lock"):
            await trio.sleep(0.01)
        elements = list(await self.ask("read"))
        await self.ask("unlock")
        return elements

    async def add(self, element):
        while not await self.ask("lock"):
            await trio.sleep(0.01)
        elements = await self.ask("read")
        await self.ask("write", ())
        await trio.sleep(0.01)
        await self.ask("write", (*elements, element))
        await self.ask("unlock")


class Retrying:
    """Adds again when no answer comes, though the element may be there already."""

    def __init__(self, node, server):
        self.node = node

    async def add(self, element):
        for _ in range(20):
            with trio.move_on_after(0.1):
                await request(self.node, "n2", "add", element)
                return

    async def read_all(self):
        return list((await request(self.node, "n2", "read"))[0])


class Keeper:
    """n2 keeps what is added, however often it is."""

    def __init__(self, node):
        self.node = node
        self.elements = []

    async def run(self):
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            if f == "add":
                self.elements.append(rest[0])
            self.node.network.send(source, ("reply", number, tuple(self.elements)))


class RemembersTheLast(Keeper):
    """n2 knows a client's last request when it comes again, and no earlier one."""

    async def run(self):
        last = {}
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            if f == "add" and last.get(source) != number:
                self.elements.append(rest[0])
            last[source] = number
            self.node.network.send(source, ("reply", number, tuple(self.elements)))


class Fallible(Keeper):
    """The same; it can be made to fail at once, and says so."""

    def __init__(self, node):
        super().__init__(node)
        self.elements = [0]

    @staticmethod
    def refusal(message):
        match message:
            case ("request", number, *_):
                return "reply", number, ()
        return None


class Unheeding(Retrying):
    """Takes each answer for good news; what is read has at least what was there at first."""

    async def read_all(self):
        elements = ()
        while not elements:
            (elements,) = await request(self.node, "n2", "read")
        return list(elements[1:])


class Overflowing(Keeper):
    """n2 acknowledges what comes, has room for forty until it takes them over, and takes them over
    ten times a second."""

    async def run(self):
        self.taken = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.take_over)
            while True:
                source, (_request, number, f, *rest) = await self.node.network.receive()
                if f == "add":
                    self.elements = [*self.elements, rest[0]][-40:]
                    self.node.network.send(source, ("reply", number))
                else:
                    elements = (*self.taken, *self.elements)
                    self.node.network.send(source, ("reply", number, elements))

    async def take_over(self):
        while True:
            await trio.sleep(0.1)
            self.taken, self.elements = [*self.taken, *self.elements], []


class Migrating:
    """n2 ends elements in its file by a character of its version, and knows no other."""

    version = 1
    versions = (1, 2)

    def __init__(self, node):
        self.node = node

    async def run(self):
        disk, end = self.node.disk, b"\n;"[self.version - 1 : self.version]
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            if f == "add":
                disk.append("elements", str(rest[0]).encode() + end)
                await disk.fsync("elements")
            whole = disk.read("elements").split(end) if disk.exists("elements") else []
            elements = tuple(int(part) for part in whole if part.isdigit())
            self.node.network.send(source, ("reply", number, elements))


def unheeding(server, plan):
    return plan.using(server, set_(Unheeding))


def impatient(server, plan):
    return plan.using(server, register(ImpatientClient, keys=1))


def trusting(server, plan):
    return plan.using(server, register(ImpatientClient, keys=3))


def mirrored(server, plan):
    return plan.using(server, register(MirrorClient, keys=3))


def worker(server, plan):
    return plan.using(server, set_(Worker))


def rewriter(server, plan):
    return plan.using(server, set_(Rewriter))


def retrying(server, plan):
    return plan.using(server, set_(Retrying))


def cache(server, plan):
    return plan.using(server, register(CacheClient, keys=1))


def log(server, plan):
    return plan.using(server, set_(LogClient))


CASES = [
    # fault, server, experiment, what it looks like, the first seed that finds it
    ("clock.drift", LeasedCache, cache, "linearizable(cas-register)/", 15),
    ("clock.bump", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("clock.strobe", PolledLog, log, "set-full/lost", 0),
    ("clock.freeze", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("clock.backward", PolledLog, log, "set-full/lost", 0),
    ("clock.slew", WallClockCache, cache, "linearizable(cas-register)/", 14),
    ("clock.leap", WallClockCache, cache, "linearizable(cas-register)/", 0),
    ("net.duplicate", BlindLog, log, "set-full/duplicated", 0),
    ("disk.slow", Impatient, impatient, "linearizable(cas-register)/", 0),
    ("disk.stall", LessImpatient, impatient, "linearizable(cas-register)/", 0),
    ("disk.fsync_error,process.power_loss", Trusting, trusting, "linearizable(cas-register)/", 13),
    ("disk.eio", Trusting, trusting, "linearizable(cas-register)/", 1),
    ("disk.enospc", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.short_io", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.lost_write", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.misdirected", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.stale_read", Trusting, trusting, "linearizable(cas-register)/", 2),
    ("disk.bitrot", Trusting, trusting, "linearizable(cas-register)/", 9),
    ("disk.truncate", Trusting, trusting, "linearizable(cas-register)/", 0),
    ("disk.helix", Trusting, mirrored, "linearizable(cas-register)/", 1),
    ("client.kill", LockAndList, rewriter, "set-full/lost", 0),
    ("client.pause", LockAndList, worker, "set-full/lost", 0),
    ("service.answers_lost", Keeper, retrying, "set-full/duplicated", 1),
    ("service.error_fast", Fallible, unheeding, "set-full/lost", 0),
    ("service.slow", Keeper, retrying, "set-full/duplicated", 0),
    ("service.load_spike", Overflowing, retrying, "set-full/lost", 0),
    ("version.upgrade", Migrating, retrying, "set-full/lost", 0),
    ("version.rollback", Migrating, retrying, "set-full/lost", 0),
    ("client.partition", Keeper, retrying, "set-full/duplicated", 1),
    ("client.duplicate", Keeper, retrying, "set-full/duplicated", 0),
]

ELSEWHERE = {"member.dead", *(kind.id for kind in KINDS if kind.apart)}
"""The first finds who needs the dead, in ``tests/harness/runs/test_liveness.py``; those of real
processes find in ``tests/harness/processes`` what they must, those of connections in
``tests/harness/programs/test_connection_faults.py``."""


def test_every_kind_of_fault_has_a_bug_that_it_finds():
    shown = {kind for faults, *_ in CASES for kind in faults.split(",")}
    shown.update(kind for _, bug in bugs().values() for kind in bug.faults)

    assert shown | ELSEWHERE == {kind.id for kind in KINDS}


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


def test_only_copies_that_come_late_find_who_remembers_one_request_of_each():
    def first_invalid(later):
        fault = Fault("client.duplicate", 0.5, 5.0, "all", {"probability": 0.5, "later": later})
        plan = Plan("", "", nodes=2, time_limit=6.0, rate=20.0, clients=2, faults=(fault,))
        made = [retrying(RemembersTheLast, plan.with_(seed=seed)) for seed in range(3)]
        return [run(one, tracing=False).signature for one in made]

    assert first_invalid(0.0) == [""] * 3
    assert first_invalid(0.4) == ["set-full/duplicated"] * 3


@pytest.mark.parametrize(("fault", "server", "experiment", "shows", "seed"), CASES)
def test_without_faults_the_bug_does_not_show(fault, server, experiment, shows, seed):
    found = hunt(server, experiment, "none", range(seed, seed + 4))

    assert (found.valid, found.failure) == (4, None)
