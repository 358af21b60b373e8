"""A cache in front of a database as a page of code sketches it.

``get_data(key)`` looks into the cache, else asks the database and keeps the answer for an hour.

Guarantees: none. The design's weaknesses are kept, since they are what there is to see:

* Writes tell no cache, so what was read once is given for an hour.
* A cache is filled after the read whatever happened meanwhile, and by each reader that finds
  nothing.
* A value that Python takes for false is never found in the cache.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.scalability.cache_aside.client import CacheClient
from splitbrain.systems.scalability.cache_aside.entries import Entry
from splitbrain.systems.scalability.cache_aside.front import Front
from splitbrain.systems.scalability.cache_aside.servers import CacheServer

HOUR_S = 3600.0


class SummaryFront(Front):
    """Keeps what it has read."""

    async def read(self, key: str) -> Any:
        """See `get_data`."""
        return await self.get_data(key)

    async def get_data(self, key: str) -> Any:
        """What the cache has, else what the database says."""
        entry = self.entries.entries.get(key)
        if entry is not None and entry.value and self.node.clock.monotonic() < entry.until:
            return entry.value
        version, value = await self.ask("get", key)
        until = self.node.clock.monotonic() + HOUR_S
        self.entries.entries[key] = Entry(version, value, until)
        return value

    async def write(self, key: str, value: Any, name: int) -> None:
        """To the database alone."""
        await self.ask("put", key, value, name)

    async def follow(self) -> None:
        """The sketch doesn't."""


SYSTEM = System(
    name="cache-aside-summary",
    title="a cache that keeps what it read for an hour, as sketched (chapter 1)",
    server=planted(CacheServer, front=SummaryFront),
    client=CacheClient,
    workloads=("cache",),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    sizes=range(2, 10),
)
