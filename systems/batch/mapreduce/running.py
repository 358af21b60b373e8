"""A job under way: its tasks, who runs which attempt, and what is done. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from splitbrain.systems.batch.mapreduce.jobs import Job, Pair, Split, splits
from splitbrain.systems.batch.mapreduce.worker import Attempt


@dataclass(slots=True)
class Task:
    """A map or reduce task.

    Attributes:
        attempt: the one that counts: results of all others are dropped. None before the first.
        worker: who runs it, or ran it.
        began: when, in seconds of the coordinator's clock.
        done: whether it has ended well.
        pairs: what a reduce task gave.
    """

    attempt: Attempt | None = None
    worker: str = ""
    began: float = 0.0
    done: bool = False
    pairs: tuple[Pair, ...] = ()


@dataclass(slots=True)
class Running:
    """A job under way.

    Attributes:
        name, function, text: the job.
        splits: the parts of its input, a map task each.
        maps, reduces: the tasks.
    """

    name: int
    function: str
    text: str
    splits: list[Split]
    maps: list[Task]
    reduces: list[Task]
    waiting: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def begin(cls, name: int, function: str, text: str, split: int, reducers: int) -> Running:
        """A job of which nothing is done."""
        parts = splits(text, split)
        tasks = [Task() for _ in parts], [Task() for _ in range(reducers)]
        return cls(name, function, text, parts, *tasks)

    @property
    def mapped(self) -> bool:
        """Whether all map tasks are done, so that reduce tasks may run."""
        return all(task.done for task in self.maps)

    @property
    def done(self) -> bool:
        """Whether all is done."""
        return all(task.done for task in self.reduces)

    def due(self, now: float, lease: float) -> list[tuple[str, int, Task]]:
        """Tasks that nobody runs, or somebody for longer than `lease`: kind, number, task."""
        kind, tasks = ("reduce", self.reduces) if self.mapped else ("map", self.maps)
        return [
            (kind, number, task)
            for number, task in enumerate(tasks)
            if not task.done and (task.attempt is None or now > task.began + lease)
        ]

    def sources(self) -> tuple[tuple[int, Attempt | None, str], ...]:
        """Who has what the map tasks made."""
        return tuple((n, task.attempt, task.worker) for n, task in enumerate(self.maps))

    def on_mapped(self, number: int, attempt: Attempt) -> None:
        """A map task's attempt has ended."""
        task = self.maps[number]
        if self.counts(task, attempt):
            task.done = True

    def on_reduced(self, number: int, attempt: Attempt, pairs: tuple[Pair, ...]) -> None:
        """A reduce task's attempt has ended."""
        task = self.reduces[number]
        if self.counts(task, attempt) and not task.done:
            task.done, task.pairs = True, pairs

    def on_missing(self, number: int, attempt: Attempt) -> None:
        """What a map task's attempt made is gone: it has to run again, and who waits for it too."""
        task = self.maps[number]
        if self.counts(task, attempt):
            task.attempt, task.done = None, False
            for reduce in self.reduces:
                if not reduce.done:
                    reduce.attempt = None

    def counts(self, task: Task, attempt: Attempt) -> bool:
        """Whether an attempt is the one that counts."""
        return task.attempt == attempt

    def output(self, job: Job) -> list[tuple[str, Any]]:
        """The output, from those of all reduce tasks."""
        pairs = sorted(pair for task in self.reduces for pair in task.pairs)
        return [(key, job.reduced(self.function, value)) for key, value in pairs]
