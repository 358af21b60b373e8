"""A worker: runs tasks, keeps what they made, and hands it to others.

coordinator -> worker   ("task", run, step, partition, attempt, partitions, is last,
                         operator, sources, rows)
                        ("forget", run)
worker -> coordinator   ("made", run, step, partition, attempt, digest)
                        ("chunk", run, partition, attempt, number, how many, rows)
                        ("missing", run, step, partition, attempt, source)
worker -> worker        ("fetch", id, run, step, partition, attempt, wiring, bucket, buckets)
                        ("part", id, rows)         None: gone with a crash
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from zlib import crc32

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.batch.dataflow.operators import ALL, SAME, Operators, Rows, bucket_of
from splitbrain.systems.batch.dataflow.running import Attempt, Source
from splitbrain.systems.questions import Questions

FETCH_S = 0.3
"""How long to wait for rows of another worker."""

Run = tuple[int, int]
"""A job's number, and which of its runs."""


class Worker:
    """Runs what it is told to run; what it made is in memory, and goes with it.

    Invariants: what a task makes depends on the rows that it reads, and neither on when nor from
    whom they come.

    Attributes:
        chunk: most rows of the output in a message.
        operators_class: what steps do.
    """

    chunk = 8
    operators_class: type[Operators] = Operators

    def __init__(self, node: Node) -> None:
        self.node = node
        self.operators = self.operators_class()
        self.questions = Questions(node)
        self.made: dict[tuple[Run, int, int, Attempt], Rows] = {}
        self._begun: set[tuple[Run, int, int, Attempt]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("task", run, step, part, attempt, *task):
                        # The message may come twice.
                        if (run, step, part, attempt) not in self._begun:
                            self._begun.add((run, step, part, attempt))
                            doing = partial(self._do, sender, run, step, part, attempt)
                            nursery.start_soon(doing, *task)
                    case ("fetch", number, run, step, part, attempt, *which):
                        rows = self._handed(self.made.get((run, step, part, attempt)), *which)
                        self.node.network.send(sender, ("part", number, rows))
                    case ("part", number, rows):
                        self.questions.hear(number, (rows,))
                    case ("forget", run):
                        self.made = {key: rows for key, rows in self.made.items() if key[0] != run}
                        self._begun = {key for key in self._begun if key[0] != run}

    def _handed(self, rows: Rows | None, wiring: str, bucket: int, buckets: int) -> Rows | None:
        if rows is None or wiring in (SAME, ALL):
            return rows
        return tuple(row for row in rows if bucket_of(row, wiring, buckets) == bucket)

    async def _do(
        self,
        coordinator: str,
        run: Run,
        step: int,
        part: int,
        attempt: Attempt,
        partitions: int,
        is_last: bool,
        operator: str,
        sources: tuple[tuple[Source, ...], ...],
        rows: Rows,
    ) -> None:
        inputs = [rows] if not sources else []
        for read in sources:
            found = await self._gather(run, part, partitions, read)
            if found is None or not isinstance(found, list):
                lost = ("missing", run, step, part, attempt, found or read[0])
                self.node.network.send(coordinator, lost)
                return
            inputs.append(tuple(row for rows in found for row in rows))
        made = self.performed(coordinator, run, operator, inputs)
        self.made[run, step, part, attempt] = made
        self.node.trace("made", *run, step, part, *attempt)
        self._tell(coordinator, run, step, part, attempt, made, is_last)

    def performed(self, coordinator: str, run: Run, operator: str, inputs: list[Rows]) -> Rows:
        """What the operator makes; nothing else happens."""
        return self.operators.run(operator, inputs)

    def _tell(
        self,
        coordinator: str,
        run: Run,
        step: int,
        part: int,
        attempt: Attempt,
        made: Rows,
        is_last: bool,
    ) -> None:
        if is_last:
            chunks = [made[at : at + self.chunk] for at in range(0, len(made), self.chunk)] or [()]
            for number, rows in enumerate(chunks):
                chunk = ("chunk", run, part, attempt, number, len(chunks), rows)
                self.node.network.send(coordinator, chunk)
        digest = crc32(repr(made).encode())
        self.node.network.send(coordinator, ("made", run, step, part, attempt, digest))

    async def _gather(
        self, run: Run, part: int, partitions: int, read: Iterable[Source]
    ) -> list[Rows] | Source | None:
        """The rows of all sources of an input, in their order; the first source that is gone."""
        sources = list(read)
        answers: dict[int, Rows | None] = {}

        async def fetch(at: int, source: Source) -> None:
            step, other, attempt, worker, wiring = source
            number = self.questions.number()
            what = ("fetch", number, run, step, other, attempt, wiring, part, partitions)
            answers[at] = None
            with trio.move_on_after(FETCH_S):
                (rows,) = await self.questions.ask(worker, what)
                answers.pop(at)
                answers[at] = rows

        async with trio.open_nursery() as nursery:
            for at, source in enumerate(sources):
                nursery.start_soon(fetch, at, source)
        return self.gathered(sources, answers)

    def gathered(
        self, sources: list[Source], answers: dict[int, Rows | None]
    ) -> list[Rows] | Source | None:
        """What is to be read of the answers, which are in the order in which they came."""
        rows = []
        for at, source in enumerate(sources):
            answer = answers[at]
            if answer is None:
                return source
            rows.append(answer)
        return rows
