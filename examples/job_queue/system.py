"""The queue as a system: its client, what it claims, and the bug of its first form.

splitbrain run examples/job_queue/system.py --faults kill,power-loss
splitbrain run examples/job_queue/system.py --ground processes --faults kill,pause,partition
splitbrain hunt examples/job_queue/system.py --bug JOBS-01
"""

import asyncio

from splitbrain import Bug, Claims, System, address, asyncio_client, program

ENV = {"PORT": "{port:7200}"}


@asyncio_client
class Client:
    """A connection for each call."""

    def __init__(self, node, server):
        self.address = address(node, server, 7200)

    async def enqueue(self, element):
        if await self.ask(f"PUT {element}") != "OK":
            raise ValueError("the server did not understand")

    async def dequeue(self):
        answer = await self.ask("TAKE")
        return None if answer == "NONE" else int(answer)

    async def ask(self, line):
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(f"{line}\n".encode())
            return (await reader.readuntil()).decode().strip()
        finally:
            writer.close()


SYSTEM = System(
    name="job-queue",
    title="a durable queue of jobs: asyncio streams, a log in a file",
    server=program("examples.job_queue.service:main", env=ENV),
    client=Client,
    workloads=("queue",),
    claims=Claims(("process", "net", "net.slicer", "net.reset", "clock", "client"), max_down="all"),
    nodes=1,
    sizes=range(1, 2),
    bugs=(
        Bug(
            id="JOBS-01",
            title="a job is acknowledged while it is still in a buffer",
            server=program("examples.job_queue.first_form:main", env=ENV),
            workload="queue",
            faults=("process.kill",),
            nodes=1,
            seeds=20,
            shows=("total-queue",),
            source="made up; file.write without file.flush",
        ),
    ),
)
