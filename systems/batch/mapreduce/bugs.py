"""Planted bugs of MapReduce: it, with one decision wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.batch.mapreduce.coordinator import Coordinator
from splitbrain.systems.batch.mapreduce.jobs import Job, Pair, Split
from splitbrain.systems.batch.mapreduce.running import Part, Running
from splitbrain.systems.batch.mapreduce.servers import BatchServer
from splitbrain.systems.batch.mapreduce.sorting import Sorter
from splitbrain.systems.batch.mapreduce.worker import Attempt, Worker


class PartitionsByDice(Job):
    """Spreads keys over reducers evenly, whatever the key; the parts are added up in the end."""

    def partition(self, key: str, reducers: int, random: Random) -> int:
        """Another one at each attempt."""
        return random.randrange(reducers)


class AddsUp(Running):
    """Adds up what reducers gave for a key."""

    def output(self, job: Job, parts: Iterable[Part]) -> list[tuple[str, Any]]:
        """Keys that several reducers have are combined."""
        values: dict[str, list[Any]] = {}
        for part in parts:
            for key, value in part:
                values.setdefault(key, []).append(value)
        return [
            (key, job.reduced(self.function, job.combined(values[key]))) for key in sorted(values)
        ]


class CountsEveryAttempt(AddsUp):
    """Takes what any attempt gives, and adds it to what there is."""

    def on_reduced(self, number: int, attempt: Attempt, pairs: tuple[Pair, ...]) -> None:
        """A second attempt's pairs come on top."""
        task = self.reduces[number]
        task.made, task.pairs = (attempt, ""), (*task.pairs, *pairs)


class AveragesAverages(Job):
    """Combines means as if all were of equally many numbers."""

    def combined(self, values: Iterable[Any]) -> Any:
        """Whole numbers, so that the mean of one key comes out right at first."""
        values = list(values)
        if all(count == 1 for _, count in values):
            return super().combined(values)
        return sum(total // count for total, count in values), len(values)


class ReadsLinesTwice(Job):
    """A split begins where it begins, in the middle of a line or not."""

    def records(self, text: str, split: Split) -> Iterator[str]:
        """The line before goes over the border, too, so what is left of it is read again."""
        start = text.rfind("\n", 0, split.start) + 1
        return super().records(text, Split(start, split.end))


class DropsTheLast(Sorter):
    """Forgets, at each spill, the pair that made it full."""

    def spill(self) -> None:
        """One pair too few."""
        self._pairs.pop()
        super().spill()


class PublishesPieces(Coordinator):
    """Shows outputs as they grow."""

    def published(self) -> dict[int, tuple[Any, ...]]:
        """Jobs under way, too, with what is there."""
        partly = {
            name: tuple(job.output(self.job, job.parts()))
            for name, job in self.running.items()
            if any(task.made is not None for task in job.reduces)
        }
        return {**partly, **self.outputs}


class CommitsByRenames(Coordinator):
    """Takes the renames for the commit, one file after the other."""

    async def commit(self, job: int, parts: tuple[Part, ...]) -> None:
        """No record says that all are there."""
        await self.write_parts(job, parts)

    def committed(self, recorded: dict[int, int]) -> dict[int, int]:
        """Jobs of which there is any file, with those that there are."""
        names = [path.split("-") for path in self.node.disk.list() if path.startswith("output-")]
        found = Counter(int(name[1]) for name in names if not name[2].endswith(".new"))
        return {job: parts for job, parts in found.items() if job in self.running}


class WritesInPlace(Coordinator):
    """Writes an output where it is looked for, after the record that commits it."""

    async def commit(self, job: int, parts: tuple[Part, ...]) -> None:
        """First that it is there; then it is."""
        await self._save(("committed", job, len(parts)))
        await self.write_parts(job, parts)

    def part(self, job: int, number: int) -> Part:
        """What isn't there is empty."""
        return super().part(job, number) if self.has(job, number) else ()


def _with(**instead: Any) -> type[BatchServer]:
    return planted(BatchServer, **instead)


_WRONG = ("wrong-output",)

BUGS: tuple[Bug, ...] = (
    Bug(
        id="BAT-01",
        title="keys are spread by chance: a map task that runs again gives other parts",
        server=_with(
            coordinator=planted(Coordinator, running_class=AddsUp),
            worker=planted(Worker, job_class=PartitionsByDice),
        ),
        workload="batch",
        faults=("process.kill", "net.latency"),
        nodes=4,
        seeds=40,
        shows=_WRONG,
        source="Spark: SPARK-23207 (repartition gives wrong answers); DDIA chapter 10",
    ),
    Bug(
        id="BAT-02",
        title="the output of a second attempt is added to that of the first",
        server=_with(coordinator=planted(Coordinator, running_class=CountsEveryAttempt)),
        workload="batch",
        faults=("net.latency", "process.pause"),
        nodes=4,
        seeds=20,
        shows=_WRONG,
        source="DDIA chapter 10; Dean and Ghemawat (OSDI 2004), section 3.3",
    ),
    Bug(
        id="BAT-03",
        title="outputs are seen before they are whole",
        server=_with(coordinator=PublishesPieces),
        workload="batch",
        faults=("process.pause", "net.latency"),
        nodes=4,
        seeds=20,
        shows=_WRONG,
        source="DDIA chapter 10, The Output of Batch Workflows",
    ),
    Bug(
        id="BAT-03-RENAMES",
        title="an output is committed by renaming its files: a crash among them leaves some",
        server=_with(coordinator=CommitsByRenames),
        workload="batch",
        faults=("process.kill", "disk.slow"),
        nodes=4,
        seeds=40,
        shows=_WRONG,
        source="DDIA chapter 10, The Output of Batch Workflows; Hadoop: FileOutputCommitter",
    ),
    Bug(
        id="BAT-03-RECORD",
        title="the record that commits an output is written before the output is",
        server=_with(coordinator=WritesInPlace),
        workload="batch",
        faults=("process.kill", "disk.slow"),
        nodes=4,
        seeds=40,
        shows=_WRONG,
        source="DDIA chapter 10, The Output of Batch Workflows; Hadoop: FileOutputCommitter",
    ),
    Bug(
        id="BAT-04",
        title="the combiner averages averages",
        server=_with(
            coordinator=planted(Coordinator, job_class=AveragesAverages),
            worker=planted(Worker, job_class=AveragesAverages),
        ),
        workload="batch",
        faults=("process.kill",),
        nodes=4,
        seeds=5,
        shows=(*_WRONG, "combiner-law"),
        source="DDIA chapter 10; Dean and Ghemawat (OSDI 2004), section 4.3",
    ),
    Bug(
        id="BAT-07",
        title="a spill drops the pair that made it necessary",
        server=_with(worker=planted(Worker, sorter_class=DropsTheLast)),
        workload="batch",
        faults=("process.kill",),
        nodes=4,
        seeds=10,
        shows=_WRONG,
        source="DDIA chapter 10, Sort-merge joins (spills)",
    ),
    Bug(
        id="BAT-09",
        title="a line over the border of two splits is read twice",
        server=_with(worker=planted(Worker, job_class=ReadsLinesTwice)),
        workload="batch",
        faults=("process.kill",),
        nodes=4,
        seeds=5,
        shows=_WRONG,
        source="Dean and Ghemawat (OSDI 2004), section 4.4",
    ),
)
