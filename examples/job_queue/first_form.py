"""The queue as it was first written: what it logs is still in a buffer when it says OK."""

import asyncio

from examples.job_queue import service


class Buffered(service.Queue):
    """Python writes a file when its buffer is full, or closed."""

    def write(self, line: str) -> None:
        """Log something."""
        self.log.write(line.encode())


async def main() -> None:
    """Serve until the process ends."""
    await service.serve(Buffered())


if __name__ == "__main__":
    asyncio.run(main())
