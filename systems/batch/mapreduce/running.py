"""A job under way: its tasks, who runs which attempt, and what is done. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from splitbrain.systems.batch.mapreduce.jobs import Job, Pair, Split, splits
from splitbrain.systems.batch.mapreduce.worker import Attempt

Part = tuple[Pair, ...]
"""What one reduce task gave."""


class Begun(NamedTuple):
    """An attempt under way: who runs it, and since when (seconds of the coordinator's clock)."""

    worker: str
    since: float


@dataclass(slots=True)
class Task:
    """A map or reduce task.

    Attributes:
        begun: attempts whose results would count.
        made: which attempt's result counts, and who has it; None if there is none, or it is lost.
        pairs: what a reduce task gave.
    """

    begun: dict[Attempt, Begun] = field(default_factory=dict)
    made: tuple[Attempt, str] | None = None
    pairs: Part = ()


@dataclass(slots=True)
class Running:
    """A job under way.

    Invariants: of each task one attempt's result counts at a time, of one whose lease was not over.

    Attributes:
        name, function, text: the job.
        splits: the parts of its input, a map task each.
        maps, reduces: the tasks.
        waiting: requests that are answered when it has ended.
        has_ended: whether its output is being committed.
    """

    name: int
    function: str
    text: str
    splits: list[Split]
    maps: list[Task]
    reduces: list[Task]
    waiting: list[tuple[str, int]] = field(default_factory=list)
    has_ended: bool = False

    @classmethod
    def begin(cls, name: int, function: str, text: str, split: int, reducers: int) -> Running:
        """A job of which nothing is done."""
        parts = splits(text, split)
        tasks = [Task() for _ in parts], [Task() for _ in range(reducers)]
        return cls(name, function, text, parts, *tasks)

    @property
    def mapped(self) -> bool:
        """Whether all map tasks are done, so that reduce tasks may run."""
        return all(task.made is not None for task in self.maps)

    @property
    def done(self) -> bool:
        """Whether all is done."""
        return all(task.made is not None for task in self.reduces)

    def due(self, now: float, lease: float, patience: float) -> list[tuple[str, int]]:
        """Tasks of which an attempt should begin, kind and number: nobody runs them; or one
        attempt alone runs for longer than `patience`, which gets a second one beside it. Attempts
        that are older than `lease` count no more."""
        kind, tasks = ("reduce", self.reduces) if self.mapped else ("map", self.maps)
        found = []
        for number, task in enumerate(tasks):
            for attempt in [a for a, begun in task.begun.items() if now > begun.since + lease]:
                del task.begun[attempt]
            slow = [begun for begun in task.begun.values() if now > begun.since + patience]
            if task.made is None and (not task.begun or len(slow) == len(task.begun) == 1):
                found.append((kind, number))
        return found

    def begin_attempt(self, kind: str, number: int, attempt: Attempt, begun: Begun) -> None:
        """An attempt of a task begins."""
        (self.maps if kind == "map" else self.reduces)[number].begun[attempt] = begun

    def sources(self) -> tuple[tuple[int, Attempt, str], ...]:
        """Who has what the map tasks made."""
        return tuple((n, *task.made) for n, task in enumerate(self.maps) if task.made is not None)

    def on_mapped(self, number: int, attempt: Attempt) -> None:
        """A map task's attempt has ended."""
        self._ended(self.maps[number], attempt)

    def on_reduced(self, number: int, attempt: Attempt, pairs: Part) -> None:
        """A reduce task's attempt has ended."""
        task = self.reduces[number]
        if self._ended(task, attempt):
            task.pairs = pairs

    def _ended(self, task: Task, attempt: Attempt) -> bool:
        """Take an attempt for the one that counts, if it may be that; whether it is."""
        begun = task.begun.get(attempt)
        if begun is None or task.made is not None:
            return False
        task.made = attempt, begun.worker
        task.begun.clear()
        return True

    def on_missing(self, number: int, attempt: Attempt) -> None:
        """What a map task's attempt made is gone: it has to run again, and who waits for it too."""
        task = self.maps[number]
        if task.made is not None and task.made[0] == attempt:
            task.made = None
            for reduce in self.reduces:
                reduce.begun.clear()

    def parts(self) -> tuple[Part, ...]:
        """What reduce tasks gave."""
        return tuple(task.pairs for task in self.reduces)

    def output(self, job: Job, parts: Iterable[Part]) -> list[tuple[str, Any]]:
        """The output, from those of all reduce tasks."""
        pairs = sorted(pair for part in parts for pair in part)
        return [(key, job.reduced(self.function, value)) for key, value in pairs]
