"""The coordinator: gives tasks to workers until a job is done, then publishes its output at once.

    client -> coordinator   ("request", id, "run", job, function, text)
                            ("request", id, "published")
    coordinator -> client   ("reply", id, "ok", output)

Records of its log (`splitbrain.systems.log_file`)::

    ("life", n)                        it starts for the n-th time
    ("job", job, function, text)       the job was taken on
    ("committed", job, parts)          the job is done; so many files have its output, whole

Each reduce task's part of an output is written to a new file, which is renamed into place, durably;
all are there before the record that commits them. A job that was taken on and was not committed
when it starts is run again, from its beginning, whatever files there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems import frames
from splitbrain.systems.batch.mapreduce.jobs import Job
from splitbrain.systems.batch.mapreduce.running import Begun, Part, Running
from splitbrain.systems.log_file import LogFile

PATH = "jobs"
_START = 0x4A4F4253  # what the first frame's checksum continues

TICK_S = 0.02
"""How often it looks for tasks to give away."""


class Coordinator:
    """The server that clients talk to.

    Invariants: the output of a job is whole and durable before anybody sees it, and never changes;
    of each task one attempt counts.

    Attributes:
        lease_s: how long an attempt may take before it counts no more.
        patience_s: after which an attempt gets a second one beside it, on another worker.
        split: characters of the input in a map task.
        reducers: reduce tasks of a job.
        job_class, running_class: the functions of jobs, and how they are run.
    """

    lease_s = 0.4
    patience_s = 0.2
    split = 48
    reducers = 2
    job_class: type[Job] = Job
    running_class: type[Running] = Running

    def __init__(self, node: Node) -> None:
        self.node = node
        self.job = self.job_class()
        self.running: dict[int, Running] = {}
        self.outputs: dict[int, tuple[Any, ...]] = {}
        self.life = 0
        self._attempts = count(1)
        self._log = LogFile(node.disk, PATH, _START)
        self._workers: Iterator[str] = cycle(node.peers)
        self._saving = trio.Lock()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._recover()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._give_tasks)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, "run", int() as job, str() as function, str() as text):
                        nursery.start_soon(self._take_on, sender, number, job, function, text)
                    case ("request", number, "published"):
                        self._reply(sender, number, tuple(self.published().items()))
                    case ("mapped", job, task, attempt) if job in self.running:
                        self.running[job].on_mapped(task, attempt)
                    case ("missing", job, task, attempt) if job in self.running:
                        self.running[job].on_missing(task, attempt)
                    case ("reduced", job, task, attempt, pairs) if job in self.running:
                        running = self.running[job]
                        running.on_reduced(task, attempt, pairs)
                        if running.done and not running.has_ended:
                            running.has_ended = True
                            nursery.start_soon(self._publish, running)

    def published(self) -> dict[int, tuple[Any, ...]]:
        """What readers see."""
        return self.outputs

    def _reply(self, client: str, number: int, result: Any) -> None:
        self.node.network.send(client, ("reply", number, "ok", result))

    async def _take_on(self, client: str, number: int, job: int, function: str, text: str) -> None:
        if job not in self.outputs and job not in self.running:
            # At once, so that a request that comes twice finds it here.
            self.running[job] = self._begun(job, function, text)
            await self._save(("job", job, function, text))
        if job in self.outputs:
            self._reply(client, number, self.outputs[job])
        else:
            self.running[job].waiting.append((client, number))

    def _begun(self, job: int, function: str, text: str) -> Running:
        return self.running_class.begin(job, function, text, self.split, self.reducers)

    async def _publish(self, job: Running) -> None:
        parts = job.parts()
        await self.commit(job.name, parts)
        output = self.outputs[job.name] = tuple(job.output(self.job, parts))
        del self.running[job.name]
        for client, number in job.waiting:
            self._reply(client, number, output)
        for worker in self.node.peers:
            self.node.network.send(worker, ("forget", job.name))

    async def commit(self, job: int, parts: tuple[Part, ...]) -> None:
        """Put a job's output where it stays; return once it is committed."""
        await self.write_parts(job, parts)
        await self._save(("committed", job, len(parts)))

    async def write_parts(self, job: int, parts: tuple[Part, ...]) -> None:
        """Have the files of an output, each durable under its own name only when it is whole."""
        disk = self.node.disk
        for number, part in enumerate(parts):
            path = _path(job, number)
            new = f"{path}.new"
            if disk.exists(new):
                disk.remove(new)
            disk.append(new, frames.encode([("part", part)], _START)[0])
            await disk.fsync(new)
            disk.rename(new, path)
        await disk.fsync_dir()

    def part(self, job: int, number: int) -> Part:
        """One of the files of an output."""
        (record,), _, _ = frames.decode(self.node.disk.read(_path(job, number)), _START)
        return record[1]  # type: ignore[no-any-return]

    def has(self, job: int, number: int) -> bool:
        """Whether that file is there."""
        return self.node.disk.exists(_path(job, number))

    async def _give_tasks(self) -> None:
        while True:
            now = trio.current_time()
            for job in self.running.values():
                for kind, number in job.due(now, self.lease_s, self.patience_s):
                    attempt, worker = (self.life, next(self._attempts)), next(self._workers)
                    job.begin_attempt(kind, number, attempt, Begun(worker, now))
                    self.node.trace("attempt", job.name, 0, kind, number, *attempt, worker)
                    message = kind, job.name, number, attempt, *self._arguments(job, kind, number)
                    self.node.network.send(worker, message)
            await trio.sleep(TICK_S)

    def _arguments(self, job: Running, kind: str, number: int) -> tuple[Any, ...]:
        if kind == "map":
            return job.text, *job.splits[number], self.reducers
        return (job.sources(),)

    async def _save(self, record: tuple[Any, ...]) -> None:
        """Return once a record is durable."""
        async with self._saving:
            self._log.append([record])
            await self._log.fsync()

    async def _recover(self) -> None:
        committed: dict[int, int] = {}
        for kind, *fields in await self._log.recover():
            match kind, fields:
                case "life", (life,):
                    self.life = life
                case "job", (job, function, text):
                    self.running[job] = self._begun(job, function, text)
                case "committed", (job, parts):
                    committed[job] = parts
        self.life += 1
        self._log.append([("life", self.life)])
        await self._log.settle()
        for job, count_of_parts in self.committed(committed).items():
            parts = [self.part(job, number) for number in range(count_of_parts)]
            self.outputs[job] = tuple(self.running.pop(job).output(self.job, parts))

    def committed(self, recorded: dict[int, int]) -> dict[int, int]:
        """Which jobs' outputs count after a restart, and how many files each has: those of which a
        record says so."""
        return recorded


def _path(job: int, number: int) -> str:
    return f"output-{job}-{number}"
