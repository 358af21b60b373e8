"""The engine: a dictionary, and a log of what was done to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.batches import decoded, encoded
from splitbrain.systems.storage.engine import Batch, Engine, Full
from splitbrain.systems.storage.server import StorageServer
from splitbrain.systems.storage.witnessed_log import WitnessedLog

LOG = "log"
CHUNK = 64
"""Keys in one record of a log that is written anew."""


class DictSnapshot:
    """A dictionary that nobody changes any more."""

    def __init__(self, values: Mapping[bytes, bytes]) -> None:
        self._values = values
        self._keys = sorted(values)

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        start = 0 if after is None else bisect_right(self._keys, after)
        return [(key, self._values[key]) for key in self._keys[start : start + limit]]

    def close(self) -> None:
        """See `splitbrain.systems.storage.engine.Snapshot`."""


class LogStore(Engine):
    """See `splitbrain.systems.storage.write_ahead_log`."""

    log_class: ClassVar[type[WitnessedLog]] = WitnessedLog
    slack: ClassVar[int] = 1 << 20

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.log = self.log_class(disk, LOG)
        self.values: dict[bytes, bytes] = {}

    async def open(self) -> None:
        """See `Engine.open`."""
        self.values = replayed(self.log.read())
        await self._rewrite()

    async def _rewrite(self) -> None:
        await self.log.begin(self.records(sorted(self.values.items())))

    def records(self, batch: Sequence[tuple[bytes, bytes | None]]) -> Iterator[bytes]:
        """What stands in the log for all data."""
        return (encoded(chunk) for chunk in _chunks(batch))

    async def write(self, batches: Sequence[Batch]) -> int:
        """See `Engine.write`."""
        done = 0
        for batch in batches:
            try:
                self.append(batch)
            except Full:
                break
            done += 1
        if done:
            await self.log.sync()
        for batch in batches[:done]:
            apply(self.values, batch)
        return done

    def append(self, batch: Batch) -> None:
        """Write a batch to the log."""
        self.log.append(encoded(batch))

    async def settle(self) -> bool:
        """See `Engine.settle`."""
        marked = await self.log.mark()
        data = sum(len(key) + len(value) for key, value in self.values.items())
        if self.log.chain.end > 2 * data + self.slack:
            try:
                await self._rewrite()
            except Full:
                return False
        return marked

    def get(self, key: bytes) -> bytes | None:
        """See `Engine.get`."""
        return self.values.get(key)

    def snapshot(self) -> DictSnapshot:
        """See `Engine.snapshot`."""
        return DictSnapshot(dict(self.values))

    async def compact(self) -> None:
        """See `Engine.compact`."""
        await self._rewrite()

    def verify(self) -> list[str]:
        """See `Engine.verify`."""
        chain = self.log.chain
        if chain.synced < chain.sequence:
            return []  # a write is under way
        found = replayed(self.log.read())
        if found == self.values:
            return []
        different = sorted(k for k in found.keys() | self.values if found.get(k) != self.get(k))
        return [f"the log does not make the data: {different[0]!r} is different"]


class SmallLogStore(LogStore):
    """The engine with a log that is soon written anew, as simulated runs need it."""

    slack = 1024


class LogStoreServer(StorageServer):
    """The engine on the network."""

    engine_class = SmallLogStore


def apply(values: dict[bytes, bytes], batch: Batch) -> None:
    """Do the writes of a batch to a dictionary."""
    for key, value in batch:
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value


def replayed(records: Sequence[bytes]) -> dict[bytes, bytes]:
    """What the records of a log make.

    Raises:
        Damaged: one is no batch.
    """
    values: dict[bytes, bytes] = {}
    for record in records:
        apply(values, decoded(record))
    return values


def _chunks(batch: Sequence[tuple[bytes, bytes | None]]) -> Iterator[Batch]:
    return (batch[start : start + CHUNK] for start in range(0, len(batch), CHUNK))
