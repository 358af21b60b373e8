"""Planted bugs of the saga: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.log_file import Record
from splitbrain.systems.transactions.saga.orchestrator import Orchestrator
from splitbrain.systems.transactions.saga.servers import SagaServer
from splitbrain.systems.transactions.saga.service import Service


class NoTombstone(Service):
    """Undoes what it has done, and remembers of the rest nothing."""

    def undo(self, order: int) -> None:
        """A step that comes later is done."""
        if self.status.get(order) == "did":
            self.note("undid", order)


class UndoesBlindly(Service):
    """Undoes whatever it is told to."""

    def undo(self, order: int) -> None:
        """Also what it has not done."""
        if self.status.get(order) != "undone":
            self.note("undid", order)


class KeepsTheSeat(Service):
    """Takes an order back, and not its seat."""

    def replay(self, record: Record) -> None:
        """Who undid has one seat less for the day from then on."""
        super().replay(record)
        match record:
            case ("undid", order):
                self.taken[self.days.get(order, 0)] += 1


class ForgetsWhom(Service):
    """Knows after a crash how many seats are taken, and not by whom."""

    def recover(self, records: Iterable[Record]) -> None:
        """A step that is asked for again is done again."""
        super().recover(records)
        self.status.clear()


class DecidesInMemory(Orchestrator):
    """Begins to compensate without a note of it."""

    async def decide(self, order: int, record: str, outcome: Any) -> None:
        """After a crash the steps are tried again."""
        if record == "booked":
            await super().decide(order, record, outcome)
        else:
            self.outcomes[order] = outcome


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-24",
        title="a step that is asked for again after a restart is done again",
        server=planted(SagaServer, service=ForgetsWhom),
        workload="saga",
        faults=("process.kill", "net.latency"),
        nodes=3,
        seeds=40,
        shows=("saga/done-twice", "saga/left-over"),
        source="Helland, CIDR 2007: retried messages reach another incarnation",
    ),
    Bug(
        id="TX-25",
        title="a compensation that overtakes its action is forgotten, and the action done later",
        server=planted(SagaServer, service=NoTombstone),
        workload="saga",
        faults=("net.latency",),
        nodes=3,
        seeds=60,
        shows=("saga/left-over", "saga/torn"),
        options={"system": {"patience": 0.3, "seats": 10}},
        source="Garcia-Molina and Salem, SIGMOD 1987; Richardson, Microservices Patterns, ch. 4",
    ),
    Bug(
        id="TX-25-BLIND",
        title="a compensation runs where the action did not",
        server=planted(SagaServer, service=UndoesBlindly),
        workload="saga",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("saga/undone-without-doing",),
        source="Garcia-Molina and Salem, SIGMOD 1987",
    ),
    Bug(
        id="TX-25-SEAT",
        title="a compensation takes an order back and leaves its seat taken",
        server=planted(SagaServer, service=KeepsTheSeat),
        workload="saga",
        faults=("net.partition", "process.pause"),
        nodes=3,
        seeds=20,
        shows=("saga/refused-while-free",),
        source="Garcia-Molina and Salem, SIGMOD 1987, section 2 (what a compensation undoes)",
    ),
    Bug(
        id="TX-25-MEMORY",
        title="that an order is compensated is not durable: after a crash it goes on",
        server=planted(SagaServer, orchestrator=DecidesInMemory),
        workload="saga",
        faults=("process.kill",),
        nodes=3,
        seeds=60,
        shows=("saga/left-over", "saga/torn"),
        options={"system": {"patience": 0.3, "seats": 10}},
        source="Garcia-Molina and Salem, SIGMOD 1987, section 5 (saga log)",
    ),
)
