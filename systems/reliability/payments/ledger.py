"""The ledger: effects in order, each durable before anybody hears of it.

Records (`splitbrain.systems.log_file`): ``(request, account, amount)``. The request's number is the
idempotency key, so a key is exactly as durable as its effect.
"""

from __future__ import annotations

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile

Payment = tuple[int, str, int]

PATH = "ledger"
_START = 0x50415953  # what the first frame's checksum continues


class Ledger:
    """All payments that had their effect.

    Attributes:
        entries: in order; those whose fsync is under way included.
    """

    def __init__(self, disk: Disk) -> None:
        self._log = LogFile(disk, PATH, _START)
        self.entries: list[Payment] = []

    async def open(self) -> None:
        """Read what survived, cut off a torn tail, and make both durable."""
        records = await self._log.open()
        self.entries = [(request, account, amount) for request, account, amount in records]

    def append(self, payment: Payment) -> int:
        """Write a payment, into the page cache only; its position, counted from 1."""
        self._log.append([payment])
        self.entries.append(payment)
        return len(self.entries)

    async def until_durable(self, position: int) -> None:
        """Wait until the payment at a position is on disk; who waits meanwhile shares the fsync."""
        await self._log.sync(position)

    async def told(self) -> tuple[Payment, ...]:
        """The payments that there are now, once they are durable; those that come meanwhile may
        not be, and are left out."""
        position = len(self.entries)
        await self.until_durable(position)
        return tuple(self.entries[:position])
