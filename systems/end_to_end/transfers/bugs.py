"""Planted bugs of the transfers: they, with one decision wrong."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.end_to_end.transfers.books import Books
from splitbrain.systems.end_to_end.transfers.requests import RELAY_S, Requests, Transfer
from splitbrain.systems.end_to_end.transfers.servers import TransferServer


class ByMessage(Requests):
    """Suppresses messages that come twice, and not requests that are sent twice."""

    def identity(self, number: int, transfer: Transfer) -> Any:
        """The message's own number, which a request that is sent again has not."""
        return number


class NoLog(Requests):
    """Tells both books of a request at once, and remembers it only then."""

    async def transfer(self, number: int, transfer: Transfer) -> None:
        """First the debit, then the credit, then the record."""
        identity = self.identity(number, transfer)
        if identity in self._positions:
            while any(at == self._positions[identity] for at, _ in self._due):
                await trio.sleep(RELAY_S)
            await self.log.sync()
            return
        position = self.node.random.getrandbits(40) + (1 << 40)
        self._positions[identity] = position
        for side, account, change in (
            (0, transfer.source, -transfer.amount),
            (1, transfer.target, transfer.amount),
        ):
            self._due[position, side] = None
            entry = ("entry", position, side, transfer.request, account, change)
            while (position, side) in self._due:
                self.node.network.send(self.keeper(account), entry)
                await trio.sleep(RELAY_S)
        self.log.append([("transfer", *transfer)])
        await self.log.sync()

    def _apply(self, transfer: Transfer, identity: Any) -> None:
        self._positions[identity] = 0


class OldBalances(Books):
    """Goes on after a restart from the balances that it noted last."""

    def restore(self, records: list[tuple[Any, ...]]) -> None:
        """Entries are read from the log, balances up to the last ten of them."""
        noted: dict[str, int] = {}
        for number, (_, *entry) in enumerate(records, 1):
            self.apply(*entry)
            if number % 10 == 0:
                noted = dict(self.balances)
        self.balances = noted


BUGS: tuple[Bug, ...] = (
    Bug(
        id="E2E-01",
        title="messages that come twice are suppressed, and not requests that are sent twice",
        server=planted(TransferServer, requests=ByMessage),
        workload="transfers",
        faults=("net.loss", "process.pause"),
        nodes=3,
        seeds=20,
        shows=("double-booked",),
        source="DDIA chapter 12, Duplicate suppression; Saltzer, Reed and Clark 1984",
    ),
    Bug(
        id="E2E-02",
        title="both accounts are told of a transfer before it is in a log: a crash leaves a half",
        server=planted(TransferServer, requests=NoLog),
        workload="transfers",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=40,
        shows=("half-booked", "double-booked"),
        source="DDIA chapter 12, Multi-partition request processing",
    ),
    Bug(
        id="E2E-05",
        title="balances are taken from an old summary after a restart, and differ from the entries",
        server=planted(TransferServer, books=OldBalances),
        workload="transfers",
        faults=("process.kill",),
        nodes=3,
        seeds=10,
        shows=("wrong-balance",),
        source="DDIA chapter 12, Reprocessing data for application evolution; Trust, but verify",
    ),
)
