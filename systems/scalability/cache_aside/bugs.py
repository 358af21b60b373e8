"""Planted bugs of the cache: it, with one decision wrong."""

from __future__ import annotations

from math import inf
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message, Node
from splitbrain.systems.scalability.cache_aside.database import Database
from splitbrain.systems.scalability.cache_aside.entries import TTL_S, Entries, Entry
from splitbrain.systems.scalability.cache_aside.front import Front
from splitbrain.systems.scalability.cache_aside.servers import CacheServer


class WithoutLeases(Entries):
    """Is filled with whatever comes."""

    def may_fill(self, key: str, version: int) -> bool:
        """Also with what was read before the key was written again."""
        return True


class Herd(Front):
    """Asks the database for every read that finds nothing."""

    async def load(self, key: str) -> Entry:
        """When a key ends, all who want it ask at once."""
        return await self.fetch(key)


class EndsByInvalidation(Entries):
    """Keeps entries until it hears that they are old."""

    def until(self, asked: float, value: Any) -> float:
        """Cut off from the database, it never does."""
        return inf


class WritesBoth(Front):
    """Writes to the database and to its cache."""

    async def write(self, key: str, value: Any, name: int) -> None:
        """Two writers' answers may come the other way round."""
        asked = self.node.clock.monotonic()
        (version,) = await self.ask("put", key, value, name)
        self.node.announce("filled", {"key": key, "version": version})
        self.entries.entries[key] = Entry(version, value, self.entries.until(asked, value))


class NothingForEver(Entries):
    """Keeps for ever that there is nothing."""

    def until(self, asked: float, value: Any) -> float:
        """Only what is there ends."""
        return super().until(asked, value) if value is not None else inf

    def drop(self, key: str, entry: Entry) -> None:
        """Only what is there is looked for when something changes."""
        if entry.value is not None:
            super().drop(key, entry)


class WithoutJitter(Entries):
    """Keeps all entries for the same time."""

    def until(self, asked: float, value: Any) -> float:
        """What was asked for in one moment ends in one moment, and the database has all of it."""
        return asked + TTL_S


class TellsTheTime(Database):
    """Says with a value what time it is here."""

    def do(self, f: str, *arguments: Any) -> Message:
        """By its wall clock."""
        answer = super().do(f, *arguments)
        return (*answer, self.node.clock.time()) if f == "get" else answer


class EndsAtATimeOfDay(Front):
    """Compares what time it was at the database with what time it is here."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.entries.clock = node.clock.time

    async def ask(self, *request: Any) -> Message:
        """Keep the time that came with the answer."""
        answer = await super().ask(*request)
        if request[0] != "get":
            return answer
        version, value, self.told = answer
        return version, value

    async def fetch(self, key: str) -> Entry:
        """Whose clock is behind uses what comes for longer."""
        version, value = await self.ask("get", key)
        self.entries.fill(key, version, value, self.told)
        return Entry(version, value, self.told)


class TwoWorkers(Front):
    """Has two workers with entries of their own, of whom one hears what changes."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.deaf = self.entries_class(node.clock.monotonic, node.random, lambda f, value: None)

    async def read(self, key: str) -> Any:
        """Either of them answers, and the other one answers the next read."""
        if self.node.random.random() < 0.5:
            return await super().read(key)
        entry = self.deaf.get(key)
        if entry is None:
            asked = self.node.clock.monotonic()
            entry = await self.load(key)
            self.deaf.fill(key, entry.version, entry.value, asked)
        return entry.value


def _entries(entries: type[Entries]) -> type[CacheServer]:
    return _front(planted(Front, entries_class=entries))


def _front(front: type[Front]) -> type[CacheServer]:
    return planted(CacheServer, front=front)


_SOURCE = "Nishtala et al., Scaling Memcache at Facebook, NSDI 2013, section 3.2.1"

BUGS: tuple[Bug, ...] = (
    Bug(
        id="CACHE-01",
        title="a cache is filled with what was read before the key was written again",
        server=_entries(WithoutLeases),
        workload="cache",
        faults=("net.latency",),
        nodes=3,
        seeds=20,
        shows=("stale-set",),
        source=f"{_SOURCE} (stale sets)",
    ),
    Bug(
        id="CACHE-02",
        title="when a key ends, all who want it ask the database at once",
        server=_front(Herd),
        workload="cache",
        faults=("service.slow",),
        nodes=3,
        seeds=20,
        shows=("herd",),
        source=f"{_SOURCE} (thundering herds)",
    ),
    Bug(
        id="CACHE-03",
        title="entries end by invalidation alone: who is cut off gives them for ever",
        server=_entries(EndsByInvalidation),
        workload="cache",
        faults=("net.partition", "net.partition_oneway"),
        nodes=3,
        seeds=40,
        shows=("entry-outlives", "stale"),
        options={"keys": 3},
        source="Nishtala et al., Scaling Memcache at Facebook, NSDI 2013, section 4",
    ),
    Bug(
        id="CACHE-04",
        title="writers put their values into the cache as well, and cross",
        server=_front(WritesBoth),
        workload="cache",
        faults=("net.latency",),
        nodes=3,
        seeds=40,
        shows=("stale-set",),
        source="DDIA chapter 11, Keeping Systems in Sync (dual writes)",
    ),
    Bug(
        id="CACHE-05",
        title="that there is nothing is kept for ever",
        server=_entries(NothingForEver),
        workload="cache",
        faults=("net.latency",),
        nodes=3,
        seeds=20,
        shows=("entry-outlives", "stale"),
        source="RFC 2308, section 5 (negative answers must end)",
    ),
    Bug(
        id="CACHE-06",
        title="a front has two sets of entries, and one hears of no changes: reads go back",
        server=_front(TwoWorkers),
        workload="cache",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("backwards",),
        source="DDIA chapter 5, Monotonic Reads",
    ),
    Bug(
        id="CACHE-07",
        title="entries last equally long: what is of one moment is asked for again in one moment",
        server=_entries(WithoutJitter),
        workload="cache",
        faults=(),
        nodes=3,
        seeds=5,
        shows=("together",),
        source=f"{_SOURCE} (thundering herds)",
    ),
    Bug(
        id="CLK-12",
        title="when an entry ends is said by one wall clock and looked at by another",
        server=planted(CacheServer, database=TellsTheTime, front=EndsAtATimeOfDay),
        workload="cache",
        faults=("clock.bump", "clock.freeze", "net.partition", "net.partition_oneway"),
        nodes=3,
        seeds=150,
        shows=("entry-outlives", "stale"),
        source="DDIA chapter 8, Clock Synchronization and Accuracy",
    ),
)
