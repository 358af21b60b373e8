"""A server with strict two-phase locking: the shell over its engine, which also writes pages."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.server import TransactionServer
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine
from splitbrain.systems.transactions.two_phase_locking.pages import read_pages, write_page

PAGES_S = 0.1
"""How often changed pages are written, in seconds."""


class LockingServer(TransactionServer):
    """Strict two-phase locking; see `splitbrain.systems.transactions.two_phase_locking.engine`."""

    engine_class: type[LockingEngine] = LockingEngine
    page_interval: float = PAGES_S
    locking: LockingEngine

    def engine(self, records: Sequence[Record]) -> LockingEngine:
        """Recover from log and pages."""
        self.locking = self.engine_class(records, read_pages(self.node.disk))
        return self.locking

    async def write_pages(self) -> None:
        """Write changed pages, committed or not (steal), one after the other."""
        while True:
            await trio.sleep(self.page_interval)
            for number, page in self.locking.pages_to_write():
                await write_page(self.node.disk, number, page)
                self.locking.page_written(number, page)
