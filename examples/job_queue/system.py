"""The queue as a system: its client, what it claims, and the bug of its first form.

splitbrain run examples/job_queue/system.py --faults kill,power-loss
splitbrain hunt examples/job_queue/system.py --bug JOBS-01
"""

import asyncio

from examples.job_queue.service import PORT
from splitbrain import Bug, Claims, System, asyncio_client, program


@asyncio_client
class Client:
    """A connection for each call."""

    def __init__(self, node, server):
        self.server = server

    async def enqueue(self, element):
        if await self.ask(f"PUT {element}") != "OK":
            raise ValueError("the server did not understand")

    async def dequeue(self):
        answer = await self.ask("TAKE")
        return None if answer == "NONE" else int(answer)

    async def ask(self, line):
        reader, writer = await asyncio.open_connection(self.server, PORT)
        try:
            writer.write(f"{line}\n".encode())
            return (await reader.readuntil()).decode().strip()
        finally:
            writer.close()


SYSTEM = System(
    name="job-queue",
    title="a durable queue of jobs: asyncio streams, a log in a file",
    server=program("examples.job_queue.service:main"),
    client=Client,
    workloads=("queue",),
    claims=Claims(("process", "net", "clock", "client"), max_down="all"),
    nodes=1,
    sizes=range(1, 2),
    bugs=(
        Bug(
            id="JOBS-01",
            title="a job is acknowledged while it is still in a buffer",
            server=program("examples.job_queue.first_form:main"),
            workload="queue",
            faults=("process.kill",),
            nodes=1,
            seeds=20,
            shows=("total-queue",),
            source="made up; file.write without file.flush",
        ),
    ),
)
