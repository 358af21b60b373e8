"""Planted bugs of the dataflow: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Node
from splitbrain.systems.batch.dataflow.coordinator import Coordinator
from splitbrain.systems.batch.dataflow.operators import Operators, Row, Rows
from splitbrain.systems.batch.dataflow.running import Attempt, Chunks, Running, Source, Task
from splitbrain.systems.batch.dataflow.servers import DataflowServer
from splitbrain.systems.batch.dataflow.worker import Run, Worker


class PaysAtOnce(Worker):
    """Pays while its task runs."""

    def performed(self, coordinator: str, run: Run, operator: str, inputs: list[Rows]) -> Rows:
        """Each attempt does."""
        made = super().performed(coordinator, run, operator, inputs)
        if len(inputs[0]) and operator == "keyed":
            self.node.network.send(coordinator, ("paid", run, *made))
        return made


class PaysAsTold(Coordinator):
    """Pays what tasks tell it to."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.paid: list[Row] = []

    def hear(self, kind: str, name: Run, what: list[Any]) -> None:
        """A payment is one of the things that a worker may tell."""
        if kind == "paid" and self.runs[name].program == "payout":
            self.paid += [(name[0], key, number) for key, number, _ in what]
        super().hear(kind, name, what)

    def effects(self) -> Rows:
        """What it was told to pay, as often as it was told."""
        return tuple(self.paid)


class ReadsTheTableNow(Coordinator):
    """Reads the table when a task is handed out."""

    def table_of(self, run: Running) -> Rows:
        """Whatever there is by then."""
        return tuple(self.table)


class InArrivalOrder(Worker):
    """Puts rows together as they come."""

    def gathered(
        self, sources: list[Source], answers: dict[int, Rows | None]
    ) -> list[Rows] | Source | None:
        """The first that answers is the first."""
        found = super().gathered(sources, answers)
        if not isinstance(found, list):
            return found
        return [rows for rows in answers.values() if rows is not None]


class SortsByNumber(Operators):
    """Sorts rows by their numbers alone."""

    def in_order(self, rows: Rows) -> list[Row]:
        """Equal ones stay as they came."""
        return sorted(rows, key=lambda row: row[1])


class AddsFloats(Operators):
    """Adds up floats one by one."""

    def total(self, rows: Sequence[Row]) -> float:
        """Each sum is rounded."""
        total = 0.0
        for _, number, *_ in rows:
            total += number / 10
        return total


class Appends(Chunks):
    """Puts whatever rows come behind those that there are."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []

    def take(self, attempt: Attempt, index: int, count: int, rows: Rows) -> Rows | None:
        """Until a last one came."""
        self._rows += rows
        return tuple(self._rows) if index == count - 1 else None


class TakesAnyAttempt(Running):
    """Takes rows of an attempt that it has given up."""

    chunks_class = Appends

    def counts(self, task: Task, attempt: Attempt) -> bool:
        """Whichever it is."""
        return True


class TakesLostForEmpty(Worker):
    """Goes on without rows that are gone."""

    def gathered(
        self, sources: list[Source], answers: dict[int, Rows | None]
    ) -> list[Rows] | Source | None:
        """With those that are there."""
        return [answers[at] or () for at in range(len(sources))]


_WRONG = ("wrong-output", "rerun-differs", "partition-dependent", "task-differs")


def _worker(**instead: Any) -> type[DataflowServer]:
    return planted(DataflowServer, worker=planted(Worker, **instead))


class _Unordered(InArrivalOrder):
    operators_class = SortsByNumber


class _Adding(InArrivalOrder):
    operators_class = AddsFloats


BUGS: tuple[Bug, ...] = (
    Bug(
        id="BAT-05",
        title="payments are made while tasks run, which run more than once",
        server=planted(DataflowServer, coordinator=PaysAsTold, worker=PaysAtOnce),
        workload="payments",
        faults=("process.pause", "net.latency"),
        nodes=4,
        seeds=20,
        shows=("duplicated",),
        source="DDIA chapter 10, The Output of Batch Workflows (no side effects)",
    ),
    Bug(
        id="BAT-06",
        title="the small table of a join is read at each attempt, as it is by then",
        server=planted(DataflowServer, coordinator=ReadsTheTableNow),
        workload="join",
        faults=("process.kill", "net.latency"),
        nodes=4,
        seeds=10,
        shows=("later-row", "rerun-differs", "task-differs"),
        source="DDIA chapter 10, Map-Side Joins; chapter 11, Time-dependence of joins",
    ),
    Bug(
        id="BAT-08",
        title="rows of equal rank stay as they came, and they come from whoever is fastest",
        server=planted(DataflowServer, worker=_Unordered),
        workload="wordcount",
        faults=("net.latency",),
        nodes=4,
        seeds=10,
        shows=_WRONG,
        source="DDIA chapter 10, Fault tolerance (determinism of operators)",
    ),
    Bug(
        id="BAT-08-SUMS",
        title="floats are added in the order in which rows come",
        server=planted(DataflowServer, worker=_Adding),
        workload="wordcount",
        faults=("net.latency",),
        nodes=4,
        seeds=20,
        shows=_WRONG,
        source="Goldberg, What Every Computer Scientist Should Know About Floating-Point (1991)",
    ),
    Bug(
        id="BAT-10",
        title="rows of an attempt whose lease is over are put behind those of the next one",
        server=planted(
            DataflowServer, coordinator=planted(Coordinator, running_class=TakesAnyAttempt)
        ),
        workload="wordcount",
        faults=("service.slow", "process.pause"),
        nodes=4,
        seeds=20,
        shows=_WRONG,
        source="Dean and Ghemawat (OSDI 2004), section 3.3; Hadoop: output committers",
    ),
    Bug(
        id="BAT-11",
        title="rows that went with a worker are taken for no rows",
        server=planted(DataflowServer, worker=TakesLostForEmpty),
        workload="sessionise",
        faults=("process.kill",),
        nodes=4,
        seeds=20,
        shows=_WRONG,
        source="Zaharia et al., Resilient Distributed Datasets (NSDI 2012), section 2.1 (lineage)",
    ),
)
