"""The ledger: effects in order, each durable before anybody hears of it.

Records (`splitbrain.systems.frames`): ``(request, account, amount)``. The request's number is the
idempotency key, so a key is exactly as durable as its effect.
"""

from __future__ import annotations

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems import frames

Payment = tuple[int, str, int]

PATH = "ledger"
_START = 0x50415953  # what the first frame's checksum continues


class Ledger:
    """All payments that had their effect.

    Attributes:
        payments: by request; those whose fsync is under way included.
        durable: how many of them, in order, are on disk.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._checksum = _START
        self._syncing = trio.Lock()
        self.entries: list[Payment] = []
        self.durable = 0

    async def open(self) -> None:
        """Read what survived, cut off a torn tail, and make both durable."""
        disk = self._disk
        if not disk.exists(PATH):
            disk.append(PATH, b"")
        data = disk.read(PATH)
        records, end, self._checksum = frames.decode(data, _START)
        if end < len(data):
            disk.truncate(PATH, end)
        await disk.fsync(PATH)
        await disk.fsync_dir()
        self.entries = [(request, account, amount) for request, account, amount in records]
        self.durable = len(self.entries)

    def append(self, payment: Payment) -> int:
        """Write a payment, into the page cache only; its position, counted from 1."""
        data, self._checksum = frames.encode([payment], self._checksum)
        self._disk.append(PATH, data)
        self.entries.append(payment)
        return len(self.entries)

    async def until_durable(self, position: int) -> None:
        """Wait until the payment at a position is on disk; who waits meanwhile shares the fsync."""
        async with self._syncing:
            if self.durable < position:
                written = len(self.entries)
                await self._disk.fsync(PATH)
                self.durable = written
