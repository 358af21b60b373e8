"""The coordinator: takes jobs, hands out their tasks, and commits their outputs.

client -> coordinator   ("request", id, "run", job, program, text) -> version, output
                        ("request", id, "rerun", job, partitions) -> version, output
                        ("request", id, "published")             -> job, version, output each
                        ("request", id, "add", key, value)       -> the table's new version
                        ("request", id, "ledger")                -> effects
coordinator -> client   ("reply", id, "ok", result), or "refused" and why

`splitbrain.systems.batch.dataflow.worker` has what passes between it and the workers.

Records of its log (`splitbrain.systems.log_file`)::

    ("life", n)                              it starts for the n-th time
    ("row", key, value)                      a row of the table; its version is how many there are
    ("job", job, program, text, version)     a job was taken on, for that version of the table
    ("committed", job)                       its output is in the file of its name, whole

An output is written to a new file, which is renamed into place, durably, before the record that
commits it.
"""

from __future__ import annotations

from itertools import count, cycle
from typing import Any, NamedTuple

import trio

from splitbrain.harness.node import Node
from splitbrain.systems import frames
from splitbrain.systems.batch.dataflow.operators import Row, Rows
from splitbrain.systems.batch.dataflow.programs import (
    PROGRAMS,
    TEXT,
    lines_of,
    output_of,
    slice_of,
)
from splitbrain.systems.batch.dataflow.running import Begun, Running
from splitbrain.systems.batch.dataflow.worker import Run
from splitbrain.systems.log_file import LogFile

TICK_S = 0.02
"""How often it looks for tasks to hand out."""

MOST = 8
"""The most partitions that a rerun may ask for."""

_START = 0x444F4147  # what the first frame's checksum continues


class Job(NamedTuple):
    """A job that was taken on: its program and its input, which never changes."""

    program: str
    text: str
    version: int


