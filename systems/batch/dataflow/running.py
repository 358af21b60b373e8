"""A run of a program under way: its tasks, their attempts, and what is there. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from splitbrain.systems.batch.dataflow.operators import Rows
from splitbrain.systems.batch.dataflow.programs import PROGRAMS, read_by

Attempt = tuple[int, int]
"""The coordinator's life, and a number that goes up in it: no two attempts have the same."""

Source = tuple[int, int, Attempt, str, str]
"""What a task reads: a step and partition, which attempt of it, who has that, and which rows."""


class Begun(NamedTuple):
    """An attempt under way: who runs it, and since when (seconds of the coordinator's clock)."""

    worker: str
    since: float


class Chunks:
    """The rows of one partition of the output, which come in several messages.

    Invariants: rows of one attempt are never put together with those of another.
    """

    def __init__(self) -> None:
        self._parts: dict[Attempt, dict[int, Rows]] = {}

    def take(self, attempt: Attempt, index: int, count: int, rows: Rows) -> Rows | None:
        """Another of an attempt's `count` messages; all rows, once all are there."""
        parts = self._parts.setdefault(attempt, {})
        parts[index] = rows
        if len(parts) < count:
            return None
        return tuple(row for number in range(count) for row in parts[number])


@dataclass(slots=True)
class Task:
    """One partition of one step.

    Attributes:
        begun: attempts whose results would count.
        made: which attempt's result counts, and who has it; None if there is none, or it is lost.
    """

    begun: dict[Attempt, Begun] = field(default_factory=dict)
    made: tuple[Attempt, str] | None = None


class Running:
    """A run under way.

    Invariants: of each task one result counts at a time, of an attempt whose lease was not over; a
    result that is lost is made again from what it was made of, and from nothing else (lineage).

    Attributes:
        chunks_class: what puts the output together.
    """

    chunks_class: type[Chunks] = Chunks

    def __init__(self, program: str, text: str, version: int, partitions: int) -> None:
        self.program = program
        self.text = text
        self.version = version
        self.partitions = partitions
        self.steps = PROGRAMS[program]
        self.tasks = [[Task() for _ in range(partitions)] for _ in self.steps]
        self.output: list[Rows | None] = [None] * partitions
        self.waiting: list[tuple[str, int]] = []
        self.has_ended = False
        self._chunks = [self.chunks_class() for _ in range(partitions)]

    @property
    def done(self) -> bool:
        """Whether all of the output is there."""
        return all(rows is not None for rows in self.output)

    def due(self, now: float, lease: float, patience: float) -> list[tuple[int, int]]:
        """Tasks of which an attempt should begin, step and partition: nobody runs them, and what
        they read is there; or one attempt alone runs for longer than `patience`, which gets a
        second one beside it. Attempts that are older than `lease` count no more."""
        found = []
        for step, tasks in enumerate(self.tasks):
            for part, task in enumerate(tasks):
                for attempt in [a for a, b in task.begun.items() if now > b.since + lease]:
                    del task.begun[attempt]
                slow = [b for b in task.begun.values() if now > b.since + patience]
                is_wanted = not task.begun or len(slow) == len(task.begun) == 1
                if is_wanted and not self._is_there(step, part) and self._readable(step, part):
                    found.append((step, part))
        return found

    def _is_there(self, step: int, part: int) -> bool:
        if step == len(self.steps) - 1:
            return self.output[part] is not None
        return self.tasks[step][part].made is not None

    def _readable(self, step: int, part: int) -> bool:
        return all(
            self.tasks[read.step][other].made is not None
            for read in self.steps[step].inputs
            for other in read_by(read, part, self.partitions)
        )

    def begin(self, step: int, part: int, attempt: Attempt, begun: Begun) -> None:
        """An attempt begins."""
        self.tasks[step][part].begun[attempt] = begun

    def sources(self, step: int, part: int) -> tuple[tuple[Source, ...], ...]:
        """What a task reads, for each of its inputs."""
        found = []
        for read in self.steps[step].inputs:
            parts = []
            for other in read_by(read, part, self.partitions):
                made = self.tasks[read.step][other].made
                if made is not None:
                    parts.append((read.step, other, *made, read.wiring))
            found.append(tuple(parts))
        return tuple(found)

    def on_made(self, step: int, part: int, attempt: Attempt) -> bool:
        """An attempt has ended; whether it counts."""
        task = self.tasks[step][part]
        begun = task.begun.get(attempt)
        if begun is None or task.made is not None:
            return False
        task.made = attempt, begun.worker
        task.begun.clear()
        return True

    def on_chunk(self, part: int, attempt: Attempt, index: int, count: int, rows: Rows) -> None:
        """Some rows of the output came."""
        task = self.tasks[-1][part]
        if self.output[part] is None and self.counts(task, attempt):
            self.output[part] = self._chunks[part].take(attempt, index, count, rows)

    def counts(self, task: Task, attempt: Attempt) -> bool:
        """Whether an attempt's rows may be taken."""
        return attempt in task.begun

    def on_missing(self, step: int, part: int, attempt: Attempt, source: Source) -> None:
        """An attempt found that a result which it needs is gone: that is to be made again."""
        self.tasks[step][part].begun.pop(attempt, None)
        lost = self.tasks[source[0]][source[1]]
        if lost.made is not None and lost.made[0] == source[2]:
            lost.made = None
