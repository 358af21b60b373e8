"""A durable queue of jobs: asyncio streams, lines of text, a log in a file.

    PUT 17    -> OK
    TAKE      -> 17, or NONE

The log has a line for each job that was put or taken. It is read at the start; a line that a crash
has torn was never acknowledged, and is cut off.
"""

import asyncio
import os
from collections import deque

PORT = int(os.environ.get("PORT", "7200"))
LOG = "jobs.log"


class Queue:
    """The jobs that wait, and the log that they are rebuilt from."""

    def __init__(self) -> None:
        self.jobs: deque[str] = deque()
        whole = self.replay()
        self.log = open(LOG, "ab")  # noqa: SIM115 - open as long as the process lives
        self.log.truncate(whole)

    def replay(self) -> int:
        """Read the log; returns where its last whole line ends, in bytes."""
        whole = 0
        if not os.path.exists(LOG):
            return whole
        with open(LOG, "rb") as log:
            for line in log:
                match line.split():
                    case [b"put", job, b"."] if line.endswith(b"\n"):
                        self.jobs.append(job.decode())
                    case [b"take", b"."] if line.endswith(b"\n"):
                        self.jobs.popleft()
                    case _:
                        break
                whole += len(line)
        return whole

    def put(self, job: str) -> str:
        """Accept a job."""
        self.write(f"put {job} .\n")
        self.jobs.append(job)
        return "OK"

    def take(self) -> str:
        """Give a job away."""
        if not self.jobs:
            return "NONE"
        self.write("take .\n")
        return self.jobs.popleft()

    def write(self, line: str) -> None:
        """Log something for good."""
        self.log.write(line.encode())
        self.log.flush()
        os.fsync(self.log.fileno())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes."""
        try:
            while line := await reader.readline():
                match line.decode().split():
                    case ["PUT", job]:
                        answer = self.put(job)
                    case ["TAKE"]:
                        answer = self.take()
                    case _:
                        answer = "WHAT?"
                writer.write(f"{answer}\n".encode())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def serve(queue: Queue) -> None:
    """Serve a queue until the process ends."""
    server = await asyncio.start_server(queue.serve, port=PORT)
    await server.serve_forever()


async def main() -> None:
    """Serve until the process ends."""
    await serve(Queue())


if __name__ == "__main__":
    asyncio.run(main())