class Coordinator:
    """The server that clients talk to.

    Invariants: what a job reads is durable before any of it is read; of each task one attempt's
    result counts; an output is whole and durable before anybody sees it, and never changes; what a
    job does to the world outside is a part of its output, and committed with it.

    Attributes:
        lease_s: how long an attempt may take before it counts no more.
        patience_s: after which an attempt gets a second one beside it.
        partitions: how many partitions each step has, unless a rerun says otherwise.
        running_class: what keeps a run.
    """

    lease_s = 0.5
    patience_s = 0.2
    partitions = 2
    running_class: type[Running] = Running

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log = LogFile(node.disk, "jobs", _START)
        self.life = 0
        self.table: list[Row] = []
        self.jobs: dict[int, Job] = {}
        self.runs: dict[Run, Running] = {}
        self.outputs: dict[int, Rows] = {}
        self._reruns: dict[tuple[str, int], Run] = {}
        self._digests: dict[tuple[int, int, int, int], int] = {}
        self._attempts = count(1)
        self._workers = cycle(node.peers)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._recover()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hand_out)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case (kind, run, *what) if run in self.runs:
                        self.hear(kind, run, what)
                        if self.runs[run].done and not self.runs[run].has_ended:
                            self.runs[run].has_ended = True
                            nursery.start_soon(self._end, run)
                    case ("made", run, *_):
                        self.node.network.send(sender, ("forget", run))

    # Tasks

    def hear(self, kind: str, name: Run, what: list[Any]) -> None:
        """A worker tells something of a run."""
        run = self.runs[name]
        match kind, what:
            case "made", [step, part, attempt, digest]:
                self._compare(name, step, part, digest)
                run.on_made(step, part, attempt)
            case "chunk", chunk:
                run.on_chunk(*chunk)
            case "missing", missing:
                run.on_missing(*missing)

    def _compare(self, name: Run, step: int, part: int, digest: int) -> None:
        """Tell what a task made again, in this run or another of as many partitions."""
        task = name[0], self.runs[name].partitions, step, part
        first = self._digests.get(task)
        if first is None:
            self._digests[task] = digest
        else:
            told = {"job": name[0], "run": name[1], "task": f"{step}.{part} of {task[1]}"}
            self.node.announce("made-again", {**told, "digests": [first, digest]})

    async def _hand_out(self) -> None:
        while True:
            now = trio.current_time()
            for name, run in self.runs.items():
                for step, part in run.due(now, self.lease_s, self.patience_s):
                    attempt = self.life, next(self._attempts)
                    worker = next(self._workers)
                    run.begin(step, part, attempt, Begun(worker, now))
                    self.node.trace("attempt", *name, step, part, *attempt, worker)
                    what = run.steps[step].operator, run.sources(step, part)
                    rows = slice_of(self._source(run, step), part, run.partitions)
                    is_last = step == len(run.steps) - 1
                    task = ("task", name, step, part, attempt, run.partitions, is_last, *what, rows)
                    self.node.network.send(worker, task)
            await trio.sleep(TICK_S)

    def _source(self, run: Running, step: int) -> Rows:
        match run.steps[step].source:
            case "":
                return ()
            case source if source == TEXT:
                return lines_of(run.text)
        return self.table_of(run)

    def table_of(self, run: Running) -> Rows:
        """The rows of the table that a run reads: those of its version."""
        return tuple(self.table[: run.version])

    async def _end(self, name: Run) -> None:
        run = self.runs[name]
        output = output_of(run.program, [rows for rows in run.output if rows is not None])
        if name[1] == 0:
            await self._commit(name[0], output)
        del self.runs[name]
        for client, number in run.waiting:
            self._reruns.pop((client, number), None)
            self._reply(client, number, (run.version, output))
        for worker in self.node.peers:
            self.node.network.send(worker, ("forget", name))

    async def _commit(self, job: int, output: Rows) -> None:
        path, disk = f"output-{job}", self.node.disk
        new = f"{path}.new"
        if disk.exists(new):
            disk.remove(new)
        disk.append(new, frames.encode([("output", output)], _START)[0])
        await disk.fsync(new)
        disk.rename(new, path)
        await disk.fsync_dir()
        self.log.append([("committed", job)])
        await self.log.sync()
        self.outputs[job] = output

    # Clients

    def _reply(self, client: str, number: int, result: Any) -> None:
        self.node.network.send(client, ("reply", number, "ok", result))

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["run", int() as job, str() as program, str() as text] if program in PROGRAMS:
                await self._take_on(client, number, job, program, text)
            case ["rerun", int() as job, int() as partitions] if (
                job in self.outputs and 0 < partitions <= MOST
            ):
                self._run_again(client, number, job, partitions)
            case ["published"]:
                outputs = self.outputs.items()
                done = tuple((job, self.jobs[job].version, rows) for job, rows in outputs)
                self._reply(client, number, done)
            case ["add", str() as key, int() as value]:
                self._reply(client, number, await self._add((key, value)))
            case ["ledger"]:
                self._reply(client, number, self.effects())
            case _:
                answer = ("reply", number, "refused", "no such job or request")
                self.node.network.send(client, answer)

    async def _take_on(self, client: str, number: int, job: int, program: str, text: str) -> None:
        if job not in self.jobs:
            taken = self.jobs[job] = Job(program, text, len(self.table))
            self.log.append([("job", job, *taken)])
            await self.log.sync()
            self.runs[job, 0] = self.running_class(*taken, self.partitions)
        elif job not in self.outputs and (job, 0) not in self.runs:
            return  # it is being written: the client asks again
        if (job, 0) in self.runs:
            self.runs[job, 0].waiting.append((client, number))
        else:
            self._reply(client, number, (self.jobs[job].version, self.outputs[job]))

    def _run_again(self, client: str, number: int, job: int, partitions: int) -> None:
        """From the same input, for who asked; what is published stays as it is."""
        known = self._reruns.get((client, number))
        if known is None:
            # By chance: workers may still speak of a run of another life.
            known = self._reruns[client, number] = job, 1 + self.node.random.getrandbits(62)
            self.runs[known] = self.running_class(*self.jobs[job], partitions)
            self.runs[known].waiting.append((client, number))

    async def _add(self, row: Row) -> int:
        """Put a row into the table, unless it is there; the version that it makes."""
        if row not in self.table:
            self.table.append(row)
            self.log.append([("row", *row)])
        version = self.table.index(row) + 1
        await self.log.sync()
        return version

    def effects(self) -> Rows:
        """What jobs have done outside: payments, which are the outputs of some."""
        return tuple(
            (job, key, number)
            for job, rows in self.outputs.items()
            if self.jobs[job].program == "payout"
            for key, number, _ in rows
        )

    async def _recover(self) -> None:
        committed = []
        for kind, *fields in await self.log.recover():
            match kind, fields:
                case "life", (life,):
                    self.life = life
                case "row", row:
                    self.table.append(tuple(row))
                case "job", (job, *taken):
                    self.jobs[job] = Job(*taken)
                case "committed", (job,):
                    committed.append(job)
        self.life += 1
        self.log.append([("life", self.life)])
        await self.log.settle()
        for job in committed:
            records, _, _ = frames.decode(self.node.disk.read(f"output-{job}"), _START)
            self.outputs[job] = records[0][1]
        for job, known in self.jobs.items():
            if job not in self.outputs:
                self.runs[job, 0] = self.running_class(*known, self.partitions)
