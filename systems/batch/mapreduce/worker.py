"""A worker: runs map and reduce tasks, and hands out what its map tasks made.

coordinator -> worker   ("map", job, task, attempt, text, start, end, reducers)
                        ("reduce", job, task, attempt, sources)   who has the parts:
                                                                  (map task, attempt, worker)
                        ("forget", job)
client -> worker        ("request", id, "combine", tree)   -> what comes of it
worker -> coordinator   ("mapped", job, task, attempt)
                        ("reduced", job, task, attempt, pairs)
                        ("missing", job, map task, attempt of it)
worker -> worker        ("fetch", id, job, map task, attempt, reducer)
                        ("part", id, pairs)                       None: gone with a crash
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.batch.mapreduce.jobs import Job, Pair, Split
from splitbrain.systems.batch.mapreduce.sorting import Sorter
from splitbrain.systems.questions import Questions

FETCH_S = 0.3
"""How long to wait for a part."""

Attempt = tuple[int, int]
"""The coordinator's life, and a number that goes up in it: no two attempts have the same."""


class Worker:
    """Runs what it is told to run; what its map tasks made is in memory, and goes with it.

    Attributes:
        spill_at: the most pairs that a task holds in memory.
        job_class: the functions of jobs.
        sorter_class: what sorts.
    """

    spill_at = 16
    job_class: type[Job] = Job
    sorter_class: type[Sorter] = Sorter

    def __init__(self, node: Node) -> None:
        self.node = node
        self.job = self.job_class()
        self.made: dict[tuple[int, int, Attempt], list[list[Pair]]] = {}
        self._reducing: set[tuple[int, int, Attempt]] = set()  # begun, also those that have ended
        self.questions = Questions(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        for path in self.node.disk.list():
            self.node.disk.remove(path)  # runs of tasks that a crash ended
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("map", *task):
                        self._map(sender, *task)
                    case ("reduce", job, task, attempt, sources):
                        # The message may come twice, and both would use the same files.
                        if (job, task, attempt) not in self._reducing:
                            self._reducing.add((job, task, attempt))
                            nursery.start_soon(self._reduce, sender, job, task, attempt, sources)
                    case ("fetch", number, job, task, attempt, reducer):
                        parts = self.made.get((job, task, attempt))
                        part = None if parts is None else tuple(parts[reducer])
                        self.node.network.send(sender, ("part", number, part))
                    case ("part", number, part):
                        self.questions.hear(number, (part,))
                    case ("request", number, "combine", tuple() as tree):
                        combined = self.job.combined_tree(tree)
                        self.node.network.send(sender, ("reply", number, "ok", combined))
                    case ("forget", job):
                        self.made = {k: v for k, v in self.made.items() if k[0] != job}
                        self._reducing = {k for k in self._reducing if k[0] != job}

    def _sorter(self, *name: object) -> Sorter:
        path = "-".join(map(str, name))
        return self.sorter_class(self.node.disk, path, self.job.combined, self.spill_at)

    def _map(
        self,
        coordinator: str,
        job: int,
        task: int,
        attempt: Attempt,
        text: str,
        start: int,
        end: int,
        reducers: int,
    ) -> None:
        sorters = [self._sorter("map", job, task, *attempt, r) for r in range(reducers)]
        for line in self.job.records(text, Split(start, end)):
            key, value = self.job.mapped(line)
            sorters[self.job.partition(key, reducers, self.node.random)].add((key, value))
        self.made[job, task, attempt] = [sorter.pairs() for sorter in sorters]
        self.node.trace("made", job, 0, "map", task, *attempt)
        self.node.network.send(coordinator, ("mapped", job, task, attempt))

    async def _reduce(
        self, coordinator: str, job: int, task: int, attempt: Attempt, sources: tuple[Any, ...]
    ) -> None:
        sorter = self._sorter("reduce", job, task, *attempt)
        for map_task, map_attempt, worker in sources:
            part = await self._fetch(worker, job, map_task, map_attempt, task)
            if part is None:
                self.node.network.send(coordinator, ("missing", job, map_task, map_attempt))
                return
            for key, value in part:
                sorter.add((key, value))
        pairs = tuple(sorter.pairs())
        self.node.trace("made", job, 0, "reduce", task, *attempt)
        self.node.network.send(coordinator, ("reduced", job, task, attempt, pairs))

    async def _fetch(self, worker: str, *what: Any) -> Any:
        """A part; None if the worker has it no more, or does not answer."""
        with trio.move_on_after(FETCH_S):
            (part,) = await self.questions.ask(worker, ("fetch", self.questions.number(), *what))
            return part
        return None
